"""RSBlur (Rim et al. 2022): real blur and sharp image sequences of two cameras, one pair in each numbered folder.

`{4 digits}/{6 digits}/{real_blur/real_blur.png,gt/gt_sharp.png}`; the synthetic blur that lies beside it is not read.
The lists `RSBlur_real_{train,val,test}.txt` of the authors' repository say which pairs are of which split. The authors
score as they do RealBlur, see `datasets.readers.realblur` for how `aligned` differs from that.
"""

from __future__ import annotations

import re
from pathlib import Path

from common.references import Reference
from datasets.readers.base import Member, Reader, folders
from datasets.readers.listed import check, may_have, members, missing_list, read_list
from datasets.registry import DatasetInfo, register

FOLDER = "RSBlur"
_LISTS = {split: f"RSBlur_real_{split}.txt" for split in ("train", "val", "test")}
_SCENE = re.compile(r"\d{4}")
_SHARP = re.compile(rf"{FOLDER}/(\d{{4}})/(\d{{6}})/gt/gt_sharp\.png")


def has(root: Path, split: str) -> bool:
    """Whether `root` holds folders of scenes with the split's list."""
    return any(_SCENE.fullmatch(name) for name in folders(root, ".")) and may_have(root, _LISTS, split)


def find(root: Path, split: str) -> list[Member]:
    """The pairs of a split in the order of its list.

    Raises:
        DataError: When pairs are there, but no list that says of which split they are.
    """
    path = root / _LISTS[split]
    if path.is_file():
        return members(root, read_list(path, _name_of), path.name, lambda name: name.removeprefix(f"{FOLDER}/"))
    if has(root, split) and _any_pair(root):
        raise missing_list(path, split, f" from datalist/RSBlur of {INFO.source}")
    return []


def _any_pair(root: Path) -> bool:
    """Whether the first folder of any scene holds a pair."""
    scenes = [name for name in folders(root, ".") if _SCENE.fullmatch(name)]
    first = [f"{scene}/{frame}" for scene in scenes for frame in folders(root, scene)[:1]]
    return any((root / name / "real_blur/real_blur.png").is_file() for name in first)


def _name_of(sharp: str, blurry: str) -> tuple[str, str] | None:
    """Scene and frame of a line of a list."""
    found = _SHARP.fullmatch(sharp)
    if found is None or blurry != f"{FOLDER}/{found[1]}/{found[2]}/real_blur/real_blur.png":
        return None
    return found[1], found[2]


INFO = DatasetInfo(
    name="rsblur",
    title="RSBlur, real blur (Rim et al. 2022)",
    references=(
        Reference(
            ("Rim, Jaesung", "Kim, Geonung", "Kim, Jungeon", "Lee, Junyong", "Lee, Seungyong", "Cho, Sunghyun"),
            "Realistic Blur Synthesis for Learning Image Deblurring",
            2022,
            "ECCV 2022",
            "https://arxiv.org/abs/2202.08771",
        ),
    ),
    summary="Real blurred images and sharp ones of the same moment, of two cameras.",
    source="https://github.com/rimchang/RSBlur",
    licence="CC BY 4.0",
    size="13,358 pairs",
    layout="""Unpack RSBlur.zip, and put the lists of datalist/RSBlur of the authors' repository beside the scenes:
RSBlur/
  0001/000001/{real_blur/real_blur.png,gt/gt_sharp.png} ...
  RSBlur_real_train.txt
  RSBlur_real_val.txt
  RSBlur_real_test.txt
The authors match brightness and homography before they score; `aligned` matches a translation.""",
    splits={"train": 8878, "val": 1120, "test": 3360},
    training_split="train",
    evaluation_split="test",
    protocols=("aligned", "full"),
    video=False,
    folder=FOLDER,
)

READER = Reader(has=has, find=find, check=check)

register(INFO, READER)
