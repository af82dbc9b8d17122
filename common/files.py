"""Files and folders: written whole or not at all, hashed, named with `~`, and the place for what can be made again."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from common.errors import FileError

_LONGEST_SUFFIX = 16

HASH_DIGITS = 16
"""Digits of a SHA-256 that tell files apart in records and keys."""


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Gives a temporary path whose file replaces `path` when the block ends without an error.

    A crash, a full disk or an exception leaves the old `path` (or none) and no temporary file behind; only a kill can
    leave a `.tmp-*` file, never a half-written `path`.

    Args:
        path: Where the finished file goes. Its folder is made if it is missing.

    Yields:
        The path of an empty file beside `path` and with its ending, for whatever writes files by their names.

    Raises:
        FileError: When the folder cannot be made or the disk is full.
    """
    path = expand(path)
    temporary = None
    try:
        with _one_line_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            suffix = path.suffix if len(path.suffix) < _LONGEST_SUFFIX else ""
            descriptor, name = tempfile.mkstemp(suffix, _prefix(path), path.parent)
            os.close(descriptor)
            temporary = Path(name)
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Gives a temporary folder that takes the place of `path` when the block ends without an error.

    A crash, a full disk or an exception leaves the old `path` (or none). What is replaced is deleted with all that is
    in it: whoever calls this has looked what that is.

    Args:
        path: Where the finished folder goes. Its own folder is made if it is missing.

    Yields:
        The path of an empty folder beside `path`.

    Raises:
        FileError: When the folder cannot be made or the disk is full.
    """
    path = expand(path)
    temporary = None
    try:
        with _one_line_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp("", _prefix(path), path.parent))
            yield temporary
            temporary.chmod(0o777 & ~_umask())
            _take_place(temporary, path)
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _take_place(new: Path, path: Path) -> None:
    """Moves a folder to where another one may be, which comes back if that fails."""
    if not path.exists():
        new.rename(path)
        return
    old = new.with_name(f"{new.name}-old")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    """Makes an error of the system while something is written the one of a file that cannot be."""
    try:
        yield
    except OSError as error:
        raise FileError(
            f"cannot write {path}: {error.strerror or error}; free disk space or choose another folder"
        ) from error


def _prefix(path: Path) -> str:
    """How the temporary name beside a path begins; long names are cut to what file systems take."""
    return f".tmp-{os.fsdecode(os.fsencode(path.name)[:200])}-"


def _umask() -> int:
    """Reads the process's umask (mkstemp ignores it and makes files private)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def atomic_open(path: Path | str, mode: str = "wb", **kwargs: Any) -> Iterator[IO[Any]]:
    """Opens a file that takes the place of `path` when the block ends without an error, see `atomic_path`.

    Args:
        path: Where the finished file goes.
        mode: `"w"` or `"wb"`.
        **kwargs: Passed on to `open` (encoding, newline).

    Yields:
        The open file.

    Raises:
        FileError: When it cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open(mode, **kwargs) as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def write_text(path: Path | str, text: str) -> None:
    r"""Writes a UTF-8 text file atomically (see `atomic_open`).

    What UTF-8 cannot hold, the bytes of a file name in another encoding, is written as `\udcff`.
    """
    with atomic_open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        stream.write(text)


def file_hash(path: Path, wanted: str) -> str:
    """Gives the first `HASH_DIGITS` digits of a file's SHA-256.

    Args:
        path: The file.
        wanted: What the user shall give if it cannot be read.

    Raises:
        FileError: When it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:HASH_DIGITS]
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}; give an existing {wanted}") from error


def expand(path: Path | str) -> Path:
    """Puts the home directory in the place of `~`: every path that a user gives goes through here.

    Args:
        path: A path, with `~` or `~name` at its start or not.

    Raises:
        FileError: When the path asks for a home directory and there is none.

    Examples:
        >>> expand("data/reds").as_posix()
        'data/reds'
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise FileError(f"{path}: there is no such home directory; write the path out") from error


def check_folder(folder: Path, option: str) -> Path:
    """Checks that a folder is there or can be made, before long work whose result goes there.

    Args:
        folder: Where something will be written.
        option: The option that names it, for the message.

    Returns:
        The folder, or the nearest one above it that is there.

    Raises:
        FileError: When it, or what it should lie in, is a file.
    """
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    if not there.is_dir():
        raise FileError(f"cannot write {folder}: {there} is not a folder; choose another folder with {option}")
    return there


def cache_folder() -> Path:
    """Finds the folder for what can be made again.

    It is `$DEBLUR_ZOO_CACHE`, else `deblur-zoo` in `$XDG_CACHE_HOME`, else `~/.cache/deblur-zoo`.

    Raises:
        FileError: When neither is set and there is no home directory.
    """
    if own := os.environ.get("DEBLUR_ZOO_CACHE"):
        return expand(own)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return expand(base or "~/.cache") / "deblur-zoo"
    except FileError as error:
        raise FileError(
            "there is no home directory to keep files in; set DEBLUR_ZOO_CACHE to a folder for them"
        ) from error
