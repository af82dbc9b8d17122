"""Small data sets in the official layouts, built in seconds without a network (`python -m datasets sample`)."""

from __future__ import annotations

import difflib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from datasets.errors import DataError
from datasets.files import cache_folder
from datasets.readers.base import SAMPLE_MARKER
from datasets.samples import camera_shake, hdc, photographs

VERSION = 3
"""Raise it whenever a sample's bytes change: samples of another version are built anew."""

SCRAP_AGE = 24 * 3600
"""Seconds after which the temporary folder of a killed build is removed."""


class Recipe(NamedTuple):
    """How one sample is made.

    Attributes:
        folder: Official top folder (`Kohler` and `HDC2021`: our choice, they have none).
        height: Of the pictures, in pixels; None where they differ.
        width: Of the pictures, in pixels; None where they differ.
        what: One line for people who find the folder.
        make: Writes the files below an empty folder, from a seed (and, for `hdc`, options).
    """

    folder: str
    height: int | None
    width: int | None
    what: str
    make: Callable[..., None]


RECIPES = {
    "cifar10": Recipe(
        "cifar-10-batches-py",
        photographs.CIFAR_SIDE,
        photographs.CIFAR_SIDE,
        "squares of photographs, scaled down; the label is the photograph",
        photographs.make_cifar10,
    ),
    "gopro": Recipe(
        "GOPRO_Large",
        *camera_shake.SIZE,
        "photographs filmed by a shaking camera, 11 frames averaged",
        camera_shake.make_gopro,
    ),
    "hide": Recipe(
        "HIDE_dataset",
        *camera_shake.SIZE,
        "photographs filmed by a shaking camera, 11 frames averaged",
        camera_shake.make_hide,
    ),
    "reds": Recipe(
        "REDS",
        *camera_shake.SIZE,
        "photographs filmed by a shaking camera, exposure 0.8 of the frame period",
        camera_shake.make_reds,
    ),
    "kohler": Recipe(
        "Kohler",
        *camera_shake.KOHLER_SIZE,
        "photographs under camera shake with the sharp frames of each trajectory",
        camera_shake.make_kohler,
    ),
    "hdc": Recipe(
        "HDC2021",
        *hdc.SIZE,
        "random letters on a simulated display, photographed in and out of focus",
        hdc.make_hdc,
    ),
    "div2k": Recipe("DIV2K", None, None, "sharp photographs", photographs.make_div2k),
}
ALIASES = {"gopro-gamma": "gopro", "reds-jpeg": "reds"}
"""Variants that lie in another data set's folder."""


def build(name: str, root: Path | str, seed: int = 0, force: bool = False, options: hdc.Options | None = None) -> Path:
    """Builds the sample of a data set, unless it is there.

    The sample is built in a temporary folder and moved into place when it is complete, so a killed build leaves
    nothing that looks like data. The same seed gives the same bytes.

    Args:
        name: Name of a data set; `gopro-gamma` and `reds-jpeg` are part of the samples `gopro` and `reds`.
        root: Folder below which the official top folder goes; made if it is missing.
        seed: Seed of everything random, 0 or more.
        force: Whether to build a complete sample again.
        options: What the sample of `hdc` shall hold; only for it. None takes any that is there, or else the default.

    Returns:
        The official top folder, with `SAMPLE.json` in it.

    Raises:
        DataError: When there is no such data set, the folder holds anything but this sample, or the disk is full.
    """
    name = ALIASES.get(name, name)
    if name not in RECIPES:
        known = sorted([*RECIPES, *ALIASES])
        near = difflib.get_close_matches(name, known, 1) or [", ".join(known)]
        raise DataError(f"no sample of a data set {name!r}; did you mean {near[0]}?")
    if seed < 0:
        raise DataError(f"seed={seed}: a seed cannot be negative; use 0 or more")
    if options is not None and name != "hdc":
        raise DataError(f"blur steps, samples per font and point spread functions are for hdc, not for {name}")
    root = Path(root).expanduser()
    target = root / RECIPES[name].folder
    try:
        if _is_complete(target, name, seed, options) and not force:
            return target
        root.mkdir(parents=True, exist_ok=True)
        _remove_scrap(root, target.name)
        _build(name, target, seed, options)
    except OSError as error:
        raise DataError(
            f"cannot build the sample in {target}: {error.strerror or error}; free disk space or choose another folder"
        ) from error
    return target


def _build(name: str, target: Path, seed: int, options: hdc.Options | None) -> None:
    """Builds beside `target` and moves the result into its place."""
    recipe = RECIPES[name]
    with tempfile.TemporaryDirectory(
        prefix=_scrap_prefix(target.name), dir=target.parent, ignore_cleanup_errors=True
    ) as scrap:
        made, old = Path(scrap) / "new", Path(scrap) / "old"
        made.mkdir()
        if name == "hdc":
            options = options or hdc.Options()
            recipe.make(made, seed, options)
        else:
            recipe.make(made, seed)
        marker = {
            "dataset": name,
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
            if not _is_complete(target, name, seed, options):
                raise


def _is_complete(target: Path, name: str, seed: int, options: hdc.Options | None) -> bool:
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
    """Returns the folder that holds the built-in sample of a data set; the sample is made if it is missing.

    Args:
        name: Data set's name.
        seed: Seed of the sample.

    Raises:
        DataError: When there is no sample of that name or it cannot be written.
    """
    folder = cache_folder() / "samples" / f"seed-{seed}"
    build(name, folder, seed)
    return folder
