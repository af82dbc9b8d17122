"""HIDE (Shen et al. 2019): blurry pictures in `train` and two `test` folders, all sharp ones in `GT`.

The 2,025 test pairs that papers report are both test folders together. The usual flat repacking,
`{train,test}/{input,target}`, is read too; it does not say which pictures are close-ups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets.readers.base import Findings, Member, Problem, Reader, pair_up, scan
from datasets.readers.gopro import FLAT, OFFICIAL_NAME

GROUND_TRUTH = "GT"
BLURRY = {
    "train": {"train": "train"},
    "test": {"close-ups": "test/test-close-ups", "long-shot": "test/test-long-shot"},
}
"""Split -> scene -> folder of blurry pictures."""


def fits(root: Path) -> bool:
    """Whether `root` holds the official folders, or a flat repacking that is not GoPro's."""
    if (root / GROUND_TRUTH).is_dir():
        return any((root / folder).is_dir() for scenes in BLURRY.values() for folder in scenes.values())
    flat = [f"{split}/{folder}" for split in BLURRY for folder in FLAT if (root / split / folder).is_dir()]
    return bool(flat) and not any(OFFICIAL_NAME.fullmatch(name) for name in scan(root, flat[0]))


def find(root: Path, split: str) -> list[Member]:
    """Returns the pictures of a split; for the test split close-ups come first."""
    if not (root / GROUND_TRUTH).is_dir():
        blurry, sharp = (scan(root, f"{split}/{folder}") for folder in FLAT)
        return pair_up(blurry, sharp, split)
    sharp = scan(root, GROUND_TRUTH)
    members = []
    for scene, folder in BLURRY[split].items():
        # GT serves both splits, so a picture that this split does not use is no fault of the split.
        members += pair_up(scan(root, folder), sharp, scene, sharp_alone=False)
    return members


def check(root: Path, members: Mapping[str, Sequence[Member]]) -> Findings:
    """Lists the sharp pictures that no split uses, once every split is there."""
    used = {file.name for found in members.values() for member in found for file in member.files}
    unused = sorted(file.name for file in scan(root, GROUND_TRUTH).values() if file.name not in used)
    if all(members.values()):
        return Findings([Problem(name, "sharp picture without a blurry one") for name in unused], [])
    notes = [f"{len(unused)} sharp pictures belong to no split that is here"] if unused else []
    return Findings([], notes)


READER = Reader(fits=fits, find=find, check=check)
