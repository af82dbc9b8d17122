"""IndexNet layer by layer; its golden comparison is with the others'."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
from zoo.layers.index_pooling import IndexedPooling, IndexedUnpooling
from zoo.models import indexnet

# Trained weights of the layers whose names start so, and the side of their results for images of 320.
PARTS = {
    "stem": (1_216, 320),
    "stage1": (896, 160),
    "stage2": (13_968, 160),
    "stage3": (39_696, 80),
    "stage4": (183_872, 40),
    "stage5": (303_168, 20),
    "stage6": (795_264, 20),
    "stage7": (473_920, 10),
    "index0": (16_384, 160),
    "index2": (9_216, 80),
    "index3": (16_384, 40),
    "index4": (65_536, 20),
    "index6": (409_600, 10),
    "bottom": (51_520, 10),
    "decoder6": (768_192, 20),
    "decoder5": (307_328, 20),
    "decoder4": (102_464, 40),
    "decoder3": (38_448, 80),
    "decoder2": (19_232, 160),
    "decoder1": (25_664, 160),
    "decoder0": (51_264, 320),
}


@pytest.fixture(scope="module")
def paper():
    """The network of the paper for images of the paper's size."""
    inputs = keras.Input((320, 320, 4))
    return keras.Model(inputs, indexnet.build(inputs))


@pytest.fixture
def tiny():
    """A fresh tiny network."""
    return zoo.create("indexnet", "tiny")


def trained(layers):
    """Counts the weights of layers that a training moves."""
    return sum(int(np.prod(weight.shape)) for layer in layers for weight in layer.trainable_weights)


def random(*shape):
    return np.random.default_rng(0).random(shape).astype(np.float32)


@pytest.mark.parametrize("start", PARTS)
def test_parameters_and_sides_of_a_part(paper, start):
    layers = [layer for layer in paper.layers if layer.name.startswith(start)]
    count, side = PARTS[start]
    assert trained(layers) == count
    last = layers[-1].output
    assert (last[0] if isinstance(last, (list, tuple)) else last).shape[1:3] == (side, side)


def test_parameters(paper, tiny):
    assert trained(paper.get_layer(name) for name in ("prediction", "prediction_norm", "sharp")) == 827
    assert trained(paper.layers) == zoo.info("indexnet").variant().parameters == 3_694_059
    assert trained(paper.layers) == sum(count for count, _ in PARTS.values()) + 827
    assert trained(tiny.layers) == zoo.info("indexnet").variant("tiny").parameters < 300_000


def test_every_step_down_and_its_step_up_share_four_maps(paper):
    pools = [layer for layer in paper.layers if isinstance(layer, IndexedPooling)]
    unpools = {layer.name: layer for layer in paper.layers if isinstance(layer, IndexedUnpooling)}
    assert [layer.name for layer in pools] == [f"index{stage}_pool" for stage in (0, 2, 3, 4, 6)]
    assert len(unpools) == 5
    for layer in pools:
        maps = [tensor.name for tensor in layer.input[1:]]
        stage = layer.name.removeprefix("index").removesuffix("_pool")
        assert [tensor.name for tensor in unpools[f"decoder{stage}_up"].input[1:]] == maps
        assert [paper.get_layer(f"index{stage}_{place}").output.name for place in range(1, 5)] == maps
        weighted = layer.output[1]
        assert paper.get_layer(f"decoder{stage}_concat").input[1].name == weighted.name
    # The encoder itself has no stride.
    assert {layer.strides for layer in paper.layers if isinstance(layer, keras.layers.DepthwiseConv2D)} == {(1, 1)}


def test_blocks_pad_before_they_expand(paper):
    depthwise = [layer for layer in paper.layers if isinstance(layer, keras.layers.DepthwiseConv2D)]
    assert len(depthwise) == 17
    assert {layer.padding for layer in depthwise} == {"valid"}
    assert paper.get_layer("stage4_block2_expand").output.shape == (None, 42, 42, 384)
    assert paper.get_layer("stage4_block2_depthwise").output.shape == (None, 40, 40, 384)


def test_only_blocks_of_equal_channels_add_their_input(paper):
    sums = {layer.name for layer in paper.layers if isinstance(layer, keras.layers.Add)}
    blocks = {2: 2, 3: 3, 4: 4, 5: 3, 6: 3}
    expected = {f"stage{stage}_block{block}_sum" for stage, count in blocks.items() for block in range(2, count + 1)}
    assert sums == expected


def test_output_without_and_with_the_global_residual(tiny):
    grey = np.repeat(random(1, 64, 32, 1), 4, axis=-1)
    tiny.get_layer("correction").kernel.assign(np.zeros_like(tiny.get_layer("correction").kernel))
    np.testing.assert_array_equal(np.asarray(tiny(grey)), grey[..., :1])
    plain = zoo.create("indexnet", "tiny", global_residual=False)
    # Behind the ReLU6 at most 9 taps of 6 meet a kernel of ones.
    plain.get_layer("sharp").kernel.assign(np.ones_like(plain.get_layer("sharp").kernel))
    result = np.asarray(plain(grey))
    assert result.shape == (1, 64, 32, 1)
    assert 0 <= result.min() < result.max() <= 54


def test_multiples_of_32_pass_and_nothing_else(tiny):
    for size in [(32, 32), (32, 96), (96, 64)]:
        assert tiny(random(2, *size, 4)).shape == (2, *size, 1)
    with pytest.raises(ValueError, match="indexnet: width 48 is not a multiple of 32"):
        tiny(random(1, 32, 48, 4))


def test_stages_are_seven():
    with pytest.raises(zoo.ZooError, match="7 stages, not 2"):
        zoo.create("indexnet", stages=((1, 8, 1), (6, 8, 1)))
