"""Small data sets in the official layouts, built in seconds without a connection (`python -m datasets sample`)."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path

from common.files import cache_folder, expand
from datasets.errors import DataError
from datasets.readers.base import SAMPLE_MARKER
from datasets.samples.base import Options, Recipe, recipe_for

VERSION = 3
"""Raise it whenever a sample's bytes change: samples of another version are built anew."""

SCRAP_AGE = 24 * 3600
"""Seconds after which the temporary folder of a killed build is removed."""


def build(name: str, root: Path | str, seed: int = 0, force: bool = False, options: Options | None = None) -> Path:
    """Builds the sample of a data set, unless it is there.

    The sample is built in a temporary folder and moved into place when it is complete, so a killed build leaves
    nothing that looks like data. The same seed gives the same bytes.

    Args:
        name: Name of a data set; `gopro-gamma` and `reds-jpeg` are part of the samples `gopro` and `reds`.
        root: Folder below which the official top folder goes; made if it is missing.
        seed: Seed of everything random, 0 or more.
        force: Whether to build a complete sample again.
        options: What the sample shall hold, where it has options. None takes any that is there, or else the default.

    Returns:
        The official top folder, with `SAMPLE.json` in it.

    Raises:
        DataError: When there is no such sample, the folder holds anything but this sample, or the disk is full.

    Examples:
        >>> from datasets import samples
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sorted(path.name for path in samples.build("div2k", folder).iterdir())
        ['DIV2K_train_HR', 'DIV2K_valid_HR', 'SAMPLE.json']
    """
    recipe = recipe_for(name)
    if seed < 0:
        raise DataError(f"seed={seed}: a seed cannot be negative; use 0 or more")
    if options is not None and recipe.options is None:
        raise DataError(f"the sample of {name} has no options; leave them out")
    root = expand(root)
    target = root / recipe.folder
    try:
        if _is_complete(target, recipe.name, seed, options) and not force:
            return target
        root.mkdir(parents=True, exist_ok=True)
        _remove_scrap(root, target.name)
        _build(recipe, target, seed, options)
    except OSError as error:
        raise DataError(
            f"cannot build the sample in {target}: {error.strerror or error}; free disk space or choose another folder"
        ) from error
    return target


def _build(recipe: Recipe, target: Path, seed: int, options: Options | None) -> None:
    """Builds beside `target` and moves the result into its place."""
    if options is None and recipe.options is not None:
        options = recipe.options()
    with tempfile.TemporaryDirectory(
        prefix=_scrap_prefix(target.name), dir=target.parent, ignore_cleanup_errors=True
    ) as scrap:
        made, old = Path(scrap) / "new", Path(scrap) / "old"
        made.mkdir()
        recipe.make(made, seed, *([] if options is None else [options]))
        marker = {
            "dataset": recipe.name,
            "version": VERSION,
            "seed": seed,
            "files": _count_files(made),
            "height": recipe.height,
            "width": recipe.width,
            "what": recipe.what,
        }
        if options is not None:
            marker["options"] = options.as_dict()
        (made / SAMPLE_MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        if target.exists():
            target.rename(old)
        try:
            made.rename(target)
        except OSError:
            # Another process may have put the same sample there in the meantime.
            if not _is_complete(target, recipe.name, seed, options):
                raise


def _is_complete(target: Path, name: str, seed: int, options: Options | None) -> bool:
    """Whether `target` is the sample wanted; False when it may be replaced, DataError when it may not."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    try:
        marker = json.loads((target / SAMPLE_MARKER).read_text(encoding="utf-8"))
        count = int(marker["files"])
        found = marker["dataset"], marker["version"], marker["seed"]
        held = marker.get("options")
    except (OSError, ValueError, TypeError, KeyError):
        raise DataError(
            f"{target}: exists and is no sample, so it is left alone; choose another folder for the sample"
        ) from None
    files = _count_files(target) - 1
    if files > count:
        raise DataError(f"{target}: holds files that are not the sample's; move them, or choose another folder")
    wanted = held if options is None else options.as_dict()
    return files == count and found == (name, VERSION, seed) and held == wanted


def _count_files(folder: Path) -> int:
    """Counts the files below a folder; hidden ones are the work of desktops and editors."""
    return sum(path.is_file() and not path.name.startswith(".") for path in folder.rglob("*"))


def _scrap_prefix(name: str) -> str:
    return f".tmp-{name}-"


def _remove_scrap(root: Path, name: str) -> None:
    """Removes what killed builds left behind, unless it is so new that a build may still be going on."""
    for folder in root.glob(f"{_scrap_prefix(name)}*"):
        if folder.is_dir() and time.time() - folder.stat().st_mtime > SCRAP_AGE:
            shutil.rmtree(folder, ignore_errors=True)


def sample_root(name: str, seed: int = 0) -> Path:
    """Gives the folder that holds the built-in sample of a data set; the sample is made if it is missing.

    Args:
        name: Data set's name.
        seed: Seed of the sample.

    Raises:
        DataError: When there is no sample of that name or it cannot be written.
    """
    folder = cache_folder() / "samples" / f"seed-{seed}"
    build(name, folder, seed)
    return folder
