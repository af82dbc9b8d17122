"""Attention among channels against PyTorch, and where vectors vanish."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers.transposed_attention import TransposedAttention


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 1, shape)


def in_numpy(x, heads, temperature):
    """Returns the mixed values, head by head and image by image."""
    channels = x.shape[-1] // 3
    own = channels // heads
    results = []
    for picture in x.reshape(len(x), -1, 3 * channels):
        parts = []
        for head in range(heads):
            queries, keys, values = (
                picture[:, start + head * own : start + (head + 1) * own] for start in (0, channels, 2 * channels)
            )
            queries, keys = (part / np.maximum(np.linalg.norm(part, axis=0), 1e-12) for part in (queries, keys))
            scores = np.exp(temperature[head] * queries.T @ keys)
            parts.append(values @ (scores / scores.sum(1, keepdims=True)).T)
        results.append(np.concatenate(parts, axis=1))
    return np.stack(results).reshape(*x.shape[:3], channels)


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (8, 6)])
def test_equal_to_numpy(heads, size):
    x = random(2, *size, 3 * 8)
    # Channels that are zero everywhere have no direction.
    x[..., 1] = x[..., 9] = 0
    layer = TransposedAttention(heads, dtype="float64")
    layer.build(x.shape)
    temperature = np.arange(1.0, heads + 1)
    layer.temperature.assign(temperature)
    np.testing.assert_allclose(np.asarray(layer(x)), in_numpy(x, heads, temperature), rtol=1e-10)
    assert layer.compute_output_shape((None, None, None, 24)) == (None, None, None, 8)


def test_gradients_are_finite_where_everything_is_zero():
    inputs = keras.Input((4, 4, 12))
    model = keras.Model(inputs, TransposedAttention(2)(inputs))
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
    x = np.zeros((1, 4, 4, 12), np.float32)
    model.train_on_batch(x, np.ones((1, 4, 4, 4), np.float32))
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_near(policy):
    x = (100 * random(1, 96, 96, 12)).astype(np.float32)
    exact = np.asarray(TransposedAttention(2)(x))
    result = TransposedAttention(2, dtype=policy)(x)
    assert keras.backend.standardize_dtype(result.dtype) == policy.removeprefix("mixed_")
    error = np.abs(np.asarray(keras.ops.cast(result, "float32")) - exact).max()
    assert error < 0.02 * np.abs(exact).max()


def test_one_model_takes_all_sizes():
    inputs = keras.Input((None, None, 12))
    model = keras.Model(inputs, TransposedAttention(2, name="attention")(inputs))
    for size in ((1, 1), (4, 7), (9, 2)):
        x = random(2, *size, 12).astype(np.float32)
        np.testing.assert_allclose(model.predict_on_batch(x), in_numpy(x, 2, [1, 1]), rtol=1e-4, atol=1e-5)
    assert keras.Model.from_config(model.get_config()).get_layer("attention").heads == 2


def test_refusals():
    with pytest.raises(ValueError, match="multiple of 6, not 9"):
        TransposedAttention(2)(np.zeros((1, 2, 2, 9), np.float32))
    with pytest.raises(ValueError, match="at least 1, not 0"):
        TransposedAttention(0)
