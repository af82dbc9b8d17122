"""Tiles along the batch axis against plain slicing."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers.split_tiles import GateTile, Tiles, Untile

GRIDS = [(1, 1), (2, 1), (1, 4), (2, 2), (2, 4), (3, 5)]


def images(rows, columns, batch=2, side=3, across=2):
    return np.random.default_rng(0).random((batch, rows * side, columns * across, 3)).astype(np.float32)


@pytest.mark.parametrize(("rows", "columns"), GRIDS)
def test_tiles_equal_slices(rows, columns):
    x = images(rows, columns)
    tiles = np.asarray(Tiles(rows, columns)(x))
    expected = [
        x[b, 3 * r : 3 * r + 3, 2 * c : 2 * c + 2] for b in range(2) for r in range(rows) for c in range(columns)
    ]
    np.testing.assert_array_equal(tiles, np.stack(expected))
    assert Tiles(rows, columns).compute_output_shape(x.shape) == tiles.shape


@pytest.mark.parametrize(("rows", "columns"), GRIDS)
def test_untile_undoes_tiles(rows, columns):
    x = images(rows, columns)
    tiles = Tiles(rows, columns)(x)
    np.testing.assert_array_equal(np.asarray(Untile(rows, columns)(tiles)), x)
    assert Untile(rows, columns).compute_output_shape(tuple(tiles.shape)) == x.shape


@pytest.mark.parametrize(("rows", "columns"), GRIDS)
def test_tiles_join_to_rows_and_rows_to_images(rows, columns):
    x = images(rows, columns)
    strips = Untile(1, columns)(Tiles(rows, columns)(x))
    np.testing.assert_array_equal(np.asarray(strips), np.asarray(Tiles(rows, 1)(x)))
    np.testing.assert_array_equal(np.asarray(Untile(rows, 1)(strips)), x)


def test_one_network_takes_all_sizes():
    inputs = keras.Input((None, None, 3))
    tiles = Tiles(2, 4)(inputs)
    assert tiles.shape == (None, None, None, 3)
    model = keras.Model(inputs, Untile(2, 4)(keras.layers.ReLU()(tiles)))
    assert model.output_shape == (None, None, None, 3)
    # From the second size on the compiled function does not know the sides.
    for batch, side, across in [(1, 1, 1), (2, 3, 2), (3, 2, 5)]:
        x = images(2, 4, batch, side, across)
        np.testing.assert_array_equal(model.predict_on_batch(x), x)


@pytest.mark.parametrize(("tiles", "index"), [(1, 0), (2, 0), (2, 1), (3, 1)])
def test_gate_tile_leaves_the_others_as_they_are(tiles, index):
    random = np.random.default_rng(1)
    features, gate = random.random((2, 2 * tiles, 3, 4, 5)).astype(np.float32)
    expected = features.copy()
    expected[index::tiles] *= gate[index::tiles]
    layer = GateTile(tiles, index)
    np.testing.assert_array_equal(np.asarray(layer([features, gate])), expected)
    assert layer.compute_output_shape([features.shape, gate.shape]) == features.shape


def test_unusable_numbers_are_refused():
    for layer in (Tiles, Untile):
        with pytest.raises(ValueError, match="at least 1, not 0 and 2"):
            layer(0, 2)
    with pytest.raises(ValueError, match="from 0 to 1, not 2"):
        GateTile(2, 2)
    with pytest.raises(ValueError, match="height 5 cannot be cut into 2 equal tiles"):
        Tiles(2, 4).compute_output_shape((1, 5, 8, 3))
    with pytest.raises(ValueError, match="width 6 cannot be cut into 4 equal tiles"):
        Tiles(2, 4)(keras.Input((4, 6, 3)))


@pytest.mark.parametrize("layer", [Tiles(2, 3), Untile(3, 2), GateTile(3, 1)])
def test_config_rebuilds_the_layer(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
