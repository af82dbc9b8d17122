"""The `.keras` file that a path or a name of the catalogue means; weights of others are converted on the way."""

from __future__ import annotations

import zipfile
from pathlib import Path

from zoo.errors import ZooError
from zoo.weights import store

_OWN = ".keras"
# Every model file has this member.
_CONFIG = "config.json"


def given_file(source: Path | str) -> Path:
    """The `.keras` file that a path or a name means.

    Weights of others are recognised, converted once and kept in the cache, by the hash of their file.

    Args:
        source: A name of the catalogue, a `.keras` file, or a file or folder of others, see `zoo.weights.read`.

    Raises:
        ZooError: When weights of that name are not here, or a file of others is not recognised.
    """
    path = store.chosen(source)
    if not is_of_others(path):
        return path
    from zoo.weights.importing import converted

    return converted(path)


def is_of_others(path: Path) -> bool:
    """Whether something is there that is no model file by its name or content."""
    if path.suffix == _OWN or not path.exists():
        return False
    if path.is_dir() or not zipfile.is_zipfile(path):
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return _CONFIG not in archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise ZooError(f"{path}: cannot be read ({error}); fetch it again") from error


def told_of(path: Path) -> str:
    """What was recognised in the file that a converted one was made of, in one line; empty for others.

    Raises:
        ZooError: When the file is missing or is not a model.
    """
    return str(store.source_of(path).get("recognised", ""))
