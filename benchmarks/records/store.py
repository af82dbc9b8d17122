"""Reading, writing and finding run records."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.errors import RunError
from benchmarks.records import layout
from benchmarks.records.layout import path_of, paths
from benchmarks.records.record import SCHEMA, Record, content_hash
from datasets.errors import DataError
from datasets.files import write_text


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, so that of two writers the later one sees the records of both."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / ".lock").open("w")
    except OSError as error:
        raise DataError(f"cannot write {folder}: {error.strerror}; choose another folder with --results") from error
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def write(folder: Path, content: Mapping[str, Any]) -> Record:
    """Writes a record under `folder/runs`; a failed run never replaces a finished one.

    Returns:
        The record as it now lies there: the finished one, where a failed one was not to replace it.

    Raises:
        RunError: When a value is not finite, or the file that a failed run would replace cannot be read.
        DataError: When the disk is full or the folder cannot be written.
    """
    path = path_of(folder, content)
    if content["status"] == "failed" and path.is_file():
        there = read(path)
        if there.done:
            return there
    try:
        text = json.dumps(content, indent=1, allow_nan=False)
    except ValueError as error:
        raise RunError(f"{path}: not written, a value is NaN or infinite; check what the network returned") from error
    write_text(path, text + "\n")
    return Record(path, content)


def find(folder: Path, identity: Mapping[str, Any], key: str) -> Record | None:
    """Returns the finished record of a run, None when there is none."""
    path = path_of(folder, {**identity, "key": key})
    if not path.is_file():
        return None
    record = read(path)
    return record if record.done else None


def read(path: Path) -> Record:
    """Reads and checks one record.

    Raises:
        RunError: When it is not a record of this schema, or was changed after it was written.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: not a readable record ({error}); delete it and run again") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        found = content.get("schema") if isinstance(content, dict) else None
        raise RunError(f"{path}: schema {found!r}, this version reads {SCHEMA}; delete it and run again")
    if content.get("content_hash") != content_hash(content):
        raise RunError(f"{path}: changed after it was written (hash differs); restore it, or delete it and run again")
    return Record(path, content)


def read_all(folder: Path) -> Iterator[Record]:
    """Yields every record under `folder/runs`, by file name."""
    for path in paths(folder):
        yield read(path)


def find_by_name(folder: Path, name: str) -> Record:
    """Returns the record that a name on the command line means.

    Args:
        folder: The results folder.
        name: A file, a record's name with or without `.json`, or any part of it that only one record has.

    Raises:
        RunError: When there is none or several.
    """
    if Path(name).is_file():
        return read(Path(name))
    paths = layout.paths(folder)
    exact = [path for path in paths if name in (path.name, path.stem)]
    matching = exact or [path for path in paths if name in path.name]
    if not matching:
        raise RunError(f"no record in {folder / 'runs'} is called {name!r}; `ls {folder / 'runs'}` shows the names")
    if len(matching) > 1:
        raise RunError(f"{name!r} means {len(matching)} records, {', '.join(path.stem for path in matching[:3])}, ...; "
                       "give more of the name")  # fmt: skip
    return read(matching[0])
