"""GOPRO_Large (Nah et al. 2017): `{train,test}/{GOPRaaaa_nn_kk}/{blur,blur_gamma,sharp}/{6 digits}.png`.

`blur` averages the camera's values as they are, `blur_gamma` averages after an inverse gamma of 2.2. Papers use one or
the other (MPRNet and Restormer the former, Nah et al. the latter), so they are two data sets here: `gopro` and
`gopro-gamma`. The flat repacking `{train,test}/{input,target}` holds the former.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from datasets.readers.base import (
    Findings,
    Found,
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

SPLITS = ("train", "test")
FLAT = ("input", "target")
OFFICIAL_NAME = re.compile(r"(GOPR\d{4}_\d{2}_\d{2})-(\d{6})")
"""How flat repackings call a frame: sequence and number."""

SEQUENCES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "train": {
        "GOPR0372_07_00": (47, 146),
        "GOPR0372_07_01": (601, 675),
        "GOPR0374_11_00": (1, 150),
        "GOPR0374_11_01": (203, 282),
        "GOPR0374_11_02": (541, 640),
        "GOPR0374_11_03": (2481, 2528),
        "GOPR0378_13_00": (41, 150),
        "GOPR0379_11_00": (188, 287),
        "GOPR0380_11_00": (134, 193),
        "GOPR0384_11_01": (951, 1050),
        "GOPR0384_11_02": (1301, 1400),
        "GOPR0384_11_03": (2101, 2200),
        "GOPR0384_11_04": (2801, 2900),
        "GOPR0385_11_00": (101, 200),
        "GOPR0386_11_00": (247, 346),
        "GOPR0477_11_00": (1, 80),
        "GOPR0857_11_00": (1, 100),
        "GOPR0868_11_01": (221, 320),
        "GOPR0868_11_02": (681, 780),
        "GOPR0871_11_01": (181, 280),
        "GOPR0881_11_00": (1, 100),
        "GOPR0884_11_00": (186, 285),
    },
    "test": {
        "GOPR0384_11_00": (1, 100),
        "GOPR0384_11_05": (4001, 4100),
        "GOPR0385_11_01": (3011, 3110),
        "GOPR0396_11_00": (1, 100),
        "GOPR0410_11_00": (101, 234),
        "GOPR0854_11_00": (1, 100),
        "GOPR0862_11_00": (1, 77),
        "GOPR0868_11_00": (1, 100),
        "GOPR0869_11_00": (1, 100),
        "GOPR0871_11_00": (1, 100),
        "GOPR0881_11_01": (201, 300),
    },
}
"""Split -> sequence -> first and last frame number; the numbers between are all there."""


def fits(root: Path, kind: str) -> bool:
    """Whether `root` holds a sequence folder with this kind of blur, or (linear blur) a flat repacking."""
    return any(_is_flat(root, split, kind) or _sequences(root, split, kind) for split in SPLITS)


def find(root: Path, split: str, kind: str) -> list[Member]:
    """Returns the frames of a split, sequence by sequence."""
    if _is_flat(root, split, kind):
        return _find_flat(root, split)
    members = []
    for sequence in _sequences(root, split, kind):
        blurry, sharp = (scan(root, f"{split}/{sequence}/{folder}") for folder in (kind, "sharp"))
        # `blur_gamma` may come for some frames only: that is a subset. Without `blur`, a frame is damaged.
        members += pair_up(blurry, sharp, sequence, sharp_alone=kind == "blur", video=True)
    return members


def complete(split: str, members: Sequence[Member]) -> bool:
    """Whether the frames are those of the official table; repackings with other names have only their count."""
    numbers = numbers_by_scene(members)
    if numbers == {split: {None}}:
        return True
    return numbers == {name: set(_range(split, name)) for name in SEQUENCES[split]}


def check(root: Path, members: Mapping[str, Sequence[Member]], kind: str) -> Findings:
    """Compares each sequence with the official table: missing frames are problems, foreign frames are notes."""
    problems, notes = [], []
    for split, found in members.items():
        for sequence, numbers in numbers_by_scene(found).items():
            # `blur_gamma` of a few frames may lie in the official range by chance; the sharp frames tell.
            known = numbers | {int(stem) for stem in scan(root, f"{split}/{sequence}/sharp") if stem.isdigit()}
            if None in numbers:
                notes.append(f"{split}: file names do not tell the sequence, so only their count is checked")
            elif sequence not in SEQUENCES[split]:
                notes.append(f"{split}/{sequence}: not one of the official {split} sequences")
            elif foreign := known - set(_range(split, sequence)):
                first, last = SEQUENCES[split][sequence]
                notes.append(
                    f"{split}/{sequence}: {len(foreign)} of {len(known)} frames lie outside the official range "
                    f"{first:06d}-{last:06d}: {spans((n for n in foreign if n is not None), 6)}"
                )
            elif missing := set(_range(split, sequence)) - numbers:
                total = len(_range(split, sequence))
                what = f"{len(missing)} of {total} frames missing: {spans(missing, 6)}"
                problems.append(Problem(f"{split}/{sequence}/{kind}", what))
    return Findings([], []) if is_sample(root) else Findings(problems, notes)


def _is_flat(root: Path, split: str, kind: str) -> bool:
    return kind == "blur" and any((root / split / folder).is_dir() for folder in FLAT)


def _sequences(root: Path, split: str, kind: str) -> list[str]:
    """Returns the sequence folders; for `blur_gamma` only those that have it."""
    needed = ("blur", "sharp") if kind == "blur" else (kind,)
    return [name for name in folders(root, split) if any((root / split / name / folder).is_dir() for folder in needed)]


def _find_flat(root: Path, split: str) -> list[Member]:
    """Returns the members of a flat repacking, split into sequences where all file names tell them."""
    both = [scan(root, f"{split}/{folder}") for folder in FLAT]
    named = all(OFFICIAL_NAME.fullmatch(stem) for found in both for stem in found)
    if not named:
        return pair_up(both[0], both[1], split)
    blurry, sharp = (_by_sequence(found) for found in both)
    members = []
    for sequence in sorted({*blurry, *sharp}):
        members += pair_up(blurry.get(sequence, {}), sharp.get(sequence, {}), sequence, video=True)
    return members


def _by_sequence(found: Mapping[str, Found]) -> dict[str, dict[str, Found]]:
    """Groups files by the sequence that their names tell, then by frame."""
    sequences: dict[str, dict[str, Found]] = {}
    for stem, file in found.items():
        sequence, _, frame = stem.partition("-")
        sequences.setdefault(sequence, {})[frame] = file
    return sequences


def _range(split: str, sequence: str) -> range:
    first, last = SEQUENCES[split][sequence]
    return range(first, last + 1)


def _reader(kind: str) -> Reader:
    return Reader(
        fits=partial(fits, kind=kind),
        find=partial(find, kind=kind),
        complete=complete,
        check=partial(check, kind=kind),
    )


LINEAR = _reader("blur")
GAMMA = _reader("blur_gamma")
