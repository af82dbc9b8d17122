"""Before and after as a figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from common.notebook import figure
from common.pixels import to_eight_bits
from zoo.inference import score
from zoo.inference.pixels import as_array, check_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL import Image

    Photograph = np.ndarray | Path | str | Image.Image


def compare(blurred: Photograph, restored: Photograph, sharp: Photograph | None = None) -> Figure:
    """A blurred image, what was made of it and the sharp one side by side.

    Args:
        blurred: Array (height, width) or (height, width, 1 or 3), uint8, uint16 or float in [0, 1]; a path or a Pillow
            image.
        restored: Of the same size.
        sharp: Of the same size; with it the titles say PSNR and SSIM of the others, on 8 bits, channel by channel.

    Returns:
        A Matplotlib figure, which a notebook shows and `savefig` writes.

    Raises:
        ZooError: For what are no images, or images of different sizes.

    >>> blurred, sharp = (np.full((16, 16, 3), value, np.uint8) for value in (100, 110))
    >>> [axes.get_title() for axes in compare(blurred, sharp, sharp).axes]
    ['blurred, 28.13 dB, SSIM 0.9955', 'restored, equal, SSIM 1.0000', 'sharp']
    """
    given = {"blurred": blurred, "restored": restored, **({} if sharp is None else {"sharp": sharp})}
    images = {name: _pixels(image) for name, image in given.items()}
    for name, image in images.items():
        score.check_pair(images["blurred"], image, name)
    titles = [
        name if name == "sharp" or sharp is None else f"{name}, {_scores(image, images['sharp'])}"
        for name, image in images.items()
    ]
    return figure(list(images.values()), titles)


def _pixels(image: Photograph) -> np.ndarray:
    """An image as uint8 (height, width, 1 or 3)."""
    pixels = as_array(image)
    pixels = pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
    check_image(pixels)
    return to_eight_bits(pixels)


def _scores(image: np.ndarray, sharp: np.ndarray) -> str:
    """PSNR and SSIM to the sharp image in words."""
    first, second = score.check_pair(image, sharp, "sharp")
    ratio, similarity = score.psnr(first, second), score.ssim(first, second)
    words = [f"{ratio:.2f} dB" if np.isfinite(ratio) else "equal"]
    return ", ".join([*words, *([] if similarity is None else [f"SSIM {similarity:.4f}"])])
