"""The frame store: images decoded once, kept as memory-mapped bytes, read by crop.

Decoding a 720p PNG takes some thirty milliseconds, reading a 256x256 crop of decoded bytes a fraction of one, so
training from PNG files starves any fast model. The store holds one file of raw uint8 pixels per scene and kind,
with a JSON index beside it that is written last: a store file without an index does not count.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from common.cores import cores
from common.files import atomic_open, cache_folder, expand, write_text
from common.progress import Progress
from datasets.errors import DataError
from datasets.image import ArrayFrame, DrawnFrame, Frame, Window, cut
from datasets.pairs import Pairs

SCHEMA = 1
# Decoded images held at a time while a scene is written.
_DECODE_AHEAD = 16
# Seconds without a write after which a temporary file is what a killed run left behind.
_SCRAP_AGE = 3600


@dataclass(frozen=True)
class StoredFrame:
    """A image in the store.

    Attributes:
        name: The source's name.
        data: All bytes of the scene's store file, memory-mapped.
        offset: Where the image starts in `data`.
        shape: Height, width, channels.
    """

    name: str
    data: np.ndarray
    offset: int
    shape: tuple[int, int, int]

    def read(self, window: Window | None = None) -> np.ndarray:
        """Gives a read-only view; only the bytes of the window are fetched from disk."""
        size = int(np.prod(self.shape))
        return cut(self.data[self.offset : self.offset + size].reshape(self.shape), window, self.name)


@dataclass(frozen=True)
class StoreReport:
    """What `prepare` did.

    Attributes:
        folder: The store.
        written: Store files made now.
        kept: Store files that were there and up to date.
        frames: Images in both.
        size: Bytes of pixels in both.
    """

    folder: Path
    written: int
    kept: int
    frames: int
    size: int


@dataclass(frozen=True)
class _Group:
    """The images that one store file holds."""

    path: Path
    frames: tuple[Frame, ...]

    @property
    def index_path(self) -> Path:
        return self.path.with_suffix(".json")


# Name, byte size and modification time (ns) of an image's file.
_Source = tuple[str, int, int]
# Offset in the store file, and height, width, channels.
_Place = tuple[int, tuple[int, int, int]]


def store_folder(root: Path | str) -> Path:
    """Says where the store of the data set under `root` lies unless another folder is named."""
    resolved = Path(os.path.realpath(root))
    return cache_folder() / "store" / f"{resolved.name}-{hashlib.sha256(str(resolved).encode()).hexdigest()[:12]}"


def prepare(pairs: Pairs, store: Path | str | None = None, progress: Progress | None = None) -> StoreReport:
    """Decodes the images of a split into the store; what is there and up to date is kept.

    Interrupted work goes on where it stopped: a scene is either whole or not there. 16-bit images are rounded to
    8 bit, as the training recipes do.

    Args:
        pairs: The split to prepare.
        store: The store's folder; None takes `store_folder(pairs.root)`.
        progress: Called with images written and in all.

    Raises:
        DataError, FileError: When an image cannot be read or the disk has no room.
    """
    folder = expand(store) if store is not None else store_folder(pairs.root)
    groups = list(store_groups(pairs, folder))
    missing = [group for group in groups if _copies(group) is None]
    _check_room(missing, folder)
    total, done = sum(len(group.frames) for group in missing), 0
    for group in missing:
        _write(group, partial(_advance, progress, done, total))
        done += len(group.frames)
    frames = [frame for group in groups for frame in group.frames]
    size = sum(int(np.prod(frame.shape)) for frame in frames)
    return StoreReport(folder, len(missing), len(groups) - len(missing), len(frames), size)


def attach(pairs: Pairs, store: Path | str | None = None) -> tuple[Pairs, int]:
    """Replaces images by their copies in the store where those are up to date.

    Args:
        pairs: What a reader returned, or some of it: a training split uses the store of the whole scene.
        store: The store's folder; None takes `store_folder(pairs.root)`.

    Returns:
        The pairs, and how many images will still be decoded from their files at every use (0 when all are
        prepared, or already in memory).
    """
    folder = expand(store) if store is not None else store_folder(pairs.root)
    stored: dict[str, StoredFrame] = {}
    undecoded = 0
    for group in store_groups(pairs, folder):
        copies = _copies(group)
        if copies is None:
            undecoded += len(group.frames)
        else:
            stored |= _stored_frames(group, copies)
    items = tuple(
        replace(
            pair,
            blurry=_from_store(pair.blurry, stored),
            sharp=_from_store(pair.sharp, stored),
        )
        for pair in pairs
    )
    return replace(pairs, items=items), undecoded


def _from_store(frames: tuple[Frame, ...], stored: dict[str, StoredFrame]) -> tuple[Frame, ...]:
    """Replaces frames by their copies, and what frames are made of by its copy; a frame that comes twice stays one."""
    found: dict[int, Frame] = {}
    for frame in frames:
        if id(frame) not in found and isinstance(frame, DrawnFrame):
            found[id(frame)] = replace(frame, source=stored.get(frame.source.name, frame.source))
        elif id(frame) not in found:
            found[id(frame)] = stored.get(frame.name, frame)
    return tuple(found[id(frame)] for frame in frames)


def check(folder: Path | str) -> list[str]:
    """Reads every store file under `folder` and writes a line for each that does not match its index."""
    problems = []
    for index_path in sorted(Path(folder).rglob("*.json")):
        path = index_path.with_suffix(".u8")
        try:
            index = json.loads(index_path.read_text(encoding="utf-8"))
            with path.open("rb") as stream:
                damaged = hashlib.file_digest(stream, "sha256").hexdigest() != index["sha256"]
        except OSError as error:
            problems.append(f"{path}: {error.strerror or error}; run prepare again")
        except (ValueError, KeyError, TypeError):
            problems.append(f"{index_path}: not an index; delete it and run prepare again")
        else:
            if damaged:
                problems.append(f"{path}: bytes differ from the index; delete it and run prepare again")
    return problems


def to_uint8(pixels: np.ndarray) -> np.ndarray:
    """Rounds 16-bit pixels to 8 bit (65535 becomes 255); 8-bit ones pass unchanged.

    Raises:
        DataError: For pixels of any other type.

    Examples:
        >>> to_uint8(np.array([0, 128, 129, 65535], np.uint16)).tolist()
        [0, 0, 1, 255]
    """
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype != np.uint16:
        raise DataError(f"{pixels.dtype} pixels cannot be stored with 8 bit; give images of 8 or 16 bit without sign")
    return ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def store_groups(pairs: Pairs, folder: Path) -> Iterator[_Group]:
    """Yields the store files of a split: one per scene and kind, each image once, in order."""
    members: dict[tuple[str, str], dict[str, Frame]] = {}
    for pair in pairs:
        for kind, frames in (("blurry", pair.blurry), ("sharp", pair.sharp)):
            for frame in frames:
                # What an image is made of lies in the store with the sharp ones.
                if not isinstance(frame, ArrayFrame | StoredFrame | DrawnFrame):
                    members.setdefault((pair.scene, kind), {})[frame.name] = frame
    taken = set()
    for (scene, kind), frames_by_name in members.items():
        stem = (scene or "all").replace("/", "_")
        # A folder a/b must not have the file of a folder a_b.
        while (name := f"{stem}.{kind}.u8") in taken:
            stem += "_"
        taken.add(name)
        yield _Group(folder / pairs.dataset / pairs.split / name, tuple(frames_by_name.values()))


def _sources(frames: Sequence[Frame]) -> list[_Source]:
    """Lists name, byte size and modification time of each image's file: what tells that a copy is stale."""
    sources = []
    for frame in frames:
        try:
            status = Path(frame.path).stat()  # type: ignore[attr-defined]
        except OSError as error:
            raise DataError(f"{frame.name}: {error.strerror or error}; check the data root") from error
        sources.append((frame.name, status.st_size, status.st_mtime_ns))
    return sources


