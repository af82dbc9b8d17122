"""What a pixel of an image costs a model, in computation and in memory, and how fast this machine computes."""

from __future__ import annotations

import math
import time
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import keras
import numpy as np

from zoo.analysis.macs import COUNTED_SIDE, as_called, at_size, count_macs
from zoo.backend import policy_of
from zoo.entries import identify

if TYPE_CHECKING:
    from keras.src.ops.node import Node

BYTES = 4
"""Bytes of a number in float32."""

SHARE_OF_MATRIX_RATE = 0.5
"""What convolutions reach of the rate of a large matrix product: 0.3 to 0.65 over models and sizes on two cores."""

WORTH_TELLING = 60.0
"""Seconds from which on an estimate is told."""

_SIDE = 1024
_ROUNDS = 4


@dataclass(frozen=True)
class Cost:
    """What one pixel of an image costs a model.

    Attributes:
        macs: Multiply-accumulates.
        outputs: Bytes that all layers put out together, which a training keeps.
        traffic: Bytes that the busiest layer takes and puts out.
        alive: Bytes that are needed at once when every output is freed after its last use.
    """

    macs: float
    outputs: float
    traffic: float
    alive: float


def cost_of(model: keras.Model) -> Cost:
    """The cost of a pixel, counted on one image of 256x256 pixels, once for a model."""
    if model not in _costs:
        _costs[model] = _counted(model)
    return _costs[model]


def _counted(model: keras.Model) -> Cost:
    """The cost of a pixel; a copy of a large model takes seconds."""
    sized = at_size(model, COUNTED_SIDE, COUNTED_SIDE)
    nodes = list(_nodes(sized))
    outputs = [_bytes(node.output_tensors) for node in nodes]
    traffic = [_bytes(node.input_tensors) + own for node, own in zip(nodes, outputs, strict=True)]
    pixels = COUNTED_SIDE**2
    return Cost(
        count_macs(model) / pixels, sum(outputs) / pixels, max(traffic, default=0.0) / pixels, _alive(sized) / pixels
    )


_costs: weakref.WeakKeyDictionary[keras.Model, Cost] = weakref.WeakKeyDictionary()


def weights_size(model: keras.Model) -> float:
    """Bytes of a model's weights."""
    return float(BYTES * sum(math.prod(weight.shape) for weight in model.weights))


@cache
def matrix_rate(dtype: str = "float32") -> float:
    """Multiply-accumulates a second of a product of two matrices of 1024 x 1024 on the Keras device.

    Args:
        dtype: What is multiplied: processors and GPUs with bfloat16 are several times faster in it than in float32.
    """
    matrix = keras.ops.cast(np.random.default_rng(0).random((_SIDE, _SIDE), np.float32), dtype)
    seconds = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        # A sum is little to copy and cannot be had before the product is done.
        float(keras.ops.sum(keras.ops.matmul(matrix, matrix)))
        seconds.append(time.perf_counter() - start)
    return _SIDE**3 / min(seconds)


def seconds_for(model: keras.Model, pixels: int) -> float:
    """About how long a pass over so many pixels takes on this machine, by the registry's multiply-accumulates."""
    info, name = identify(model)
    passes = 1 if info.colour else 3
    macs = passes * pixels * info.variant(name).macs / COUNTED_SIDE**2
    # A model without multiplications is no reason to measure anything.
    return macs / (SHARE_OF_MATRIX_RATE * matrix_rate(policy_of(model).compute_dtype)) if macs else 0.0


def _nodes(model: keras.Model) -> Iterator[Node]:
    """The calls of all layers, also of those of models inside the model."""
    for layer in model.layers:
        for node in layer._inbound_nodes:
            if isinstance(layer, keras.Model):
                yield from _nodes(as_called(layer, node))
            else:
                yield node


def _alive(model: keras.Model) -> float:
    """The most bytes that a functional model holds at once, call after call in the order of its graph."""
    by_depth = model._nodes_by_depth
    order = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
    left = Counter(id(tensor) for node in order for tensor in node.input_tensors)
    # What the model gives back stays to the end.
    left.update(id(tensor) for tensor in model.outputs)
    held = most = 0.0
    for node in order:
        held += _bytes(node.output_tensors)
        operation = node.operation
        inner = _alive(as_called(operation, node)) if isinstance(operation, keras.Model) else 0.0
        most = max(most, held + inner)
        for tensor in node.input_tensors:
            left[id(tensor)] -= 1
            if not left[id(tensor)]:
                held -= _bytes([tensor])
    return most


def _bytes(tensors: Sequence[keras.KerasTensor]) -> float:
    return float(BYTES * sum(math.prod(tensor.shape) for tensor in tensors))
