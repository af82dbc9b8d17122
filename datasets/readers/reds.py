"""REDS (Nah et al. 2019): `{train,val}/{split}_{kind}/{3-digit video}/{8-digit frame}.png`.

The sharp test frames are hidden, so the data set is scored on `val`. `blur_jpeg` (the JPEG track of NTIRE 2021) is
a data set of its own here, `reds-jpeg`, because its results must never meet those of `blur`; its blurry frames are
`.jpg` files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from datasets.readers.base import (
    Findings,
    Member,
    Problem,
    Reader,
    folders,
    is_sample,
    numbers_by_scene,
    pair_up,
    scan,
    spans,
)

SPLITS = ("train", "val")
FRAMES = range(100)
"""Frame numbers of every video."""


def fits(root: Path, kind: str) -> bool:
    """Whether `root` holds a folder of blurry frames of this kind."""
    return any((root / split / f"{split}_{kind}").is_dir() for split in SPLITS)


def find(root: Path, split: str, kind: str) -> list[Member]:
    """Returns the frames of a split, video by video."""
    blurry, sharp = f"{split}/{split}_{kind}", f"{split}/{split}_sharp"
    if not (root / blurry).is_dir():
        return []
    members = []
    for video in sorted({*folders(root, blurry), *folders(root, sharp)}):
        suffixes = (".png", ".jpg", ".jpeg") if kind == "blur_jpeg" else (".png",)
        members += pair_up(scan(root, f"{blurry}/{video}", suffixes), scan(root, f"{sharp}/{video}"), video, video=True)
    return members


def complete(split: str, members: Sequence[Member]) -> bool:
    """Whether every video has exactly the frames 0 to 99."""
    return all(set(FRAMES) == numbers for numbers in numbers_by_scene(members).values())


def check(root: Path, members: Mapping[str, Sequence[Member]], kind: str) -> Findings:
    """Lists the frames that a video lacks; a video that is not there at all only makes a subset."""
    problems = []
    for split, found in members.items():
        for video, numbers in numbers_by_scene(found).items():
            if missing := set(FRAMES) - numbers:
                what = f"{len(missing)} of {len(FRAMES)} frames missing: {spans(missing, 8)}"
                problems.append(Problem(f"{split}/{split}_{kind}/{video}", what))
    return Findings([] if is_sample(root) else problems, [])


def _reader(kind: str) -> Reader:
    return Reader(
        fits=partial(fits, kind=kind),
        find=partial(find, kind=kind),
        complete=complete,
        check=partial(check, kind=kind),
    )


LINEAR = _reader("blur")
JPEG = _reader("blur_jpeg")
