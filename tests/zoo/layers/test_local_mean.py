"""Means over windows against plain NumPy, and the fixtures of the released code's rule."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers.local_mean import LocalMean, RepeatEdges

SIZES = [(1, 1), (2, 9), (5, 5), (7, 12), (30, 23)]
WINDOWS = [1, 2, 5, (3, 12), 40]


def means(x, window):
    """Returns the mean of every window in NumPy, the window cut to the map."""
    window = (window, window) if isinstance(window, int) else window
    spans = [min(pair) for pair in zip(x.shape[1:3], window, strict=True)]
    return np.lib.stride_tricks.sliding_window_view(x, spans, axis=(1, 2)).mean((-2, -1))


def spread(x, size):
    """Returns maps with their edges repeated, the smaller half of what is missing above and on the left."""
    missing = [side - length for side, length in zip(size, x.shape[1:3], strict=True)]
    return np.pad(x, [(0, 0), *((each // 2, each - each // 2) for each in missing), (0, 0)], mode="edge")


def around(window, mode="local", dtype="float64", size=(None, None)):
    """A model that gives the mean around every pixel."""
    inputs = keras.Input((*size, 2), dtype=dtype)
    found = RepeatEdges(dtype=dtype)([LocalMean(window, mode, dtype=dtype)(inputs), inputs])
    return keras.Model(inputs, found)


@pytest.mark.parametrize(("window", "rows"), [((3, 4), [7.5, 7.5, 13.5, 19.5, 19.5]), ((9, 4), [13.5] * 5)])
def test_fixtures(window, rows):
    x = np.arange(30.0).reshape(1, 5, 6, 1)
    found = np.asarray(RepeatEdges(dtype="float64")([LocalMean(window, dtype="float64")(x), x]))[0, ..., 0]
    expected = np.add.outer(rows, [0, 0, 1, 2, 2, 2])
    np.testing.assert_allclose(np.broadcast_to(found, (5, 6)), expected, rtol=1e-12)


def test_windows_of_a_photograph():
    layer = LocalMean(384)
    assert layer.compute_output_shape((1, 720, 1280, 2)) == (1, 337, 897, 2)
    x = np.broadcast_to(np.arange(1280, dtype=np.float32), (1, 720, 1280))[..., np.newaxis]
    found = np.asarray(RepeatEdges()([layer(x), x]))
    assert found.shape == (1, 720, 1280, 1)
    row = found[0, 0, :, 0]
    # 191 columns are repeated on the left, 192 on the right.
    np.testing.assert_allclose(row[: 191 + 1], 191.5, rtol=1e-6)
    np.testing.assert_allclose(row[-192 - 1 :], 1279 - 191.5, rtol=1e-6)
    assert row[192] > 192 and row[-194] < 1087


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("known", [True, False])
def test_equal_to_windows_in_numpy(window, size, known):
    x = np.random.default_rng(0).normal(3, 1, (2, *size, 2))
    model = around(window, size=size if known else (None, None))
    found = model.predict_on_batch(x)
    np.testing.assert_allclose(np.broadcast_to(found, x.shape), spread(means(x, window), size), rtol=1e-12)
    assert np.asarray(LocalMean(window, dtype="float64")(x)).shape == LocalMean(window).compute_output_shape(x.shape)


@pytest.mark.parametrize("size", SIZES)
def test_the_global_mode_is_the_mean(size):
    x = np.random.default_rng(0).random((2, *size, 3))
    layer = LocalMean(2, "global", dtype="float64")
    np.testing.assert_allclose(np.asarray(layer(x)), x.mean((1, 2), keepdims=True), rtol=1e-12)
    assert layer.compute_output_shape((None, None, None, 3)) == (None, 1, 1, 3)


@pytest.mark.parametrize("offset", [0, 100])
def test_no_digits_are_lost_in_a_large_map(offset):
    x = np.random.default_rng(0).normal(offset, 1, (1, 720, 1280, 1)).astype(np.float32)
    found = np.asarray(LocalMean(384)(x), np.float64)
    exact = np.asarray(LocalMean(384, dtype="float64")(x.astype(np.float64)))
    assert np.abs(found - exact).max() < 3e-7 * max(1, offset)


def test_half_precision_sums_in_single():
    x = keras.ops.cast(np.random.default_rng(0).normal(1, 1, (1, 300, 200, 2)), "bfloat16")
    layer = LocalMean(64, dtype="mixed_bfloat16")
    found = layer(x)
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    exact = means(np.asarray(keras.ops.cast(x, "float64")), 64)
    # Half a unit in the last of eight digits.
    np.testing.assert_allclose(np.asarray(keras.ops.cast(found, "float64")), exact, rtol=2**-8)


def test_the_smallest_maps_are_left_to_broadcasting():
    ones = np.ones((2, 1, 1, 3), np.float32)
    reference = np.zeros((2, 4, 5, 3), np.float32)
    assert RepeatEdges()([ones, reference]).shape == (2, 1, 1, 3)
    assert RepeatEdges().compute_output_shape([(2, 1, 3, 3), (2, 4, 5, 3)]) == (2, 1, 5, 3)


def test_config_and_refusals():
    for layer in (LocalMean((3, 4), "global", name="here"), RepeatEdges(name="here")):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
    with pytest.raises(ValueError, match="at least 1, or two such numbers, not 0"):
        LocalMean(0)
    with pytest.raises(ValueError, match="mode must be 'local' or 'global', not 'full'"):
        LocalMean(3, "full")
