"""Keras, imported at its first use, and what differs between its backends.

Listing networks and refusing bad arguments must not wait several seconds for a deep-learning framework.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any


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


if TYPE_CHECKING:
    import keras as keras
else:
    keras = lazy_module("keras")


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
