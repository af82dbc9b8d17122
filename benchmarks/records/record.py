"""Run records: one JSON file per run, versioned, hashed, written once and atomically."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = 1


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
