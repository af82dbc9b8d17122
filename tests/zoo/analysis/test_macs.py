"""Multiply-accumulates, counted by hand."""

from __future__ import annotations

import keras
import pytest

import zoo
from zoo.layers.attention import ChannelAttention, SpatialAttention
from zoo.layers.split_tiles import Tiles
from zoo.layers.transposed_attention import TransposedAttention


def count(inputs, outputs, height=16, width=32):
    return zoo.count_macs(keras.Model(inputs, outputs), height, width)


def image(channels=8):
    return keras.Input((None, None, channels))


def test_separable_convolution():
    x = image(3)
    # The article's example: 3 x 3 x 3 + 3 x 4 = 39 instead of 108 weights.
    assert count(x, keras.layers.SeparableConv2D(4, 3, padding="same", use_bias=False)(x)) == 16 * 32 * 39
    assert count(x, keras.layers.Conv2D(4, 3, padding="same", use_bias=False)(x)) == 16 * 32 * 108


def test_depthwise_convolution():
    x = image(8)
    assert count(x, keras.layers.DepthwiseConv2D(3, padding="same")(x)) == 16 * 32 * 9 * 8


def test_attention():
    x = image(8)
    assert count(x, ChannelAttention(reduction=4)(x)) == 2 * (8 * 2 + 2 * 8)
    assert count(x, SpatialAttention(7)(x)) == 16 * 32 * 49 * 2


def test_attention_among_channels():
    x = image(3 * 8)
    # Queries with keys, and weights with values: four channels by four, for each of two heads.
    assert count(x, TransposedAttention(2)(x)) == 16 * 32 * 2 * 2 * 4 * 4


def test_a_layer_that_is_called_again_counts_again():
    x = image(4)
    layer = keras.layers.Conv2D(4, 3, padding="same")
    assert count(x, layer(layer(x))) == 2 * 16 * 32 * 9 * 16


def test_tiles_count_as_what_they_cover():
    x = image(4)
    tiles = Tiles(2, 4)(x)
    assert count(x, keras.layers.Conv2D(4, 1)(tiles)) == 16 * 32 * 16


def test_the_blur_step_counts_once():
    model = zoo.create("refiner", "tiny")
    small, large = (zoo.count_macs(model, side, side) for side in (64, 128))
    assert small < large < 8 * small


@pytest.mark.parametrize(
    ("name", "giga"),
    [
        ("deblurgan", 27.8),
        ("deblurgan-lite", 18.4),
        ("fba", 42.3),
        pytest.param("restormer", 154.9, marks=pytest.mark.slow),
    ],
)
def test_networks(name, giga):
    assert zoo.count_macs(zoo.create(name)) / 1e9 == pytest.approx(giga, abs=0.06)
