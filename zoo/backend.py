"""Keras, imported at its first use, and what differs between its backends.

Listing networks and refusing bad arguments must not wait several seconds for a deep-learning framework.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias


class LazyModule(ModuleType):
    """Stands for a module and imports it when one of its attributes is first read.

    It is not put into `sys.modules` (as importlib's LazyLoader would do), where it would get in the way of the real
    import.
    """

    def __getattr__(self, name: str) -> Any:
        """Returns the real module's attribute."""
        return getattr(importlib.import_module(self.__name__), name)


def lazy_module(name: str) -> LazyModule:
    """Returns a stand-in for module `name`."""
    return LazyModule(name)


Tensor: TypeAlias = Any
"""A tensor of the running backend, an array that becomes one, or a symbolic tensor of Keras."""

if TYPE_CHECKING:
    import keras as keras
else:
    keras = lazy_module("keras")


def at_least_float32(dtype: Any) -> str:
    """The dtype in which numbers of a float dtype are summed: float32, or float64 for float64.

    Keras' `result_type` gives float32 for float64 on JAX and PyTorch.
    """
    return "float64" if keras.backend.standardize_dtype(dtype) == "float64" else "float32"


def input_gradient(function: Callable[[Tensor], Tensor], point: Tensor) -> Tensor:
    """The gradient of a scalar function at a point, itself differentiable, on the running backend.

    It is zero where the function does not depend on the point.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(point)
            value = function(point)
        return tape.gradient(value, point, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    if backend == "jax":
        import jax

        return jax.grad(function)(point)
    import torch

    # Not detached: where a gradient is taken of a gradient, the point belongs to the outer one.
    point = point if point.requires_grad else point.detach().requires_grad_()
    value = function(point)
    if not value.requires_grad:
        return torch.zeros_like(point)
    found = torch.autograd.grad(value, point, create_graph=True, allow_unused=True)[0]
    return torch.zeros_like(point) if found is None else found
