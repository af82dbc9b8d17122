"""Text on an E Ink display and the two cameras of the Helsinki Deblur Challenge, simulated at full size.

What the simulation imitates: the size of the photographs and of the display's pixels, letters of the display's own
coarse grid, the narrow gaps between its pixels, uneven light, the geometry of the second camera (a warp of third
degree), its defocus, the stray light that comes with it, and the noise of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from datasets.blur import warp
from datasets.blur.camera import Sensor, add_noise
from datasets.blur.defocus import aperture, defocus
from datasets.blur.estimate import Blur
from datasets.errors import DataError
from datasets.files import read_arrays

SIZE = (1460, 2360)
"""Height and width of the challenge's photographs."""

PITCH = SIZE[1] / 300
"""Photo pixels per display pixel: the photographs show about 300 x 200 of the display's."""

DISPLAY = (int(np.ceil(SIZE[0] / PITCH)), 300)
"""Rows and columns of the display's pixels that are seen."""

FONTS = {"Times": "STIXGeneral.ttf", "Verdana": "DejaVuSans.ttf"}
"""Font of the challenge -> the font of matplotlib that looks like it."""

FONT_SIZE, LINE_DISTANCE = 30, 37
"""In display pixels; the size is that in the names of the challenge's files, the distance measured on its example."""

PAPER, INK = 0.9, 0.13
"""Light that the display sends back, of 1 (our choice, like the challenge's example)."""

GREYS = 16
"""Grey levels of the display."""

GAP, GAP_DARKNESS = 0.12, 0.06
"""Share of a display pixel's side that is gap, and the share of the light that it lacks (our choice)."""

LENS = 1.2
"""Standard deviation of the focused camera's own blur, in pixels (our choice)."""

SENSOR = Sensor(shot=6e-4, read=8e-3)
"""0.024 on white, the noise of the challenge's example."""

VIGNETTING, TILT = 0.07, (-0.01, 0.02)
"""Light lacking in the middle of each edge, twice that in the corners, and its slope along x and y (as the example)."""

BLADES = 8
STEPS = (
    (3.1, 0.9786, 0.0475),
    (5.6, 0.8976, 0.1178),
    (13.0, 0.8035, 0.2009),
    (20.6, 0.6878, 0.3010),
    (29.6, 0.6539, 0.3308),
    (35.3, 0.5674, 0.3990),
    (44.3, 0.5705, 0.3997),
    (53.7, 0.5731, 0.4002),
    (68.1, 0.6093, 0.4006),
    (81.0, 0.6086, 0.4006),
    (98.4, 0.6140, 0.4002),
)
"""For each blur step the radius of the defocus in pixels, the sum of its point spread function, and the offset.

Measured on the point spread functions that Germer, Uelwer and Harmeling estimated from the challenge's photographs.
"""


def defocus_of(step: int) -> Blur:
    """The blur of an aperture of eight blades with the radius, sum and offset of a step."""
    radius, total, offset = STEPS[step]
    return Blur(total * aperture(radius, BLADES), offset)


def read_defocus(path: Path) -> Mapping[int, Blur]:
    """Reads measured point spread functions.

    Args:
        path: A `.npz` file with `psf_00`, `offset_00` and so on, or with `psf` and `offset` for every step, as
            `estimate-psf` writes it.

    Returns:
        Step -> blur, for the steps that the file has.

    Raises:
        DataError: When the file cannot be read or holds none.
    """
    arrays = read_arrays(path, "point spread functions; give a .npz file")
    names = {step: (f"psf_{step:02d}", f"offset_{step:02d}") for step in range(20)}
    if "psf" in arrays:
        names = dict.fromkeys(names, ("psf", "offset"))
    try:
        found = {
            step: Blur(arrays[psf], float(arrays[offset])) for step, (psf, offset) in names.items() if psf in arrays
        }
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: cannot be read as point spread functions ({error}); give a .npz file") from error
    if not found or any(blur.psf.ndim != 2 or 0 in np.mod(blur.psf.shape, 2) for blur in found.values()):
        raise DataError(f"{path}: holds no point spread functions `psf_00`, ... or `psf` with odd sides")
    return found


def second_camera(step: int) -> np.ndarray:
    """The warp that lays the second camera's photographs of a step over the first one's.

    The leading weights are those of the challenge's later steps; the bend grows until step 6 (both after Germer et
    al.), at a tenth of theirs (our choice, as only a part of their weights is known).
    """
    weights = warp.identity()
    weights[0, :3] = 0.9777, 0.0037, -0.0009
    weights[1, :3] = -0.0010, 1.0023, -0.0185
    weights[1, warp.POWERS.index((0, 3))] = -0.019 * min(step, 6) / 6
    return weights


def show(lines: list[str], font: str) -> np.ndarray:
    """Shows lines of text in the middle of the display.

    Args:
        lines: The text.
        font: A key of `FONTS`.

    Returns:
        Light at the photographs' resolution, float32 array of `SIZE`, between `INK` and `PAPER`.
    """
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = DISPLAY
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / FONTS[font]
    typeface = ImageFont.truetype(str(path), FONT_SIZE)
    page = Image.new("L", (columns, rows), 0)
    draw = ImageDraw.Draw(page)
    for index, line in enumerate(lines):
        middle = rows / 2 + LINE_DISTANCE * (index - (len(lines) - 1) / 2)
        draw.text((columns / 2, middle), line, fill=255, font=typeface, anchor="mm")
    ink = np.rint(np.asarray(page, np.float32) / 255 * (GREYS - 1)) / (GREYS - 1)
    return display(PAPER - (PAPER - INK) * ink)


def display(pixels: np.ndarray) -> np.ndarray:
    """How the display's pixels look at the photographs' resolution, gaps included.

    Args:
        pixels: Light of the display's pixels, float32 array (186, 300).

    Returns:
        float32 array of `SIZE`.
    """
    places = [(np.arange(side) + 0.5) / PITCH for side in SIZE]
    rows, columns = (place.astype(int) for place in places)
    gaps = [np.abs(place % 1 - 0.5) > (1 - GAP) / 2 for place in places]
    lit = 1 - np.float32(GAP_DARKNESS) * (gaps[0][:, np.newaxis] | gaps[1])
    result: np.ndarray = pixels[rows][:, columns] * lit
    return result


def photograph(
    light: np.ndarray, blur: Blur | None, geometry: np.ndarray | None, generator: np.random.Generator
) -> np.ndarray:
    """Photographs the display.

    Args:
        light: What the display shows, float32 array of `SIZE`, or a part of it.
        blur: Defocus of the second camera, or None for the focused first one.
        geometry: Warp that lays the photograph over the first camera's; None leaves it there.
        generator: Source of the noise.

    Returns:
        uint16 array of the same shape.
    """
    import cv2

    seen = cv2.GaussianBlur(light, (0, 0), LENS) * _evenness(light.shape)
    if blur is not None:
        seen = defocus(seen, blur.psf, blur.offset)
    if geometry is not None:
        seen = warp.warp(seen, warp.inverse(geometry))
    result: np.ndarray = np.rint(np.clip(add_noise(seen, SENSOR, generator), 0, 1) * 65535).astype(np.uint16)
    return result


@lru_cache(maxsize=1)
def _evenness(shape: tuple[int, ...]) -> np.ndarray:
    """Gives the share of the light that arrives at every place of a photograph."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in shape), indexing="ij")
    result: np.ndarray = 1 - np.float32(VIGNETTING) * (x**2 + y**2) + np.float32(TILT[0]) * x + np.float32(TILT[1]) * y
    return result
