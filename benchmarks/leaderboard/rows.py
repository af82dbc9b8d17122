"""From a run record to a row of the leaderboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.recipes.recipe import upgrade
from benchmarks.records import record as records_record

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


def row_of(record: records_record.Record) -> Row:
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
    made = upgrade(recipe)
    return "" if made["hdc"] is None else f"{made['hdc']['preparation']}, noise {made['data']['noise']:g}"


def _by_step(scores: Mapping[str, Any]) -> Row:
    """Returns the Helsinki challenge's columns: the score of each blur step, and the last step that is passed."""
    if "steps" not in scores:
        return {"ocr_steps": "", "stop_step": ""}
    steps = " ".join(f"{step}:{mean:.1f}" for step, mean in scores["steps"].items())
    return {"ocr_steps": steps, "stop_step": "none" if scores["stop_step"] is None else scores["stop_step"]}
