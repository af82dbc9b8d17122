"""Pixel shuffle and its inverse against their definitions and PyTorch's."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers.pixel_shuffle import PixelShuffle, PixelUnshuffle

SIZES = [(1, 1), (1, 5), (4, 3), (7, 8)]


def numbered(height, width, channels):
    """Returns a tensor whose elements all differ."""
    return np.arange(2 * height * width * channels, dtype=np.float32).reshape(2, height, width, channels)


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_every_channel_goes_to_its_row_and_column(factor, channels, size):
    x = numbered(*size, channels * factor**2)
    result = np.asarray(PixelShuffle(factor)(x))
    assert result.shape == (2, size[0] * factor, size[1] * factor, channels)
    for channel in range(channels):
        for i in range(factor):
            for j in range(factor):
                expected = x[..., channel * factor**2 + i * factor + j]
                np.testing.assert_array_equal(result[:, i::factor, j::factor, channel], expected)


@pytest.mark.parametrize("factor", [2, 3])
def test_equal_to_pytorch(factor):
    torch = pytest.importorskip("torch")
    x = numbered(5, 4, 2 * factor**2)
    expected = torch.nn.functional.pixel_shuffle(torch.from_numpy(x.transpose(0, 3, 1, 2)), factor)
    np.testing.assert_array_equal(np.asarray(PixelShuffle(factor)(x)), expected.numpy().transpose(0, 2, 3, 1))


def test_sides_may_be_unknown():
    inputs = keras.Input((None, None, 12))
    model = keras.Model(inputs, PixelShuffle(2, name="shuffle")(inputs))
    assert model.output_shape == (None, None, None, 3)
    x = numbered(3, 5, 12)
    np.testing.assert_array_equal(model.predict_on_batch(x), np.asarray(PixelShuffle(2)(x)))
    again = keras.Model.from_config(model.get_config())
    assert again.get_layer("shuffle").factor == 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_keeps_the_type(dtype):
    result = PixelShuffle(2, dtype=dtype)(np.ones((1, 2, 2, 4)))
    assert keras.backend.standardize_dtype(result.dtype) == dtype


def test_refuses_wrong_channels_and_factors():
    with pytest.raises(ValueError, match="multiple of 4, not 6"):
        PixelShuffle(2)(np.zeros((1, 2, 2, 6), np.float32))
    with pytest.raises(ValueError, match="at least 1, not 0"):
        PixelShuffle(0)


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_unshuffle_undoes_shuffle(factor, channels, size):
    x = numbered(*size, channels * factor**2)
    np.testing.assert_array_equal(np.asarray(PixelUnshuffle(factor)(PixelShuffle(factor)(x))), x)
    large = numbered(size[0] * factor, size[1] * factor, channels)
    np.testing.assert_array_equal(np.asarray(PixelShuffle(factor)(PixelUnshuffle(factor)(large))), large)


def test_unshuffle_takes_unknown_sides_and_refuses_others():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, PixelUnshuffle(2, name="unshuffle")(inputs))
    assert model.output_shape == (None, None, None, 12)
    assert model.predict_on_batch(numbered(4, 6, 3)).shape == (2, 2, 3, 12)
    assert keras.Model.from_config(model.get_config()).get_layer("unshuffle").factor == 2
    with pytest.raises(ValueError, match="multiples of 2, not 5"):
        PixelUnshuffle(2)(keras.Input((4, 5, 3)))
    with pytest.raises(ValueError, match="at least 1, not 0"):
        PixelUnshuffle(0)
