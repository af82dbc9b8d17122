"""Blurry/sharp pairs: what every reader returns and everything downstream takes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from common.errors import one_line
from datasets import notebook
from datasets.errors import DataError
from datasets.image import Frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OWN_PHOTOGRAPHS = "own photographs"
"""The coverage of data that nobody has published and that have no official count."""

OWN_PAIRS = "own pairs"
"""The same of blurry and sharp images that a user has."""

_WITHOUT_COUNT = ("sample", OWN_PHOTOGRAPHS, OWN_PAIRS)


@dataclass(frozen=True, repr=False)
class Pair:
    """One blurry image (or three neighbouring ones) and its sharp truth.

    Attributes:
        dataset: Name in the registry, e.g. `"reds"`.
        split: `"train"`, `"val"` or `"test"`, as the data set calls it; `"all"` of pairs that nobody has split.
        scene: The video or group that the image belongs to; images of one scene never straddle a
            training/validation split.
        frame: The image's name within its scene.
        blurry: One frame, or (previous, current, next).
        sharp: One frame; for Köhler every ground-truth frame of the trajectory.
        metadata: What only this data set knows (HDC: `step`, `font`, `text`; CIFAR-10: `label`, `sigma`).
    """

    dataset: str
    split: str
    scene: str
    frame: str
    blurry: tuple[Frame, ...]
    sharp: tuple[Frame, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Scene and frame, unique within the split."""
        return f"{self.scene}/{self.frame}" if self.scene else self.frame

    def show(self) -> Figure:
        """The blurry image, or the middle one of three, beside the sharp one, as a figure.

        Raises:
            DataError: When one cannot be read.
        """
        return notebook.pair_figure(self)

    def __repr__(self) -> str:
        frames = f"{len(self.blurry)} blurry, {len(self.sharp)} sharp"
        return f"<Pair {self.name} of {self.dataset} {self.split}: {frames}>"

    def _repr_html_(self) -> str:
        return notebook.pair_html(self)


@dataclass(frozen=True, repr=False)
class Pairs(Sequence[Pair]):
    """The pairs of one split, with what is needed to say honestly which data they are.

    Attributes:
        dataset: Name in the registry.
        split: The split's name.
        root: The folder that holds the data set's official layout; for pairs of one's own also a CSV file.
        items: The pairs, in the data set's own order.
        coverage: `"full"` when the official count is complete, `"subset n/N"`, `"sample"`, `OWN_PHOTOGRAPHS` or
            `OWN_PAIRS`.
        fingerprint: Sixteen hexadecimal digits that change when a file is added, lost, renamed or resized, and with
            every selection that is not the whole in its order.
        within: Folders below the root that alone were looked into; none for all of it.
    """

    dataset: str
    split: str
    root: Path
    items: tuple[Pair, ...]
    coverage: str
    fingerprint: str
    within: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Pairs: ...
    def __getitem__(self, index: int | slice) -> Pair | Pairs:
        if isinstance(index, slice):
            return self.select(range(len(self.items))[index])
        return self.items[index]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.items)

    def __repr__(self) -> str:
        return f"<Pairs {self._title}>"

    def _repr_html_(self) -> str:
        return notebook.pairs_html(self._title, self.items)

    @property
    def _title(self) -> str:
        """What they are, in a line."""
        scenes = len(self.scenes)
        groups = f" of {scenes:,} {'scene' if scenes == 1 else 'scenes'}" if self.scenes != ("",) else ""
        return f"{self.dataset} {self.split}: {len(self):,} pairs{groups}, {self.coverage}, in {self.root}"

    @property
    def scenes(self) -> tuple[str, ...]:
        """The scenes in order of first appearance."""
        return tuple(dict.fromkeys(pair.scene for pair in self.items))

    def select(self, indices: Sequence[int]) -> Pairs:
        """Takes the pairs at `indices`, in that order; what it takes decides coverage and fingerprint.

        Args:
            indices: Places, negative ones counted from the end; they may repeat.

        Returns:
            The same coverage and fingerprint for every pair once in the old order; else another fingerprint, and
            `"subset n/N"` with the number n of different pairs, unless every pair is there exactly once (or the data
            have no official count).

        Raises:
            IndexError: When a place does not exist.

        Examples:
            >>> pairs = Pairs("reds", "val", Path("."), tuple(Pair("reds", "val", "000", f, (), ()) for f in "abc"),
            ...               "full", "0123456789abcdef")
            >>> pairs.select([0, 1, 2]).fingerprint, pairs.select([0, 0, 0]).coverage, pairs[1:].coverage
            ('0123456789abcdef', 'subset 1/3', 'subset 2/3')
        """
        count = len(self.items)
        places = [range(count)[index] for index in indices]
        if places == list(range(count)):
            return self
        items = tuple(self.items[place] for place in places)
        coverage, different = self.coverage, len(set(places))
        if coverage not in _WITHOUT_COUNT and not different == len(places) == count:
            total = coverage.rpartition("/")[2] if coverage.startswith("subset") else str(count)
            coverage = f"subset {different}/{total}"
        digits = fingerprint([self.fingerprint, *(pair.name for pair in items)])
        return replace(self, items=items, coverage=coverage, fingerprint=digits)


def check_pairs(pairs: Any) -> None:
    """Refuses what are no pairs, such as a list of them, which does not say which data they are.

    Raises:
        DataError: In one line.
    """
    if not isinstance(pairs, Pairs):
        raise DataError(f"pairs must come from datasets.load, or a slice of such, not {one_line(pairs)}")


def fingerprint(parts: Sequence[str]) -> str:
    """Hashes the parts, order included, to sixteen hexadecimal digits of SHA-256.

    Examples:
        >>> fingerprint(["reds", "val"])
        'c33f4013d822c7a8'
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode(errors="surrogateescape"))  # file names need not be UTF-8
        digest.update(b"\0")
    return digest.hexdigest()[:16]
