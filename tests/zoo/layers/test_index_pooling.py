"""Indexed pooling and unpooling against the form with full-size maps."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers.index_pooling import IndexedPooling, IndexedUnpooling
from zoo.layers.pixel_shuffle import PixelShuffle

SIZES = [(1, 1), (1, 4), (5, 3), (8, 6)]


def sample(height, width, channels=3):
    """Returns features at full and at half size, and four maps of indices in [0, 1], float64."""
    rng = np.random.default_rng(0)
    maps = [1 / (1 + np.exp(-2 * rng.standard_normal((2, height, width, channels)))) for _ in range(4)]
    return rng.standard_normal((2, 2 * height, 2 * width, channels)), rng.random((2, height, width, channels)), maps


def shuffled(stacked):
    """Returns the full-size map of a stack (batch, height, width, channels, 4)."""
    flat = stacked.reshape(*stacked.shape[:3], -1)
    return np.asarray(PixelShuffle(2, dtype="float64")(flat))


@pytest.mark.parametrize("size", SIZES)
def test_pooling_equals_the_full_size_form(size):
    features, _, maps = sample(*size)
    exponentials = np.exp(np.stack(maps, axis=-1))
    weighted = features * shuffled(exponentials / exponentials.sum(-1, keepdims=True))
    cells = weighted.reshape(2, size[0], 2, size[1], 2, 3)
    result = IndexedPooling(dtype="float64")([features, *maps])
    np.testing.assert_allclose(np.asarray(result[0]), 4 * cells.mean((2, 4)), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(np.asarray(result[1]), weighted, rtol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_unpooling_equals_the_full_size_form(size):
    _, small, maps = sample(*size)
    expected = small.repeat(2, axis=1).repeat(2, axis=2) * shuffled(np.stack(maps, axis=-1))
    np.testing.assert_allclose(np.asarray(IndexedUnpooling(dtype="float64")([small, *maps])), expected, rtol=1e-12)


def test_equal_indices_average_and_each_index_has_its_pixel():
    features, small, maps = sample(4, 5)
    equal = [np.full_like(small, 0.7)] * 4
    pooled, _ = IndexedPooling(dtype="float64")([features, *equal])
    means = features.reshape(2, 4, 2, 5, 2, 3).mean((2, 4))
    np.testing.assert_allclose(np.asarray(pooled), means, rtol=1e-12, atol=1e-13)
    result = np.asarray(IndexedUnpooling(dtype="float64")([np.ones_like(small), *maps]))
    for index, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        np.testing.assert_array_equal(result[:, row::2, column::2], maps[index])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_keeps_the_type(dtype):
    features, small, maps = sample(2, 3)
    outputs = [*IndexedPooling(dtype=dtype)([features, *maps]), IndexedUnpooling(dtype=dtype)([small, *maps])]
    assert {keras.backend.standardize_dtype(output.dtype) for output in outputs} == {dtype}


def test_sides_may_be_unknown():
    features, small, maps = sample(3, 4)
    inputs = [keras.Input((None, None, 3)) for _ in range(6)]
    pooled, weighted = IndexedPooling(name="pool")([inputs[0], *inputs[2:]])
    model = keras.Model(inputs, [pooled, weighted, IndexedUnpooling(name="unpool")(inputs[1:])])
    assert {tensor.shape for tensor in model.outputs} == {(None, None, None, 3)}
    arrays = [array.astype(np.float32) for array in (features, small, *maps)]
    again = keras.Model.from_config(model.get_config())
    for result, other in zip(model.predict_on_batch(arrays), again.predict_on_batch(arrays), strict=True):
        np.testing.assert_array_equal(result, other)


def test_refuses_wrong_maps():
    features, small, maps = sample(2, 3)
    with pytest.raises(ValueError, match="four of one shape"):
        IndexedPooling()([features, *maps[:3]])
    with pytest.raises(ValueError, match="four of one shape"):
        IndexedUnpooling()([small, *maps[:3], maps[3][:, :1]])
    with pytest.raises(ValueError, match="half the sides"):
        IndexedPooling()([features[:, :3], *maps])
    with pytest.raises(ValueError, match="shape of the features"):
        IndexedUnpooling()([features, *maps])
