"""Adaptive pooling and the way back against plain NumPy and PyTorch."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from zoo.layers.pyramid_pooling import AdaptiveAveragePool, ResizeLike

BINS = (1, 2, 3, 6)
SIZES = ((1, 1), (2, 5), (6, 6), (7, 13), (12, 18), (40, 23))


def spans(bins, pixels):
    """Returns the first and one past the last pixel of every bin."""
    return [(math.floor(i * pixels / bins), math.ceil((i + 1) * pixels / bins)) for i in range(bins)]


def pooled(x, bins):
    """Returns the bins' means in NumPy."""
    rows = [x[:, a:b].mean(1) for a, b in spans(bins, x.shape[1])]
    maps = np.stack(rows, axis=1)
    return np.stack([maps[:, :, a:b].mean(2) for a, b in spans(bins, x.shape[2])], axis=2)


def resized(x, size):
    """Returns the maps resized bilinearly with half-pixel centres in NumPy."""
    for axis, pixels in enumerate(size, start=1):
        bins = x.shape[axis]
        position = np.clip((np.arange(pixels) + 0.5) * bins / pixels - 0.5, 0, bins - 1)
        low = np.floor(position).astype(int)
        share = (position - low).reshape([-1 if i == axis else 1 for i in range(4)])
        high = np.minimum(low + 1, bins - 1)
        x = np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share
    return x


def test_bins_of_forty_pixels():
    # A ramp's mean over [a, b) is (a + b - 1) / 2, which gives the bins away.
    ramp = np.broadcast_to(np.arange(40.0)[:, None], (40, 40))[None, ..., None]
    known = {
        3: [(0, 14), (13, 27), (26, 40)],
        6: [(0, 7), (6, 14), (13, 20), (20, 27), (26, 34), (33, 40)],
    }
    for bins, expected in known.items():
        assert spans(bins, 40) == expected
        result = np.asarray(AdaptiveAveragePool(bins, dtype="float64")(ramp))[0, :, 0, 0]
        np.testing.assert_allclose(result, [(a + b - 1) / 2 for a, b in expected])


@pytest.mark.parametrize("bins", BINS)
@pytest.mark.parametrize("size", SIZES)
def test_pooling_equals_the_means_of_the_bins(bins, size):
    x = np.random.default_rng(0).random((2, *size, 3))
    layer = AdaptiveAveragePool(bins, dtype="float64")
    np.testing.assert_allclose(np.asarray(layer(x)), pooled(x, bins), rtol=1e-12)
    assert layer.compute_output_shape((None, None, None, 3)) == (None, bins, bins, 3)


@pytest.mark.parametrize("bins", BINS)
@pytest.mark.parametrize("size", SIZES)
def test_resizing_equals_interpolation(bins, size):
    rng = np.random.default_rng(0)
    maps, reference = rng.random((2, bins, bins, 3)), rng.random((2, *size, 5))
    layer = ResizeLike(dtype="float64")
    np.testing.assert_allclose(np.asarray(layer([maps, reference])), resized(maps, size), rtol=1e-12)
    shapes = [(2, bins, bins, 3), (None, None, None, 5)]
    assert layer.compute_output_shape(shapes) == (2, None, None, 3)


@pytest.mark.parametrize("bins", BINS)
@pytest.mark.parametrize("size", SIZES)
def test_both_equal_pytorchs(bins, size):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).random((1, *size, 4))
    theirs = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(x.transpose(0, 3, 1, 2)), bins)
    back = torch.nn.functional.interpolate(theirs, size, mode="bilinear", align_corners=False)
    ours = AdaptiveAveragePool(bins, dtype="float64")(x)
    np.testing.assert_allclose(np.asarray(ours), theirs.numpy().transpose(0, 2, 3, 1), rtol=1e-12)
    ours = ResizeLike(dtype="float64")([ours, x])
    np.testing.assert_allclose(np.asarray(ours), back.numpy().transpose(0, 2, 3, 1), rtol=1e-10)


def test_one_network_takes_all_sizes():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, ResizeLike()([AdaptiveAveragePool(3)(inputs), inputs]))
    for size in SIZES:
        x = np.random.default_rng(0).random((2, *size, 3)).astype(np.float32)
        np.testing.assert_allclose(model.predict_on_batch(x), resized(pooled(x, 3), size), rtol=1e-5)


def test_half_precision_keeps_a_constant():
    x = keras.ops.ones((1, 37, 41, 2), "bfloat16")
    maps = AdaptiveAveragePool(6, dtype="mixed_bfloat16")(x)
    result = ResizeLike(dtype="mixed_bfloat16")([maps, x])
    assert keras.backend.standardize_dtype(result.dtype) == "bfloat16"
    np.testing.assert_allclose(np.asarray(keras.ops.cast(result, "float32")), 1.0, atol=0.02)


def test_pooling_refuses_no_bins_and_rebuilds():
    with pytest.raises(ValueError, match="at least 1"):
        AdaptiveAveragePool(0)
    for layer in (AdaptiveAveragePool(6, name="here"), ResizeLike(name="here")):
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
