"""Mixing within blocks and across a grid against plain loops."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers import LayerNorm, PatchMixing

SIZES = [(4, 4), (8, 12), (12, 4)]


def filled(size, across, dtype="float64", offset=0.0):
    """A layer with random weights."""
    layer = PatchMixing(size, across, offset, dtype=dtype)
    layer.build((None, None, None, 3))
    rng = np.random.default_rng(size)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def mixed(x, size, across, kernel, bias):
    """The layer as loops over blocks, or over the places of a cell."""
    result = np.empty_like(x)
    height, width = x.shape[1:3]
    rows, columns = height // size, width // size
    steps = (rows, columns) if across else (1, 1)
    starts = (
        [(r, c) for r in range(rows) for c in range(columns)]
        if across
        else [(r * size, c * size) for r in range(rows) for c in range(columns)]
    )
    for top, left in starts:
        place = np.s_[
            :, top : top + steps[0] * (size - 1) + 1 : steps[0], left : left + steps[1] * (size - 1) + 1 : steps[1]
        ]
        piece = x[place].reshape(len(x), size * size, -1)
        result[place] = (np.einsum("bpc,pq->bqc", piece, kernel) + bias[:, None]).reshape(x[place].shape)
    return result


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("side", SIZES)
@pytest.mark.parametrize("size", [1, 2, 4])
def test_equals_loops(side, size, across):
    x = np.random.default_rng(0).random((2, *side, 3))
    layer = filled(size, across)
    np.testing.assert_allclose(np.asarray(layer(x)), mixed(x, size, across, *layer.get_weights()), atol=1e-12)
    assert layer.compute_output_shape(x.shape) == x.shape
    assert layer.macs(x.shape) == x.size * size**2


@pytest.mark.parametrize("across", [False, True])
def test_cutting_and_undoing_the_cut_give_the_maps_back(across):
    x = np.random.default_rng(0).random((2, 8, 12, 3)).astype(np.float32)
    layer = PatchMixing(4, across, kernel_initializer="identity")
    np.testing.assert_array_equal(np.asarray(layer(x)), x)


@pytest.mark.parametrize("across", [False, True])
def test_a_gating_unit_that_mixes_nothing(across):
    """With the identity and no bias it gives a (LayerNorm(b) + 1)."""
    a, b = np.random.default_rng(0).random((2, 1, 8, 8, 6))
    norm = LayerNorm(epsilon=1e-6, dtype="float64")
    gate = PatchMixing(4, across, offset=1.0, kernel_initializer="identity", dtype="float64")(norm(b))
    expected = (b - b.mean(-1, keepdims=True)) / np.sqrt(b.var(-1, keepdims=True) + 1e-6) + 1
    np.testing.assert_allclose(a * np.asarray(gate), a * expected, atol=1e-12)


def test_blocks_see_near_and_a_grid_sees_far():
    for across, reached in [(False, np.s_[4:8, 0:4]), (True, np.s_[2::3, 0::3])]:
        x = np.zeros((1, 12, 12, 1))
        x[0, 5, 3] = 1
        layer = filled(4, across)
        change = np.asarray(layer(x) - layer(np.zeros_like(x)))[0, ..., 0]
        expected = np.zeros((12, 12), bool)
        expected[reached] = True
        np.testing.assert_array_equal(change != 0, expected)


def test_the_weights_do_not_depend_on_the_maps():
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, filled(4, False, "float32")(filled(4, True, "float32")(inputs)))
    assert model.count_params() == 2 * (4**4 + 4**2)
    # From the second size on the compiled function does not know the sides.
    for side in SIZES:
        x = np.random.default_rng(0).random((1, *side, 2)).astype(np.float32)
        expected = mixed(x, 4, True, *model.layers[1].get_weights())
        expected = mixed(expected, 4, False, *model.layers[2].get_weights())
        np.testing.assert_allclose(model.predict_on_batch(x), expected, rtol=1e-4, atol=1e-4)


def test_rebuilds_and_refuses():
    layer = PatchMixing(4, True, 1.0, "zeros", "ones")
    again = PatchMixing.from_config(layer.get_config())
    x = np.random.default_rng(0).random((1, 4, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(again(x)), np.full_like(x, 2))
    with pytest.raises(ValueError, match="size must be at least 1, not 0"):
        PatchMixing(0)
    with pytest.raises(ValueError, match="width 6 is not a multiple of 4"):
        layer.compute_output_shape((1, 4, 6, 3))
