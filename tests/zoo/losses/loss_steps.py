"""Run as a process per backend: writes what a few training steps of all outputs of a network lead to."""

from __future__ import annotations

import sys

import keras
import numpy as np

from zoo.losses.multi_output import StageObjective
from zoo.losses.pixel import CharbonnierEdge, psnr


def results(trainable_ratios):
    """Returns the logs of three steps and of an evaluation, and the ratios."""
    rng = np.random.default_rng(7)
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    network = keras.Model(inputs, [keras.layers.Conv2D(3, 3, padding="same")(x) for _ in range(3)], name="net.small")
    network.set_weights([rng.normal(0, 0.2, weight.shape).astype(np.float32) for weight in network.get_weights()])
    model = StageObjective(network, CharbonnierEdge(), trainable_ratios=trainable_ratios)
    # Only JAX gains from compiling so short a run: its eager mode compiles every single operation.
    model.compile(keras.optimizers.Adam(1e-2), metrics=[psnr], jit_compile=keras.backend.backend() == "jax")
    blurry, sharp = rng.random((2, 4, 16, 24, 3)).astype(np.float32)
    logs = [model.train_on_batch(blurry, sharp, return_dict=True) for _ in range(3)]
    logs.append(model.evaluate(blurry, sharp, batch_size=2, verbose=0, return_dict=True))
    found = {f"{index}.{key}": np.asarray(value) for index, log in enumerate(logs) for key, value in log.items()}
    return {**found, "ratios": model.ratios}


if __name__ == "__main__":
    np.savez(
        sys.argv[1],
        **{f"trained.{key}": value for key, value in results(True).items()},
        **{f"plain.{key}": value for key, value in results(False).items()},
    )
