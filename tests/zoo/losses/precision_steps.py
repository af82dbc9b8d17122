"""Run as a process per backend, or imported: which gradients of a training step are zero, in float32 and float16."""

from __future__ import annotations

import json

import keras
import numpy as np
from keras import ops

import zoo
from tests.support import torch_kernels
from zoo.losses.adversarial import CriticStep, GeneratorStep
from zoo.losses.multi_output import StageObjective
from zoo.models.patchgan import patchgan

SIDE = 32


def distance(truth, result):
    return ops.mean(ops.abs(truth - result))


def adversarial(name, dtype):
    generator = zoo.create(name, "tiny", dtype=dtype)
    return generator, patchgan(4, 2, dtype=dtype)


# What trains, by name; the model is built in a dtype while the global policy stays float32.
STEPS = {
    "plain": lambda dtype: zoo.create("deblurgan-lite", "tiny", dtype=dtype),
    "stages": lambda dtype: StageObjective(zoo.create("fcn", "tiny", dtype=dtype)),
    "generator": lambda dtype: GeneratorStep(*adversarial("deblurgan-lite", dtype), "relativistic", distance),
    "critic": lambda dtype: CriticStep(*adversarial("deblurgan", dtype), "relativistic"),
    "penalty": lambda dtype: CriticStep(*adversarial("deblurgan", dtype), "wasserstein"),
}


def share_of_zeros(name, dtype, scale=True):
    """The share of gradients that are exactly zero, and whether the loss is scaled; `scale` is Keras' own switch."""
    keras.utils.set_random_seed(0)
    step = STEPS[name](dtype)
    # A small loss, as near the end of a training.
    loss, jit = "mse" if name == "plain" else None, keras.backend.backend() == "jax"
    step.compile("adam", loss, jit_compile=jit, auto_scale_loss=scale)
    rng = np.random.default_rng(0)
    blurry = rng.random((2, SIDE, SIDE, 3), np.float32)
    sharp = np.clip(blurry + 0.01 * rng.normal(0, 1, blurry.shape), 0, 1).astype(np.float32)
    scaled = isinstance(step.optimizer, keras.optimizers.LossScaleOptimizer)
    # Where a first scale is too large, Keras halves it and takes the step again with the next batch.
    for _ in range(12):
        step.train_on_batch(blurry, sharp)
        if int(ops.convert_to_numpy(step.optimizer.iterations)):
            break
    adam = step.optimizer.inner_optimizer if scaled else step.optimizer
    # After one step Adam's momentum is a tenth of the gradient.
    momenta = [np.asarray(ops.convert_to_numpy(value)).ravel() for value in adam._momentums]
    return float((np.concatenate(momenta) == 0).mean()), scaled


def all_shares():
    return {name: {dtype: share_of_zeros(name, dtype) for dtype in ("float32", "mixed_float16")} for name in STEPS}


if __name__ == "__main__":
    if keras.backend.backend() == "torch":
        torch_kernels.in_one_piece()
    print(json.dumps(all_shares()))
