"""RealBlur (Rim et al. 2020): pairs of two cameras behind one beam splitter, in `{blur,gt}` of 232 scenes.

RealBlur-J holds the camera's JPEG images, RealBlur-R developed raw ones that were denoised; they are two data sets
here. The lists `RealBlur_{J,R}_{train,test}_list.txt` beside the folders say which pairs are of which split. The flat
repackings of MPRNet and Restormer, `RealBlur_J/test/{input,target}` and `test/RealBlur_J/{input,target}`, are read too.

Two photographs of one scene never lie over each other to the last pixel, so the authors' evaluation scales the
restoration's brightness to that of the truth, lays it over it by the homography of greatest correlation (ECC), and
counts only what both show. `aligned` here looks for a translation (ECC), and neither scales the brightness nor turns or
stretches anything; it cuts the same border off every image and rounds to 8 bit first. Its scores are comparable with
each other, not digit for digit with printed ones.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

from common.references import Reference
from datasets.readers.base import Member, Reader, flat_folders, folders, pair_up, scan
from datasets.readers.listed import check, may_have, members, missing_list, read_list
from datasets.registry import DatasetInfo, register

SCENES = {"J": "RealBlur-J_ECC_IMCORR_centroid_itensity_ref", "R": "RealBlur-R_BM3D_ECC_IMCORR_centroid_itensity_ref"}
"""The official folders of scenes, misspelt as the archive has them."""

_PATH = re.compile(r"[^/]+/(?P<scene>[^/]+)/(?P<side>blur|gt)/(?P=side)_(?P<frame>[^/]+)\.\w+")


def has(root: Path, split: str, kind: str) -> bool:
    """Whether `root` holds the official folder of scenes with the split's list, or a flat repacking of it."""
    if _flat(root, split, kind) is not None:
        return True
    return (root / SCENES[kind]).is_dir() and may_have(root, _lists(kind), split)


def find(root: Path, split: str, kind: str) -> list[Member]:
    """The pairs of a split in the order of its list; of a flat repacking in that of their names.

    Raises:
        DataError: When scenes are there, but no list that says of which split they are.
    """
    flat = _flat(root, split, kind)
    if flat is not None:
        return pair_up(scan(root, flat[0]), scan(root, flat[1]), split)
    path, scenes = root / _lists(kind)[split], SCENES[kind]
    if path.is_file():
        return members(root, read_list(path, _name_of), path.name)
    if has(root, split, kind) and any(scan(root, f"{scenes}/{scene}/blur") for scene in folders(root, scenes)):
        raise missing_list(path, split)
    return []


def _lists(kind: str) -> dict[str, str]:
    """Split -> name of its list."""
    return {split: f"RealBlur_{kind}_{split}_list.txt" for split in J_INFO.splits}


def _name_of(sharp: str, blurry: str) -> tuple[str, str] | None:
    """Scene and frame of a line of a list."""
    first, second = _PATH.fullmatch(sharp), _PATH.fullmatch(blurry)
    if not first or not second or first.group("scene", "frame") != second.group("scene", "frame"):
        return None
    return (first["scene"], first["frame"]) if (first["side"], second["side"]) == ("gt", "blur") else None


def _flat(root: Path, split: str, kind: str) -> tuple[str, str] | None:
    """The folders of a flat repacking; nothing but its name tells which data set it is of."""
    names = (f"realblur_{kind}".casefold(), f"realblur-{kind}".casefold())
    return flat_folders(root, split, names) if root.resolve().name.casefold() in names else None


def _reader(kind: str) -> Reader:
    return Reader(has=partial(has, kind=kind), find=partial(find, kind=kind), check=check)


J_INFO = DatasetInfo(
    name="realblur-j",
    title="RealBlur-J (Rim et al. 2020)",
    references=(
        Reference(
            ("Rim, Jaesung", "Lee, Haeyun", "Won, Jucheol", "Cho, Sunghyun"),
            "Real-World Blur Dataset for Learning and Benchmarking Deblurring Algorithms",
            2020,
            "ECCV 2020",
        ),
    ),
    summary="Scenes in dim light taken by two cameras at once, one of them shaken; the camera's own JPEG images.",
    source="https://github.com/rimchang/RealBlur",
    licence="CC BY 4.0",
    size="4,738 pairs of about 773x680",
    layout="""Unpack RealBlur.tar.gz into one folder:
RealBlur/
  RealBlur-J_ECC_IMCORR_centroid_itensity_ref/scene001/{blur/blur_1.png,gt/gt_1.png} ...    232 scenes
  RealBlur_J_train_list.txt
  RealBlur_J_test_list.txt
The flat repackings RealBlur_J/{train,test}/{input,target}/*.png and test/RealBlur_J/{input,target}/*.png are read.
The authors match brightness and homography before they score; `aligned` matches a translation.""",
    splits={"train": 3758, "test": 980},
    training_split="train",
    evaluation_split="test",
    protocols=("aligned", "full"),
    video=False,
    folder="RealBlur",
)

R_INFO = replace(
    J_INFO,
    name="realblur-r",
    title="RealBlur-R (Rim et al. 2020)",
    summary="The same scenes, developed from raw images and denoised. Never rank with realblur-j.",
    layout=J_INFO.layout.replace(SCENES["J"], SCENES["R"]).replace("RealBlur_J", "RealBlur_R"),
)

register(J_INFO, _reader("J"))
register(R_INFO, _reader("R"))
