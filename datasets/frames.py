"""The frame store: pictures decoded once, kept as memory-mapped bytes, read by crop.

Decoding a 720p PNG takes some thirty milliseconds, reading a 256x256 crop of decoded bytes a fraction of one, so
training from PNG files starves any fast network. The store holds one file of raw uint8 pixels per scene and kind,
with a JSON index beside it that is written last: a store file without an index does not count.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from datasets.atomic import atomic_open, write_text
from datasets.errors import DataError
from datasets.frame import ArrayFrame, Frame, Window, cut
from datasets.pairs import Pairs

SCHEMA = 1
# Decoded pictures held at a time while a scene is written.
_DECODE_AHEAD = 16

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class StoredFrame:
    """A picture in the store.

    Attributes:
        name: The source's name.
        data: All bytes of the scene's store file, memory-mapped.
        offset: Where the picture starts in `data`.
        shape: Height, width, channels.
    """

    name: str
    data: np.ndarray
    offset: int
    shape: tuple[int, int, int]

    def read(self, window: Window | None = None) -> np.ndarray:
        """Returns a read-only view; only the bytes of the window are fetched from disk."""
        size = int(np.prod(self.shape))
        return cut(self.data[self.offset : self.offset + size].reshape(self.shape), window, self.name)


@dataclass(frozen=True)
class StoreReport:
    """What `prepare` did.

    Attributes:
        folder: The store.
        written: Store files made now.
        kept: Store files that were there and up to date.
        frames: Pictures in both.
        size: Bytes of pixels in both.
    """

    folder: Path
    written: int
    kept: int
    frames: int
    size: int


@dataclass(frozen=True)
class _Group:
    """The pictures that one store file holds."""

    path: Path
    frames: tuple[Frame, ...]

    @property
    def index_path(self) -> Path:
        return self.path.with_suffix(".json")


def cache_folder() -> Path:
    """Returns the folder for what can be made again: `$DEBLUR_ZOO_CACHE`, else `~/.cache/deblur-zoo`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DEBLUR_ZOO_CACHE") or Path(base) / "deblur-zoo")


def store_folder(root: Path | str) -> Path:
    """Returns where the store of the data set under `root` lies unless another folder is named."""
    resolved = Path(root).resolve()
    return cache_folder() / "store" / f"{resolved.name}-{hashlib.sha256(str(resolved).encode()).hexdigest()[:12]}"


def prepare(pairs: Pairs, store: Path | str | None = None, progress: Progress | None = None) -> StoreReport:
    """Decodes the pictures of a split into the store; what is there and up to date is kept.

    Interrupted work goes on where it stopped: a scene is either whole or not there. 16-bit pictures are rounded to
    8 bit, as the training recipes do.

    Args:
        pairs: The split to prepare.
        store: The store's folder; None takes `store_folder(pairs.root)`.
        progress: Called with store files done and in all.

    Raises:
        DataError: When a picture cannot be read or the disk has no room.
    """
    folder = Path(store) if store is not None else store_folder(pairs.root)
    groups = list(_groups(pairs, folder))
    missing = [group for group in groups if not _up_to_date(group)]
    _check_room(missing, folder)
    for done, group in enumerate(missing):
        if progress is not None:
            progress(done, len(missing))
        _write(group)
    frames = [frame for group in groups for frame in group.frames]
    size = sum(int(np.prod(frame.shape)) for frame in frames)
    return StoreReport(folder, len(missing), len(groups) - len(missing), len(frames), size)


def attach(pairs: Pairs, store: Path | str | None = None) -> tuple[Pairs, int]:
    """Replaces pictures by their copies in the store where those are up to date.

    Args:
        pairs: What a reader returned.
        store: The store's folder; None takes `store_folder(pairs.root)`.

    Returns:
        The pairs, and how many pictures will still be decoded from their files at every use (0 when all are
        prepared, or already in memory).
    """
    folder = Path(store) if store is not None else store_folder(pairs.root)
    stored: dict[int, StoredFrame] = {}
    undecoded = 0
    for group in _groups(pairs, folder):
        if _up_to_date(group):
            stored |= _stored_frames(group)
        else:
            undecoded += len(group.frames)
    items = tuple(
        replace(
            pair,
            blurry=tuple(stored.get(id(frame), frame) for frame in pair.blurry),
            sharp=tuple(stored.get(id(frame), frame) for frame in pair.sharp),
        )
        for pair in pairs
    )
    return replace(pairs, items=items), undecoded


def check(folder: Path | str) -> list[str]:
    """Reads every store file under `folder` and returns a line for each that does not match its index."""
    problems = []
    for index_path in sorted(Path(folder).rglob("*.json")):
        path = index_path.with_suffix(".u8")
        try:
            index = json.loads(index_path.read_text(encoding="utf-8"))
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except (OSError, ValueError) as error:
            problems.append(f"{path}: {error}; run prepare again")
            continue
        if digest != index.get("sha256"):
            problems.append(f"{path}: bytes differ from the index; delete it and run prepare again")
    return problems


