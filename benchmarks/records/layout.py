"""Where in a results folder everything lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.errors import RunError

FOLDER = "pictures"
"""Kept images; the name is that of the first schema."""

PANELS = ("blurred", "restored", "sharp", "error")
"""What stands side by side in every file, from left to right, all of one size."""


def existing(folder: Path) -> Path:
    """A results folder that somebody wants to read.

    Raises:
        RunError: When there is none; a mistyped name must not look like one without results.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: no such results folder; give the one that runs wrote with --results")
    return folder


def path_of(folder: Path, identity: Mapping[str, str], key: str) -> Path:
    """Where the record of an experiment lies."""
    return folder / "runs" / f"{stem_of(identity, key)}.json"


def stem_of(identity: Mapping[str, str], key: str) -> str:
    """The name of a record without suffix: its experiment in words, then its key.

    >>> stem_of({"model": "atrous", "variant": "tiny", "dataset": "reds", "protocol": "full"}, "0123456789")
    'reds--full--atrous--tiny--0123456789'
    """
    return "--".join((*(identity[name] for name in ("dataset", "protocol", "model", "variant")), key))


def config_of(folder: Path, identity: Mapping[str, str], key: str) -> Path:
    """Where the file lies that repeats an experiment."""
    return folder / "configs" / f"{stem_of(identity, key)}.toml"


def paths(folder: Path) -> list[Path]:
    """Everything under `folder/runs` that is called like a record, by name."""
    return sorted((folder / "runs").glob("*.json"))
