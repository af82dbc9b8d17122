"""The content of a run's page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import metrics
from benchmarks.errors import RunError
from benchmarks.leaderboard import rows as leaderboard_rows
from benchmarks.protocols import PROTOCOLS
from benchmarks.recipes.recipe import choices_of, upgrade
from benchmarks.records import curves, layout, ocr_by_step
from benchmarks.records.record import EXTERNAL, Finished, Record, Training, called
from benchmarks.report.charts import Axis, Point, histogram, lines, recognition


def content(record: Record, row: leaderboard_rows.Row, folder: Path) -> dict[str, Any]:
    """What the template of a run's page takes.

    Args:
        record: A finished run.
        row: Its row of the leaderboard.
        folder: The results folder, where images and curves lie.
    """
    run = record.result
    return {
        "title": f"{run.name} on {called(run.dataset, run.evaluation.name)}, protocol {run.protocol}",
        "here": "index",
        "run": run,
        # Another program has no card.
        "has_model_card": run.weights != EXTERNAL,
        "scores": _scores(run),
        "charts": [_distribution(run), *_spread(record), *_curves(run, folder)],
        "shown": _shown(run, folder),
        "panels": layout.PANELS[1:],
        "facts": _facts(record, row),
    }


def _scores(run: Finished) -> list[dict[str, str]]:
    """The lines of the table of scores."""
    found = []
    for name, mean in run.scores.means.items():
        card = metrics.METRICS[name]
        found.append(
            {
                "title": card.title,
                "convention": card.convention,
                "mean": card.shown(mean.mean, ".5g"),
                "interval": f"[{mean.low:.5g}, {mean.high:.5g}]",
            }
        )
    return found


def _distribution(run: Finished) -> Any:
    """How the images' scores are spread, by the metric that ranks."""
    card = PROTOCOLS[run.protocol].main
    scores = [score for score in run.scores.values[card.name] if score is not None]
    return histogram(scores, card.heading)


def _spread(record: Record) -> list[Any]:
    """Mean and percentiles of the OCR scores of each blur step; nothing for other runs and for one step.

    Source: Nyrhilae, Figures 17 to 19.
    """
    found = ocr_by_step.by_step(record)
    if len(found) < 2:
        return []
    series = [("mean", [Point(each.step, each.mean) for each in found])]
    for place in reversed(range(len(ocr_by_step.PERCENTILES))):
        points = [Point(each.step, each.percentiles[place]) for each in found]
        series.append((f"P{ocr_by_step.PERCENTILES[place]}", points))
    return [recognition(series)]


def _curves(run: Finished, folder: Path) -> list[Any]:
    """The training curves, where the run kept them and the file is still there."""
    charts = []
    for name, parts in (curves.read(folder / run.curve) if run.curve else {}).items():
        series = [(label, [Point(*each) for each in points]) for label, points in parts.items()]
        every = [point for _, points in series for point in points]
        x, y = Axis.over("epoch", [point.x for point in every]), Axis.over(name, [point.y for point in every])
        charts.append(lines(series, x, y))
    return charts


def _shown(run: Finished, folder: Path) -> list[dict[str, Any]]:
    """The kept images; those whose file is gone have no path, so that the page says so."""
    card = PROTOCOLS[run.protocol].main
    return [
        {
            "image": panel.image,
            "role": panel.role,
            "score": card.shown(panel.score),
            "files": [_file(file, folder) for file in panel.files],
        }
        for panel in run.panels
    ]


def _file(name: str, folder: Path) -> dict[str, str]:
    """The path of a file of panels and the shape of one panel."""
    import cv2

    panels = cv2.imread(str(folder / name)) if (folder / name).is_file() else None
    if panels is None:
        return {"path": "", "ratio": "1"}
    height, width = panels.shape[:2]
    return {"path": name, "ratio": f"{width // len(layout.PANELS)} / {height}"}


def _facts(record: Record, row: leaderboard_rows.Row) -> list[tuple[str, str]]:
    """What the run stands on, as names and text."""
    run = record.result
    evaluation = run.evaluation
    facts = {
        "data": f"{evaluation.coverage}, split {evaluation.split}, fingerprint {evaluation.fingerprint}",
        "images": len(run.scores.images),
        "rule": evaluation.rule,
        "the user's own model": f"{run.own.source}, sha256 {run.own.sha256}" if run.own else "",
        "parameters": f"{run.model_facts.parameters:,}" if run.model_facts else "",
        "weights": run.weights,
        **(_training(run.training) if run.training else {}),
        "setting": leaderboard_rows.setting(row),
        "engine": row["engine"],
        "other metrics": row["metric_sources"],
        "seed": evaluation.seed,
        "precision": evaluation.precision,
        "device": run.machine.device,
        "versions": _said(run.versions),
        "commit": run.commit,
        "created": run.created,
        "record": record.path.name,
    }
    return [(name, str(value)) for name, value in facts.items() if value not in ("", None)]


def _training(training: Training) -> dict[str, str]:
    """What the run's training stands on."""
    recipe = training.recipe
    return {
        "trained on": f"{called(training.dataset, training.name)} ({training.coverage}), {training.pairs} pairs",
        "budget": f"{training.profile}: {training.steps:,} steps, {training.seconds:.0f} s",
        "recipe": _said(_choices(recipe)),
        "source of the recipe": recipe.get("source", ""),
        "chosen by us": recipe.get("ours", ""),
    }


def _choices(recipe: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was chosen in a recipe; all that it says where a version wrote it that this one does not know."""
    try:
        return choices_of(upgrade(recipe))
    except RunError:
        return recipe


def _said(values: Mapping[str, Any]) -> str:
    """Names and values as a list in words; nested ones in brackets."""
    return ", ".join(
        f"{name} ({_said(value)})" if isinstance(value, Mapping) else f"{name} {value}"
        for name, value in values.items()
    )