def command(name: str, root: Path, split: str | None, out: Path | None, verify_only: bool) -> int:
    """Carries out `python -m datasets prepare`.

    Args:
        name: Data set's name.
        root: Its folder.
        split: The split to prepare; None for every split that is there.
        out: The store's folder; None takes the default one.
        verify_only: Reads the store's files and compares them with their index instead.

    Returns:
        Exit status: 1 when the check found damage, else 0.
    """
    from rich.progress import Progress as Bar

    from datasets.loading import load
    from datasets.registry import info

    present = [split] if split else _splits_with_data(name, root, tuple(info(name).splits))
    for chosen in present:
        pairs = load(name, root, chosen)
        folder = out or store_folder(pairs.root)
        if verify_only:
            problems = check(folder / name / chosen)
            print("\n".join(problems) if problems else f"{name} {chosen}: {folder} is sound")
            if problems:
                return 1
            continue
        with Bar(transient=True, disable=not os.isatty(1)) as bar:
            task = bar.add_task(f"{name} {chosen}", total=None)
            report = prepare(pairs, out, partial(_show, bar, task))
        print(
            f"{name} {chosen}: {report.frames} pictures, {report.size / 1e9:.2f} GB in {report.folder} "
            f"({report.written} files written, {report.kept} kept)"
        )
    return 0


def _show(bar: Any, task: Any, done: int, total: int) -> None:
    """Moves a progress bar."""
    bar.update(task, completed=done, total=total)


def _splits_with_data(name: str, root: Path, splits: Sequence[str]) -> list[str]:
    """Returns the splits that can be loaded; raises the first one's error when none can."""
    from datasets.loading import load

    found, errors = [], []
    for split in splits:
        try:
            load(name, root, split)
            found.append(split)
        except DataError as error:
            errors.append(error)
    if not found:
        raise errors[0]
    return found


def to_uint8(pixels: np.ndarray) -> np.ndarray:
    """Rounds 16-bit pixels to 8 bit (65535 becomes 255); 8-bit ones pass unchanged."""
    if pixels.dtype == np.uint8:
        return pixels
    return ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def _groups(pairs: Pairs, folder: Path) -> Iterator[_Group]:
    """Yields the store files of a split: one per scene and kind, each picture once, in order."""
    members: dict[tuple[str, str], dict[int, Frame]] = {}
    for pair in pairs:
        for kind, frames in (("blurry", pair.blurry), ("sharp", pair.sharp)):
            for frame in frames:
                if not isinstance(frame, ArrayFrame):
                    members.setdefault((pair.scene, kind), {})[id(frame)] = frame
    for (scene, kind), frames_by_id in members.items():
        name = f"{scene or 'all'}.{kind}.u8".replace("/", "_")
        yield _Group(folder / pairs.dataset / pairs.split / name, tuple(frames_by_id.values()))


def _sources(frames: Sequence[Frame]) -> list[list[Any]]:
    """Returns name, byte size and modification time of each picture's file: what tells that a copy is stale."""
    sources = []
    for frame in frames:
        try:
            status = Path(frame.path).stat()  # type: ignore[attr-defined]
        except OSError as error:
            raise DataError(f"{frame.name}: {error.strerror}; check the data root") from error
        sources.append([frame.name, status.st_size, status.st_mtime_ns])
    return sources


def _read_index(group: _Group) -> dict[str, Any] | None:
    """Returns the index of a store file, None when there is none that can be used."""
    try:
        index = json.loads(group.index_path.read_text(encoding="utf-8"))
        whole = index["schema"] == SCHEMA and group.path.stat().st_size == index["bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return index if whole else None


def _up_to_date(group: _Group) -> bool:
    """Returns whether the store file holds exactly the group's pictures as they are on disk now."""
    index = _read_index(group)
    return index is not None and index["sources"] == _sources(group.frames)


def _write(group: _Group) -> None:
    """Decodes a group's pictures in threads and writes them in order, pixels first, index last."""
    sources = _sources(group.frames)
    shapes: list[list[int]] = []
    digest = hashlib.sha256()
    size = 0
    group.index_path.unlink(missing_ok=True)
    with atomic_open(group.path) as stream, ThreadPoolExecutor(os.cpu_count()) as pool:
        remaining = iter(group.frames)
        while chunk := list(islice(remaining, _DECODE_AHEAD)):
            for pixels in pool.map(lambda frame: np.ascontiguousarray(to_uint8(frame.read())), chunk):
                shapes.append(list(pixels.shape))
                digest.update(pixels.data)
                size += stream.write(pixels.data)
    index = {"schema": SCHEMA, "bytes": size, "sha256": digest.hexdigest(), "sources": sources, "shapes": shapes}
    write_text(group.index_path, json.dumps(index))


def _stored_frames(group: _Group) -> dict[int, StoredFrame]:
    """Returns the stored copies of a group's pictures by the identity of the originals."""
    index = _read_index(group)
    if index is None:
        raise DataError(f"{group.path}: changed while it was opened; run the command again")
    data = np.memmap(group.path, np.uint8, mode="r").view(np.ndarray)
    stored = {}
    offset = 0
    for frame, shape in zip(group.frames, index["shapes"], strict=True):
        stored[id(frame)] = StoredFrame(frame.name, data, offset, (shape[0], shape[1], shape[2]))
        offset += int(np.prod(shape))
    return stored


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
