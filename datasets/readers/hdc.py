"""Helsinki Deblur Challenge 2021: text on an E Ink display, photographed by a sharp and a misfocused camera.

Training release: `step{0..19}/{Times,Verdana}/{CAM01,CAM02}/focusStep_{s}_{timesR|verdanaRef}_size_30_sample_{4
digits}.tif`, CAM01 sharp, CAM02 blurred, 100 samples for each font and step, the text in a `.txt` beside each image.
Test release: `steps_{0_to_4|5_to_9|10_to_14|15_to_19}/{CAM01_focused,CAM02_blurred}/`, the same names, 20 samples.
Images are 16-bit grey TIFF files. The test release also has sanity images without text, which are no pairs of the
split; `extras` finds them.

The scene of a pair is its step and font, the frame its sample number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from common.references import Reference
from datasets.errors import DataError
from datasets.readers.base import Findings, Found, Member, Problem, Reader, as_problem, pair_up, scan
from datasets.registry import DatasetInfo, register

STEPS = range(20)
FONTS = {"timesR": "Times", "verdanaRef": "Verdana"}
"""Font in a file's name -> font in a folder's name."""

TEST_FOLDERS = tuple(f"steps_{first}_to_{first + 4}" for first in STEPS[::5])
TEXT_LINES = 3
NAME = re.compile(r"focusStep_(\d+)_(timesR|verdanaRef)_size_30_sample_(\d{4})")
OTHER_NAME = re.compile(r"focusStep_(\d+)_(.+)")
CALIBRATION = ("PSF", "LSF_X", "LSF_Y")
SUFFIXES = (".tif", ".tiff")


def has(root: Path, split: str) -> bool:
    """Whether `root` holds a part of a split's release."""
    return bool(_camera_folders(root, split))


def find(root: Path, split: str) -> list[Member]:
    """The text photographs of a release in the order of step, font and sample, texts read."""
    members = []
    for blurry, sharp in _camera_folders(root, split):
        images = [scan(root, folder, SUFFIXES) for folder in (blurry, sharp)]
        texts = [scan(root, folder, (".txt",)) for folder in (sharp, blurry)]
        for (step, font), (bad, good) in _groups(*images).items():
            metadata = {"step": step, "font": FONTS[font]}
            found = pair_up(bad, good, f"step{step}/{FONTS[font]}", metadata=metadata)
            names = {m.frame: f"focusStep_{step}_{font}_size_30_sample_{m.frame}" for m in found}
            members += [_with_text(m, names[m.frame], texts, sharp) for m in found]
    fonts = list(FONTS.values())
    return sorted(members, key=lambda m: (m.metadata["step"], fonts.index(m.metadata["font"]), m.frame))


def extras(root: Path) -> list[Member]:
    """The sanity images of the test release, 16 for each step; metadata `kind` is `"sanity"`."""
    members = []
    for blurry, sharp in _camera_folders(root, "test"):
        bad, good = (
            {stem: file for stem, file in scan(root, folder, SUFFIXES).items() if _is_sanity(stem)}
            for folder in (blurry, sharp)
        )
        members += pair_up(bad, good, "sanity", metadata={"kind": "sanity"})
    return members


def check(root: Path, members: Mapping[str, Sequence[Member]]) -> Findings:
    """Lists texts that differ between the two cameras, and says how many sanity images there are."""
    problems = []
    for member in (m for found in members.values() for m in found if not m.flaws):
        texts = [file for file in member.files if file.path.suffix.lower() == ".txt"]
        for other in texts[1:]:
            try:
                if read_text(other.path) != member.metadata["text"]:
                    problems.append(Problem(other.name, f"text differs from {texts[0].name}"))
            except DataError as error:
                problems.append(as_problem(error, other.path, other.name))
    sanity = len(extras(root))
    notes = [f"test: {sanity} sanity images without text, not among the pairs"] if sanity else []
    return Findings(problems, notes)


