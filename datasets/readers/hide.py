"""HIDE (Shen et al. 2019): blurry images in `train` and two `test` folders, all sharp ones in `GT`.

The 2,025 test pairs that papers report are both test folders together. The usual flat repacking,
`{train,test}/{input,target}`, is read too, as are the test images of MPRNet and Restormer, `test/HIDE/{input,target}`;
they do not say which images are close-ups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.references import Reference
from datasets.readers.base import Findings, Member, Problem, Reader, flat_folders, pair_up, scan
from datasets.readers.gopro import OFFICIAL_NAME
from datasets.registry import NOT_STATED, DatasetInfo, register

GROUND_TRUTH = "GT"
_NAMES = ("hide", "hide_dataset")
BLURRY = {
    "train": {"train": "train"},
    "test": {"close-ups": "test/test-close-ups", "long-shot": "test/test-long-shot"},
}
"""Split -> scene -> folder of blurry images."""


def has(root: Path, split: str) -> bool:
    """Whether `root` holds the official folders of a split, or a flat repacking that is not GoPro's."""
    if (root / GROUND_TRUTH).is_dir():
        return any((root / folder).is_dir() for folder in BLURRY[split].values())
    flat = flat_folders(root, split, _NAMES)
    return flat is not None and not any(OFFICIAL_NAME.fullmatch(name) for folder in flat for name in scan(root, folder))


def find(root: Path, split: str) -> list[Member]:
    """The images of a split; for the test split close-ups come first."""
    if not (root / GROUND_TRUTH).is_dir():
        flat = flat_folders(root, split, _NAMES)
        return [] if flat is None else pair_up(scan(root, flat[0]), scan(root, flat[1]), split)
    sharp = scan(root, GROUND_TRUTH)
    members = []
    for scene, folder in BLURRY[split].items():
        # GT serves both splits, so an image that this split does not use is no fault of the split.
        members += pair_up(scan(root, folder), sharp, scene, sharp_alone=False)
    return members


def check(root: Path, members: Mapping[str, Sequence[Member]]) -> Findings:
    """Lists the sharp images that no split uses, once every split is there, and images that several splits use."""
    used = {file.name for found in members.values() for member in found for file in member.files}
    unused = sorted(file.name for file in scan(root, GROUND_TRUTH).values() if file.name not in used)
    frames = [{member.frame for member in found} for found in members.values()]
    both = sorted(frames[0].intersection(*frames[1:])) if len(frames) > 1 else []
    problems = [Problem(f"train/{name}", "a test image has the same name; train on no test image") for name in both]
    if all(members.values()):
        problems += [Problem(name, "sharp image without a blurry one") for name in unused]
        return Findings(problems, [])
    notes = [f"{len(unused)} sharp images belong to no split that is here"] if unused else []
    return Findings(problems, notes)


INFO = DatasetInfo(
    name="hide",
    title="HIDE (Shen et al. 2019)",
    references=(
        Reference(
            (
                "Shen, Ziyi",
                "Wang, Wenguan",
                "Lu, Xiankai",
                "Shen, Jianbing",
                "Ling, Haibin",
                "Xu, Tingfa",
                "Shao, Ling",
            ),
            "Human-Aware Motion Deblurring",
            2019,
            "ICCV 2019",
        ),
    ),
    summary="People in motion, near (close-ups) and far (long shots).",
    source="https://github.com/joanshen0508/HA_deblur",
    licence=NOT_STATED,
    size="8,422 pairs of 720x1280",
    layout="""Unpack HIDE_dataset:
HIDE_dataset/
  train/*.png                   blurry
  test/test-close-ups/*.png     blurry
  test/test-long-shot/*.png     blurry
  GT/*.png                      sharp, same file names
The flat repacking {train,test}/{input,target}/*.png is read too, as are test/HIDE/{input,target}/*.png.""",
    splits={"train": 6397, "test": 2025},
    training_split="train",
    evaluation_split="test",
    protocols=("full", "aligned"),
    video=False,
    folder="HIDE_dataset",
    train_on="gopro",
    frame_size=(720, 1280),
)

READER = Reader(has=has, find=find, check=check)

register(INFO, READER)
