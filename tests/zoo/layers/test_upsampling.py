"""Bilinear enlargement against NumPy, Keras and PyTorch, also where a graph does not know the size."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers.upsampling import BilinearUpsample

SIZES = [(1, 1), (1, 6), (5, 3), (8, 8)]


def enlarged(x, factor):
    """Returns the maps enlarged in NumPy."""
    for axis in (1, 2):
        pixels = x.shape[axis]
        position = np.clip((np.arange(pixels * factor) + 0.5) / factor - 0.5, 0, pixels - 1)
        low = np.floor(position).astype(int)
        share = (position - low).reshape([-1 if i == axis else 1 for i in range(4)])
        high = np.minimum(low + 1, pixels - 1)
        x = np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share
    return x


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("size", SIZES)
def test_equals_the_formula(factor, size):
    x = np.random.default_rng(0).random((2, *size, 3)).astype(np.float32)
    layer = BilinearUpsample(factor)
    np.testing.assert_allclose(np.asarray(layer(x)), enlarged(x, factor), atol=1e-6)
    np.testing.assert_allclose(
        np.asarray(layer(x)), np.asarray(keras.layers.UpSampling2D(factor, interpolation="bilinear")(x)), atol=1e-6
    )
    assert layer.compute_output_shape(x.shape) == (2, size[0] * factor, size[1] * factor, 3)


@pytest.mark.parametrize("size", SIZES)
def test_equals_pytorchs(size):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).random((2, *size, 3)).astype(np.float32)
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(x.transpose(0, 3, 1, 2)), scale_factor=2, mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(np.asarray(BilinearUpsample()(x)), theirs.numpy().transpose(0, 2, 3, 1), atol=1e-6)


def test_one_network_takes_all_sizes():
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, BilinearUpsample()(inputs))
    assert model.output_shape == (None, None, None, 2)
    # From the second size on the compiled function does not know the sides.
    for size in SIZES:
        x = np.random.default_rng(0).random((1, *size, 2)).astype(np.float32)
        np.testing.assert_allclose(model.predict_on_batch(x), enlarged(x, 2), atol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_keeps_the_dtype(dtype):
    x = keras.ops.cast(np.random.default_rng(0).random((1, 4, 5, 2)), dtype)
    result = BilinearUpsample(dtype=dtype)(x)
    assert keras.backend.standardize_dtype(result.dtype) == dtype
    exact = enlarged(np.asarray(keras.ops.cast(x, "float32")), 2)
    np.testing.assert_allclose(np.asarray(keras.ops.cast(result, "float32")), exact, atol=0.01)


def test_refuses_a_factor_below_one_and_rebuilds():
    with pytest.raises(ValueError, match="factor"):
        BilinearUpsample(0)
    layer = BilinearUpsample(3, name="here")
    assert BilinearUpsample.from_config(layer.get_config()).get_config() == layer.get_config()
