"""The one table of data sets: name -> what it is, and how its layout is read.

Each file in `datasets.readers` enters its own; a data set from elsewhere enters by the same call.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field

from common.errors import did_you_mean
from common.notebook import table
from common.references import Reference
from datasets.errors import DataError
from datasets.members import Reader

NOT_STATED = "not stated by the owner"


@dataclass(frozen=True, repr=False)
class DatasetInfo:
    """What there is to know about a data set without having it.

    Attributes:
        name: Name in this registry.
        title: Full name, with the paper.
        summary: One sentence on what it holds.
        source: The owner's web page, or in words where it comes from.
        licence: The owner's terms.
        size: How much it is.
        layout: What to put where, several lines.
        splits: Split -> official number of pairs; 0 where there is none.
        training_split: The split to train on, or None.
        evaluation_split: The split that results are reported on, and that `load` takes by default.
        protocols: Names of the ways to score it, the usual one first; empty where nothing is blurry.
        video: Whether images have neighbours in time.
        folder: Name of the official top folder (`Kohler` and `HDC2021`: our choice, they have none).
        channels: 3 for RGB, 1 for grey.
        frame_size: Official height and width in pixels, or None where it varies or is not known.
        validation_unit: What is held out together: `"scene"`, `"image"`, or `"frame"` (all pairs with one frame's name,
            in whatever scene).
        tiles: Tile and overlap in pixels by which large images are restored unless the user says otherwise; None
            restores them whole.
        train_on: Data set whose training split stands in where this one has none or papers use the other's; empty for
            none.
        known_blur: Where the blur of each pair is known from: `"sigma"` (its metadata), `"estimated"` (on the training
            split, by blur step), empty where it is not known.
        blur_steps: Whether pairs have a blur step in their metadata.
        own_photographs: Whether it is whatever sharp photographs a user has, in any folders.
        own_pairs: Whether it is whatever blurry and sharp images a user has.
        instead: Split -> those that stand in for it, the first one that is there, in data that need not have it.
        natural_images: Data set of sharp photographs that recipes may blur alike and train on as well; empty for none.
        references: What its owners want cited, or what describes it; empty for a user's own.
    """

    name: str
    title: str
    summary: str
    source: str
    licence: str
    size: str
    layout: str
    splits: Mapping[str, int]
    training_split: str | None
    evaluation_split: str
    protocols: tuple[str, ...]
    video: bool
    folder: str
    channels: int = 3
    frame_size: tuple[int, int] | None = None
    validation_unit: str = "scene"
    tiles: tuple[int, int] | None = None
    train_on: str = ""
    known_blur: str = ""
    blur_steps: bool = False
    natural_images: str = ""
    own_photographs: bool = False
    own_pairs: bool = False
    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()

    def __repr__(self) -> str:
        splits = ", ".join(f"{split} {count:,}" if count else split for split, count in self.splits.items())
        return f"<DatasetInfo {self.name}: {self.title}; {splits}>"

    def _repr_html_(self) -> str:
        return table(
            [
                ("name", self.name),
                ("title", self.title),
                ("holds", self.summary),
                ("pairs", ", ".join(f"{split} {count:,}" for split, count in self.splits.items() if count) or "any"),
                ("protocols", ", ".join(self.protocols) or "none"),
                ("size", self.size),
                ("licence", self.licence),
                ("source", self.source),
            ]
        )

    @property
    def own(self) -> bool:
        """Whether it is what a user has, which has no official count."""
        return self.own_photographs or self.own_pairs

    @property
    def official(self) -> str:
        """The official numbers of pairs in words.

        Examples:
            >>> info("gopro").official, info("synthetic").official
            ('train 2,103, test 1,111', 'any number')
        """
        return "any number" if self.own else ", ".join(f"{s} {n:,}" for s, n in self.splits.items())


_TABLE: dict[str, tuple[DatasetInfo, Reader]] = {}


def register(info: DatasetInfo, reader: Reader) -> None:
    """Enters a data set, so that `load`, `verify`, the commands and the benchmarks know it.

    Args:
        info: What there is to know about it.
        reader: How its layout is read.

    Raises:
        DataError: When the name is taken, or the splits do not hold the ones to train and to score on.

    Examples:
        >>> import dataclasses, datasets
        >>> toy = dataclasses.replace(datasets.info("div2k"), name="toy", folder="TOY")
        >>> datasets.register(toy, datasets.reader("div2k"))
        >>> datasets.info("toy").folder
        'TOY'
        >>> datasets.unregister("toy")
    """
    if info.name in _TABLE:
        raise DataError(f"there is a data set {info.name!r} already; choose another name")
    lacking = {info.evaluation_split, info.training_split or info.evaluation_split} - set(info.splits)
    if lacking:
        raise DataError(f"{info.name}: no split {', '.join(sorted(lacking))} among {', '.join(info.splits)}; add it")
    _TABLE[info.name] = (info, reader)


def unregister(name: str) -> None:
    """Takes a data set out again; errors as `info`.

    Examples:
        >>> from dataclasses import replace
        >>> register(replace(info("hide"), name="mine"), reader("hide"))
        >>> unregister("mine")
        >>> list_datasets("mine")
        []
    """
    _entry(name)
    del _TABLE[name]


def list_datasets(pattern: str = "*") -> list[str]:
    """Lists the names that match a wildcard pattern.

    Examples:
        >>> list_datasets("gopro*")
        ['gopro', 'gopro-gamma']
    """
    return [name for name in _TABLE if fnmatch.fnmatchcase(name, pattern)]


def info(name: str) -> DatasetInfo:
    """Gives what is known about a data set.

    Raises:
        DataError: When there is no such data set; the message gives the nearest name.

    Examples:
        >>> info("gopro").splits["test"]
        1111
    """
    return _entry(name)[0]


def reader(name: str) -> Reader:
    """Gives how a data set's layout is read; errors as `info`.

    Examples:
        >>> from pathlib import Path
        >>> reader("gopro").has(Path("nowhere"), "test")
        False
    """
    return _entry(name)[1]


def _entry(name: str) -> tuple[DatasetInfo, Reader]:
    if name in _TABLE:
        return _TABLE[name]
    raise DataError(f"unknown data set {name!r}{did_you_mean(name, _TABLE)}; choose from {', '.join(_TABLE)}")
