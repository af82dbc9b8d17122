"""Whether an exported file restores as the model does in Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.backend import keras, layers_within
from zoo.errors import ZooError
from zoo.export.base import Runtime
from zoo.export.graph import BLUR_STEP, BLURRY, PSF, Graph
from zoo.inference.batches import restore_batch

TOLERANCE = 1e-4
"""Largest difference from Keras, as a share of the largest number."""

HALF_TOLERANCE = 1 / 255
"""That for weights in half precision: one step of an image of 8 bits."""

# One size that suits every model, one that divides by neither 2, 3 nor 5, one that is smaller than what some pad.
_SIZES = ((96, 64), (73, 101), (7, 5))
# What a side beyond the largest window of a model is longer by, again dividing by nothing.
_BEYOND = 17
# Share of the values that must lie within (0, 1): where all are clipped, files that differ would look alike.
_LEAST_WITHIN = 0.01


@dataclass(frozen=True)
class Check:
    """Inputs by name, and the restored images that they must give."""

    inputs: Mapping[str, np.ndarray]
    expected: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        height, width = self.expected.shape[1:3]
        return height, width


def checks_of(graph: Graph) -> list[Check]:
    """Random images of several sizes, or of the only one that a graph takes, and what Keras makes of them.

    Keras' side is `zoo.inference`, which pads, crops and clips by itself, with NumPy.

    Raises:
        ZooError: When the restored images are nearly all black and white, so that nothing can be compared.
    """
    rng = np.random.default_rng(0)
    sizes = [graph.size, graph.size] if graph.size else _sizes(graph.model)
    # The second size goes through as two images at once.
    counts = [1] * len(sizes) if graph.size else [1, 2, *[1] * (len(sizes) - 2)]
    checks = []
    for count, (height, width) in zip(counts, sizes, strict=True):
        inputs = random_inputs(graph, rng, count, height, width)
        checks.append(Check(inputs, by_keras(graph, inputs)))
    within = np.mean([np.mean((check.expected > 0) & (check.expected < 1)) for check in checks[:2]])
    if within < _LEAST_WITHIN:
        raise ZooError(
            f"{graph.model.name} makes random images nearly all black and white, so nothing can be compared; "
            "are its weights trained?"
        )
    return checks


def random_inputs(graph: Graph, rng: np.random.Generator, count: int, height: int, width: int) -> dict[str, np.ndarray]:
    """What a graph takes, for `count` images of a size."""
    channels = graph.signature[0].shape[-1]
    inputs = {BLURRY: rng.random((count, height, width, channels), np.float32)}
    if graph.info.takes_blur_step:
        inputs[BLUR_STEP] = np.arange(3, 3 + count, dtype=np.float32)[:, np.newaxis]
    if graph.info.takes_psf:
        # Light mostly where it belongs, so that undoing the blur does not blow up what rounding adds.
        blur = rng.random((count, 3, 5, 1), np.float32)
        blur[:, 1, 2] += 16
        inputs[PSF] = blur / blur.sum(axis=(1, 2), keepdims=True)
    return inputs


def by_keras(graph: Graph, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """The restored images in Keras."""
    psf = inputs[PSF][..., 0] if PSF in inputs else None
    return restore_batch(graph.model, inputs[BLURRY], graph.info, inputs.get(BLUR_STEP), psf=psf)


def largest_difference(runtime: Runtime, checks: Sequence[Check]) -> float:
    """The largest difference from Keras, as a share of the largest number; infinity for another shape and for NaN."""
    return max(_difference(runtime(check.inputs), check.expected) for check in checks)


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _sizes(model: keras.Model) -> list[tuple[int, int]]:
    """Sizes of the images; one side of two of them beyond the windows of a model that has some."""
    from zoo.layers.local_mean import LocalMean

    local = [layer for layer in layers_within(model) if isinstance(layer, LocalMean) and layer.mode == "local"]
    windows = [max(layer.window) for layer in local]
    if not windows:
        return list(_SIZES)
    # Windows are largest, and in pixels of the image, where maps have its size.
    long = max(windows) + _BEYOND
    uneven = next(side for side in range(long, 2 * long) if side % 2 and side % 3 and side % 5)
    return [(_SIZES[0][0], long - long % 2), (uneven, _SIZES[1][0]), _SIZES[2]]
