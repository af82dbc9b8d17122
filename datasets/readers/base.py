"""What the readers share: files found on disk, pairs matched by name, and the folder a data set lies in."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from common.files import expand
from datasets.errors import DataError
from datasets.members import Findings as Findings
from datasets.members import Found as Found
from datasets.members import Member as Member
from datasets.members import Problem as Problem
from datasets.members import Reader as Reader
from datasets.members import as_problem as as_problem

SAMPLE_MARKER = "SAMPLE.json"
"""A folder that holds this file is a built-in sample, whatever its counts."""

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
"""Endings of the image files of a user's own."""

FLAT = ("input", "target")
"""Folders of blurry and sharp images in flat repackings."""

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
"""Endings of files that must be unpacked first."""

_DEPTH = 3
_TEST = "test"


def scan(root: Path, folder: str, suffixes: tuple[str, ...] = (".png",), whole_names: bool = False) -> dict[str, Found]:
    """Lists the files of one folder without opening any.

    Args:
        root: The data set's folder.
        folder: Folder below `root`, with forward slashes; `"."` for `root` itself.
        suffixes: Lower-case endings to accept; the comparison ignores case.
        whole_names: Whether files of one name with different endings are different images.

    Returns:
        File name, without its ending unless `whole_names` -> file; empty when the folder is missing. Names are
        composed (Unicode's NFC), as archives made on macOS hold them decomposed. Of several files of one name, such as
        `1.png` and `1.PNG`, the first in the alphabet stands for all and has the fault. Hidden files are left out
        (macOS puts a `._x.png` beside every `x.png` on foreign disks).
    """
    prefix = "" if folder == "." else f"{folder}/"
    found: dict[str, Found] = {}
    for entry in sorted(_visible(root / folder), key=lambda entry: entry.name):
        stem, _, suffix = entry.name.rpartition(".")
        if f".{suffix.lower()}" not in suffixes:
            continue
        file = _found(entry, prefix + entry.name)
        if file is None:
            continue
        stem = unicodedata.normalize("NFC", entry.name if whole_names else stem)
        if stem in found:
            file = found[stem]._replace(fault=f"{entry.name} has the same name; keep one of the two")
        found[stem] = file
    return found


def _found(entry: os.DirEntry[str], name: str) -> Found | None:
    """Looks at one entry of a folder: a file, None for anything else, a fault where the system does not say."""
    path = Path(entry.path)
    try:
        return Found(name, path, entry.stat().st_size) if entry.is_file() else None
    except OSError as error:
        return Found(name, path, 0, f"{error.strerror or error}; fetch this file again")


def found_at(path: Path, name: str) -> Found | None:
    """Looks at the file that a list names: None where there is none, a fault where the system does not say.

    Args:
        path: The file.
        name: Its path below the data set's folder.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last for what can be no path
        return None
    except OSError as error:
        return Found(name, path, 0, f"{error.strerror or error}; fetch this file again")
    return Found(name, path, status.st_size) if stat.S_ISREG(status.st_mode) else None


def folders(root: Path, folder: str) -> list[str]:
    """Lists the sorted names of the visible folders in `root/folder`; none when that is missing."""
    return sorted(entry.name for entry in _visible(root / folder) if _is_folder(Path(entry.path)))


def tree(root: Path, folder: Path) -> Iterator[str]:
    """Yields a folder and all visible folders below it, each before those in it, in the order of their names.

    Args:
        root: The folder that names are relative to.
        folder: `root` or a folder below it.

    Yields:
        Paths below `root` with forward slashes, `"."` for itself; no folder twice, whatever links lead to it.
    """
    waiting, seen = [folder], set()
    while waiting:
        place = waiting.pop()
        real = os.path.realpath(place)
        if real in seen:
            continue
        seen.add(real)
        below = place.relative_to(root).as_posix()
        yield below
        waiting += [place / name for name in sorted(folders(root, below), key=natural, reverse=True)]


def archives(root: Path, folder: str) -> list[str]:
    """Lists the archives in one folder that somebody may have forgotten to unpack, as paths below `root`."""
    return [file.name for file in scan(root, folder, ARCHIVES, whole_names=True).values()]


def base_of(folder: Path) -> Path:
    """The folder that the names of files are relative to: a data set's own, or that of the CSV file that lists them."""
    return folder.parent if folder.suffix.lower() == ".csv" and not _is_folder(folder) else folder


def flat_folders(root: Path, split: str, names: Sequence[str] = ()) -> tuple[str, str] | None:
    """Finds a flat repacking of a split, `{split}/{input,target}`.

    Args:
        root: The data set's folder.
        split: The split.
        names: What the folder is called, in small letters, where it holds the test images alone: MPRNet and Restormer
            test on `test/{name}/{input,target}`.

    Returns:
        The folders of blurry and of sharp images below `root`, one of which may be missing; None where both are.
    """
    alone = split == _TEST and root.resolve().name.casefold() in names
    for prefix in (f"{split}/", *([""] if alone else [])):
        blurry, sharp = (f"{prefix}{side}" for side in FLAT)
        if _is_folder(root / blurry) or _is_folder(root / sharp):
            return blurry, sharp
    return None


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder that can be looked into; a symbolic link loop or a stale mount is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    """Lists what lies in a folder, hidden entries left out; nothing when the folder is missing."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror or error}; make this folder readable") from error


def is_sample(root: Path) -> bool:
    """Whether the data set's folder was built as a sample."""
    return (root / SAMPLE_MARKER).is_file()