def read_text(path: Path) -> tuple[str, ...]:
    """Reads the three lines of a text file, stripped on the right; empty lines do not count.

    Raises:
        DataError: When the file is unreadable or has another number of lines.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; check the data root") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text; fetch this file again") from error
    lines = [line.rstrip() for line in lines if line.strip()]
    if len(lines) != TEXT_LINES:
        raise DataError(f"{path}: {len(lines)} lines of text instead of {TEXT_LINES}; fetch this file again")
    return tuple(lines)


def parse_steps(text: str) -> list[int]:
    """The blur steps that a text like `0-10`, `5` or `0,3,5-7` names, in order.

    Raises:
        DataError: When it is something else, or names a step that the challenge does not have.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part.strip())
        steps = range(int(match[1]), int(match[2] or match[1]) + 1) if match else range(0)
        if not steps or steps[-1] not in STEPS:
            raise DataError(f"blur steps {text!r}: give steps from {STEPS[0]} to {STEPS[-1]}, like 0-10 or 0,3,5")
        found.update(steps)
    return sorted(found)


def _camera_folders(root: Path, split: str) -> list[tuple[str, str]]:
    """The folders of blurred and sharp images of a release that are there, by camera."""
    if split == "train":
        homes = [f"step{step}/{font}" for step in STEPS for font in FONTS.values()]
        cameras = ("CAM02", "CAM01")
    else:
        homes = list(TEST_FOLDERS)
        cameras = ("CAM02_blurred", "CAM01_focused")
    return [
        (f"{home}/{cameras[0]}", f"{home}/{cameras[1]}")
        for home in homes
        if any((root / home / camera).is_dir() for camera in cameras)
    ]


def _groups(
    blurry: Mapping[str, Found], sharp: Mapping[str, Found]
) -> dict[tuple[int, str], tuple[dict[str, Found], dict[str, Found]]]:
    """Sorts the text photographs of two folders into (step, font) -> blurred and sharp, by sample number."""
    groups: dict[tuple[int, str], tuple[dict[str, Found], dict[str, Found]]] = {}
    for side, found in enumerate((blurry, sharp)):
        for stem, file in found.items():
            if match := NAME.fullmatch(stem):
                group = groups.setdefault((int(match[1]), match[2]), ({}, {}))
                group[side][match[3]] = file
    return groups


def _with_text(member: Member, stem: str, texts: Sequence[Mapping[str, Found]], folder: str) -> Member:
    """Adds the text and its files; a missing or wrong text is a flaw."""
    files = [side[stem] for side in texts if stem in side]
    member = replace(member, files=(*member.files, *files))
    if not files:
        return replace(member, flaws=(*member.flaws, Problem(f"{folder}/{stem}.txt", "text file missing")))
    try:
        text = read_text(files[0].path)
    except DataError as error:
        return replace(member, flaws=(*member.flaws, as_problem(error, files[0].path, files[0].name)))
    return replace(member, metadata={**member.metadata, "text": text})


def _is_sanity(stem: str) -> bool:
    match = OTHER_NAME.fullmatch(stem)
    return match is not None and NAME.fullmatch(stem) is None and match[2] not in CALIBRATION


INFO = DatasetInfo(
    name="hdc",
    title="Helsinki Deblur Challenge 2021",
    references=(
        Reference(
            ("Juvonen, Markus", "Siltanen, Samuli", "Silva de Moura, Fernando"),
            "Helsinki Deblur Challenge 2021: Description of Photographic Data",
            2021,
            "arXiv",
            "https://arxiv.org/abs/2105.10233",
            "misc",
        ),
    ),
    summary="Photographs of text in 20 steps of defocus, with the text, scored by character recognition.",
    source="https://zenodo.org/records/4916176",
    licence="CC BY 4.0",
    size="4,800 pairs of 1460x2360, 16 bit grey",
    layout="""Unpack all archives into one folder:
HDC2021/
  step0/Times/{CAM01,CAM02}/focusStep_0_timesR_size_30_sample_0001.tif and .txt ...
  step0/Verdana/{CAM01,CAM02}/focusStep_0_verdanaRef_size_30_sample_0001.tif and .txt ...
  ... step19/                                      training release: split train
  steps_0_to_4/{CAM01_focused,CAM02_blurred}/focusStep_0_timesR_size_30_sample_0001.tif and .txt ...
  ... steps_15_to_19/                              test release: split test""",
    splits={"train": 4000, "test": 800},
    training_split="train",
    evaluation_split="test",
    protocols=("ocr",),
    video=False,
    folder="HDC2021",
    channels=1,
    frame_size=(1460, 2360),
    validation_unit="frame",
    # Germer et al.
    tiles=(640, 160),
    known_blur="estimated",
    blur_steps=True,
    natural_images="div2k",
)

READER = Reader(has=has, find=find, check=check, extras=extras)

register(INFO, READER)
