"""Our median filter against sorting, SciPy and OpenCV, on one grey 720p picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, alternate

HEIGHT, WIDTH = 720, 1280
WIDTHS = (3, 5, 7, 9)
_ROUNDS = 3


def median() -> list[Comparison]:
    """Times every width; the pictures hold whole numbers from 0 to 255, as OpenCV's wide filters take only those.

    OpenCV filters float32 for widths 3 and 5, and 8-bit numbers, which it does with histograms, for 7 and 9.
    """
    import cv2
    import tensorflow as tf
    from scipy import ndimage

    from zoo.layers.median import MedianFilter

    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    picture = pixels.astype(np.float32)
    tensor = tf.constant(picture[np.newaxis, ..., np.newaxis])
    rows = []
    for width in WIDTHS:
        native = picture if width <= 5 else pixels
        ours = partial(_run, tf.function(MedianFilter(width)), tensor)
        competitors: dict[str, Callable[[], object]] = {
            "sort": partial(_run, tf.function(_sorting(width)), tensor),
            "SciPy": partial(ndimage.median_filter, picture, width),
            f"OpenCV ({native.dtype})": partial(cv2.medianBlur, native, width),
        }
        for name, other in competitors.items():
            seconds, theirs = alternate(ours, other, _ROUNDS)
            target = 1.0 if name == "sort" else None
            title = f"median of width {width} of a grey 720p picture: ours / {name}"
            rows.append(Comparison(title, 1e3 * seconds, 1e3 * theirs, "ms", theirs / seconds, target))
    return rows


def _run(function: Callable[[Any], Any], tensor: Any) -> np.ndarray:
    """Runs a compiled function to the end."""
    return function(tensor).numpy()


def _sorting(width: int) -> Callable[[Any], Any]:
    """Returns the plain way: all neighbours of every pixel side by side, sorted."""
    from keras import ops

    def filtered(picture: Any) -> Any:
        padded = ops.pad(picture, [[0, 0], [width // 2] * 2, [width // 2] * 2, [0, 0]], mode="reflect")
        views = [
            padded[:, row : row + HEIGHT, column : column + WIDTH]
            for row in range(width) for column in range(width)
        ]  # fmt: skip
        return ops.sort(ops.stack(views, axis=-1), axis=-1)[..., width**2 // 2]

    return filtered
