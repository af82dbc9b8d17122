"""The HDC sample: random letters on a display, photographed sharp and out of focus, in the challenge's layout."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.cores import cores
from datasets.blur.estimate import Blur
from datasets.errors import DataError
from datasets.hdc import simulation
from datasets.samples.base import Recipe, register
from datasets.samples.photographs import photograph, stream, write_image

SIZE = simulation.SIZE
NAMES = {"Times": "timesR", "Verdana": "verdanaRef"}
"""Folder of a font -> its name within file names."""

LINES, LETTERS = 3, 10
SANITY_PHOTOGRAPH = "moon.png"


@dataclass(frozen=True)
class Options:
    """What the sample holds.

    Attributes:
        steps: Blur steps, from 0 to 10.
        train: Samples for each step and font in the training release.
        test: The same in the test release.
        psf_file: Measured point spread functions, see `simulation.read_defocus`; None takes an aperture's.

    Raises:
        DataError: When a step or a count cannot be.
    """

    steps: tuple[int, ...] = tuple(range(len(simulation.STEPS)))
    train: int = 3
    test: int = 2
    psf_file: Path | None = None

    def __post_init__(self) -> None:
        last = len(simulation.STEPS) - 1
        if not self.steps or not set(self.steps) <= set(range(last + 1)):
            raise DataError(f"blur steps {list(self.steps)}: the sample has steps from 0 to {last}")
        if self.train < 1 or self.test < 1 or max(self.train, self.test) > 9999:
            raise DataError(f"{self.train} and {self.test} samples per font; take 1 to 9999")

    def as_dict(self) -> dict[str, Any]:
        """What tells this sample from another one, for its marker."""
        digest = None
        if self.psf_file is not None:
            try:
                digest = hashlib.sha256(self.psf_file.read_bytes()).hexdigest()[:16]
            except OSError as error:
                raise DataError(f"{self.psf_file}: {error.strerror or error}; give an existing .npz file") from error
        return {"steps": sorted(set(self.steps)), "train": self.train, "test": self.test, "psfs": digest}


@dataclass(frozen=True)
class _Page:
    """One page to photograph: where its photographs go and what it shows."""

    split: str
    step: int
    font: str
    sample: int


def make_hdc(folder: Path, seed: int, options: Options | None = None) -> None:
    """Writes the training and the test release, where digits occur too, with a sanity image for each step.

    Raises:
        DataError: When the file of point spread functions cannot be read or lacks a step.
    """
    options = options or Options()
    blurs = _blurs(options)

    def write(page: _Page) -> None:
        generator = stream(seed, "hdc", page.split, page.step, page.font, page.sample)
        if page.font:
            alphabet = list(string.ascii_letters + (string.digits if page.split == "test" else ""))
            lines = ["".join(generator.choice(alphabet, LETTERS)) for _ in range(LINES)]
            light = simulation.show(lines, page.font)
            name = f"focusStep_{page.step}_{NAMES[page.font]}_size_30_sample_{page.sample:04d}"
        else:
            lines, light, name = None, _sanity_light(), f"focusStep_{page.step}_Image_moon"
        geometry = simulation.second_camera(page.step)
        for camera, (blur, warp) in zip(
            _cameras(folder, page), ((None, None), (blurs[page.step], geometry)), strict=True
        ):
            write_image(camera / f"{name}.tif", simulation.photograph(light, blur, warp, generator))
            if lines is not None:
                (camera / f"{name}.txt").write_text("\n".join(lines), encoding="utf-8")

    # Every page has random numbers of its own, so their order does not matter.
    with ThreadPoolExecutor(cores()) as pool:
        for _ in pool.map(write, _pages(options)):
            pass


def _pages(options: Options) -> Iterator[_Page]:
    """Yields every page of both releases."""
    for step in sorted(set(options.steps)):
        for split, count in (("train", options.train), ("test", options.test)):
            for font in NAMES:
                yield from (_Page(split, step, font, sample) for sample in range(1, count + 1))
        yield _Page("test", step, "", 0)


def _blurs(options: Options) -> dict[int, Blur]:
    """The blur of every step."""
    if options.psf_file is None:
        return {step: simulation.defocus_of(step) for step in options.steps}
    measured = simulation.read_defocus(options.psf_file)
    missing = sorted(set(options.steps) - set(measured))
    if missing:
        raise DataError(f"{options.psf_file}: no point spread function of step {missing[0]}; it has {sorted(measured)}")
    return {step: measured[step] for step in options.steps}


def _sanity_light() -> np.ndarray:
    """The light of a photograph shown on the display."""
    import cv2

    grey = photograph(SANITY_PHOTOGRAPH)[..., 0].astype(np.float32) / 255
    rows, columns = simulation.DISPLAY
    top = (grey.shape[0] - round(grey.shape[1] * rows / columns)) // 2
    page = np.clip(cv2.resize(grey[top : grey.shape[0] - top], (columns, rows), interpolation=cv2.INTER_AREA), 0, 1)
    return simulation.display(simulation.INK + (simulation.PAPER - simulation.INK) * page)


def _cameras(folder: Path, page: _Page) -> tuple[Path, Path]:
    """The folders of the focused and of the blurred camera."""
    if page.split == "train":
        home = folder / f"step{page.step}" / page.font
        return home / "CAM01", home / "CAM02"
    first = page.step // 5 * 5
    home = folder / f"steps_{first}_to_{first + 4}"
    return home / "CAM01_focused", home / "CAM02_blurred"


register(
    Recipe(
        "hdc",
        *SIZE,
        "random letters on a simulated display, photographed in and out of focus",
        make_hdc,
        options=Options,
    )
)
