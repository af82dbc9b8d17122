"""LPIPS with AlexNet: how far two images lie apart for features that a classifier learnt.

Zhang, Isola, Efros, Shechtman and Wang, "The unreasonable effectiveness of deep features as a perceptual metric", CVPR
2018, version 0.1 with linear heads. The pass is our own, in whatever backend Keras has. The heads are read from the
authors' package `lpips` where that is installed; AlexNet's ImageNet weights come from a file that the user names, as
torchvision offers it. Nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.metrics.base import PEAK, Metric, MetricError, quantised_pair, register
from common.files import file_hash

_FILE = "AlexNet's ImageNet weights as torchvision has them (alexnet-owt-7be5be79.pth)"
_INSTALL = "pip install torch; pip install --no-deps lpips"
SMALLEST = 31
"""Least side in pixels that leaves the last layers something."""

# Of images in [-1, 1], by channel.
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_EPSILON = 1e-10
# Index in torchvision's `features`: stride, padding, whether a pooling of 3x3 by 2 comes before.
_CONVOLUTIONS = {0: (4, 2, False), 3: (1, 2, True), 6: (1, 1, True), 8: (1, 1, False), 10: (1, 1, False)}


@dataclass(frozen=True)
class Weights:
    """What LPIPS computes with, float32.

    Attributes:
        kernels: The five convolutions (height, width, in, out).
        biases: Their biases (out,).
        heads: The weight of every channel behind each of them (out,).
    """

    kernels: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    heads: tuple[np.ndarray, ...]


def lpips(a: Any, b: Any, weights: Weights | None = None) -> float:
    """Learned perceptual image patch similarity, AlexNet, version 0.1: less is better, 0 for identical images.

    Args:
        a: Image (height, width, channels), uint8 or float in [0, 1], both sides at least `SMALLEST`; grey is repeated.
        b: Image of the same shape.
        weights: Backbone and heads.

    Returns:
        The mean over positions, summed over five layers; float32 inside.

    Raises:
        MetricError: Without weights, or as `benchmarks.metrics.psnr`.
    """
    import keras

    first, second = quantised_pair(a, b, SMALLEST)
    if weights is None:
        raise MetricError(f"lpips needs {_FILE}; ask for lpips=FILE")
    ops = keras.ops
    both = np.stack([first, second]).astype(np.float32) / np.float32(PEAK / 2) - 1
    layer = ops.convert_to_tensor((both - np.array(_SHIFT, np.float32)) / np.array(_SCALE, np.float32))
    total = 0.0
    layers = zip(_CONVOLUTIONS.values(), weights.kernels, weights.biases, weights.heads, strict=True)
    for (stride, padding, pooled), kernel, bias, head in layers:
        if pooled:
            layer = ops.max_pool(layer, 3, strides=2, padding="valid", data_format="channels_last")
        layer = ops.pad(layer, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
        layer = ops.conv(layer, kernel, strides=stride, padding="valid", data_format="channels_last")
        layer = ops.relu(layer + bias)
        length = ops.sqrt(ops.sum(layer * layer, axis=-1, keepdims=True))
        unit = layer / (length + _EPSILON)
        apart = ops.sum((unit[0] - unit[1]) ** 2 * head, axis=-1)
        total += float(ops.convert_to_numpy(ops.mean(apart)))
    return total


def check_installed() -> None:
    """Raises MetricError in one line when what reads the weights, or the heads, is not installed."""
    missing = [name for name in ("torch", "lpips") if importlib.util.find_spec(name) is None]
    if missing:
        raise MetricError(f"lpips needs the package {' and '.join(missing)}, which is not installed; {_INSTALL}")


def read_weights(path: Path) -> Weights:
    """The weights of a backbone's file, with the heads of the installed package.

    Raises:
        MetricError: When a package is missing, or the file cannot be read or holds something else.
    """
    check_installed()
    backbone, kernels, biases = _tensors(path), [], []
    try:
        for index in _CONVOLUTIONS:
            kernels.append(np.ascontiguousarray(backbone[f"features.{index}.weight"].transpose(2, 3, 1, 0)))
            biases.append(backbone[f"features.{index}.bias"])
        heads = _heads()
        fits = [kernel.shape[-1] for kernel in kernels] == [len(head) for head in heads]
    except (KeyError, ValueError) as error:
        raise MetricError(f"{path}: no {error} in this file; give {_FILE}") from error
    if not fits:
        raise MetricError(f"{path}: layers of {[kernel.shape[-1] for kernel in kernels]} channels; give {_FILE}")
    return Weights(tuple(kernels), tuple(biases), heads)


def heads_file() -> Path:
    """The file of the heads in the installed package, which is not imported: it would import torchvision."""
    check_installed()
    places = getattr(importlib.util.find_spec("lpips"), "submodule_search_locations", None) or ["lpips"]
    return Path(places[0]) / "weights" / "v0.1" / "alex.pth"


def _heads() -> tuple[np.ndarray, ...]:
    """The five heads (channels,)."""
    found = _tensors(heads_file())
    return tuple(found[f"lin{place}.model.1.weight"].reshape(-1) for place in range(len(_CONVOLUTIONS)))


@cache
def _tensors(path: Path) -> Mapping[str, np.ndarray]:
    """The tensors of a PyTorch file by name, float32; no code in it is run."""
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        return {name: np.asarray(tensor.detach().float().numpy()) for name, tensor in found.items()}
    except Exception as error:  # torch raises nearly anything for a file that is none of its own
        reason = (getattr(error, "strerror", None) or str(error)).partition("\n")[0]
        raise MetricError(f"{path}: cannot be read ({reason}); give {_FILE}") from error


def _given(path: Path) -> Metric:
    """The card with the weights of a file."""
    weights = read_weights(path)
    files = {"alexnet": path, "heads": heads_file()}
    engine = {name: file_hash(file, _FILE) for name, file in files.items()}
    return replace(CARD, function=partial(lpips, weights=weights), engine=lambda: engine)


CARD = register(
    Metric(
        name="lpips",
        title="LPIPS",
        convention="8 bit to [-1, 1], AlexNet, linear heads of version 0.1, float32, backbone of a file that is named",
        unit="",
        higher_is_better=False,
        bounds=(0.0, 1e3),
        function=lpips,
        require=check_installed,
        file=_FILE,
        given=_given,
    )
)
