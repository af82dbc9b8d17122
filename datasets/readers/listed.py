"""What the readers of data sets share whose official lists say which pairs are of which split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from datasets.errors import DataError
from datasets.readers.base import Findings, Found, Member, Problem, found_at


class Line(NamedTuple):
    """One line of an official list.

    Attributes:
        sharp, blurry: Paths as the list has them.
        scene, frame: What the paths say of the pair.
    """

    sharp: str
    blurry: str
    scene: str
    frame: str


def may_have(root: Path, lists: Mapping[str, str], split: str) -> bool:
    """Whether a split's list is there, or none at all, so that nobody knows what is of which split.

    Args:
        root: The data set's folder.
        lists: Split -> name of its list.
        split: The split.
    """
    return (root / lists[split]).is_file() or not any((root / name).is_file() for name in lists.values())


def missing_list(path: Path, split: str, where: str = "") -> DataError:
    """Builds the error for pairs without any list."""
    return DataError(f"{path}: missing, and only it says which pairs are of the {split} split; put it there{where}")


def read_list(path: Path, name_of: Callable[[str, str], tuple[str, str] | None]) -> list[Line]:
    """Reads an official list: a sharp and a blurry path in every line, with a space between them.

    Args:
        path: The list.
        name_of: Makes scene and frame of the sharp and the blurry path; None where they are not such paths.

    Raises:
        DataError: When it cannot be read, or a line is none of such a list.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; check the data root") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a list of paths; fetch this file again") from error
    lines = []
    for number, words in enumerate(map(str.split, text.splitlines()), 1):
        name = name_of(words[0], words[1]) if len(words) == 2 else None
        if name is not None:
            lines.append(Line(words[0], words[1], *name))
        elif words:
            raise DataError(f"{path}: line {number} does not name a sharp and a blurry image; fetch this file again")
    return lines


def members(root: Path, lines: Sequence[Line], list_name: str, below: Callable[[str], str] = str) -> list[Member]:
    """Looks for the pairs of a list; scenes of which nothing is there make a subset.

    Args:
        root: The data set's folder.
        lines: The list.
        list_name: Its name, for messages.
        below: Makes a path below `root` of one as the list has it.
    """
    missing = f"named in {list_name}, but not there; fetch it again"
    made: dict[str, list[Member]] = {}
    there: set[str] = set()
    for line in lines:
        names = below(line.blurry), below(line.sharp)
        blurry, sharp = (found_at(root / name, name) for name in names)
        if blurry or sharp:
            there.add(line.scene)
        made.setdefault(line.scene, []).append(
            Member(
                scene=line.scene,
                frame=line.frame,
                blurry=(blurry.frame,) if blurry else (),
                sharp=(sharp.frame,) if sharp else (),
                files=tuple(file for file in (blurry, sharp) if file),
                flaws=tuple(
                    Problem(name, missing) for name, file in zip(names, (blurry, sharp), strict=True) if file is None
                ),
            )
        )
    return [member for scene, found in made.items() if scene in there for member in found]


def check(root: Path, found: Mapping[str, Sequence[Member]]) -> Findings:
    """Lists the images that several splits name: whoever trains on one is scored on it."""
    return Findings(in_several_splits(found), [])


def in_several_splits(found: Mapping[str, Sequence[Member]]) -> list[Problem]:
    """Lists the files that are in several splits."""
    splits: dict[Found, list[str]] = {}
    for split, of_split in found.items():
        for file in {file for member in of_split for file in member.files}:
            splits.setdefault(file, []).append(split)
    return [
        Problem(file.name, f"is in {' and '.join(names)} alike; keep it in one of them")
        for file, names in sorted(splits.items())
        if len(names) > 1
    ]
