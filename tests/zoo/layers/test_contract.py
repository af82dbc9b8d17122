"""Layers of the zoo against plain NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from zoo.layers.local_convolution import LocalConvolution
from zoo.layers.select_channels import MiddleFrame


def neighbourhoods(image, side):
    """Returns (batch, height, width, channels, side^2): the patch form, in NumPy."""
    radius = side // 2
    padded = np.pad(image, [(0, 0), (radius, radius), (radius, radius), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
    return windows.reshape(*image.shape, side * side)


@pytest.mark.parametrize("side", [1, 3, 5])
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (9, 8)])
def test_local_convolution_equals_the_patch_form(side, size):
    rng = np.random.default_rng(side)
    image, kernels = rng.random((2, *size, 3)), rng.random((2, *size, side**2))
    expected = np.einsum("bhwck,bhwk->bhwc", neighbourhoods(image, side), kernels)
    layer = LocalConvolution(side, dtype="float64")
    np.testing.assert_allclose(np.asarray(layer([image, kernels])), expected, rtol=1e-12)


def test_local_convolution_of_a_centre_and_of_a_box():
    image = np.random.default_rng(0).random((1, 6, 7, 3)).astype(np.float32)
    centre = np.zeros((1, 6, 7, 25), np.float32)
    centre[..., 12] = 1
    np.testing.assert_array_equal(np.asarray(LocalConvolution(5)([image, centre])), image)
    box = np.full((1, 6, 7, 25), 1 / 25, np.float32)
    np.testing.assert_allclose(
        np.asarray(LocalConvolution(5)([image, box])), neighbourhoods(image, 5).mean(-1), atol=1e-6
    )


def test_local_convolution_gradient_equals_finite_differences():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradient tape of TensorFlow")
    rng = np.random.default_rng(0)
    image, kernels, weight = rng.random((1, 4, 5, 2)), rng.random((1, 4, 5, 9)), rng.random((1, 4, 5, 2))
    layer = LocalConvolution(3, dtype="float64")

    def value(a, b):
        return float(ops.sum(layer([a, b]) * weight))

    variables = [tf.Variable(image), tf.Variable(kernels)]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer([variables[0] * 1.0, variables[1] * 1.0]) * weight)
    for array, gradient in zip((image, kernels), tape.gradient(loss, variables), strict=True):
        for position in [(0, 0, 0, 0), (0, 3, 4, 1), (0, 2, 1, 1)]:
            step = np.zeros_like(array)
            step[position] = 1e-5
            pairs = [(image + s * step, kernels) if array is image else (image, kernels + s * step) for s in (1, -1)]
            slope = (value(*pairs[0]) - value(*pairs[1])) / 2e-5
            assert gradient.numpy()[position] == pytest.approx(slope, rel=1e-6)


def test_local_convolution_refuses_wrong_kernels():
    with pytest.raises(ValueError, match="25 channels"):
        LocalConvolution(5)([np.zeros((1, 4, 4, 3)), np.zeros((1, 4, 4, 9))])
    with pytest.raises(ValueError, match="odd"):
        LocalConvolution(4)


def test_middle_frame():
    stack = np.arange(2 * 9, dtype=np.float32).reshape(1, 1, 2, 9)
    np.testing.assert_array_equal(np.asarray(MiddleFrame()(stack)), stack[..., 3:6])
    with pytest.raises(ValueError, match="odd number"):
        MiddleFrame()(stack[..., :6])
