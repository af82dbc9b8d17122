"""NumPy arrays in files: archives, and arrays of the cache."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from common.files import atomic_open, expand
from datasets.errors import DataError


def write_arrays(path: Path | str, **arrays: Any) -> None:
    """Writes NumPy arrays as a compressed `.npz` file atomically (see `atomic_open`)."""
    with atomic_open(path) as stream:
        np.savez_compressed(stream, **arrays)


def read_arrays(path: Path | str, wanted: str) -> dict[str, np.ndarray]:
    """Reads every array of an `.npz` file.

    Args:
        path: The file.
        wanted: What it should be and how to make it, for the message.

    Raises:
        DataError: When it is missing, damaged, or no such archive, whatever its name says.
    """
    path = expand(path)
    try:
        with path.open("rb") as stream:
            loaded = np.load(stream)
            if isinstance(loaded, np.ndarray):
                raise ValueError("one array instead of an archive")
            with loaded as arrays:
                return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, NotImplementedError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
        raise DataError(f"{path}: cannot be read as {wanted} ({reason})") from error


def read_mapped(path: Path) -> np.ndarray:
    """Opens an array of the cache without reading it.

    Raises:
        DataError: When the file is damaged.
    """
    try:
        mapped: np.ndarray = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError, TypeError) as error:
        raise DataError(f"{path}: damaged; delete it and run again") from error
    return mapped