def _read_index(group: _Group) -> dict[_Source, _Place]:
    """Tells what a store file holds and where; nothing when there is no whole file with an index."""
    try:
        index = json.loads(group.index_path.read_text(encoding="utf-8"))
        if index["schema"] != SCHEMA or group.path.stat().st_size != index["bytes"]:
            return {}
        places: dict[_Source, _Place] = {}
        offset = 0
        for (name, size, modified), (height, width, channels) in zip(index["sources"], index["shapes"], strict=True):
            places[name, size, modified] = (offset, (height, width, channels))
            offset += height * width * channels
        return places if offset == index["bytes"] else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _copies(group: _Group) -> list[_Place] | None:
    """Says where the copies of the group's images lie; None unless all are there, as they are on disk now."""
    places = _read_index(group)
    copies = [places.get(source) for source in _sources(group.frames)]
    found = [copy for copy in copies if copy is not None]
    return found if len(found) == len(copies) else None


def _advance(progress: Progress | None, before: int, total: int, written: int) -> None:
    """Tells how far the whole work is when `written` images of a store file are done."""
    if progress is not None:
        progress(before + written, total)


def _write(group: _Group, progress: Callable[[int], None]) -> None:
    """Decodes a group's images in threads and writes them in order, pixels first, index last."""
    sources = _sources(group.frames)
    shapes: list[list[int]] = []
    digest = hashlib.sha256()
    size = 0
    _remove_scrap(group)
    with atomic_open(group.path) as stream, ThreadPoolExecutor(cores()) as pool:
        remaining = iter(group.frames)
        while chunk := list(islice(remaining, _DECODE_AHEAD)):
            for pixels in pool.map(lambda frame: np.ascontiguousarray(to_uint8(frame.read())), chunk):
                shapes.append(list(pixels.shape))
                digest.update(pixels.data)
                size += stream.write(pixels.data)
            progress(len(shapes))
        # An old index must not describe new bytes, not even for the moment between the two renamings.
        group.index_path.unlink(missing_ok=True)
    index = {"schema": SCHEMA, "bytes": size, "sha256": digest.hexdigest(), "sources": sources, "shapes": shapes}
    write_text(group.index_path, json.dumps(index))


