"""From run records to the leaderboard: fixed columns, one ranking per data set, protocol and data."""

from __future__ import annotations

import csv
import fcntl
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import metrics
from benchmarks.errors import RunError
from benchmarks.protocols import PROTOCOLS
from benchmarks.records import compare, ocr_by_step
from benchmarks.records import record as records_record
from datasets.errors import DataError
from datasets.files import write_text

SCORES = ("psnr", "ssim", "ssim_matlab3d", "mse", "kohler_psnr", "kohler_mssim")
# The columns never change their names or their order; new ones are added at the end.
COLUMNS = (
    "dataset", "protocol", "data", "fingerprint", "rank", "model", "variant",
    *(f"{name}{end}" for name in SCORES for end in ("", "_low", "_high")),
    "images", "parameters", "macs_256", "seconds_per_megapixel", "weights", "trained_on", "training_data", "profile",
    "steps", "training_seconds", "seed", "precision", "device", "backend", "version", "commit", "created", "record",
    "selected_on", *(f"{name}{end}" for name in ("ocr", "ocr_indel") for end in ("", "_low", "_high")),
    "ocr_steps", "stop_step", "preparation", "tiles", "blur_step", "tied", "schema", "psf",
)  # fmt: skip
SCHEMA = 1
"""Version of the columns; a change that a reader of older files would notice raises it."""

# Enough for a yes or no; every run of every table is drawn anew whenever the leaderboard is made.
_TIE_RESAMPLES = 2000

FOOTNOTE = (
    "= after the rank: tied with the leader, as the 95 % interval of the paired difference contains 0, or there are "
    f"fewer than {compare.FEWEST} images. "
    "* multiply-accumulates of one pass and seconds per megapixel at 256x256, batch of one, on the record's machine; "
    "networks of grey pictures take three passes for a colour picture."
)

Row = dict[str, Any]


def update(folder: Path) -> list[Row]:
    """Makes `leaderboard.csv` and `leaderboard.md` anew from all records; safe beside another process doing the same.

    Args:
        folder: The results folder.

    Returns:
        The rows of the leaderboard.

    Raises:
        RunError: When a record cannot be read or was edited.
        DataError: When the files cannot be written.
    """
    with locked(folder):
        found = list(records_record.read_all(folder))
        rows = standings(found)
        write_text(folder / "leaderboard.csv", to_csv(rows, foreign_columns(folder)))
        write_text(folder / "leaderboard.md", to_markdown(rows) + ocr_by_step.to_markdown(found))
    return rows


def standings(found: Iterable[records_record.Record]) -> list[Row]:
    """Returns the ranked rows of all finished records; different data or protocols are never ranked together.

    A row is tied with the leader when the paired bootstrap of their difference, over the images that both scored,
    leaves open which is better.
    """
    tables: dict[tuple[str, ...], list[tuple[Row, records_record.Record]]] = {}
    for record in found:
        if record.done:
            row = _row(record)
            names = ("dataset", "protocol", "data", "fingerprint")
            tables.setdefault(tuple(row[name] for name in names), []).append((row, record))
    ranked = []
    for key in sorted(tables):
        main = PROTOCOLS[key[1]].main
        lines = sorted(tables[key], key=lambda line: line[0][main.name], reverse=main.higher_is_better)
        for rank, (row, record) in enumerate(lines, 1):
            ranked.append({**row, "rank": rank, "tied": "yes" if rank > 1 and _tied(record, lines[0][1], main) else ""})
    return ranked


def _tied(record: records_record.Record, leader: records_record.Record, main: metrics.Metric) -> bool:
    """Returns whether a run cannot be told from the leader by the metric that ranks."""
    _, first, second = compare.paired(leader, record, main.name)
    if not len(first):
        return False
    interval = metrics.paired_difference(first, second, resamples=_TIE_RESAMPLES)
    return compare.undecided(len(first), interval)


Foreign = dict[str, dict[str, str]]


def foreign_columns(folder: Path) -> Foreign:
    """Returns the columns of the leaderboard on disk that are not ours, as a newer version or a user may have added.

    Args:
        folder: The results folder.

    Returns:
        Column -> (record -> value); nothing where there is no leaderboard or it is none.
    """
    try:
        with (folder / "leaderboard.csv").open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            names = [name for name in reader.fieldnames or () if name and name not in COLUMNS]
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    return {name: {row.get("record") or "": row.get(name) or "" for row in rows} for name in names}


def to_csv(rows: Sequence[Row], foreign: Foreign | None = None) -> str:
    """Returns the leaderboard as CSV with the fixed columns, then those that are not ours."""
    stream = io.StringIO()
    kept = foreign or {}
    writer = csv.DictWriter(stream, (*COLUMNS, *kept), restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, **{name: values.get(row["record"], "") for name, values in kept.items()}})
    return stream.getvalue()


