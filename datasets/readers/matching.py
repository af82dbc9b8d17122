"""Image files of several folders that belong together because they are called alike."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets.errors import DataError
from datasets.members import Found
from datasets.readers.base import scan, tree
from datasets.readers.table import ENDINGS

FOLDER = "folder"
"""Name of the data set that pairs in folders of one's own are, in records and tables."""

_NAMED = 3
_RULE = "pairs are called alike but for the ending"


def images_in(place: Path) -> dict[str, Found]:
    """The image files of a folder and of all folders below it; or the one that is a file itself.

    Args:
        place: A folder, or an image file.

    Returns:
        Path below the folder without the ending -> file, 2 before 10. A single file is called by its stem.

    Raises:
        DataError: When it is missing, an archive, has no images, or has two images of one name.
    """
    if place.is_file():
        _refuse_archive(place)
        return {place.stem: Found(place.name, place, place.stat().st_size)}
    if not place.is_dir():
        raise DataError(f"{place}: no such file or folder; give a folder of images, or an image")
    found = _below(place)
    faults = [f"{place / file.name}: {file.fault}" for file in found.values() if file.fault]
    if faults:
        raise DataError(faults[0])
    if not found:
        raise DataError(f"{place}: no images in this folder ({', '.join(ENDINGS)}); give one that has some")
    return {name: found[name] for name in sorted(found, key=natural_order)}


def _below(place: Path) -> dict[str, Found]:
    """The image files of a folder and of those below it."""
    found: dict[str, Found] = {}
    for folder in tree(place, place):
        prefix = "" if folder == "." else f"{folder}/"
        found |= {prefix + stem: file for stem, file in scan(place, folder, ENDINGS).items()}
    return found


def _refuse_archive(path: Path) -> None:
    """Raises DataError for an archive where images are wanted."""
    try:
        archive = zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; make it readable") from error
    if archive or path.suffix.lower() in (".7z", ".rar"):
        raise DataError(f"{path}: an archive; unpack it and give the folder")


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts numbers within names in their order.

    >>> sorted(["b/img10", "b/img2", "a/x"], key=natural_order)
    ['a/x', 'b/img2', 'b/img10']
    """
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]


def refuse_unpaired(sides: Mapping[str, Mapping[str, Found]]) -> None:
    """Checks that every side has images of the same names.

    Args:
        sides: What a side is called in messages -> its images, see `images_in`. Single files need not be called alike.

    Raises:
        DataError: When one side has an image that another one lacks, or only one side is a single file.
    """
    (first, images), *others = sides.items()
    for other, theirs in others:
        lacking = [(other, first, [name for name in images if name not in theirs])]
        lacking.append((first, other, [name for name in theirs if name not in images]))
        for side, source, names in lacking:
            if names:
                counts = f"{first} has {_counted(len(images))}, {other} {len(theirs)}"
                raise DataError(f"{_list(names)} of {source}: nothing of that name in {side} ({counts}); {_RULE}")


def _counted(count: int) -> str:
    return f"{count} image" if count == 1 else f"{count} images"


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
