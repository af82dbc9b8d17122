"""Gradients with respect to an input, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def input_gradient(function: Callable[[Any], Any], point: Any) -> Any:
    """Returns the gradient of a scalar function at a point, itself differentiable, on the running backend."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(point)
            value = function(point)
        return tape.gradient(value, point)
    if backend == "jax":
        import jax

        return jax.grad(function)(point)
    import torch

    point = point.detach().requires_grad_()
    return torch.autograd.grad(function(point), point, create_graph=True)[0]
