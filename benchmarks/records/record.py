"""Run records: one JSON file per run, versioned, hashed, written once and atomically."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import metrics
from benchmarks.errors import RunError

SCHEMA = 1
_DIGITS = 6


@dataclass(frozen=True)
class Record:
    """A record as it lies on disk.

    Attributes:
        path: The file.
        content: Its values; see `make`.
    """

    path: Path
    content: Mapping[str, Any]

    @property
    def done(self) -> bool:
        """Whether the run ended with scores."""
        return self.content["status"] == "done"


def run_key(parts: Mapping[str, Any]) -> str:
    """Returns ten hexadecimal digits that are equal for runs that would compute the same."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def make(key: str, identity: Mapping[str, Any], **sections: Any) -> dict[str, Any]:
    """Returns the content of a record.

    Args:
        key: See `run_key`.
        identity: `model`, `variant`, `dataset`, `protocol`.
        **sections: `weights`, `training`, `evaluation`, `scores`, `timing`, `machine`, `versions`, `commit`, or
            `error` for a run that failed.
    """
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "key": key,
        "status": "failed" if sections.get("error") else "done",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **identity,
        **sections,
    }
    content["content_hash"] = content_hash(content)
    return content


def summarise(names: tuple[str, ...], values: Mapping[str, list[float | None]]) -> dict[str, Any]:
    """Returns the `scores` section: every image's values and their means with bootstrap 95 % intervals.

    Args:
        names: The images.
        values: One value per image and metric; None where an image has no such score, which the mean leaves out.

    Raises:
        RunError: When no image has a score.
    """
    means = {}
    for name, scores in values.items():
        present = [score for score in scores if score is not None]
        if not present:
            raise RunError(f"{name}: not one of {len(names)} pictures can be scored; the blur left them all unchanged")
        interval = metrics.mean_interval(present)
        means[name] = {"mean": interval.mean, "low": interval.low, "high": interval.high}
    return {
        "means": {name: {end: round(value, _DIGITS) for end, value in mean.items()} for name, mean in means.items()},
        "images": list(names),
        "values": {
            name: [value if value is None else round(value, _DIGITS) for value in scores]
            for name, scores in values.items()
        },
    }


def content_hash(content: Mapping[str, Any]) -> str:
    """Returns SHA-256 of the content without its own hash: a record that was edited by hand no longer matches."""
    rest = {name: value for name, value in content.items() if name != "content_hash"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def budget(profile: str, steps: int, seconds: float) -> str:
    """Returns what a training cost, for tables."""
    return f"{profile}, {steps:,} steps, {seconds:.0f} s"


def tiles(evaluation: Mapping[str, Any]) -> str:
    """Returns how pictures were cut for scoring, for tables; empty where they were not."""
    found = evaluation.get("tiles")
    if found is None:
        return ""
    joined = "side by side" if not found["overlap"] else "blended" if found["blend"] else "cropped"
    return f"tiles {found['tile']} + {found['overlap']}, {joined}"
