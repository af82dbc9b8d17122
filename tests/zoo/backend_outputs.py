"""Run as a process per backend: writes the outputs of the tiny networks for weights and inputs made by NumPy."""

from __future__ import annotations

import sys

import keras
import numpy as np

import zoo
from tests import contracts
from tests.zoo_table import ROWS


def filled(model):
    """Gives every weight reproducible numbers, the same on every backend."""
    rng = np.random.default_rng(7)
    model.set_weights([rng.normal(0, 0.05, weight.shape).astype(np.float32) for weight in model.get_weights()])
    return model


def outputs(row, variant):
    """Returns the network's output and its loss after two training steps."""
    model = filled(zoo.create(row.name, variant))
    batch = contracts.pictures(model, 40, 32, batch=2)
    result = {"output": np.asarray(model.predict_on_batch(batch))}
    if model.trainable_weights:
        # Only JAX gains from compiling so short a run: its eager mode compiles every single operation.
        model.compile("sgd", "mse", jit_compile=keras.backend.backend() == "jax")
        target = batch[..., :3]
        model.train_on_batch(batch, target)
        result["loss"] = np.asarray(model.train_on_batch(batch, target))
    return result


if __name__ == "__main__":
    arrays = {}
    for table_row in ROWS:
        for tiny in table_row.variants:
            for key, value in outputs(table_row, tiny).items():
                arrays[f"{table_row.name}.{tiny}.{key}"] = value
    np.savez(sys.argv[1], **arrays)