def to_markdown(rows: Sequence[Row]) -> str:
    """Returns one Markdown table per data set, protocol and data."""
    parts = [
        "# Leaderboard",
        "",
        "Generated from `results/runs` by `python -m benchmarks.leaderboard`; do not edit.",
        "",
    ]
    for title, table in tables(rows):
        header, lines = cells(table)
        parts += [f"## {title}", "", "| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
        parts += ["| " + " | ".join(line) + " |" for line in lines] + [""]
    return "\n".join(parts)


def tables(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yields the title and the rows of each ranking."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        title = f"{row['dataset']}, protocol {row['protocol']}, {row['data']} (data {row['fingerprint']})"
        groups.setdefault(title, []).append(row)
    yield from groups.items()


def cells(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Returns headings and cells, as text, of one ranking for a reader."""
    shown = PROTOCOLS[rows[0]["protocol"]].metrics
    header = ["#", "model", *(metrics.METRICS[name].heading for name in shown)]
    by_step = ["by blur step", "stop step"] if "ocr" in shown else []
    header += [*by_step, "images", "params", "GMACs*", "s/Mpx*", "trained on", "budget"]
    return header, [_cells(row, shown) for row in rows]


def _cells(row: Row, shown: Sequence[str]) -> list[str]:
    """Returns the cells of one row."""
    scores = []
    for place, name in enumerate(shown):
        digits = 5 if name == "mse" else 4 if "ssim" in name else 2
        text = f"{row[name]:.{digits}f}"
        # The interval of the metric that ranks; the CSV has all of them.
        scores.append(
            f"{text} [{row[name + '_low']:.{digits}f}, {row[name + '_high']:.{digits}f}]" if not place else text
        )
    trained = f"{row['trained_on']} ({row['training_data']})" if row["trained_on"] else ""
    trained += f", weights chosen on {row['selected_on']}" if row["selected_on"] else ""
    budget = records_record.budget(row["profile"], row["steps"], row["training_seconds"]) if row["trained_on"] else ""
    budget = "; ".join(part for part in (budget, setting(row)) if part)
    speed = f"{row['seconds_per_megapixel']:.3g}" if row["seconds_per_megapixel"] != "" else ""
    by_step = [row["ocr_steps"], str(row["stop_step"])] if "ocr" in shown else []
    rank = f"{row['rank']} =" if row["tied"] else str(row["rank"])
    return [
        rank, f"{row['model']} / {row['variant']}", *scores, *by_step, str(row["images"]), f"{row['parameters']:,}",
        f"{row['macs_256'] / 1e9:.2f}", speed, trained, budget,
    ]  # fmt: skip


def setting(row: Row) -> str:
    """Returns what sets a run of the Helsinki challenge or of a known blur apart; empty for others."""
    guessed = f"blur step {row['blur_step']}" if row["blur_step"] else ""
    known = f"blur known: {row['psf']}" if row["psf"] else ""
    return "; ".join(part for part in (row["preparation"], row["tiles"], guessed, known) if part)


def _row(record: records_record.Record) -> Row:
    """Returns a record's row, without its rank."""
    content = record.content
    evaluation, training = content["evaluation"], content.get("training") or {}
    row: Row = {name: content[name] for name in ("dataset", "protocol", "model", "variant", "commit", "created")}
    for name, mean in content["scores"]["means"].items():
        row |= {name: mean["mean"], f"{name}_low": mean["low"], f"{name}_high": mean["high"]}
    timing: Mapping[str, Any] = content.get("timing") or {}
    return row | {
        "data": evaluation["coverage"], "fingerprint": evaluation["fingerprint"],
        "images": len(content["scores"]["images"]), "parameters": content["network"]["parameters"],
        "macs_256": content["network"]["macs_256"], "seconds_per_megapixel": timing.get("median", ""),
        "weights": content["network"]["weights"], "trained_on": training.get("dataset", ""),
        "training_data": training.get("coverage", ""), "profile": training.get("profile", ""),
        "steps": training.get("steps", ""), "training_seconds": training.get("seconds", ""),
        "seed": evaluation["seed"], "precision": evaluation["precision"], "device": content["machine"]["device"],
        "backend": content["versions"]["backend"], "version": content["versions"]["deblur-zoo"],
        "record": record.path.name, "selected_on": training.get("selected_on", ""), **_by_step(content["scores"]),
        "preparation": _preparation(training.get("recipe") or {}), "tiles": records_record.tiles(evaluation),
        "blur_step": evaluation.get("blur_step", ""), "schema": SCHEMA,
        "psf": (evaluation.get("psf") or {}).get("source", ""),
    }  # fmt: skip


def _preparation(recipe: Mapping[str, Any]) -> str:
    """Returns how photographs of text were prepared for a training, with the noise that was added."""
    if not recipe.get("preparation"):
        return ""
    return f"{recipe['preparation']}, noise {recipe.get('noise', 0.0):g}"


def _by_step(scores: Mapping[str, Any]) -> Row:
    """Returns the Helsinki challenge's columns: the score of each blur step, and the last step that is passed."""
    if "steps" not in scores:
        return {"ocr_steps": "", "stop_step": ""}
    steps = " ".join(f"{step}:{mean:.1f}" for step, mean in scores["steps"].items())
    return {"ocr_steps": steps, "stop_step": "none" if scores["stop_step"] is None else scores["stop_step"]}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, so that of two writers the later one sees the records of both."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / ".lock").open("w")
    except OSError as error:
        raise DataError(f"cannot write {folder}: {error.strerror}; choose another folder with --results") from error
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def require_rows(rows: Sequence[Row], folder: Path) -> None:
    """Raises RunError when there is nothing to show."""
    if not rows:
        raise RunError(
            f"no finished run in {folder / 'runs'}; "
            "make one: python -m benchmarks.run --model atrous --dataset reds --sample"
        )
