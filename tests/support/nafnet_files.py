"""Weights of NAFNet in any sizes, with the names that its authors' code gives them."""

from __future__ import annotations

from tests.support.checkpoints import random_tensors


def nafnet_shapes(width=4, encoders=(1, 2), middle=1, decoders=(1, 1), channels=3):
    """Returns the shape of every tensor by its name."""
    shapes = {"intro.weight": (width, channels, 3, 3), "intro.bias": (width,)}
    shapes |= {"ending.weight": (channels, width, 3, 3), "ending.bias": (channels,)}
    for level, count in enumerate(encoders):
        own = width << level
        shapes |= _row(f"encoders.{level}", own, count)
        shapes |= {f"downs.{level}.weight": (2 * own, own, 2, 2), f"downs.{level}.bias": (2 * own,)}
    shapes |= _row("middle_blks", width << len(encoders), middle)
    for level, count in enumerate(decoders):
        own = width << (len(decoders) - 1 - level)
        shapes[f"ups.{level}.0.weight"] = (4 * own, 2 * own, 1, 1)
        shapes |= _row(f"decoders.{level}", own, count)
    return shapes


def nafnet_tensors(**sizes):
    """Returns random tensors for them."""
    return random_tensors(nafnet_shapes(**sizes))


def _row(place, width, count):
    return {f"{place}.{index}.{name}": shape for index in range(count) for name, shape in _block(width).items()}


def _block(width):
    kernels = {"conv1": (2 * width, width, 1, 1), "conv2": (2 * width, 1, 3, 3), "conv3": (width, width, 1, 1)}
    kernels |= {"sca.1": (width, width, 1, 1), "conv4": (2 * width, width, 1, 1), "conv5": (width, width, 1, 1)}
    shapes = {"beta": (1, width, 1, 1), "gamma": (1, width, 1, 1)}
    for name, kernel in kernels.items():
        shapes |= {f"{name}.weight": kernel, f"{name}.bias": kernel[:1]}
    return shapes | {f"{norm}.{leaf}": (width,) for norm in ("norm1", "norm2") for leaf in ("weight", "bias")}
