"""Weights by name: those of others in the cache, converted, as `weights/NAME.keras`; our own, which come with the zoo.

Beside the converted files lie the hashes of the files that they came from.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import msgspec

from common.errors import FileError
from common.files import cache_folder, expand, write_text
from zoo.errors import ZooError
from zoo.weights import catalogue

_CHUNK = 1 << 20
# Of a hash, in a file's name.
_DIGITS = 32


class Pin(msgspec.Struct):
    """What is known of one set of weights in this cache.

    Attributes:
        sources: Format of a file that was imported -> its SHA-256.
        converted: SHA-256 of the converted file; None where there is none.
    """

    sources: dict[str, str] = {}
    converted: str | None = None


def folder() -> Path:
    """Where converted weights lie."""
    return cache_folder() / "weights"


def path_of_recognised(digest: str) -> Path:
    """Where the converted file lies, or will lie, of weights that the catalogue does not know.

    Args:
        digest: SHA-256 of the file that they came from.
    """
    return folder() / "recognised" / f"{digest[:_DIGITS]}.keras"


def path_of(name: str) -> Path:
    """Where the file of a catalogue name lies, or will lie: in the cache, or in this package.

    Raises:
        ZooError: When there is no such name.
    """
    entry = catalogue.find(name)
    return folder() / f"{entry.name}.keras" if entry.packaged is None else entry.packaged.path


def is_here(name: str) -> bool:
    """Whether the converted file of a catalogue name is there."""
    return path_of(name).is_file()


def located(name: str) -> Path:
    """The converted file of a catalogue name.

    Raises:
        ZooError: When it is not there; the message says how to get it.
    """
    path = path_of(name)
    if not path.is_file():
        raise ZooError(f"the weights {name} are not here; {how_to_get(name)}")
    return path


def how_to_get(name: str) -> str:
    """What to do to have the weights of a catalogue name, in words."""
    entry = catalogue.find(name)
    if entry.packaged is not None:
        return "they come with this zoo, so install it again"
    if any(offer.address for offer in entry.files):
        return f"fetch them with `python -m zoo weights get {name}`"
    return by_hand(entry)


def by_hand(entry: catalogue.Entry) -> str:
    """How a person gets weights that no program may fetch, in words: page, file, command."""
    offer = entry.files[0]
    called = f" ({offer.name}{f', {offer.megabytes:g} MB' if offer.megabytes else ''})" if offer.name else ""
    return (
        f"{offer.by} offer them at {offer.where}{called}; save the file and import it with "
        f"`python -m zoo weights import {entry.name} {offer.name or 'FILE'}`"
    )


def source_of(path: Path) -> dict[str, Any]:
    """What a converted file says of where its weights come from; empty for another file.

    Raises:
        ZooError: When it is missing or is not a model.
    """
    from zoo.saving import read_notes

    found: dict[str, Any] = read_notes(path).get("weights", {})
    return found


def source_hash(path: Path) -> str | None:
    """SHA-256 of the file that one in the cache was made of by itself; None for any other file."""
    if path.parent != path_of_recognised("").parent:
        return None
    return source_of(path).get("sha256")


def hash_of(path: Path) -> str:
    """SHA-256 of a file; of a folder, of the names and contents of the files in it.

    Raises:
        FileError: When it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if each.is_file():
                if each != path:
                    digest.update(f"{each.relative_to(path).as_posix()}\0{each.stat().st_size}\0".encode())
                with each.open("rb") as stream:
                    while chunk := stream.read(_CHUNK):
                        digest.update(chunk)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}; give an existing weight file") from error
    return digest.hexdigest()


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(each.stat().st_size for each in (path.rglob("*") if path.is_dir() else [path]) if each.is_file())


def check_source(entry: catalogue.Entry, kind: str, digest: str, path: Path) -> None:
    """Refuses a file that is not the published one, or not the one that was imported first.

    Args:
        entry: What it should be.
        kind: The file's format, with its packing.
        digest: The file's SHA-256.
        path: The file, for messages.

    Raises:
        ZooError: When the hash is another.
    """
    # What was packed has another hash than what is offered.
    offer = None if kind.endswith(" folder") else entry.offer(kind.partition(" ")[0])
    if offer is not None and offer.sha256 not in (None, digest):
        raise ZooError(
            f"{path}: its SHA-256 is {digest[:16]}..., that of {offer.name} is {offer.sha256[:16]}...; it is another "
            f"or a damaged file, so fetch it again from {offer.where}"
        )
    pinned = _pins().get(entry.name, Pin()).sources.get(kind)
    if pinned not in (None, digest):
        raise ZooError(
            f"{path}: its SHA-256 is {digest[:16]}..., that of the file first imported as {entry.name} was "
            f"{pinned[:16]}...; if you trust the new one, forget the first with `python -m zoo weights remove "
            f"{entry.name}`"
        )


def pin(name: str, kind: str, digest: str) -> None:
    """Remembers what was imported as a catalogue name, and the file that came of it."""
    pins = _pins()
    before = pins.get(name, Pin())
    pins[name] = Pin({**before.sources, kind: digest}, hash_of(path_of(name)))
    _write(pins)


def verify(name: str) -> None:
    """Checks the converted file of a catalogue name against what was written.

    Raises:
        ZooError: When it is missing, damaged or another.
    """
    path, packaged = located(name), catalogue.find(name).packaged
    if packaged is not None:
        if hash_of(path) != packaged.sha256:
            raise ZooError(f"{path}: not the file that comes with this zoo; install it again")
        return
    remedy = f"remove it with `python -m zoo weights remove {name}` and get it again"
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ZooError(f"{path}: damaged ({error}); {remedy}") from error
    pinned = _pins().get(name, Pin()).converted
    if broken or pinned is None or pinned != hash_of(path):
        raise ZooError(f"{path}: not the file that was converted; {remedy}")


def remove(name: str) -> bool:
    """Deletes the converted file of a catalogue name and what is remembered of it; whether there was any.

    Raises:
        ZooError: When it comes with this zoo.
    """
    path = path_of(name)
    if catalogue.find(name).packaged is not None:
        raise ZooError(f"{name} comes with this zoo and is not removed")
    pins = _pins()
    there = path.is_file() or name in pins
    path.unlink(missing_ok=True)
    if pins.pop(name, None) is not None:
        _write(pins)
    return there


def _pins_file() -> Path:
    return folder() / "pins.json"


def _pins() -> dict[str, Pin]:
    path = _pins_file()
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Pin])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise ZooError(
            f"{path}: cannot be read ({error}); delete it, and the files' hashes are learned anew"
        ) from error


def _write(pins: dict[str, Pin]) -> None:
    write_text(_pins_file(), json.dumps(msgspec.to_builtins(pins), indent=2, sort_keys=True) + "\n")


def chosen(source: Path | str) -> Path:
    """The file that a path or a name of the catalogue means.

    Args:
        source: A name of the catalogue, or a path; see `catalogue.is_name`.

    Raises:
        ZooError: When the weights of that name are not here, or it is like a name and no file.
    """
    if isinstance(source, str) and catalogue.is_name(source):
        return located(source)
    path = expand(source)
    if isinstance(source, str) and catalogue.is_like_a_name(source) and not path.exists():
        # A message that names the nearest weights.
        catalogue.find(source)
    return path
