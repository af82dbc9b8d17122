"""The median filter's comparisons of `python -m benchmarks.speed`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.speed.compare import Comparison, alternate

HEIGHT, WIDTH = 720, 1280
# OpenCV filters float32 images by these widths only.
FLOAT_WIDTHS_OF_OPENCV = (3, 5)


def median() -> list[Comparison]:
    """Our median filter of a grey 720p image against sorting the neighbours, SciPy and OpenCV.

    The image holds 8-bit values as float32 numbers, for OpenCV and the widths 7 and 9 as bytes, because it takes no
    others there. Ours and sorting run as TensorFlow functions. For widths 3 and 5, sharing work between windows is
    also compared with one exchange network per window.
    """
    import cv2
    from scipy import ndimage

    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    numbers = image.astype(np.float32)
    rows = []
    for width in (3, 5, 7, 9):
        ours = _function(_layer(width), numbers)
        for_opencv = numbers if width in FLOAT_WIDTHS_OF_OPENCV else image
        others: dict[str, tuple[Callable[[], object], int, float | None]] = {
            "sorting the neighbours": (_function(_sorting(width), numbers), 3, 1.0),
            "SciPy": (partial(ndimage.median_filter, numbers, width, mode="mirror"), 3, None),
            f"OpenCV, {for_opencv.dtype}": (partial(cv2.medianBlur, for_opencv, width), 9, None),
        }
        if width in FLOAT_WIDTHS_OF_OPENCV:
            others["a network per window"] = (_function(_layer(width, sharing=False), numbers), 9, None)
        for name, (other, rounds, target) in others.items():
            seconds, other_seconds = alternate(ours, other, rounds)
            rows.append(
                Comparison(
                    f"median filter of width {width}, grey 720p: ours / {name}",
                    1e3 * seconds,
                    1e3 * other_seconds,
                    "ms",
                    other_seconds / seconds,
                    target,
                )
            )
    return rows


def _layer(width: int, sharing: bool = True) -> Callable[..., object]:
    """Our layer."""
    from zoo.layers.median import MedianFilter

    return MedianFilter(width, sharing=sharing)


def _sorting(width: int) -> Callable[..., object]:
    """The median filter that stacks the neighbours of every pixel and sorts them."""
    from keras import ops

    radius = width // 2

    def sort(images: object) -> object:
        padded = ops.pad(images, [[0, 0], [radius, radius], [radius, radius], [0, 0]], mode="reflect")
        views = [
            padded[:, row : row + HEIGHT, column : column + WIDTH] for row in range(width) for column in range(width)
        ]
        return ops.sort(ops.stack(views, axis=-1), axis=-1)[..., width**2 // 2]

    return sort


def _function(filtered: Callable[..., object], image: np.ndarray) -> Callable[[], object]:
    """The call of a filter as a TensorFlow function on an image that is already a tensor."""
    import tensorflow as tf

    images = tf.constant(image[np.newaxis, ..., np.newaxis])
    function = tf.function(filtered)
    return lambda: function(images).numpy()
