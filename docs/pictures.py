"""Makes the picture of README and documentation anew, with the weights that are packaged now: run it when they change.

    python docs/pictures.py

A part of a photograph that scikit-image ships, blurred by a shaking camera, restored by `photo-small`, and sharp.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import zoo  # noqa: E402
from benchmarks import metrics  # noqa: E402
from common.files import atomic_open  # noqa: E402
from datasets.blur.camera import Sensor  # noqa: E402
from datasets.blur.on_the_fly import Blur, apply  # noqa: E402
from datasets.image import Window  # noqa: E402
from datasets.samples.photographs import photograph  # noqa: E402

TARGET = HERE / "before-after.webp"
WEIGHTS = "photo-small"
LARGEST = 100_000
"""Bytes that the picture may have."""

_PHOTOGRAPH, _PART = "astronaut.png", Window(30, 110, 200, 240)
_LENGTH, _SEED = 14.0, 4
_SCALE, _GAP, _CAPTION = 2, 8, 34


def main() -> int:
    """Writes the picture and says how much the weights gain."""
    sharp = photograph(_PHOTOGRAPH)
    whole = Window(0, 0, sharp.shape[0], sharp.shape[1])
    blurry = apply(Blur(length=_LENGTH, sensor=Sensor()), sharp, whole, np.random.default_rng(_SEED))
    restored = zoo.restore(zoo.load(WEIGHTS), blurry)
    shown = {"blurred": blurry, f"restored by {WEIGHTS}": restored, "sharp": sharp}
    titles = [
        title if image is sharp else f"{title}, {metrics.psnr(image, sharp):.1f} dB" for title, image in shown.items()
    ]
    content = _encoded(_beside([_part(image) for image in shown.values()], titles))
    with atomic_open(TARGET) as stream:
        stream.write(content)
    print(f"{TARGET}: {len(content):,} bytes; {'; '.join(titles)}")
    return 0


def _part(image: np.ndarray) -> Image.Image:
    """The part that is shown, every pixel as a square of pixels."""
    part = image[_PART.top : _PART.top + _PART.height, _PART.left : _PART.left + _PART.width]
    return Image.fromarray(part).resize((_SCALE * _PART.width, _SCALE * _PART.height), Image.Resampling.NEAREST)


def _beside(parts: list[Image.Image], titles: list[str]) -> Image.Image:
    """The parts from left to right, each with its title below."""
    width, height = parts[0].size
    page = Image.new("RGB", (len(parts) * (width + _GAP) - _GAP, height + _CAPTION), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(20)
    for place, (part, title) in enumerate(zip(parts, titles, strict=True)):
        page.paste(part, (place * (width + _GAP), 0))
        middle = place * (width + _GAP) + width // 2
        draw.text((middle, height + _CAPTION // 2), title, "black", font, anchor="mm")
    return page


def _encoded(page: Image.Image) -> bytes:
    """WebP of the best quality that stays below `LARGEST`."""
    for quality in range(90, 20, -5):
        stream = io.BytesIO()
        page.save(stream, "WEBP", quality=quality, method=6)
        if stream.tell() < LARGEST:
            break
    return stream.getvalue()


if __name__ == "__main__":
    sys.exit(main())
