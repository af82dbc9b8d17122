"""Run as a process per backend: writes outputs and gradients of tiny models for weights and inputs of NumPy."""

from __future__ import annotations

import sys

import keras
import numpy as np
from keras import ops

import zoo
from tests.support import contracts
from tests.support.zoo_table import ROWS

# Sides that every model takes.
SIZE = (64, 96)


def filled(model):
    """Gives every weight reproducible numbers, the same on every backend; variances are positive."""
    rng = np.random.default_rng(7)
    values = []
    for weight in model.weights:
        value = rng.normal(0, 0.05, weight.shape).astype(np.float32)
        values.append(1 + np.abs(value) if weight.path.endswith(("moving_variance", "gamma")) else value)
    model.set_weights(values)
    return model


def computed(row, variant):
    """The model's outputs, and the gradients of a weighted sum of them by its weights."""
    model = filled(zoo.create(row.name, variant))
    batch = contracts.images(model, *SIZE, batch=2)
    learns = bool(model.trainable_weights) and not row.slow
    outputs, gradients = (_with_gradients if learns else _outputs)(model, _tensors(batch))
    result = {f"output{index}": each for index, each in enumerate(outputs)}
    paths = [weight.path for weight in model.trainable_weights]
    return result | {f"gradient of {path}": each for path, each in zip(paths, gradients, strict=False)}


def _tensors(batch):
    parts = [ops.convert_to_tensor(each) for each in contracts.as_list(batch)]
    return parts if isinstance(batch, list) else parts[0]


def _outputs(model, batch):
    found = model.predict_on_batch(batch)
    return [np.asarray(each) for each in (found if isinstance(found, list) else [found])], []


def _with_gradients(model, batch):
    """Outputs and gradients of one graph: JAX compiles it once, and every operation by itself otherwise."""
    state = [variable.value for variable in model.non_trainable_variables]

    def loss_and_outputs(values):
        found, _ = model.stateless_call(values, state, batch, training=False)
        found = found if isinstance(found, (list, tuple)) else [found]
        return sum(ops.mean(_weights(each) * each) for each in found), found

    gradients, found = _DERIVED[keras.backend.backend()](
        loss_and_outputs, [variable.value for variable in model.trainable_variables]
    )
    return [ops.convert_to_numpy(each) for each in found], [ops.convert_to_numpy(each) for each in gradients]


def _weights(output):
    """Fixed numbers that differ from place to place, in the shape of an output."""
    return ops.convert_to_tensor(np.random.default_rng(9).normal(0, 1, output.shape).astype(np.float32))


def _by_tensorflow(function, values):
    import tensorflow as tf

    @tf.function
    def derived(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            loss, found = function(values)
        return tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO), found

    return derived([tf.convert_to_tensor(value) for value in values])


def _by_jax(function, values):
    import jax

    return jax.jit(jax.grad(function, has_aux=True))(values)


def _by_torch(function, values):
    import torch

    values = [value.detach().requires_grad_() for value in values]
    loss, found = function(values)
    gradients = torch.autograd.grad(loss, values, allow_unused=True)
    return [torch.zeros_like(v) if g is None else g for v, g in zip(values, gradients, strict=True)], found


_DERIVED = {"tensorflow": _by_tensorflow, "jax": _by_jax, "torch": _by_torch}


if __name__ == "__main__":
    arrays = {}
    for table_row in ROWS:
        for tiny in table_row.variants:
            for key, value in computed(table_row, tiny).items():
                arrays[f"{table_row.name}.{tiny}.{key}"] = value
    np.savez(sys.argv[1], **arrays)
