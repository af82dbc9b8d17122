"""What a reader finds on disk: files, the members of a split made of them, and what is wrong with each."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from datasets.errors import DataError
from datasets.image import FileFrame, Frame


class Found(NamedTuple):
    """A file on disk.

    Attributes:
        name: Path below the data set's folder, with forward slashes.
        path: The file.
        size: Bytes.
        fault: Why the file cannot be used, known without opening it; empty for a sound one.
    """

    name: str
    path: Path
    size: int
    fault: str = ""

    @property
    def frame(self) -> FileFrame:
        """The file as an image."""
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
    """Builds the problem `name` that an error about the file `path` speaks of."""
    return Problem(name, str(error).removeprefix(f"{path}: "))


@dataclass(frozen=True)
class Member:
    """What a reader found for one pair, complete or not.

    Attributes:
        scene: See `datasets.pairs.Pair`.
        frame: See `datasets.pairs.Pair`.
        blurry: The blurry image, or none.
        sharp: The sharp image(s), or none.
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

    def flawed(self, *flaws: Problem) -> Member:
        """Gives the member with more flaws."""
        return replace(self, flaws=(*self.flaws, *flaws)) if flaws else self


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


def _no_folders(root: Path, within: Sequence[Path], split: str) -> list[Member]:
    """Such a data set lies in one folder."""
    raise DataError("this data set lies in one folder; give that one")


def names_and_sizes(members: Sequence[Member]) -> list[str]:
    """What tells the files of members from others: names and sizes, composed and decomposed names being one."""
    return sorted({f"{unicodedata.normalize('NFC', file.name)}:{file.size}" for m in members for file in m.files})


def _no_extras(root: Path) -> list[Member]:
    """Such a data set holds pairs and nothing else."""
    return []


@dataclass(frozen=True)
class Reader:
    """How one official layout is read.

    Attributes:
        has: Whether a folder holds this layout's folders of one split, empty or not.
        find: The members of a split below a folder that has any, in the data set's order, flawed ones included.
        complete: Whether members of the official count are also the official ones.
        check: What `verify` asks beyond decoding; gets the members of each split.
        find_in: As `find`, of several folders below one, for data sets that are no more than folders.
        extras: Pairs outside the splits that `verify` decodes too.
        fingerprint: Anything beyond the files that the pairs depend on.
        place: Finds the pairs where a user says they are, for data sets without an official folder; None looks for
            that folder.
        identity: What tells the files of sound members from others, for the fingerprint.
    """

    has: Callable[[Path, str], bool]
    find: Callable[[Path, str], list[Member]]
    complete: Callable[[str, Sequence[Member]], bool] = _always
    check: Callable[[Path, Mapping[str, Sequence[Member]]], Findings] = _nothing
    find_in: Callable[[Path, Sequence[Path], str], list[Member]] = _no_folders
    extras: Callable[[Path], list[Member]] = _no_extras
    fingerprint: tuple[str, ...] = ()
    place: Callable[[Path | str], Path] | None = None
    identity: Callable[[Sequence[Member]], list[str]] = names_and_sizes

    def members(self, root: Path, split: str, within: Sequence[Path] = ()) -> list[Member]:
        """Finds the members of a split; a file that has a fault makes its member one with a flaw.

        Args:
            root: The data set's folder.
            split: The split.
            within: Folders below it that alone count; none for all of it.

        Raises:
            DataError: When a folder cannot be read.
        """
        try:
            found = self.find_in(root, within, split) if within else self.find(root, split)
        except OSError as error:
            raise DataError(f"{error.filename or root}: {error.strerror or error}; check the data root") from error
        return [m.flawed(*(Problem(file.name, file.fault) for file in m.files if file.fault)) for m in found]
