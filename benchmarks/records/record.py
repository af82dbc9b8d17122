"""Run records: one JSON file per run, versioned, hashed, written once and atomically."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import metrics
from benchmarks.errors import RunError
from datasets.files import write_text

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


def file_hash(path: Path, wanted: str) -> str:
    """Returns sixteen digits of a file's SHA-256.

    Args:
        path: The file.
        wanted: What the user shall give if it cannot be read.

    Raises:
        RunError: When it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; give an existing {wanted}") from error


def path_of(folder: Path, content: Mapping[str, Any]) -> Path:
    """Returns where a record lies."""
    return folder / "runs" / f"{stem_of(content)}.json"


def stem_of(content: Mapping[str, Any]) -> str:
    """Returns the name of a record without suffix: its cell in words, then its key."""
    return "--".join(content[name] for name in ("dataset", "protocol", "model", "variant", "key"))


def write(folder: Path, content: Mapping[str, Any]) -> Record:
    """Writes a record under `folder/runs`; a failed run never replaces a finished one.

    Returns:
        The record as it now lies there: the finished one, where a failed one was not to replace it.

    Raises:
        RunError: When a value is not finite, or the file that a failed run would replace cannot be read.
        DataError: When the disk is full or the folder cannot be written.
    """
    path = path_of(folder, content)
    if content["status"] == "failed" and path.is_file():
        there = read(path)
        if there.done:
            return there
    try:
        text = json.dumps(content, indent=1, allow_nan=False)
    except ValueError as error:
        raise RunError(f"{path}: not written, a value is NaN or infinite; check what the network returned") from error
    write_text(path, text + "\n")
    return Record(path, content)


def find(folder: Path, identity: Mapping[str, Any], key: str) -> Record | None:
    """Returns the finished record of a run, None when there is none."""
    path = path_of(folder, {**identity, "key": key})
    if not path.is_file():
        return None
    record = read(path)
    return record if record.done else None


def read(path: Path) -> Record:
    """Reads and checks one record.

    Raises:
        RunError: When it is not a record of this schema, or was changed after it was written.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: not a readable record ({error}); delete it and run again") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        found = content.get("schema") if isinstance(content, dict) else None
        raise RunError(f"{path}: schema {found!r}, this version reads {SCHEMA}; delete it and run again")
    if content.get("content_hash") != content_hash(content):
        raise RunError(f"{path}: changed after it was written (hash differs); restore it, or delete it and run again")
    return Record(path, content)


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


def paths(folder: Path) -> list[Path]:
    """Returns the files of all records under `folder/runs`, by name."""
    return sorted((folder / "runs").glob("*.json"))


def read_all(folder: Path) -> Iterator[Record]:
    """Yields every record under `folder/runs`, by file name."""
    for path in paths(folder):
        yield read(path)
