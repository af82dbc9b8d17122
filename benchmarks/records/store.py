"""Reading, writing and finding run records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import filelock
import msgspec

import zoo
from benchmarks.errors import RunError
from benchmarks.metrics import METRICS
from benchmarks.records import layout, migrate
from benchmarks.records.layout import path_of
from benchmarks.records.record import EXTERNAL, SCHEMA, Failed, Finished, Record, content_hash
from common.errors import FileError
from common.files import write_text
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_Stored = Finished | Failed


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, so that of two writers the later one sees the records of both.

    Raises:
        FileError: When the folder cannot be written.
    """
    lock = filelock.FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise FileError(f"cannot write {folder}: {error.strerror}; choose another folder with --results") from error
    except NotImplementedError as error:
        raise FileError(f"{folder}: its file system has no locks; choose another folder with --results") from error
    try:
        yield
    finally:
        lock.release()


def write(folder: Path, run: Finished | Failed) -> Record:
    """Writes a record under `folder/runs`; a failed run never replaces a finished one.

    Returns:
        The record as it now lies there: the finished one, where a failed one was not to replace it.

    Raises:
        RunError: When a value is not finite, or the file that a failed run would replace cannot be read.
        FileError: When the disk is full or the folder cannot be written.
    """
    path = path_of(folder, run.identity, run.key)
    if isinstance(run, Failed) and path.is_file():
        there = read(path)
        if there.done:
            return there
    write_text(path, stored_form(path, run))
    return Record(path, run)


def stored_form(path: Path, run: Finished | Failed) -> str:
    """The text of a record with its hash; RunError for a value that is not finite."""
    content: dict[str, Any] = {"schema": SCHEMA, **msgspec.to_builtins(run)}
    try:
        # The hash is of what JSON gives back.
        content = json.loads(json.dumps(content, allow_nan=False))
    except ValueError as error:
        raise RunError(f"{path}: not written, a value is NaN or infinite; check what the model returned") from error
    return json.dumps({**content, "content_hash": content_hash(content)}, indent=1) + "\n"


def find(folder: Path, identity: Mapping[str, str], key: str) -> Record | None:
    """The finished record of a run, None when there is none."""
    path = path_of(folder, identity, key)
    if not path.is_file():
        return None
    record = read(path)
    return record if record.done else None


def read(path: Path) -> Record:
    """Reads and checks one record.

    Raises:
        RunError: When it is not a record of a known schema, was changed after it was written, lacks a field or has one
            of a wrong type, or names what this version does not know.
    """
    stored = _stored(path)
    try:
        run: _Stored = msgspec.convert(migrate.upgrade(stored), _Stored)
    except msgspec.ValidationError as error:
        raise RunError(f"{path}: not a valid record ({error}); delete it and run again") from error
    unknown = _unknown(run)
    if unknown:
        raise RunError(f"{path}: {unknown}")
    return Record(path, run)


def _stored(path: Path) -> dict[str, Any]:
    """The content of a file whose schema is known and whose hash fits."""
    try:
        content = path.read_bytes()
        if content.startswith(_BYTE_ORDER_MARK):
            raise RunError(f"{path}: begins with a byte-order mark, so another program wrote it; restore it")
        decoded = json.loads(content.decode(), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise RunError(f"{path}: not a readable record ({reason}); delete it and run again") from error
    stored: dict[str, Any] = decoded if isinstance(decoded, dict) else {}
    schema = stored.get("schema")
    if type(schema) is not int or schema not in migrate.READABLE:
        known = " and ".join(map(str, migrate.READABLE))
        raise RunError(f"{path}: schema {schema!r}, this version reads {known}; delete it and run again")
    if stored.get("content_hash") != content_hash(stored):
        raise RunError(f"{path}: changed after it was written (hash differs); restore it, or delete it and run again")
    return stored


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _unknown(run: Finished | Failed) -> str:
    """What a record names that this version does not know, as no table can show it; empty for nothing."""
    # The protocols are those that any data set is scored by; what they rank by is a matter of the leaderboard.
    protocols = dict.fromkeys(name for dataset in list_datasets() for name in dataset_info(dataset).protocols)
    external = isinstance(run, Finished) and run.weights == EXTERNAL
    named = (
        ("protocol", run.protocol, list(protocols)),
        ("data set", run.dataset, list_datasets()),
        # A user's own model and another program are known to nobody else; the record says what there is to know.
        ("model", run.model, [run.model] if run.own or external else zoo.list_models()),
    )
    for kind, name, known in named:
        if name not in known:
            return f"unknown {kind} {name!r}, perhaps of another version; known are {', '.join(known)}"
    if isinstance(run, Failed):
        return ""
    for name in run.scores.means:
        if name not in METRICS:
            return f"unknown metric {name!r}, perhaps of another version; known are {', '.join(METRICS)}"
    return ""


@dataclass(frozen=True)
class Results:
    """What lies in a results folder.

    Attributes:
        records: The records that can be read, by file name.
        problems: What is wrong with the other files, one line each.
    """

    records: tuple[Record, ...]
    problems: tuple[str, ...]

    @property
    def done(self) -> tuple[Record, ...]:
        """The records of finished runs."""
        return tuple(record for record in self.records if record.done)


def read_all(folder: Path) -> Results:
    """Reads every record under `folder/runs`; one that cannot be taken is named and left out, the rest goes on.

    Left out are also the companions that macOS writes (`._NAME.json`) and records that do not lie under their own
    name, as the copies of a synchronisation do: they would count twice.
    """
    records, problems = [], []
    for path in layout.paths(folder):
        try:
            records.append(_in_its_place(folder, path))
        except RunError as error:
            problems.append(str(error))
    return Results(tuple(records), tuple(problems))


def _in_its_place(folder: Path, path: Path) -> Record:
    """Reads one file of the folder of records."""
    if path.name.startswith("._"):
        raise RunError(f"{path}: macOS's notes on another file, no record; delete it")
    if path.is_dir():
        raise RunError(f"{path}: a folder, no record; move it away")
    record = read(path)
    expected = path_of(folder, record.run.identity, record.run.key)
    if path.name != expected.name:
        other = "which is there too: a duplicate" if expected.exists() else "which is missing"
        raise RunError(f"{path}: holds the run of {expected.name}, {other}; delete or rename it")
    return record


def find_by_name(folder: Path, name: str) -> Record:
    """The record that a name on the command line means.

    Args:
        folder: The results folder.
        name: A file, a record's name with or without `.json`, or any part of it that only one record has.

    Raises:
        RunError: When there is none or several.
    """
    try:
        if Path(name).is_file():
            return read(Path(name))
    except (OSError, ValueError):
        pass
    paths = layout.paths(folder)
    exact = [path for path in paths if name in (path.name, path.stem)]
    matching = exact or [path for path in paths if name in path.name]
    if not matching:
        raise RunError(f"no record in {folder / 'runs'} is called {name!r}; `ls {folder / 'runs'}` shows the names")
    if len(matching) > 1:
        shown = ", ".join(path.stem for path in matching[:3])
        raise RunError(f"{name!r} means {len(matching)} records, {shown}, ...; give more of the name")
    return read(matching[0])
