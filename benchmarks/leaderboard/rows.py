"""From a run record to a row of the leaderboard, and from its rows to tables of cells for readers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.metrics import METRICS, Metric
from benchmarks.metrics.summary import Scores
from benchmarks.protocols import PROTOCOLS
from benchmarks.records.record import Evaluation, Record, Training, budget, called

# The columns never change their names or their order; new ones are added at the end.
_FIRST_SCORES = ("psnr", "ssim", "ssim_matlab3d", "mse", "kohler_psnr", "kohler_mssim")
_LATER_SCORES = ("ocr", "ocr_indel")
_ASKED_SCORES = ("psnr_y", "ssim_y", "niqe", "lpips")
_ENDS = ("", "_low", "_high")

# Of a hash, for readers.
_DIGITS = 6

COLUMNS = (
    *("dataset", "protocol", "data", "fingerprint", "rank", "model", "variant"),
    *(f"{name}{end}" for name in _FIRST_SCORES for end in _ENDS),
    *("images", "parameters", "macs_256", "seconds_per_megapixel", "weights", "trained_on", "training_data"),
    *("profile", "steps", "training_seconds", "seed", "precision", "device", "backend", "version", "commit"),
    *("created", "record", "selected_on"),
    *(f"{name}{end}" for name in _LATER_SCORES for end in _ENDS),
    *("ocr_steps", "stop_step", "preparation", "tiles", "blur_step", "tied", "schema", "psf", "engine", "inference"),
    *(f"{name}{end}" for name in _ASKED_SCORES for end in _ENDS),
    "metric_sources",
    *("data_name", "training_name"),
    "own",
    "started_from",
)

SCHEMA = 1
"""Version of the columns; a change that a reader of older files would notice raises it."""

GROUP = ("dataset", "protocol", "data", "fingerprint", "engine")
"""Columns that rows share which are ranked together."""

Row = dict[str, Any]


def columns() -> tuple[str, ...]:
    """The columns of the file: the fixed ones, then those of metrics that were registered beside ours."""
    return (*COLUMNS, *(f"{name}{end}" for name in METRICS if name not in COLUMNS for end in _ENDS))


def row_of(record: Record) -> Row:
    """A record's row, without its rank."""
    run = record.result
    evaluation, scores = run.evaluation, run.scores
    row: Row = {name: getattr(run, name) for name in ("dataset", "protocol", "model", "variant", "commit", "created")}
    for name, mean in scores.means.items():
        row |= {name: mean.mean, f"{name}_low": mean.low, f"{name}_high": mean.high}
    return row | {
        "data": evaluation.coverage,
        "fingerprint": evaluation.fingerprint,
        "images": len(scores.images),
        "parameters": run.model_facts.parameters if run.model_facts else "",
        "macs_256": run.model_facts.macs_256 if run.model_facts else "",
        "seconds_per_megapixel": run.timing.median if run.timing else "",
        "weights": run.weights,
        **_training(run.training),
        "seed": evaluation.seed,
        "precision": evaluation.precision,
        "device": run.machine.device,
        "backend": run.versions.get("backend", ""),
        "version": run.versions.get("deblur-zoo", ""),
        "record": record.path.name,
        **_by_step(scores),
        "tiles": evaluation.tiles.words if evaluation.tiles else "",
        "blur_step": "guessed" if evaluation.blind else "",
        "schema": SCHEMA,
        "psf": evaluation.psf.source if evaluation.psf else "",
        "engine": _engine(evaluation, scores),
        "inference": evaluation.inference,
        "metric_sources": "; ".join(f"{name}: {source}" for name, source in sorted(evaluation.sources.items())),
        "data_name": evaluation.name,
        "own": run.own.sha256 if run.own else "",
    }


