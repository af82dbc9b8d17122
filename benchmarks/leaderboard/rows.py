"""From a run record to a row of the leaderboard."""

from __future__ import annotations

from typing import Any

from benchmarks.metrics.summary import Scores
from benchmarks.records.record import Record, Training

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

Row = dict[str, Any]


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
        "parameters": run.model_facts.parameters,
        "macs_256": run.model_facts.macs_256,
        "seconds_per_megapixel": run.timing.median,
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
    }


def _training(training: Training | None) -> Row:
    """The columns of a training; empty ones without."""
    if training is None:
        names = ("trained_on", "training_data", "profile", "steps", "training_seconds", "selected_on", "preparation")
        return dict.fromkeys(names, "")
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
    }


def _by_step(scores: Scores) -> Row:
    """The Helsinki challenge's columns: the score of each blur step, and the last step that is passed."""
    if scores.steps is None:
        return {"ocr_steps": "", "stop_step": ""}
    steps = " ".join(f"{step}:{mean:.1f}" for step, mean in scores.steps.items())
    return {"ocr_steps": steps, "stop_step": "none" if scores.stop_step is None else scores.stop_step}
