"""Mirrored margins, margins to a multiple, crops and maps of zeros."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers.padding import CropLike, PadToMultiple, ReflectionPadding2D, ZeroMaps


@pytest.mark.parametrize("padding", [0, 1, 3])
@pytest.mark.parametrize("size", [(4, 4), (5, 9)])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_reflection_equals_numpys(padding, size, dtype):
    x = np.random.default_rng(0).integers(0, 200, (2, *size, 3)).astype(np.float32)
    margin = (padding, padding)
    expected = np.pad(x, [(0, 0), margin, margin, (0, 0)], mode="reflect")
    layer = ReflectionPadding2D(padding, dtype=dtype)
    result = keras.ops.cast(layer(keras.ops.cast(x, dtype)), "float32")
    np.testing.assert_array_equal(np.asarray(result), expected)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_reflection_takes_any_size_in_a_network():
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, ReflectionPadding2D(3)(inputs))
    assert model.output_shape == (None, None, None, 2)
    for size in [(4, 6), (9, 5)]:
        assert model.predict_on_batch(np.zeros((1, *size, 2))).shape == (1, size[0] + 6, size[1] + 6, 2)


def test_reflection_refuses_what_it_cannot_mirror():
    with pytest.raises(ValueError, match="3 pixels has not enough to mirror 3"):
        ReflectionPadding2D(3)(np.zeros((1, 3, 8, 1)))
    with pytest.raises(ValueError, match="negative"):
        ReflectionPadding2D(-1)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_zero_maps(policy):
    inputs = keras.Input((None, None, 3), dtype="float32")
    layer = ZeroMaps(2, dtype=policy)
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, None, None, 2)
    batch = np.full((2, 4, 5, 3), np.nan, np.float32)
    result = model.predict_on_batch(batch)
    assert result.shape == (2, 4, 5, 2)
    assert not np.asarray(keras.ops.cast(result, "float32")).any()
    assert keras.backend.standardize_dtype(layer(batch).dtype) == layer.compute_dtype


def test_padding_layers_rebuild():
    for layer in (
        ReflectionPadding2D(2, name="here"),
        ZeroMaps(5, name="here"),
        PadToMultiple(4, name="here"),
        CropLike(name="here"),
    ):
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("size", "padded"), [((8, 4), (8, 4)), ((7, 9), (8, 12)), ((1, 4), (4, 4))])
def test_zeros_to_a_multiple_and_back(known, size, padded):
    inputs = keras.Input((*(size if known else (None, None)), 2))
    larger = PadToMultiple(4)(inputs)
    assert larger.shape[1:3] == (padded if known else (None, None))
    model = keras.Model(inputs, [larger, CropLike()([larger, inputs])])
    x = np.random.default_rng(0).random((2, *size, 2)).astype(np.float32)
    found, back = model.predict_on_batch(x)
    margins = [(0, 0), *((0, after - before) for before, after in zip(size, padded, strict=True)), (0, 0)]
    np.testing.assert_array_equal(found, np.pad(x, margins))
    np.testing.assert_array_equal(back, x)


def test_multiples_below_one_are_refused():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        PadToMultiple(0)