def _training(training: Training | None) -> Row:
    """The columns of a training; empty ones without."""
    if training is None:
        names = ("trained_on", "training_data", "profile", "steps", "training_seconds", "selected_on", "preparation")
        return dict.fromkeys((*names, "training_name", "started_from"), "")
    preparation = training.choice("preparation", "")
    return {
        "trained_on": training.dataset,
        "training_data": training.coverage,
        "profile": training.profile,
        "steps": training.steps,
        "training_seconds": training.seconds,
        "selected_on": training.selected_on,
        # How photographs of text were prepared, with the noise that was added.
        "preparation": f"{preparation}, noise {training.choice('noise', 0.0):g}" if preparation else "",
        "training_name": training.name,
        "started_from": training.started_from or "",
    }


def _by_step(scores: Scores) -> Row:
    """The Helsinki challenge's columns: the score of each blur step, and the last step that is passed."""
    if scores.steps is None:
        return {"ocr_steps": "", "stop_step": ""}
    steps = " ".join(f"{step}:{mean:.1f}" for step, mean in scores.steps.items())
    return {"ocr_steps": steps, "stop_step": "none" if scores.stop_step is None else scores.stop_step}


def _engine(evaluation: Evaluation, scores: Scores) -> str:
    """What read the text; scores of different engines, and of one that nobody wrote down, are not the same thing."""
    if evaluation.engine:
        return evaluation.engine_words
    return "not recorded" if any(METRICS[name].engine for name in scores.means) else ""


@dataclass(frozen=True)
class Cell:
    """One cell of a table for readers.

    Attributes:
        text: What is shown.
        value: The number that the text is of; None for words and for nothing.
        low, high: Ends of its 95 % interval; None where there is none, or it is not shown.
        digits: Decimals of the interval.
    """

    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    digits: int = 2

    @property
    def interval(self) -> str:
        """The interval as text, empty without.

        >>> Cell("28.14", 28.143, 27.74, 28.557).interval
        '[27.74, 28.56]'
        """
        if self.low is None or self.high is None:
            return ""
        return f"[{self.low:.{self.digits}f}, {self.high:.{self.digits}f}]"

    @property
    def words(self) -> str:
        """Text and interval."""
        return f"{self.text} {self.interval}".strip()


@dataclass(frozen=True)
class Column:
    """One column of a table for readers.

    Attributes:
        name: The column of the leaderboard that it shows.
        title: Its heading.
        number: Whether it holds numbers.
        descending: Whether a reader who sorts by it wants the largest first.
        note: Whether the footnote explains it.
    """

    name: str
    title: str
    number: bool = True
    descending: bool = False
    note: bool = False

    @property
    def heading(self) -> str:
        """The title, with an asterisk where the footnote explains it."""
        return f"{self.title}*" if self.note else self.title


@dataclass(frozen=True)
class Ranking:
    """Rows that are ranked together, as a table.

    Attributes:
        title: Data set, protocol and data.
        rows: Its rows of the leaderboard.
        columns: What is shown.
        lines: The cells of each row.
    """

    title: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    lines: tuple[tuple[Cell, ...], ...]


