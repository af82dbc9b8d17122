"""REDS (Nah et al. 2019): `{train,val}/{split}_{kind}/{3-digit video}/{8-digit frame}.png`.

The sharp test frames are hidden, so the data set is scored on `val`. `blur_jpeg` (the JPEG track of NTIRE 2021) is
a data set of its own here, `reds-jpeg`, because its results must never meet those of `blur`; its blurry frames are
`.jpg` files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from common.references import Reference
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
    without_strays,
)
from datasets.registry import DatasetInfo, register

VIDEOS = {"train": 240, "val": 30}
"""Split -> official number of videos, which are numbered from 0."""

FRAMES = range(100)
"""Frame numbers of every video."""


def has(root: Path, split: str, kind: str) -> bool:
    """Whether `root` holds the folder of a split's blurry frames of this kind."""
    return (root / split / f"{split}_{kind}").is_dir()


def find(root: Path, split: str, kind: str) -> list[Member]:
    """Finds the frames of a split, video by video; those of foreign videos have a flaw."""
    blurry, sharp = f"{split}/{split}_{kind}", f"{split}/{split}_sharp"
    if not has(root, split, kind):
        return []
    members = []
    for video in sorted({*folders(root, blurry), *folders(root, sharp)}):
        suffixes = (".png", ".jpg", ".jpeg") if kind == "blur_jpeg" else (".png",)
        found = pair_up(scan(root, f"{blurry}/{video}", suffixes), scan(root, f"{sharp}/{video}"), video, video=True)
        found = without_strays(found, "not a frame number of 8 digits")
        foreign = _foreign(split, video)
        members += [m.flawed(Problem(f"{blurry}/{video}", foreign)) for m in found] if foreign else found
    return members


def _foreign(split: str, video: str) -> str:
    """Says why a video is none of a split's; empty where it is one.

    BasicSR's regrouping puts the validation videos behind the training videos, so that a training on the folder would
    see what it is scored on.
    """
    count = VIDEOS[split]
    number = int(video) if video.isdecimal() else -1
    if 0 <= number < count:
        return ""
    if split == "train" and count <= number < count + VIDEOS["val"]:
        return f"validation video {number - count:03d} by BasicSR's numbering; move it to val"
    return f"none of the official {split} videos 000 to {count - 1:03d}; move it out of {split}"


def complete(split: str, members: Sequence[Member]) -> bool:
    """Whether every video has exactly the frames 0 to 99."""
    return all(set(FRAMES) == numbers for numbers in numbers_by_scene(members).values())


def check(root: Path, members: Mapping[str, Sequence[Member]], kind: str) -> Findings:
    """Lists the frames that a video lacks; a video that is not there at all only makes a subset."""
    problems = []
    for split, found in members.items():
        found = [member for member in found if not _foreign(split, member.scene)]
        for video, numbers in numbers_by_scene(found).items():
            if missing := set(FRAMES) - numbers:
                what = f"{len(missing)} of {len(FRAMES)} frames missing: {spans(missing, 8)}"
                problems.append(Problem(f"{split}/{split}_{kind}/{video}", what))
    return Findings([] if is_sample(root) else problems, [])


def _reader(kind: str) -> Reader:
    return Reader(
        has=partial(has, kind=kind),
        find=partial(find, kind=kind),
        complete=complete,
        check=partial(check, kind=kind),
    )


INFO = DatasetInfo(
    name="reds",
    title="REDS, blur track (Nah et al. 2019)",
    references=(
        Reference(
            (
                "Nah, Seungjun",
                "Baik, Sungyong",
                "Hong, Seokil",
                "Moon, Gyeongsik",
                "Son, Sanghyun",
                "Timofte, Radu",
                "Lee, Kyoung Mu",
            ),
            "NTIRE 2019 Challenge on Video Deblurring and Super-Resolution: Dataset and Study",
            2019,
            "CVPR Workshops 2019 (NTIRE)",
        ),
    ),
    summary="Videos of 100 frames; blur from 120 frames per second interpolated to 1920 (`blur`).",
    source="https://seungjunnah.github.io/Datasets/reds",
    licence="CC BY 4.0",
    size="27,000 pairs of 720x1280",
    layout="""Unpack the archives into one folder:
REDS/
  train/train_blur/000/00000000.png ...    240 videos of 100 frames
  train/train_sharp/000/00000000.png ...
  val/val_blur/000/00000000.png ...        30 videos of 100 frames
  val/val_sharp/000/00000000.png ...
The sharp test frames are hidden, so val is what results are reported on.""",
    splits={"train": 24_000, "val": 3000},
    training_split="train",
    evaluation_split="val",
    protocols=("full", "val300", "bologna", "aligned"),
    video=True,
    folder="REDS",
    frame_size=(720, 1280),
)

JPEG_INFO = replace(
    INFO,
    name="reds-jpeg",
    title="REDS, JPEG track (NTIRE 2021)",
    references=(
        *INFO.references,
        Reference(
            ("Nah, Seungjun", "Son, Sanghyun", "Lee, Suyoung", "Timofte, Radu", "Lee, Kyoung Mu"),
            "NTIRE 2021 Challenge on Image Deblurring",
            2021,
            "CVPR Workshops 2021 (NTIRE)",
        ),
    ),
    summary="The same videos, blurred and JPEG-compressed (`blur_jpeg`). Never rank with reds.",
    layout="""Unpack the archives into one folder:
REDS/
  train/train_blur_jpeg/000/00000000.jpg ...    240 videos of 100 frames
  train/train_sharp/000/00000000.png ...
  val/val_blur_jpeg/000/00000000.jpg ...        30 videos of 100 frames
  val/val_sharp/000/00000000.png ...""",
)

register(INFO, _reader("blur"))
register(JPEG_INFO, _reader("blur_jpeg"))