def natural(name: str) -> tuple[int, int, str]:
    """Sort key that puts 2 before 10 and leaves other names in alphabetical order.

    Examples:
        >>> sorted(["10", "2", "a", "²"], key=natural)
        ['2', '10', 'a', '²']
    """
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)


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
            flaws.append(Problem(good.name, "sharp image without a blurry one"))
        if good is None and bad is not None:
            flaws.append(Problem(bad.name, "blurry image without a sharp one"))
        members.append(
            Member(
                scene=scene,
                frame=frame,
                blurry=(bad.frame,) if bad else (),
                sharp=(good.frame,) if good else (),
                files=tuple(file for file in (bad, good) if file),
                number=int(frame) if video and frame.isdecimal() else None,
                metadata=metadata or {},
                flaws=tuple(flaws),
            )
        )
    return members


def without_strays(members: Sequence[Member], what: str) -> list[Member]:
    """Marks the members of a video that have no frame number, where others have one.

    Args:
        members: The members of one scene. Where none has a number, the names follow another scheme and all may stay.
        what: How a frame should be called, for the message.
    """
    if all(member.number is None for member in members):
        return list(members)
    text = f"{what}; move it out of the data set"
    return [m if m.number is not None else m.flawed(*(Problem(f.name, text) for f in m.files)) for m in members]


def numbers_by_scene(members: Sequence[Member]) -> dict[str, set[int]]:
    """Collects the frame numbers that each scene has, in order of first appearance; strays have none."""
    scenes: dict[str, set[int]] = {}
    for member in members:
        numbers = scenes.setdefault(member.scene, set())
        if member.number is not None:
            numbers.add(member.number)
    return scenes


def existing(name: str, root: Path | str, wanted: str = "") -> Path:
    """The folder that a user gave.

    Args:
        name: The data set, for the message.
        root: What was given.
        wanted: What kind of folder to give instead, for the message.

    Raises:
        DataError: When it is no folder.
    """
    root = expand(root)
    if not _is_folder(root):
        raise DataError(f"{name}: data root {root} is not a folder; give the folder{wanted}")
    return root


def locate(name: str, root: Path | str, folder: str, fits: Callable[[Path], bool]) -> Path:
    """Finds a data set's folder: `root` itself, or a usual place below it.

    Args:
        name: Name in the registry; what follows a hyphen (`gopro-gamma`) is dropped as a second guess.
        root: The official folder, its parent, or a folder that holds one folder for each data set. Folders may be
            written in another case, and lie in each other as archives unpack them (`GOPRO_Large/GOPRO_Large`).
        folder: Name of the official top folder.
        fits: Says whether a folder holds the layout.

    Returns:
        The folder, as given (not made absolute).

    Raises:
        DataError: When `root` is no folder, or no place fits.
    """
    root = existing(name, root, f" that holds {folder}/")
    names = list(dict.fromkeys((folder, name, name.replace("-", "_"), name.partition("-")[0])))
    try:
        for place in _places(root, names):
            if fits(place):
                return place
    except OSError as error:
        raise DataError(f"{error.filename or root}: {error.strerror or error}; check the data root") from error
    looked = ", ".join(dict.fromkeys([".", *names, *(f"{outer}/{folder}" for outer in names), _TEST]))
    raise DataError(
        f"{name}: no {folder}/ layout in {root} (looked in {looked}); "
        f"`python -m datasets list {name}` says what to put where"
    )


def _places(root: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yields `root` and the folders of these names below it, the upper ones and those in the official case first.

    Last come those in a folder of test images of several data sets, as Restormer has one.
    """
    level = [root]
    for _ in range(_DEPTH):
        yield from level
        level = _alike(level, names)
    yield from _alike([root / _TEST], names)


def _alike(level: Sequence[Path], names: Sequence[str]) -> list[Path]:
    """The folders of these names, in whatever case, in those of a level."""
    alike = [name.casefold() for name in names]
    found = [(place, child) for place in level for child in folders(place, ".") if child.casefold() in alike]
    found.sort(key=lambda each: (each[1] not in names, alike.index(each[1].casefold())))
    return [place / child for place, child in found]


def coverage(found: int, official: int, complete: bool, sample: bool) -> str:
    """Says how much of the official data there is.

    Args:
        found: Usable pairs.
        official: Pairs of the official split.
        complete: Whether they are the official ones.
        sample: Whether the data are a built-in sample.

    Returns:
        `"sample"`, `"full"` or `"subset n/N"`; n is never more than N, as what is beyond the official pairs is none of
        them.

    Examples:
        >>> coverage(3000, 3000, True, False), coverage(27000, 24000, False, False)
        ('full', 'subset 24000/24000')
    """
    if sample:
        return "sample"
    return "full" if complete and found == official else f"subset {min(found, official)}/{official}"


def spans(numbers: Iterable[int], digits: int) -> str:
    """Writes numbers as ranges, zero-padded.

    Examples:
        >>> spans([7, 1, 2, 3], 6)
        '000001-000003, 000007'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a:0{digits}d}" if a == b else f"{a:0{digits}d}-{b:0{digits}d}" for a, b in runs)
