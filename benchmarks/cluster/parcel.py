"""What a machine that does not share the results folder sends back, and how it gets into that folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from benchmarks.cluster.tasks import Ended
from benchmarks.errors import RunError
from benchmarks.records import curves, layout, store
from common.files import atomic_open

RECORDS = "runs"

# The best weights and the log of a training; its optimiser, which is larger than both, served for resuming it.
_PATTERNS = (f"{RECORDS}/*.json", f"{curves.FOLDER}/*", f"{layout.FOLDER}/**/*", "logs/*", "checkpoints/*/best.keras")


def collect(results: Path) -> dict[str, bytes]:
    """The content of what is worth sending, by its path within the folder."""
    found = {path for pattern in _PATTERNS for path in results.glob(pattern) if path.is_file()}
    return {
        path.relative_to(results).as_posix(): path.read_bytes()
        for path in sorted(found)
        if not path.name.startswith(".")
    }


def merge(ended: Ended, results: Path) -> None:
    """Puts what a task sent into the results folder: records last, so that whatever a record names is there.

    Raises:
        RunError: When a record is damaged, or a path leads out of the folder.
        FileError: When the folder cannot be written.
    """
    records = {path: content for path, content in ended.files.items() if PurePosixPath(path).parts[0] == RECORDS}
    write(results, {path: content for path, content in ended.files.items() if path not in records})
    with tempfile.TemporaryDirectory() as folder:
        for path, content in records.items():
            (file,) = write(Path(folder), {path: content})
            store.write(results, store.read(file).run)


def write(folder: Path, files: Mapping[str, bytes]) -> Iterable[Path]:
    """Writes files below a folder, each whole or not at all; gives their paths.

    Raises:
        RunError: When a path leads out of the folder.
        FileError: When one cannot be written.
    """
    written = []
    for name, content in files.items():
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            raise RunError(f"{name}: sent by another machine, but leads out of the results folder; nothing was written")
        with atomic_open(folder / inside) as stream:
            stream.write(content)
        written.append(folder / inside)
    return written
