"""Whether the files of a data set are all there, readable, paired and of the right size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import DataError
from datasets.image import ArrayFrame, DrawnFrame, Frame
from datasets.loading import coverage_of, folder_of
from datasets.members import Member, Problem, Reader
from datasets.readers.base import base_of, is_sample
from datasets.registry import DatasetInfo, info, reader
from datasets.sizes import other_orientation

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Report:
    """What `verify` found.

    Attributes:
        dataset: Name in the registry.
        root: The folder that holds the official layout; for pairs of one's own also a CSV file.
        counts: Split -> usable pairs.
        coverage: Split -> see `datasets.pairs.Pairs`; `"missing"` where there is none.
        problems: Every file that is unreadable, missing, unpaired, of the wrong size, or a wrong text.
        notes: Remarks that are no faults.
    """

    dataset: str
    root: Path
    counts: Mapping[str, int]
    coverage: Mapping[str, str]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether there are no problems."""
        return not self.problems


def verify(name: str, root: Path | str, progress: Callable[[int, int], None] | None = None) -> Report:
    """Reads every file of a data set and lists what is wrong; decodes in several threads.

    Args:
        name: Name in the registry.
        root: As for `datasets.load`.
        progress: Called with the images done and the images in all.

    Returns:
        The report. A split or a whole video that is not there makes a subset, not a problem; a split whose folders are
        there and hold nothing usable is one.

    Raises:
        DataError: Unknown name, missing root or wrong layout.

    Examples:
        >>> import tempfile
        >>> from datasets import samples
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = samples.build("div2k", folder)
        ...     report = verify("div2k", folder)
        >>> report.ok, report.counts["val"]
        (True, 2)
    """
    dataset, source, folder = info(name), reader(name), folder_of(name, root)
    members, problems = _members(dataset, source, folder)
    everyone = [member for found in (*members.values(), source.extras(folder)) for member in found]
    problems += [flaw for member in everyone for flaw in member.flaws]
    shapes, unreadable = _decode(everyone, folder, progress)
    problems += unreadable
    problems += _wrong_sizes(everyone, shapes, dataset.video)
    findings = source.check(folder, members)
    notes = list(findings.notes)
    if not is_sample(folder):
        notes += _unofficial_sizes(dataset, [m for found in members.values() for m in found], shapes)
    notes += _undetectable(everyone)
    return Report(
        dataset=name,
        root=folder,
        counts={split: sum(not m.flaws for m in found) for split, found in members.items()},
        coverage={
            split: coverage_of(dataset, source, folder, split, found) if found else "missing"
            for split, found in members.items()
        },
        problems=tuple(dict.fromkeys([*problems, *findings.problems])),
        notes=tuple(notes),
    )


def _members(dataset: DatasetInfo, source: Reader, folder: Path) -> tuple[dict[str, list[Member]], list[Problem]]:
    """Finds the members of every split; a split whose folders are there and hold nothing is a problem."""
    members: dict[str, list[Member]] = {}
    problems = []
    # Data in whatever splits a user made have no others.
    splits = [split for split in dataset.splits if not dataset.instead or source.has(folder, split)]
    for split in splits:
        members[split] = []
        try:
            members[split] = source.members(folder, split)
        except DataError as error:
            problems.append(_unreadable(error, folder))
        else:
            if not members[split] and source.has(folder, split):
                problems.append(
                    Problem(split, f"its folders hold no usable file; `python -m datasets list {dataset.name}` helps")
                )
    return members, problems


def _unreadable(error: DataError, folder: Path, name: str | None = None) -> Problem:
    """Builds the problem that an error is about, its path shortened to below the data set's folder."""
    path, separator, what = str(error).partition(": ")
    if not separator:
        return Problem(name or ".", str(error))
    base = base_of(folder)
    short = Path(path).relative_to(base).as_posix() if Path(path).is_relative_to(base) else path
    return Problem(name or short, what)


