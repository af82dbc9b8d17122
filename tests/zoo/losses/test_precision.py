"""Trainings in mixed_float16: Keras scales the loss wherever float16 computes, also after loading."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from tests.support.backends import run_on
from tests.zoo.losses.precision_steps import STEPS, share_of_zeros
from zoo.backend import policy_of
from zoo.losses.multi_output import StageObjective

SCRIPT = Path(__file__).with_name("precision_steps.py")
LONG = ("stages", "generator", "plain", "penalty")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in STEPS]
)
def test_no_gradient_is_lost_to_float16(name):
    exact, half = share_of_zeros(name, "float32"), share_of_zeros(name, "mixed_float16")
    assert (exact[1], half[1]) == (False, True)
    assert half[0] <= exact[0] + 0.02


@pytest.mark.slow
def test_without_scaling_many_are_lost():
    assert share_of_zeros("plain", "mixed_float16", scale=False)[0] > share_of_zeros("plain", "float32")[0] + 0.005


@pytest.mark.slow
@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_lose_none(backend):
    for name, found in json.loads(run_on(backend, SCRIPT).splitlines()[-1]).items():
        assert found["mixed_float16"][1], name
        assert not found["float32"][1], name
        assert found["mixed_float16"][0] <= found["float32"][0] + 0.02, name


def toy(dtype, outputs=2):
    """A small model whose layers have a policy that is not the global one."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", dtype=dtype)(inputs)
    heads = [keras.layers.Conv2D(3, 1, dtype="float32", name=f"head{index}")(x) for index in range(outputs)]
    return keras.Model(inputs, heads if outputs > 1 else heads[0], name="toy.net")


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_model_of_single_layers_has_their_policy(dtype):
    model = toy(dtype)
    assert policy_of(model).name == dtype
    assert policy_of(keras.Sequential([keras.Input((8, 8, 3)), toy(dtype, 1)])).name == dtype
    assert StageObjective(model).dtype_policy.name == dtype


@pytest.mark.parametrize("before", ["float32", "mixed_float16"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_float16", "mixed_bfloat16"])
def test_a_loaded_model_has_its_own_policy(dtype, before, tmp_path):
    zoo.save(zoo.create("carlo", "tiny", dtype=dtype), tmp_path / "model.keras")
    keras.config.set_dtype_policy(before)
    try:
        assert zoo.load(tmp_path / "model.keras").dtype_policy.name == dtype
        assert keras.config.dtype_policy().name == before
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("wrapped", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_stopped_training_goes_on_exactly(wrapped, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 12, 2, 24, 24, 3)).astype(np.float32)

    def fresh():
        model = StageObjective(toy("mixed_float16")) if wrapped else toy("mixed_float16", 1)
        keras.utils.set_random_seed(3)
        model.set_weights([rng_of(index).normal(0, 0.1, w.shape) for index, w in enumerate(model.get_weights())])
        # A scale that is too large at first, so that the scale too has moved by the stop.
        adam = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-2, clipnorm=1.0), initial_scale=2.0**24)
        model.compile(adam, None if wrapped else "mae", jit_compile=False)
        return model

    def rng_of(index):
        return np.random.default_rng(index)

    def train(model, steps):
        for step in steps:
            model.train_on_batch(x[step], y[step])
        return model

    straight = train(fresh(), range(12))
    zoo.save(train(fresh(), range(5)), tmp_path / "model.keras")
    resumed = train(zoo.load(tmp_path / "model.keras", compile=True), range(5, 12))
    assert isinstance(resumed.optimizer, keras.optimizers.LossScaleOptimizer)
    for ours, theirs in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(resumed.optimizer.variables, straight.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs), err_msg=ours.path)
    assert 0 < int(resumed.optimizer.iterations) <= 12


@pytest.mark.slow
def test_an_optimiser_that_keras_wrapped_comes_back(tmp_path):
    model = zoo.create("carlo", "tiny", dtype="mixed_float16", filters=4)
    model.compile(keras.optimizers.Adam(1e-4), "mae", jit_compile=False)
    x = np.random.default_rng(0).random((2, 24, 24, 3), np.float32)
    for _ in range(3):
        model.train_on_batch(x, x)
    zoo.save(model, tmp_path / "model.keras")
    again = zoo.load(tmp_path / "model.keras", compile=True)
    assert isinstance(again.optimizer, keras.optimizers.LossScaleOptimizer)
    assert int(again.optimizer.iterations) == int(model.optimizer.iterations) > 0
    for ours, theirs in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
