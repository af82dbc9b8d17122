"""A gate of a map by itself and a sum whose second term is weighed."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from zoo.layers.gate_halves import GateHalves
from zoo.layers.scaled_sum import ScaledSum


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 1, shape)


@pytest.mark.parametrize("activation", ["linear", "gelu"])
def test_gate(activation):
    x = random(2, 3, 4, 6)
    first, second = x[..., :3], x[..., 3:]
    if activation == "gelu":
        first = first * (1 + np.vectorize(math.erf)(first / math.sqrt(2))) / 2
    layer = GateHalves(activation, dtype="float64")
    np.testing.assert_allclose(np.asarray(layer(x)), first * second, rtol=1e-12)
    assert layer.compute_output_shape((None, None, None, 6)) == (None, None, None, 3)


def test_gate_refuses_what_has_no_halves():
    with pytest.raises(ValueError, match="even number, not 5"):
        GateHalves()(np.zeros((1, 2, 2, 5), np.float32))
    with pytest.raises(ValueError, match="'linear' or 'gelu', not 'relu'"):
        GateHalves("relu")


@pytest.mark.parametrize("start", [0.0, 0.3])
def test_scaled_sum(start):
    x, change = random(2, 3, 4, 5), random(2, 3, 4, 5, seed=1)
    layer = ScaledSum(start, dtype="float64")
    np.testing.assert_allclose(np.asarray(layer([x, change])), x + start * change, rtol=1e-6)
    layer.scale.assign(np.arange(5.0))
    np.testing.assert_allclose(np.asarray(layer([x, change])), x + np.arange(5) * change, rtol=1e-12)
    assert [weight.name for weight in layer.weights] == ["scale"]


def test_half_precision_and_config():
    x = keras.ops.ones((1, 2, 2, 4), "bfloat16")
    assert keras.backend.standardize_dtype(ScaledSum(1.0, dtype="mixed_bfloat16")([x, x]).dtype) == "bfloat16"
    for layer in (GateHalves("gelu", name="here"), ScaledSum(0.5, name="here")):
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