def _decode(
    members: Sequence[Member], folder: Path, progress: Callable[[int, int], None] | None
) -> tuple[dict[str, Shape], list[Problem]]:
    """Decodes every image once; returns the shapes of the readable ones and the others as problems."""
    everything = (frame for member in members for frame in (*member.blurry, *member.sharp))
    frames = {frame.name: frame for frame in everything if not isinstance(frame, DrawnFrame)}
    shapes: dict[str, Shape] = {}
    problems = []
    pool = ThreadPoolExecutor()
    try:
        with _silent_opencv():
            for done, (name, result) in enumerate(pool.map(_shape, frames.values()), 1):
                if isinstance(result, DataError):
                    problems.append(_unreadable(result, folder, name))
                else:
                    shapes[name] = result
                if progress:
                    progress(done, len(frames))
    finally:
        # Ctrl-C shall not wait for thousands of images that have not been begun.
        pool.shutdown(cancel_futures=True)
    return shapes, problems


def _shape(frame: Frame) -> tuple[str, Shape | DataError]:
    """Decodes an image for its shape; images in memory have been read already."""
    if isinstance(frame, ArrayFrame):
        return frame.name, frame.shape
    try:
        height, width, channels = frame.read().shape
    except DataError as error:
        return frame.name, error
    except OSError as error:
        return frame.name, DataError(f"{frame.name}: {error.strerror or error}; check the data root")
    return frame.name, (height, width, channels)


@contextmanager
def _silent_opencv() -> Iterator[None]:
    """Keeps OpenCV from printing about broken files, which the report lists anyway."""
    import cv2

    log = cv2.utils.logging
    level = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(level)


def _wrong_sizes(members: Sequence[Member], shapes: Mapping[str, Shape], video: bool) -> list[Problem]:
    """Lists images that are not as large as their partner, not turned like it, or unlike the rest of their video."""
    problems = []
    usual: dict[str, Shape] = {}
    for member in members:
        for frame in (*member.blurry, *member.sharp):
            shape = shapes.get(frame.name)
            if shape is None:
                continue
            partner = shapes.get(member.blurry[0].name) if member.blurry else None
            expected = usual.setdefault(member.scene, shape) if video else shape
            if partner is not None and shape != partner:
                problems.append(Problem(frame.name, f"{_size(shape)}, but its blurry image is {_size(partner)}"))
            elif shape != expected:
                problems.append(Problem(frame.name, f"{_size(shape)}, but its video is {_size(expected)}"))
        readable = [[f for f in side if f.name in shapes] for side in (member.blurry, member.sharp)]
        if flaw := other_orientation(tuple(readable[0]), tuple(readable[1])):
            problems.append(Problem(readable[0][0].name, flaw))
    return problems


def _unofficial_sizes(dataset: DatasetInfo, members: Sequence[Member], shapes: Mapping[str, Shape]) -> list[str]:
    """Writes one note about images that do not have the official size, if there are any."""
    if dataset.frame_size is None:
        return []
    official = (*dataset.frame_size, dataset.channels)
    sizes = Counter(
        shapes[frame.name] for m in members for frame in m.blurry if shapes.get(frame.name, official) != official
    )
    if not sizes:
        return []
    seen = ", ".join(f"{_size(shape)} ({count})" for shape, count in sizes.most_common())
    return [f"blurry images of an unofficial size, which is {_size(official)}: {seen}"]


def _undetectable(members: Sequence[Member]) -> list[str]:
    """Says what reading every file cannot find, where there are such files."""
    count = sum(file.path.suffix.lower() in (".tif", ".tiff") for member in members for file in member.files)
    if not count:
        return []
    return [f"{count} TIFF files: the format has no checksums, so only missing bytes and wrong sizes can be found"]


def _size(shape: Shape) -> str:
    """Writes a shape as height x width, with the channels where they are not three."""
    height, width, channels = shape
    return f"{height}x{width}" + ("" if channels == 3 else f"x{channels}")
