"""Channel and spatial attention against plain NumPy and SciPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from scipy import signal

from zoo.layers.attention import ChannelAttention, SpatialAttention


def sigmoid(x):
    """Returns the logistic function."""
    return 1 / (1 + np.exp(-x))


def filled(layer, shape):
    """Returns the layer with random weights, also biases."""
    layer.build(shape)
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(0, 0.5, weight.shape) for weight in layer.get_weights()])
    return layer


@pytest.mark.parametrize("slope", [0.0, 0.25])
@pytest.mark.parametrize("size", [(1, 1), (4, 7), (9, 6)])
def test_channel_attention_equals_the_formula(slope, size):
    x = np.random.default_rng(1).normal(0, 1, (2, *size, 8))
    layer = filled(ChannelAttention(4, slope, dtype="float64"), x.shape)
    first, shift1, second, shift2 = layer.get_weights()
    weights = 0
    for values in (x.mean((1, 2)), x.max((1, 2))):
        hidden = values @ first + shift1
        weights = weights + np.where(hidden > 0, hidden, slope * hidden) @ second + shift2
    np.testing.assert_allclose(np.asarray(layer(x)), x * sigmoid(weights)[:, None, None], rtol=1e-10)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("size", [(1, 1), (5, 8), (12, 9)])
def test_spatial_attention_equals_the_formula(use_bias, size):
    x = np.random.default_rng(1).normal(0, 1, (2, *size, 4))
    layer = filled(SpatialAttention(7, use_bias, dtype="float64"), x.shape)
    kernel, *bias = layer.get_weights()
    maps = (x.max(-1), x.mean(-1))
    logits = sum(
        np.stack([signal.correlate(image, kernel[..., i, 0], mode="full")[3:-3, 3:-3] for image in images])
        for i, images in enumerate(maps)
    )
    weights = sigmoid(logits + (bias[0] if use_bias else 0))
    np.testing.assert_allclose(np.asarray(layer(x)), x * weights[..., None], rtol=1e-9)


def test_channel_weights_ignore_where_a_pixel_is():
    x = np.random.default_rng(1).normal(0, 1, (1, 6, 5, 8))
    layer = filled(ChannelAttention(2, dtype="float64"), x.shape)
    turned = x[:, ::-1, ::-1]
    np.testing.assert_allclose(np.asarray(layer(turned)), np.asarray(layer(x))[:, ::-1, ::-1], rtol=1e-12)


@pytest.mark.parametrize(
    ("layer", "count"),
    [
        (ChannelAttention(16, use_bias=False), 2 * 256 * 16),
        (ChannelAttention(16), 2 * 256 * 16 + 16 + 256),
        (ChannelAttention(1000, use_bias=False), 2 * 256),
        (SpatialAttention(7, use_bias=False), 98),
        (SpatialAttention(7), 99),
    ],
)
def test_parameters(layer, count):
    layer.build((None, None, None, 256))
    assert layer.count_params() == count
    assert layer.compute_output_shape((None, None, None, 256)) == (None, None, None, 256)


def test_attention_survives_a_file(tmp_path):
    inputs = keras.Input((None, None, 8))
    outputs = SpatialAttention(3, False, name="pixels")(ChannelAttention(4, 0.2, False, name="channels")(inputs))
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "attention.keras")
    again = keras.models.load_model(tmp_path / "attention.keras")
    x = np.random.default_rng(1).normal(0, 1, (2, 5, 6, 8)).astype(np.float32)
    np.testing.assert_array_equal(again.predict_on_batch(x), model.predict_on_batch(x))
    for layer in model.layers[1:]:
        assert again.get_layer(layer.name).get_config() == layer.get_config()


@pytest.mark.parametrize(
    "layer", [ChannelAttention(2, dtype="mixed_bfloat16"), SpatialAttention(dtype="mixed_bfloat16")]
)
def test_mixed_precision(layer):
    x = np.random.default_rng(1).normal(0, 1, (1, 20, 20, 8)).astype(np.float32)
    result = layer(x)
    assert keras.backend.standardize_dtype(result.dtype) == "bfloat16"
    exact = type(layer).from_config({**layer.get_config(), "dtype": "float32"})
    exact.build(x.shape)
    exact.set_weights(layer.get_weights())
    np.testing.assert_allclose(np.asarray(keras.ops.cast(result, "float32")), np.asarray(exact(x)), atol=0.03)


def test_channel_attention_refuses_a_reduction_below_one():
    with pytest.raises(ValueError, match="reduction"):
        ChannelAttention(0)
