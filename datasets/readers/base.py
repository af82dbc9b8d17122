"""What the readers share: files found on disk, members of a split, and the folder a data set lies in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from datasets.errors import DataError
from datasets.image import FileFrame, Frame

SAMPLE_MARKER = "SAMPLE.json"
"""A folder that holds this file is a built-in sample, whatever its counts."""


class Found(NamedTuple):
    """A file on disk.

    Attributes:
        name: Path below the data set's folder, with forward slashes.
        path: The file.
        size: Bytes.
    """

    name: str
    path: Path
    size: int

    @property
    def frame(self) -> FileFrame:
        """The file as a picture."""
        return FileFrame(self.name, self.path)


class Problem(NamedTuple):
    """Something wrong with the files.

    Attributes:
        path: The file or folder, below the data set's folder.
        what: What is wrong with it, and what to do where that is not plain.
    """

    path: str
    what: str


def as_problem(error: DataError, path: Path, name: str) -> Problem:
    """Returns the problem `name` that an error about the file `path` speaks of."""
    return Problem(name, str(error).removeprefix(f"{path}: "))


@dataclass(frozen=True)
class Member:
    """What a reader found for one pair, complete or not.

    Attributes:
        scene: See `datasets.pairs.Pair`.
        frame: See `datasets.pairs.Pair`.
        blurry: The blurry picture, or none.
        sharp: The sharp picture(s), or none.
        files: The files that the pair comes from; they make the fingerprint.
        number: The frame's number in its video; None where there is no order in time.
        metadata: See `datasets.pairs.Pair`.
        flaws: Why the pair cannot be used.
    """

    scene: str
    frame: str
    blurry: tuple[Frame, ...]
    sharp: tuple[Frame, ...]
    files: tuple[Found, ...]
    number: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    flaws: tuple[Problem, ...] = ()


class Findings(NamedTuple):
    """What a reader's own check adds to the common verification.

    Attributes:
        problems: Missing or wrong files that only this reader knows about.
        notes: Remarks that are no faults.
    """

    problems: list[Problem]
    notes: list[str]


def _always(split: str, members: Sequence[Member]) -> bool:
    """The right count is all that such a data set can be asked for."""
    return True


def _nothing(root: Path, members: Mapping[str, Sequence[Member]]) -> Findings:
    """Such a data set needs no check of its own."""
    return Findings([], [])


def _no_extras(root: Path) -> list[Member]:
    """Such a data set holds pairs and nothing else."""
    return []


@dataclass(frozen=True)
class Reader:
    """How one official layout is read.

    Attributes:
        fits: Whether a folder holds this layout (any part of it).
        find: The members of a split below a folder that fits, in the data set's order, flawed ones included.
        complete: Whether members of the official count are also the official ones.
        check: What `verify` asks beyond decoding; gets the members of each split.
        extras: Pairs outside the splits that `verify` decodes too.
        fingerprint: Anything beyond names and sizes that the pairs depend on.
    """

    fits: Callable[[Path], bool]
    find: Callable[[Path, str], list[Member]]
    complete: Callable[[str, Sequence[Member]], bool] = _always
    check: Callable[[Path, Mapping[str, Sequence[Member]]], Findings] = _nothing
    extras: Callable[[Path], list[Member]] = _no_extras
    fingerprint: tuple[str, ...] = ()


def scan(root: Path, folder: str, suffixes: tuple[str, ...] = (".png",)) -> dict[str, Found]:
    """Lists the files of one folder without opening any.

    Args:
        root: The data set's folder.
        folder: Folder below `root`, with forward slashes; `"."` for `root` itself.
        suffixes: Lower-case endings to accept; the comparison ignores case.

    Returns:
        File name without its ending -> file; empty when the folder is missing. Hidden files are left out (macOS
        puts a `._x.png` beside every `x.png` on foreign disks).
    """
    prefix = "" if folder == "." else f"{folder}/"
    found = {}
    for entry in _visible(root / folder):
        stem, _, suffix = entry.name.rpartition(".")
        if f".{suffix.lower()}" in suffixes and entry.is_file():
            found[stem] = Found(prefix + entry.name, Path(entry.path), entry.stat().st_size)
    return found


def folders(root: Path, folder: str) -> list[str]:
    """Returns the sorted names of the visible folders in `root/folder`; none when that is missing."""
    return sorted(entry.name for entry in _visible(root / folder) if entry.is_dir())


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    """Returns what lies in a folder, hidden entries left out; nothing when the folder is missing."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}; make this folder readable") from error


