"""GELU's approximation, and the layers of MAXIM beside formulas."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers import ConvAttention, CrossGating, DenseAttention, GatedMixing, MultiAxisGating, MultiAxisMlp
from zoo.layers.multi_axis import tanh_gelu

BLOCKS = [
    GatedMixing(2),
    GatedMixing(2, across=True),
    MultiAxisMlp(2),
    MultiAxisGating(2),
    ConvAttention(2),
    DenseAttention(2),
]


def test_gelu_is_the_approximation_with_the_tangent():
    x = np.linspace(-9, 9, 1001)
    found = np.asarray(tanh_gelu(keras.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(
        found, 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), rtol=1e-6, atol=1e-8
    )
    assert 1e-4 < np.abs(found - np.asarray(keras.ops.gelu(x, approximate=False))).max() < 1e-3


def test_gelu_of_large_numbers_is_finite():
    found = np.asarray(tanh_gelu(keras.ops.convert_to_tensor(np.array([-1e4, 1e4], np.float32))))
    np.testing.assert_array_equal(found, np.array([0, 1e4], np.float32))


@pytest.mark.parametrize("layer", BLOCKS, ids=lambda layer: layer.name)
def test_blocks_rebuild_and_count(layer):
    shape = (2, 4, 6, 4)
    again = type(layer).from_config(layer.get_config())
    again.build(shape)
    assert again.get_config() == layer.get_config()
    assert again.compute_output_shape(shape) == shape
    x = np.random.default_rng(0).random(shape).astype(np.float32)
    assert again(x).shape == shape
    # Every number of a kernel of a dense layer or of a convolution meets every pixel, or every image in the attention.
    expected = 0
    for weight in again.weights:
        if weight.path.endswith("kernel"):
            mixes = "Dense_" in weight.path and "channel_mixing" not in weight.path
            places = 2 if "channel_attention" in weight.path else 2 * 4 * 6
            expected += 2 * 4 * 6 * 4 * 4 if mixes else places * int(np.prod(weight.shape))
    assert again.macs(shape) == expected


def test_cross_gating_rebuilds_and_counts():
    shape = (2, 4, 6, 4)
    layer = CrossGating.from_config(CrossGating(2, 0.5).get_config())
    assert layer.residual_scale == 0.5
    x, y = np.random.default_rng(0).random((2, *shape)).astype(np.float32)
    assert [part.shape for part in layer([x, y])] == [shape, shape]
    assert layer.compute_output_shape([shape, shape]) == [shape, shape]
    assert layer.macs(shape) == 2 * layer.gates[0].macs(shape) + 4 * x.size * 4


def test_what_adds_nothing_gives_the_input():
    layer = GatedMixing(2, residual_scale=1e-9)
    x = np.random.default_rng(0).random((1, 4, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(layer(x)), x, rtol=1e-5, atol=1e-6)


def test_cross_gating_adds_the_second_to_the_first():
    layer = CrossGating(2, residual_scale=1e-9)
    x, y = np.random.default_rng(0).random((2, 1, 4, 4, 3)).astype(np.float32)
    first, second = layer([x, y])
    np.testing.assert_allclose(np.asarray(second), y, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.asarray(first), x + y, rtol=1e-5, atol=1e-6)


def test_a_reduction_of_nothing_is_refused():
    with pytest.raises(ValueError, match="reduction must be at least 1, not 0"):
        ConvAttention(0)
