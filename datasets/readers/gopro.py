"""GOPRO_Large (Nah et al. 2017): `{train,test}/{GOPRaaaa_nn_kk}/{blur,blur_gamma,sharp}/{6 digits}.png`.

`blur` averages the camera's values as they are, `blur_gamma` averages after an inverse gamma of 2.2. Papers use one or
the other (MPRNet and Restormer the former, Nah et al. the latter), so they are two data sets here: `gopro` and
`gopro-gamma`. The flat repacking `{train,test}/{input,target}` holds the former, as do the test images of MPRNet and
Restormer, `test/GoPro/{input,target}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from common.references import Reference
from datasets.readers.base import (
    Findings,
    Found,
    Member,
    Problem,
    Reader,
    flat_folders,
    folders,
    is_sample,
    numbers_by_scene,
    pair_up,
    scan,
    spans,
    without_strays,
)
from datasets.registry import DatasetInfo, register

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


_NAMES = ("gopro", "gopro_large")
_STRAY = "not a frame number of 6 digits"
_FLAT_STRAY = "does not tell sequence and frame as the other files do"


def has(root: Path, split: str, kind: str) -> bool:
    """Whether `root` holds a sequence folder with this kind of blur, or (linear blur) a flat repacking."""
    return _flat(root, split, kind) is not None or bool(_sequences(root, split, kind))


def find(root: Path, split: str, kind: str) -> list[Member]:
    """Finds the frames of a split, sequence by sequence; those of another official split have a flaw."""
    flat = _flat(root, split, kind)
    if flat is not None:
        return _find_flat(root, split, flat)
    members = []
    for sequence in _sequences(root, split, kind):
        blurry, sharp = (scan(root, f"{split}/{sequence}/{folder}") for folder in (kind, "sharp"))
        # `blur_gamma` may come for some frames only: that is a subset. Without `blur`, a frame is damaged.
        found = pair_up(blurry, sharp, sequence, sharp_alone=kind == "blur", video=True)
        members += without_strays(found, _STRAY)
    return _in_their_split(members, split)


def complete(split: str, members: Sequence[Member]) -> bool:
    """Whether the frames are those of the official table; repackings with other names have only their count."""
    numbers = numbers_by_scene(members)
    if numbers == {split: set()}:
        return True
    return numbers == {name: set(_range(split, name)) for name in SEQUENCES[split]}


def check(root: Path, members: Mapping[str, Sequence[Member]], kind: str) -> Findings:
    """Compares each sequence with the official table: missing frames are problems, foreign frames are notes."""
    findings = Findings([], [])
    if is_sample(root):
        return findings
    for split, found in members.items():
        for sequence, numbers in numbers_by_scene(found).items():
            _check_sequence(root, split, sequence, numbers, kind, findings)
    return findings


def _check_sequence(root: Path, split: str, sequence: str, numbers: set[int], kind: str, findings: Findings) -> None:
    """Adds what is to be said about one sequence."""
    # `blur_gamma` of a few frames may lie in the official range by chance; the sharp frames tell.
    known = numbers | {int(stem) for stem in scan(root, f"{split}/{sequence}/sharp") if stem.isdecimal()}
    if not known:
        findings.notes.append(f"{split}: file names do not tell the sequence, so only their count is checked")
    elif sequence not in SEQUENCES[split]:
        findings.notes.append(f"{split}/{sequence}: not one of the official {split} sequences")
    elif foreign := known - set(_range(split, sequence)):
        first, last = SEQUENCES[split][sequence]
        findings.notes.append(
            f"{split}/{sequence}: {len(foreign)} of {len(known)} frames lie outside the official range "
            f"{first:06d}-{last:06d}: {spans(foreign, 6)}"
        )
    elif missing := set(_range(split, sequence)) - numbers:
        total = len(_range(split, sequence))
        what = f"{len(missing)} of {total} frames missing: {spans(missing, 6)}"
        findings.problems.append(Problem(f"{split}/{sequence}/{kind}", what))


def _in_their_split(members: Sequence[Member], split: str) -> list[Member]:
    """Marks the frames that are official frames of another split: training on them would be training on the test."""
    results = []
    for member in members:
        for other, sequences in SEQUENCES.items():
            if other != split and member.scene in sequences and member.number in _range(other, member.scene):
                what = f"frames of the official {other} split; move them there"
                member = member.flawed(Problem(f"{split}/{member.scene}", what))
        results.append(member)
    return results


def _flat(root: Path, split: str, kind: str) -> tuple[str, str] | None:
    return flat_folders(root, split, _NAMES) if kind == "blur" else None


def _sequences(root: Path, split: str, kind: str) -> list[str]:
    """Lists the sequence folders; for `blur_gamma` only those that have it."""
    needed = ("blur", "sharp") if kind == "blur" else (kind,)
    return [name for name in folders(root, split) if any((root / split / name / folder).is_dir() for folder in needed)]


def _find_flat(root: Path, split: str, flat: tuple[str, str]) -> list[Member]:
    """Finds the members of a flat repacking, split into sequences where file names tell them."""
    both = [scan(root, folder) for folder in flat]
    strays = [{stem: f for stem, f in found.items() if not OFFICIAL_NAME.fullmatch(stem)} for found in both]
    if [len(found) for found in both] == [len(found) for found in strays]:
        return pair_up(both[0], both[1], split)
    blurry, sharp = (_by_sequence(found) for found in both)
    members = []
    for sequence in sorted({*blurry, *sharp}):
        members += pair_up(blurry.get(sequence, {}), sharp.get(sequence, {}), sequence, video=True)
    members = _in_their_split(members, split)
    text = f"{_FLAT_STRAY}; rename it or move it out of the data set"
    for stray in pair_up(strays[0], strays[1], split):
        members.append(stray.flawed(*(Problem(file.name, text) for file in stray.files)))
    return members


def _by_sequence(found: Mapping[str, Found]) -> dict[str, dict[str, Found]]:
    """Groups the files whose names tell it by their sequence, then by frame."""
    sequences: dict[str, dict[str, Found]] = {}
    for stem, file in found.items():
        if match := OFFICIAL_NAME.fullmatch(stem):
            sequences.setdefault(match[1], {})[match[2]] = file
    return sequences


def _range(split: str, sequence: str) -> range:
    first, last = SEQUENCES[split][sequence]
    return range(first, last + 1)


def _reader(kind: str) -> Reader:
    return Reader(
        has=partial(has, kind=kind),
        find=partial(find, kind=kind),
        complete=complete,
        check=partial(check, kind=kind),
    )


INFO = DatasetInfo(
    name="gopro",
    title="GOPRO_Large, linear blur (Nah et al. 2017)",
    references=(
        Reference(
            ("Nah, Seungjun", "Kim, Tae Hyun", "Lee, Kyoung Mu"),
            "Deep Multi-Scale Convolutional Neural Network for Dynamic Scene Deblurring",
            2017,
            "CVPR 2017",
            "https://arxiv.org/abs/1612.02177",
        ),
    ),
    summary="Street scenes at 240 frames per second; blurry images are means of 7 to 13 frames (`blur`).",
    source="https://seungjunnah.github.io/Datasets/gopro",
    licence="CC BY 4.0",
    size="3,214 pairs of 720x1280",
    layout="""Unpack GOPRO_Large:
GOPRO_Large/
  train/GOPR0372_07_00/{blur,sharp}/000047.png ...    22 sequences
  test/GOPR0384_11_00/{blur,sharp}/000001.png ...     11 sequences
The flat repacking {train,test}/{input,target}/*.png is read too, as are test/GoPro/{input,target}/*.png.""",
    splits={"train": 2103, "test": 1111},
    training_split="train",
    evaluation_split="test",
    protocols=("full", "bologna", "aligned"),
    video=True,
    folder="GOPRO_Large",
    frame_size=(720, 1280),
)

GAMMA_INFO = replace(
    INFO,
    name="gopro-gamma",
    title="GOPRO_Large, gamma blur (Nah et al. 2017)",
    summary="The same scenes; means taken after undoing a gamma of 2.2 (`blur_gamma`). Never rank with gopro.",
    layout="""Unpack GOPRO_Large:
GOPRO_Large/
  train/GOPR0372_07_00/{blur_gamma,sharp}/000047.png ...    22 sequences
  test/GOPR0384_11_00/{blur_gamma,sharp}/000001.png ...     11 sequences""",
)

register(INFO, _reader("blur"))
register(GAMMA_INFO, _reader("blur_gamma"))
