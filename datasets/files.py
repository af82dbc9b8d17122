"""Files and folders: written whole or not at all, hashed, named with `~`, and the place for what can be made again."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import numpy as np

from datasets.errors import DataError


@contextmanager
def atomic_open(path: Path | str, mode: str = "wb", **kwargs: Any) -> Iterator[IO[Any]]:
    """Opens a temporary file that replaces `path` when the block ends without an error.

    A crash, a full disk or an exception leaves the old `path` (or none) and no temporary file behind; only a
    kill can leave a `.tmp-*` file, never a half-written `path`.

    Args:
        path: Where the finished file goes. Its folder is made if it is missing.
        mode: `"w"` or `"wb"`.
        **kwargs: Passed on to `open` (encoding, newline).

    Yields:
        The open temporary file.

    Raises:
        DataError: When the folder cannot be made or the disk is full.
    """
    path = expand(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".tmp-{_short(path.name)}-", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, mode, **kwargs) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise DataError(
            f"cannot write {path}: {error.strerror or error}; free disk space or choose another folder"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _short(name: str) -> str:
    """Cuts a long file name, so that the temporary one beside it stays within what file systems take."""
    return os.fsdecode(os.fsencode(name)[:200])


def write_text(path: Path | str, text: str) -> None:
    r"""Writes a UTF-8 text file atomically (see `atomic_open`).

    What UTF-8 cannot hold, the bytes of a file name in another encoding, is written as `\udcff`.
    """
    with atomic_open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        stream.write(text)


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


def _umask() -> int:
    """Reads the process's umask (mkstemp ignores it and makes files private)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def weights_hash(path: Path) -> str:
    """Gives digits that change with the content of a weight file; DataError when it cannot be read."""
    return file_hash(path, ".keras file with --weights")


def file_hash(path: Path, wanted: str) -> str:
    """Gives sixteen digits of a file's SHA-256.

    Args:
        path: The file.
        wanted: What the user shall give if it cannot be read.

    Raises:
        DataError: When it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; give an existing {wanted}") from error


def expand(path: Path | str) -> Path:
    """Puts the home directory in the place of `~`: every path that a user gives goes through here.

    Args:
        path: A path, with `~` or `~name` at its start or not.

    Raises:
        DataError: When the path asks for a home directory and there is none.

    Examples:
        >>> expand("data/reds").as_posix()
        'data/reds'
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(f"{path}: there is no such home directory; write the path out") from error


def cache_folder() -> Path:
    """Finds the folder for what can be made again.

    It is `$DEBLUR_ZOO_CACHE`, else `deblur-zoo` in `$XDG_CACHE_HOME`, else `~/.cache/deblur-zoo`.

    Raises:
        DataError: When neither is set and there is no home directory.
    """
    if own := os.environ.get("DEBLUR_ZOO_CACHE"):
        return expand(own)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return expand(base or "~/.cache") / "deblur-zoo"
    except DataError as error:
        raise DataError(
            "there is no home directory to keep files in; set DEBLUR_ZOO_CACHE to a folder for them"
        ) from error