def _remove_scrap(group: _Group) -> None:
    """Removes what killed runs left of this store file; a file that is still being written is never so old."""
    for scrap in group.path.parent.glob(f".tmp-{group.path.name}-*"):
        try:
            if time.time() - scrap.stat().st_mtime > _SCRAP_AGE:
                scrap.unlink()
        except OSError:
            # It is gone already, or belongs to someone else: no reason to stop.
            continue


def _stored_frames(group: _Group, copies: Sequence[_Place]) -> dict[str, StoredFrame]:
    """Opens the stored copies of a group's images by name."""
    try:
        data = np.memmap(group.path, np.uint8, mode="r").view(np.ndarray)
    except (OSError, ValueError) as error:
        raise DataError(f"{group.path}: changed while it was opened; run the command again") from error
    return {
        frame.name: StoredFrame(frame.name, data, offset, shape)
        for frame, (offset, shape) in zip(group.frames, copies, strict=True)
    }


def _check_room(groups: Sequence[_Group], folder: Path) -> None:
    """Raises DataError when the disk of `folder` cannot take the groups' pixels."""
    needed = sum(int(np.prod(frame.shape)) for group in groups for frame in group.frames)
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise DataError(
            f"{folder}: the store needs {needed / 1e9:.1f} GB and the disk has {free / 1e9:.1f} GB free; "
            "choose another folder with --out, or prepare one split with --split"
        )