def is_sample(root: Path) -> bool:
    """Whether the data set's folder was built as a sample."""
    return (root / SAMPLE_MARKER).is_file()


def natural(name: str) -> tuple[int, int, str]:
    """Sort key that puts 2 before 10 and leaves other names in alphabetical order."""
    return (0, int(name), name) if name.isdigit() else (1, 0, name)


def pair_up(
    blurry: Mapping[str, Found],
    sharp: Mapping[str, Found],
    scene: str,
    *,
    sharp_alone: bool = True,
    video: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> list[Member]:
    """Matches the blurry and sharp files of one scene by name.

    Args:
        blurry: Frame name -> file.
        sharp: Frame name -> file.
        scene: The scene's name.
        sharp_alone: Whether a sharp file without a blurry one is a flaw; if not, it is passed over.
        video: Whether the frame names are numbers that order the frames in time.
        metadata: Given to every member.

    Returns:
        Members in the order of their frames; an unpaired file makes a member with a flaw.
    """
    members = []
    for frame in sorted(blurry.keys() | (sharp.keys() if sharp_alone else set()), key=natural):
        bad, good = blurry.get(frame), sharp.get(frame)
        flaws = []
        if bad is None and good is not None:
            flaws.append(Problem(good.name, "sharp picture without a blurry one"))
        if good is None and bad is not None:
            flaws.append(Problem(bad.name, "blurry picture without a sharp one"))
        members.append(
            Member(
                scene=scene,
                frame=frame,
                blurry=(bad.frame,) if bad else (),
                sharp=(good.frame,) if good else (),
                files=tuple(file for file in (bad, good) if file),
                number=int(frame) if video and frame.isdigit() else None,
                metadata=metadata or {},
                flaws=tuple(flaws),
            )
        )
    return members


def numbers_by_scene(members: Sequence[Member]) -> dict[str, set[int | None]]:
    """Returns the frame numbers that each scene has, in order of first appearance."""
    scenes: dict[str, set[int | None]] = {}
    for member in members:
        scenes.setdefault(member.scene, set()).add(member.number)
    return scenes


def locate(name: str, root: Path | str, folder: str, fits: Callable[[Path], bool]) -> Path:
    """Finds a data set's folder: `root` itself, or a usual place below it.

    Args:
        name: Name in the registry; what follows a hyphen (`gopro-gamma`) is dropped as a second guess.
        root: The official folder, its parent, or a folder that holds one folder for each data set.
        folder: Name of the official top folder.
        fits: Says whether a folder holds the layout.

    Returns:
        The folder, as given (not made absolute).

    Raises:
        DataError: When `root` is no folder, or no place fits.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        raise DataError(f"{name}: data root {root} is not a folder; give the folder that holds {folder}/")
    names = dict.fromkeys((name, name.partition("-")[0]))
    places = [".", folder, *(place for n in names for place in (n, f"{n}/{folder}"))]
    for place in places:
        if fits(root / place):
            return root / place
    looked = ", ".join(dict.fromkeys(places))
    raise DataError(
        f"{name}: no {folder}/ layout in {root} (looked in {looked}); "
        f"`python -m datasets list {name}` says what to put where"
    )


def coverage(found: int, official: int, complete: bool, sample: bool) -> str:
    """Returns `"sample"`, `"full"` or `"subset n/N"` for `found` of `official` pairs."""
    if sample:
        return "sample"
    return "full" if complete and found == official else f"subset {found}/{official}"


def spans(numbers: Iterable[int], digits: int) -> str:
    """Writes numbers as ranges, e.g. `"000001-000003, 000007"`, zero-padded to `digits`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a:0{digits}d}" if a == b else f"{a:0{digits}d}-{b:0{digits}d}" for a, b in runs)
