"""The HDC sample: random letters, photographed sharp and out of focus."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np

from datasets.blur.camera import Sensor, add_noise
from datasets.blur.defocus import aperture, defocus
from datasets.sample_photos import photograph, stream, write_picture

SIZE = (365, 590)
"""Height and width: a quarter of the challenge's 1460 x 2360 (our choice)."""

SCALE = SIZE[1] / 2360
STEPS = {0: (3.1, 0.9786, 0.0475), 1: (5.6, 0.8976, 0.1178), 2: (13.0, 0.8035, 0.2009), 3: (20.6, 0.6878, 0.3010)}
"""Step -> radius in pixels of the full size, sum of the point spread function, and offset.

Measured on the point spread functions that Germer, Uelwer and Harmeling estimated from the challenge's photographs.
"""

BLADES = 8
FONTS = {"Times": ("timesR", "STIXGeneral.ttf"), "Verdana": ("verdanaRef", "DejaVuSans.ttf")}
"""Folder -> name within file names, and the font of matplotlib that looks like it."""

COUNTS = {"train": 3, "test": 2}
"""Samples for each step and font."""

LINES, LETTERS = 3, 10
PAPER, INK = 0.85, 0.12
"""Light that the display sends back, of 1 (our choice, like the challenge's photographs)."""

VIGNETTING = 0.1
"""Light that the corners lack."""

SENSOR = Sensor(shot=2e-5, read=2e-3)
SANITY_PHOTOGRAPH = "moon.png"


def make_hdc(folder: Path, seed: int) -> None:
    """Writes steps 0 to 3 of the training release and of the test release, where digits occur too."""
    for step in STEPS:
        for font, (name, _) in FONTS.items():
            for split, count in COUNTS.items():
                for sample in range(1, count + 1):
                    generator = stream(seed, "hdc", split, step, font, sample)
                    alphabet = string.ascii_letters + (string.digits if split == "test" else "")
                    lines = ["".join(generator.choice(list(alphabet), LETTERS)) for _ in range(LINES)]
                    file = f"focusStep_{step}_{name}_size_30_sample_{sample:04d}"
                    page = render(lines, font)
                    _write_pair(_cameras(folder, split, font, step), file, page, step, generator, lines)
        generator = stream(seed, "hdc", step)
        cameras = _cameras(folder, "test", "", step)
        _write_pair(cameras, f"focusStep_{step}_Image_moon", _sanity_page(), step, generator, None)


def render(lines: list[str], font: str) -> np.ndarray:
    """Draws lines of text in the middle of an empty page.

    Args:
        lines: The text.
        font: `"Times"` or `"Verdana"`.

    Returns:
        float32 array of `SIZE`, light between `INK` and `PAPER`.
    """
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    height, width = SIZE
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / FONTS[font][1]
    typeface = ImageFont.truetype(str(path), round(0.155 * height))
    page = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(page)
    for index, line in enumerate(lines):
        middle = height * (0.5 + 0.2 * (index - (len(lines) - 1) / 2))
        draw.text((width / 2, middle), line, fill=255, font=typeface, anchor="mm")
    return PAPER - (PAPER - INK) * np.asarray(page, np.float32) / 255


def photograph_page(page: np.ndarray, step: int | None, generator: np.random.Generator) -> np.ndarray:
    """Photographs a page.

    Args:
        page: Light of the page, float32 array (height, width) between 0 and 1.
        step: Blur step of the second camera, or None for the focused first one.
        generator: Source of the noise.

    Returns:
        uint16 array of the page's shape.
    """
    light = page
    if step is not None:
        radius, total, offset = STEPS[step]
        light = defocus(page, total * aperture(radius * SCALE, BLADES), offset)
    y, x = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in page.shape), indexing="ij")
    light = light * (1 - VIGNETTING * (x**2 + y**2) / 2)
    return np.rint(np.clip(add_noise(light, SENSOR, generator), 0, 1) * 65535).astype(np.uint16)


def _sanity_page() -> np.ndarray:
    """Returns a photograph shown on the display."""
    import cv2

    grey = photograph(SANITY_PHOTOGRAPH)[..., 0].astype(np.float32) / 255
    top = (grey.shape[0] - round(grey.shape[1] * SIZE[0] / SIZE[1])) // 2
    page = cv2.resize(grey[top : grey.shape[0] - top], SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    return (INK + (PAPER - INK) * np.clip(page, 0, 1)).astype(np.float32)


def _cameras(folder: Path, split: str, font: str, step: int) -> tuple[Path, Path]:
    """Returns the folders of the focused and of the blurred camera."""
    if split == "train":
        return folder / f"step{step}" / font / "CAM01", folder / f"step{step}" / font / "CAM02"
    first = step // 5 * 5
    home = folder / f"steps_{first}_to_{first + 4}"
    return home / "CAM01_focused", home / "CAM02_blurred"


def _write_pair(
    cameras: tuple[Path, Path],
    name: str,
    page: np.ndarray,
    step: int,
    generator: np.random.Generator,
    lines: list[str] | None,
) -> None:
    """Writes both photographs of a page, and its text beside each."""
    for camera, blur_step in zip(cameras, (None, step), strict=True):
        write_picture(camera / f"{name}.tif", photograph_page(page, blur_step, generator))
        if lines is not None:
            (camera / f"{name}.txt").write_text("\n".join(lines), encoding="utf-8")
