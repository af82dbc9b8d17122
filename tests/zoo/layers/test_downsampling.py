"""Smaller maps against the formula, TensorFlow and JAX's convention."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers import BilinearShrink, NearestShrink

SIZES = [(4, 4), (8, 12), (16, 4)]


def weights(pixels, factor):
    """The matrix (pixels / factor, pixels) of the antialiased bilinear resize: triangles, renormalised at the ends."""
    centres = (np.arange(pixels // factor) + 0.5) * factor
    distances = np.abs(np.arange(pixels) + 0.5 - centres[:, None]) / factor
    triangle = np.maximum(0, 1 - distances)
    return triangle / triangle.sum(1, keepdims=True)


@pytest.mark.parametrize("factor", [1, 2, 4])
@pytest.mark.parametrize("size", SIZES)
def test_bilinear_equals_the_formula(size, factor):
    x = np.random.default_rng(0).random((2, *size, 3))
    layer = BilinearShrink(factor, dtype="float64")
    rows, columns = (weights(side, factor) for side in size)
    np.testing.assert_allclose(np.asarray(layer(x)), np.einsum("rh,cw,bhwk->brck", rows, columns, x), atol=1e-12)
    assert layer.compute_output_shape(x.shape) == (2, size[0] // factor, size[1] // factor, 3)


@pytest.mark.parametrize("factor", [2, 4])
def test_bilinear_equals_tensorflows(factor):
    tf = pytest.importorskip("tensorflow")
    x = np.random.default_rng(0).random((1, 16, 24, 3)).astype(np.float32)
    theirs = tf.image.resize(x, (16 // factor, 24 // factor), antialias=True)
    np.testing.assert_allclose(np.asarray(BilinearShrink(factor)(x)), theirs.numpy(), atol=1e-6)


def test_weights_of_the_middle_and_of_the_edge():
    """A row of pixels, of which one is lit at a time."""
    line = np.eye(16)[:, np.newaxis, :, np.newaxis].repeat(4, 1)
    for factor, row, expected in [
        (2, 0, [3 / 7, 3 / 7, 1 / 7]),
        (2, 3, [0] * 5 + [1 / 8, 3 / 8, 3 / 8, 1 / 8]),
        (4, 1, [0, 0, 1 / 32, 3 / 32, 5 / 32, 7 / 32, 7 / 32, 5 / 32, 3 / 32, 1 / 32]),
    ]:
        found = np.asarray(BilinearShrink(factor, dtype="float64")(line))[:, 0, row, 0]
        np.testing.assert_allclose(found, np.pad(expected, (0, 16 - len(expected))), atol=1e-15)


@pytest.mark.parametrize(("factor", "pixels"), [(1, [0, 1, 2, 3]), (2, [1, 3, 5, 7]), (4, [2, 6, 10, 14])])
def test_nearest_takes_the_pixels_after_the_middle(factor, pixels):
    x = np.arange(16.0 * 16).reshape(1, 16, 16, 1)
    found = np.asarray(NearestShrink(factor, dtype="float64")(x))
    np.testing.assert_array_equal(found[:, :4, :4], x[:, pixels][:, :, pixels])
    assert NearestShrink(factor).compute_output_shape(x.shape) == found.shape


def test_one_network_takes_all_sizes():
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, [BilinearShrink(2)(inputs), NearestShrink(4)(inputs)])
    assert model.output_shape == [(None, None, None, 2)] * 2
    # From the second size on the compiled function does not know the sides.
    for size in SIZES:
        x = np.random.default_rng(0).random((1, *size, 2)).astype(np.float32)
        small, nearest = model.predict_on_batch(x)
        np.testing.assert_allclose(
            small, np.einsum("rh,cw,bhwk->brck", weights(size[0], 2), weights(size[1], 2), x), atol=1e-6
        )
        np.testing.assert_array_equal(nearest, x[:, 2::4, 2::4])


def test_half_precision_keeps_a_constant():
    x = np.ones((1, 8, 8, 2), np.float32)
    found = BilinearShrink(4, dtype="bfloat16")(x)
    np.testing.assert_array_equal(np.asarray(keras.ops.cast(found, "float32")), np.ones((1, 2, 2, 2)))


@pytest.mark.parametrize("kind", [BilinearShrink, NearestShrink])
def test_refusals(kind):
    with pytest.raises(ValueError, match="factor must be at least 1, not 0"):
        kind(0)
    with pytest.raises(ValueError, match="a side of 6 pixels cannot be divided by 4"):
        kind(4).compute_output_shape((1, 8, 6, 3))
    assert kind.from_config(kind(4).get_config()).factor == 4
