"""Keras, imported at its first use, and what differs between its backends.

Listing models and refusing bad arguments must not wait several seconds for a deep-learning framework.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from zoo.errors import ZooError


class LazyModule(ModuleType):
    """Stands for a module and imports it when one of its attributes is first read.

    It is not put into `sys.modules` (as importlib's LazyLoader would do), where it would get in the way of the real
    import.
    """

    def __getattr__(self, name: str) -> Any:
        """The real module's attribute."""
        return getattr(importlib.import_module(self.__name__), name)


def lazy_module(name: str) -> LazyModule:
    """A stand-in for module `name`."""
    return LazyModule(name)


Tensor: TypeAlias = Any
"""A tensor of the running backend, an array that becomes one, or a symbolic tensor of Keras."""

if TYPE_CHECKING:
    import keras as keras
else:
    keras = lazy_module("keras")


@contextmanager
def global_policy(dtype: str | None) -> Iterator[None]:
    """Sets Keras' global dtype policy inside a block; None leaves it.

    Raises:
        ZooError: For a name that Keras does not know.
    """
    before = keras.config.dtype_policy()
    if dtype is not None:
        try:
            keras.config.set_dtype_policy(dtype)
        except (ValueError, TypeError) as error:
            raise ZooError(
                f"unknown dtype {dtype!r}; take float32, float64, mixed_bfloat16 or another Keras policy"
            ) from error
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def policy_of(*models: keras.Model) -> keras.DTypePolicy:
    """The dtype policy in which models compute: the mixed one of any of their layers, else that of the first.

    Keras decides by a model's own policy whether its loss must be scaled for float16. A model that is put around
    others, or whose layers were given their policy one by one, must therefore take theirs.
    """
    policies = [layer.dtype_policy for model in models for layer in layers_within(model)]
    for name in ("mixed_float16", "float16", "mixed_bfloat16"):
        for policy in policies:
            if policy.name == name:
                # Scaling is all that pure float16 lacks here, and Keras asks for this name.
                return keras.DTypePolicy("mixed_float16") if name == "float16" else policy
    return models[0].dtype_policy


def layers_within(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Every layer of a model, those of models inside it too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_within(layer)
        else:
            yield layer


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
