"""Where in a results folder everything lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "pictures"

PANELS = ("blurred", "restored", "sharp", "error")
"""What stands side by side in every file, from left to right, all of one size."""


def path_of(folder: Path, content: Mapping[str, Any]) -> Path:
    """Returns where a record lies."""
    return folder / "runs" / f"{stem_of(content)}.json"


def stem_of(content: Mapping[str, Any]) -> str:
    """Returns the name of a record without suffix: its cell in words, then its key."""
    return "--".join(content[name] for name in ("dataset", "protocol", "model", "variant", "key"))


def paths(folder: Path) -> list[Path]:
    """Returns the files of all records under `folder/runs`, by name."""
    return sorted((folder / "runs").glob("*.json"))
