"""Sharp photographs of one's own, blurred on the fly: any folder of image files, with all that is below it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from datasets.blur.on_the_fly import DEFAULT
from datasets.photographs import BlurredFrame, Photograph
from datasets.readers.base import IMAGES, Found, Member, Reader, existing, is_sample, natural, scan, tree
from datasets.registry import DatasetInfo, register

SPLITS = ("train", "test")


def place(root: Path | str) -> Path:
    """The folder that a user gave, or the sample in it."""
    root = existing(INFO.name, root)
    return root / INFO.folder if is_sample(root / INFO.folder) else root


def has(root: Path, split: str) -> bool:
    """Whether `root` has a place for photographs of a split."""
    return _place(root, split).is_dir()


def find(root: Path, split: str) -> list[Member]:
    """The photographs of a folder."""
    return find_in(root, [root], split)


def find_in(root: Path, within: Sequence[Path], split: str) -> list[Member]:
    """The photographs of several folders, each once.

    Args:
        root: A folder that holds them all; names are paths below it.
        within: The folders.
        split: Where a folder has a folder `train` or `test`, only the photographs of the one that is called like the
            split are taken; where it has neither, all that it holds are of either split.
    """
    found = {file.name: file for folder in within for file in _photographs(root, _place(folder, split))}
    return [_member(file) for file in found.values()]


def _place(folder: Path, split: str) -> Path:
    return folder / split if any((folder / name).is_dir() for name in SPLITS) else folder


def _photographs(root: Path, folder: Path) -> Iterator[Found]:
    """The image files in a folder and all folders below it, in the order of their names; no folder is seen twice."""
    for below in tree(root, folder):
        files = scan(root, below, IMAGES, whole_names=True)
        yield from (files[name] for name in sorted(files, key=natural))


def _member(file: Found) -> Member:
    """A photograph and what is made of it; photographs of one folder are a scene."""
    scene, _, frame = file.name.rpartition("/")
    photograph = Photograph(file.name, file.path)
    return Member(scene=scene, frame=frame, blurry=(BlurredFrame(photograph),), sharp=(photograph,), files=(file,))


INFO = DatasetInfo(
    name="synthetic",
    title="Photographs of one's own, blurred on the fly",
    summary="Any sharp photographs; camera shake, moving objects, defocus, noise and JPEG are made when they are read, "
    "anew at every visit of a training, always alike for scoring.",
    source="your own photographs",
    licence="that of the photographs",
    size="any number of photographs, scaled down to 1,600 pixels where they are larger",
    layout="""Any folder of PNG, JPEG, TIFF and WebP files, with all folders below it, given with --photos DIR:
photographs/
  a.jpg, b.png, holidays/c.jpg, ...
A folder that holds a folder `train` or `test` keeps photographs to train on and to score apart:
photographs/
  train/...
  test/...""",
    splits=dict.fromkeys(SPLITS, 0),
    training_split="train",
    evaluation_split="test",
    protocols=("full",),
    video=False,
    folder="photographs",
    validation_unit="image",
    own_photographs=True,
)

READER = Reader(
    has=has,
    find=find,
    find_in=find_in,
    place=place,
    fingerprint=(json.dumps(DEFAULT.as_dict(), sort_keys=True),),
)

register(INFO, READER)