def rankings(rows: Sequence[Row]) -> Iterator[Ranking]:
    """Yields each ranking as a table.

    Args:
        rows: The ranked rows of the leaderboard.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in GROUP), []).append(row)
    for (dataset, protocol, data, fingerprint, engine), group in groups.items():
        by_step = any(row["ocr_steps"] for row in group)
        title = f"{called(dataset, names_of(group))}, protocol {protocol}, {data} (data {fingerprint})"
        own = PROTOCOLS[protocol].metrics
        asked = [name for name in METRICS if name not in own and any(name in row for row in group)]
        metrics = [METRICS[name] for name in (*own, *asked)]
        yield Ranking(
            f"{title}, engine {engine}" if engine else title,
            tuple(group),
            tuple(_columns(metrics, by_step)),
            tuple(tuple(_cells(row, metrics, by_step)) for row in group),
        )


def names_of(group: Sequence[Row]) -> str:
    """What users call the own pairs of a ranking: mostly one name, as the fingerprint tells which they are."""
    return " or ".join(sorted({row["data_name"] for row in group} - {""}))


def _columns(metrics: Sequence[Metric], by_step: bool) -> Iterator[Column]:
    """Yields the columns of a ranking by some metrics."""
    yield Column("rank", "#")
    yield Column("model", "model", number=False)
    for metric in metrics:
        yield Column(metric.name, metric.heading, descending=metric.higher_is_better)
    if by_step:
        yield Column("ocr_steps", "by blur step", number=False)
        yield Column("stop_step", "stop step", descending=True)
    yield Column("images", "images")
    yield Column("parameters", "params")
    yield Column("macs_256", "GMACs", note=True)
    yield Column("seconds_per_megapixel", "s/Mpx", note=True)
    yield Column("trained_on", "trained on", number=False)
    yield Column("profile", "budget", number=False)


def _cells(row: Row, metrics: Sequence[Metric], by_step: bool) -> Iterator[Cell]:
    """Yields the cells of one row, in the order of `_columns`."""
    yield Cell(f"{row['rank']} =" if row["tied"] else str(row["rank"]), row["rank"])
    yield Cell(f"{row['model']}/{row['variant']}")
    for place, metric in enumerate(metrics):
        # The interval of the metric that ranks; the CSV has all of them.
        yield _score(row, metric, interval=not place)
    if by_step:
        stop = row["stop_step"]
        yield Cell(row["ocr_steps"])
        yield Cell(str(stop), stop if isinstance(stop, int) else None)
    yield Cell(str(row["images"]), row["images"])
    yield _number(row["parameters"], ",")
    yield _number(row["macs_256"], ".2f", 1e9)
    yield _number(row["seconds_per_megapixel"], ".3g")
    yield Cell(_trained_on(row))
    cost = budget(row["profile"], row["steps"], row["training_seconds"]) if row["trained_on"] else ""
    yield Cell("; ".join(part for part in (cost, setting(row)) if part))


def _number(value: Any, form: str, unit: float = 1) -> Cell:
    """A number in some unit; an empty cell where nobody knows it, as of another program."""
    return Cell("") if value == "" else Cell(f"{value / unit if unit != 1 else value:{form}}", value)


def _score(row: Row, metric: Metric, interval: bool) -> Cell:
    """A mean; an empty cell for a metric that was not asked for, or not there yet, when the run was scored."""
    name = metric.name
    if name not in row:
        return Cell("")
    # Decibels and percent have two decimals, shares of one four, and small errors five.
    digits = 2 if metric.unit else 4 if metric.higher_is_better else 5
    text = f"{row[name]:.{digits}f}"
    if not interval:
        return Cell(text, row[name])
    return Cell(text, row[name], row[f"{name}_low"], row[f"{name}_high"], digits)


def _trained_on(row: Row) -> str:
    trained = _published(row["weights"])
    if row["trained_on"]:
        trained = f"{called(row['trained_on'], row['training_name'])} ({row['training_data']})"
    start = f", from {_start(row['started_from'])}" if row["started_from"] else ""
    return trained + start + (f", weights chosen on {row['selected_on']}" if row["selected_on"] else "")


def _start(source: str) -> str:
    """What a training went on from: the name of published weights, or that of a file."""
    name, _, rest = source.partition(" ")
    return name if rest.startswith("sha256:") else Path(source).name


def _published(weights: str) -> str:
    """The name of published weights, which their authors trained; empty for others."""
    name, _, rest = weights.partition(" ")
    return f"weights {name}" if rest.startswith("sha256:") else ""


def setting(row: Mapping[str, Any]) -> str:
    """What sets a run on text, of a known blur, of a way to take means or of a user's file apart; empty for others."""
    guessed = f"blur step {row['blur_step']}" if row["blur_step"] else ""
    known = f"blur known: {row['psf']}" if row["psf"] else ""
    means = f"{row['inference']} means" if row["inference"] else ""
    file = f"file {row['own'][:_DIGITS]}" if row["own"] else ""
    return "; ".join(part for part in (row["preparation"], row["tiles"], guessed, known, means, file) if part)
