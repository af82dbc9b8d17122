"""Files that are either whole or not there: write beside the target, flush to disk, rename."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

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
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".tmp-{path.name}-", dir=path.parent)
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


def write_text(path: Path | str, text: str) -> None:
    """Writes a UTF-8 text file atomically (see `atomic_open`)."""
    with atomic_open(path, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)


def write_arrays(path: Path | str, **arrays: Any) -> None:
    """Writes NumPy arrays as a compressed `.npz` file atomically (see `atomic_open`)."""
    with atomic_open(path) as stream:
        np.savez_compressed(stream, **arrays)


def _umask() -> int:
    """Returns the process's umask (mkstemp ignores it and makes files private)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def weights_hash(path: Path) -> str:
    """Returns digits that change with the content of a weight file; DataError when it cannot be read."""
    return file_hash(path, ".keras file with --weights")


def file_hash(path: Path, wanted: str) -> str:
    """Returns sixteen digits of a file's SHA-256.

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
        raise DataError(f"{path}: {error.strerror}; give an existing {wanted}") from error


def cache_folder() -> Path:
    """Returns the folder for what can be made again: `$DEBLUR_ZOO_CACHE`, else `~/.cache/deblur-zoo`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DEBLUR_ZOO_CACHE") or Path(base) / "deblur-zoo")
