"""DIV2K (Agustsson and Timofte 2017): sharp photographs, `DIV2K_{train,valid}_HR/{4 digits}.png`.

There is nothing blurry here: the pairs have an empty `blurry` and are a source of sharp images for forward models.
"""

from __future__ import annotations

from pathlib import Path

from common.references import Reference
from datasets.readers.base import Found, Member, Problem, Reader, natural, scan
from datasets.registry import DatasetInfo, register

FOLDERS = {"train": "DIV2K_train_HR", "val": "DIV2K_valid_HR"}
NUMBERS = {"train": range(1, 801), "val": range(801, 901)}
"""Split -> official numbers of the photographs."""


def has(root: Path, split: str) -> bool:
    """Whether `root` holds the folder of a split."""
    return (root / FOLDERS[split]).is_dir()


def find(root: Path, split: str) -> list[Member]:
    """Finds the photographs of a split in the order of their numbers; those of the other split have a flaw."""
    found = scan(root, FOLDERS[split])
    return [_member(split, frame, found) for frame in sorted(found, key=natural)]


def _member(split: str, frame: str, found: dict[str, Found]) -> Member:
    file = found[frame]
    member = Member(scene="", frame=frame, blurry=(), sharp=(file.frame,), files=(file,))
    for other, numbers in NUMBERS.items():
        if other != split and frame.isdecimal() and int(frame) in numbers:
            return member.flawed(Problem(file.name, f"a photograph of the official {other} split; move it there"))
    return member


INFO = DatasetInfo(
    name="div2k",
    title="DIV2K (Agustsson and Timofte 2017)",
    references=(
        Reference(
            ("Agustsson, Eirikur", "Timofte, Radu"),
            "NTIRE 2017 Challenge on Single Image Super-Resolution: Dataset and Study",
            2017,
            "CVPR Workshops 2017 (NTIRE)",
        ),
    ),
    summary="Sharp photographs only: a source of images to blur, not a data set to score on.",
    source="https://data.vision.ee.ethz.ch/cvl/DIV2K/",
    licence="academic research only",
    size="900 photographs, long side 2040",
    layout="""Unpack the high-resolution archives into one folder:
DIV2K/
  DIV2K_train_HR/0001.png ... 0800.png
  DIV2K_valid_HR/0801.png ... 0900.png""",
    splits={"train": 800, "val": 100},
    training_split="train",
    evaluation_split="val",
    protocols=(),
    video=False,
    folder="DIV2K",
)

READER = Reader(has=has, find=find)

register(INFO, READER)
