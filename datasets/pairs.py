"""Blurry/sharp pairs: what every reader returns and everything downstream takes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, overload

from datasets.image import Frame


@dataclass(frozen=True)
class Pair:
    """One blurry picture (or three neighbouring ones) and its sharp truth.

    Attributes:
        dataset: Name in the registry, e.g. `"reds"`.
        split: `"train"`, `"val"` or `"test"`, as the data set calls it.
        scene: The video or group that the picture belongs to; pictures of one scene never straddle a
            training/validation split.
        frame: The picture's name within its scene.
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


@dataclass(frozen=True)
class Pairs(Sequence[Pair]):
    """The pairs of one split, with what is needed to say honestly which data they are.

    Attributes:
        dataset: Name in the registry.
        split: The split's name.
        root: The folder that holds the data set's official layout.
        items: The pairs, in the data set's own order.
        coverage: `"full"` when the official count is complete, `"subset n/N"`, or `"sample"`.
        fingerprint: Sixteen hexadecimal digits that change when a file is added, lost, renamed or resized.
    """

    dataset: str
    split: str
    root: Path
    items: tuple[Pair, ...]
    coverage: str
    fingerprint: str

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

    @property
    def scenes(self) -> tuple[str, ...]:
        """The scenes in order of first appearance."""
        return tuple(dict.fromkeys(pair.scene for pair in self.items))

    def select(self, indices: Sequence[int]) -> Pairs:
        """Returns the pairs at `indices`; a strict subset changes coverage and fingerprint."""
        items = tuple(self.items[i] for i in indices)
        if len(items) == len(self.items):
            return replace(self, items=items)
        coverage = self.coverage
        if coverage != "sample":
            total = coverage.rpartition("/")[2] if coverage.startswith("subset") else str(len(self.items))
            coverage = f"subset {len(items)}/{total}"
        names = fingerprint([self.fingerprint, *(pair.name for pair in items)])
        return replace(self, items=items, coverage=coverage, fingerprint=names)


def fingerprint(parts: Sequence[str]) -> str:
    """Returns sixteen hexadecimal digits of SHA-256 over the parts, order included."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]
