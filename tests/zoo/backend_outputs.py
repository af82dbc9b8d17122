"""Run as a process per backend: writes the outputs of the tiny networks for weights and inputs made by NumPy."""

from __future__ import annotations

import sys

import keras
import numpy as np

import zoo
from tests.support import contracts
from tests.support.zoo_table import ROWS

# Sides that every network takes.
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


def outputs(row, variant):
    """Returns the network's outputs and its loss after two training steps."""
    model = filled(zoo.create(row.name, variant))
    batch = contracts.images(model, *SIZE, batch=2)
    found = model.predict_on_batch(batch)
    found = found if isinstance(found, list) else [found]
    result = {f"output{index}": np.asarray(each) for index, each in enumerate(found)}
    if model.trainable_weights and not row.slow:
        # Only JAX gains from compiling so short a run: its eager mode compiles every single operation.
        losses = ["mse"] * len(found) if len(found) > 1 else "mse"
        model.compile("sgd", losses, jit_compile=keras.backend.backend() == "jax")
        targets = [np.random.default_rng(9).random(each.shape).astype(np.float32) for each in found]
        target = targets if len(found) > 1 else targets[0]
        model.train_on_batch(batch, target)
        result["loss"] = np.asarray(model.train_on_batch(batch, target)).ravel()[:1]
    return result


if __name__ == "__main__":
    arrays = {}
    for table_row in ROWS:
        for tiny in table_row.variants:
            for key, value in outputs(table_row, tiny).items():
                arrays[f"{table_row.name}.{tiny}.{key}"] = value
    np.savez(sys.argv[1], **arrays)
