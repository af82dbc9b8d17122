"""A model run on arrays, compiled for few shapes however many sizes the images have.

On TensorFlow a model is traced once, for sides that are not known: every size then takes the same graph. PyTorch runs
operation by operation and compiles nothing. XLA, and so JAX, knows no unknown sides: JAX compiles once per size.
Padding to few sizes is no way out, since zero padding at another place, and statistics and poolings of the whole image,
would change the result. What is compiled is kept for the last sizes only, so memory stays flat; tiles have one size for
all images.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.backend import Tensor, keras

# Compiled sizes that JAX keeps for a model.
KEPT_SIZES = 16

Prepare = Callable[[Tensor], Tensor]
Runner = Callable[[list[np.ndarray]], tuple[Any, Any]]
_runners: weakref.WeakKeyDictionary[keras.Model, Runner] = weakref.WeakKeyDictionary()


def run_model(model: keras.Model, inputs: list[np.ndarray], prepare: Prepare | None = None) -> tuple[np.ndarray, bool]:
    """The first output of a model for images of any size, and whether its weights are all finite.

    Args:
        model: A functional model.
        inputs: What it takes, arrays with the batch first, the images first.
        prepare: What is done to the images within the same graph; always the same for a model. It takes one channel.

    Returns:
        The output, float32, and False where a weight is NaN or infinite.
    """
    if model not in _runners:
        makers = {"tensorflow": _traced, "jax": _compiled, "torch": _eager}
        _runners[model] = makers[keras.backend.backend()](model, prepare)
    outputs, total = _runners[model](inputs)
    first = outputs[0] if isinstance(outputs, (list, tuple)) else outputs
    restored = np.asarray(keras.ops.convert_to_numpy(first), np.float32)
    return restored, bool(np.isfinite(keras.ops.convert_to_numpy(total)))


def _prepared(inputs: list[Tensor], prepare: Prepare | None) -> Any:
    """What the model is called with."""
    images, *others = inputs
    images = images if prepare is None else prepare(images)
    return [images, *others] if others else images


def _sum_of(weights: list[Tensor]) -> Tensor:
    """The sum of all weights, which is finite where every one of them is."""
    zero = keras.ops.zeros(())
    return sum((keras.ops.sum(keras.ops.cast(weight, "float32")) for weight in weights), zero)


def _traced(model: keras.Model, prepare: Prepare | None) -> Runner:
    """One graph of TensorFlow for all sizes."""
    import tensorflow as tf

    # Not the model itself, which would keep itself alive through its runner.
    own = weakref.ref(model)
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    if prepare is not None:
        shapes[0] = (*shapes[0][:-1], 1)
    dtypes = [tensor.dtype for tensor in model.inputs]
    signature = [tf.TensorSpec((None, *shape[1:]), dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]

    @tf.function(input_signature=[signature], autograph=False)
    def run(inputs: list[Tensor]) -> tuple[Any, Any]:
        asked = _alive(own)
        return asked(_prepared(inputs, prepare), training=False), _sum_of(asked.weights)

    return lambda inputs: run([tf.cast(each, dtype) for each, dtype in zip(inputs, dtypes, strict=True)])


def _compiled(model: keras.Model, prepare: Prepare | None) -> Runner:
    """One program of XLA per size, the last ones kept."""
    import jax

    own = weakref.ref(model)

    @jax.jit
    def compiled(weights: list[Tensor], state: list[Tensor], inputs: list[Tensor]) -> tuple[Any, Any]:
        given = _prepared(inputs, prepare)
        return _alive(own).stateless_call(weights, state, given, training=False)[0], _sum_of([*weights, *state])

    sizes: set[tuple[Any, ...]] = set()

    def run(inputs: list[np.ndarray]) -> tuple[Any, Any]:
        size = tuple(each.shape for each in inputs)
        if size not in sizes and len(sizes) == KEPT_SIZES:
            compiled.clear_cache()
            sizes.clear()
        sizes.add(size)
        asked = _alive(own)
        values = ([each.value for each in kind] for kind in (asked.trainable_variables, asked.non_trainable_variables))
        return compiled(*values, inputs)

    return run


def _eager(model: keras.Model, prepare: Prepare | None) -> Runner:
    """PyTorch, operation by operation."""
    import torch

    own = weakref.ref(model)

    def run(inputs: list[np.ndarray]) -> tuple[Any, Any]:
        asked = _alive(own)
        with torch.no_grad():
            tensors = [keras.ops.convert_to_tensor(each) for each in inputs]
            return asked(_prepared(tensors, prepare), training=False), _sum_of(asked.weights)

    return run


def _alive(own: weakref.ref[keras.Model]) -> keras.Model:
    model = own()
    if model is None:
        raise ReferenceError("the model of this runner is gone")
    return model
