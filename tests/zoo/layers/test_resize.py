"""Enlargement with aligned corners against its formula and PyTorch's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from zoo.layers.upsampling import AlignedUpsample

SIZES = [(1, 1), (1, 6), (5, 1), (2, 3), (7, 8), (16, 9)]


def matrix(side, factor):
    """Returns the (side x factor, side) matrix that reads a line at evenly spaced places from end to end."""
    places = np.linspace(0, side - 1, side * factor) if side > 1 else np.zeros(factor)
    return np.maximum(0, 1 - np.abs(places[:, np.newaxis] - np.arange(side)))


def formula(x, factor):
    """Returns the enlarged maps, in NumPy."""
    return np.einsum("ih,bhwc,jw->bijc", matrix(x.shape[1], factor), x, matrix(x.shape[2], factor))


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
@pytest.mark.parametrize("size", SIZES)
def test_equal_to_the_formula(size, factor):
    x = random(2, *size, 3)
    result = np.asarray(AlignedUpsample(factor, dtype="float64")(x))
    np.testing.assert_allclose(result, formula(x, factor), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("size", SIZES)
def test_equal_to_pytorch(size, factor):
    torch = pytest.importorskip("torch")
    x = random(2, *size, 3)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(x.transpose(0, 3, 1, 2)), scale_factor=factor, mode="bilinear", align_corners=True
    )
    result = np.asarray(AlignedUpsample(factor, dtype="float64")(x))
    np.testing.assert_allclose(result, expected.numpy().transpose(0, 2, 3, 1), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("size", SIZES)
def test_gradient_is_the_transposed_formula(size, factor):
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradient tape of TensorFlow")
    x, weight = tf.Variable(random(2, *size, 3)), random(2, size[0] * factor, size[1] * factor, 3)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(AlignedUpsample(factor, dtype="float64")(x * 1.0) * weight)
    expected = np.einsum("ih,bijc,jw->bhwc", matrix(size[0], factor), weight, matrix(size[1], factor))
    np.testing.assert_allclose(tape.gradient(loss, x).numpy(), expected, rtol=1e-12, atol=1e-13)


def test_corners_stay_and_a_ramp_stays_straight():
    ramp = np.linspace(0, 1, 9, dtype=np.float32)[:, np.newaxis] + np.linspace(0, 2, 5, dtype=np.float32)
    result = np.asarray(AlignedUpsample(2)(ramp[np.newaxis, ..., np.newaxis]))[0, ..., 0]
    expected = np.linspace(0, 1, 18)[:, np.newaxis] + np.linspace(0, 2, 10)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert result[0, 0] == ramp[0, 0]
    assert result[-1, -1] == ramp[-1, -1]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 4e-3), ("bfloat16", 3e-2), ("float32", 1e-5)])
def test_other_types(dtype, tolerance):
    x = random(1, 300, 7, 2).astype(np.float32)
    result = AlignedUpsample(2, dtype=dtype)(x)
    assert keras.backend.standardize_dtype(result.dtype) == dtype
    error = np.asarray(ops.cast(result, "float32")) - formula(x, 2)
    assert np.abs(error).max() < tolerance * np.abs(x).max()


def test_sides_may_be_unknown():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, AlignedUpsample(2, name="up")(inputs))
    assert model.output_shape == (None, None, None, 3)
    for size in SIZES:
        x = random(2, *size, 3).astype(np.float32)
        np.testing.assert_allclose(model.predict_on_batch(x), formula(x, 2), atol=1e-6)
    again = keras.Model.from_config(model.get_config())
    assert again.get_layer("up").factor == 2


def test_refuses_a_factor_below_one():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        AlignedUpsample(0)
