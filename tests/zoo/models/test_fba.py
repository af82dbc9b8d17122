"""FBA-Net layer by layer; its golden comparison is with the others'."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
from zoo.layers.weight_standardisation import StandardisedConv2D
from zoo.models import fba


@pytest.fixture(scope="module")
def paper():
    """The network of the paper for images of the paper's size."""
    inputs = keras.Input((320, 320, 3))
    return keras.Model(inputs, fba.build(inputs))


@pytest.fixture
def tiny():
    """A fresh tiny network."""
    return zoo.create("fba", "tiny")


def weights_of(model, *starts):
    """Counts the weights of the layers whose names start so."""
    return sum(layer.count_params() for layer in model.layers if layer.name.startswith(starts))


@pytest.mark.parametrize(
    ("starts", "count"),
    [
        (("stem",), 9_408 + 128),
        (("stage1_block1",), 75_008),
        (("stage1_block2",), 70_400),
        (("stage1",), 215_808),
        (("stage2_block1",), 379_392),
        (("stage2_block3",), 280_064),
        (("stage2",), 1_219_584),
        (("stage3",), 7_098_368),
        (("stage4",), 14_964_736),
        (("stem", "stage"), 23_508_032),
        *(((f"pyramid{bins}",), 525_056) for bins in (1, 2, 3, 6)),
        (("up1",), 7_669_248),
        (("up2",), 1_180_416),
        (("up3",), 184_512),
        (("head", "sharp"), 25_409),
        (("pyramid", "up", "head", "sharp"), 11_159_809),
    ],
)
def test_parameters_of_a_part(paper, starts, count):
    assert weights_of(paper, *starts) == count


def test_parameters(paper, tiny):
    assert paper.count_params() == zoo.info("fba").variant().parameters == 34_667_841
    assert tiny.count_params() == zoo.info("fba").variant("tiny").parameters < 300_000


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("stem_act", (160, 160, 64)),
        ("pool", (80, 80, 64)),
        ("stage1_block3", (80, 80, 256)),
        ("stage2_block4", (40, 40, 512)),
        ("stage3_block6", (40, 40, 1024)),
        ("stage4_block3", (40, 40, 2048)),
        ("pyramid6_act", (6, 6, 256)),
        ("pyramid", (40, 40, 3072)),
        ("up1_2_act", (40, 40, 256)),
        ("up2_concat", (80, 80, 512)),
        ("up3_concat", (160, 160, 320)),
        ("head_concat", (320, 320, 72)),
        ("sharp", (320, 320, 1)),
    ],
)
def test_shapes(paper, name, shape):
    assert paper.get_layer(name).output.shape == (None, *shape)


def test_dilations_keep_the_last_stages_at_an_eighth(paper):
    def dilation(stage, block):
        layer = paper.get_layer(f"stage{stage}_block{block}_conv2")
        return layer.strides[0], layer.dilation_rate[0]

    assert [dilation(2, block) for block in (1, 2)] == [(2, 1), (1, 1)]
    assert [dilation(3, block) for block in range(1, 7)] == [(1, 1), *[(1, 2)] * 5]
    assert [dilation(4, block) for block in range(1, 4)] == [(1, 2), *[(1, 4)] * 2]


def test_all_but_the_head_is_standardised_and_normalised_alike(paper):
    convolutions = [layer for layer in paper.layers if isinstance(layer, keras.layers.Conv2D)]
    plain = {layer.name for layer in convolutions if not isinstance(layer, StandardisedConv2D)}
    assert plain == {"head1", "head2", "sharp"}
    norms = [layer for layer in paper.layers if isinstance(layer, keras.layers.GroupNormalization)]
    assert len(norms) == len(convolutions) - len(plain)
    assert {(layer.groups, layer.epsilon) for layer in norms} == {(32, 1e-5)}
    biased = {layer.name for layer in convolutions if layer.use_bias}
    assert biased == {layer.name for layer in convolutions if not layer.name.startswith(("stem", "stage"))}


def test_the_maps_of_zeros_carry_nothing(tiny):
    batch = np.random.default_rng(0).random((1, 24, 40, 3)).astype(np.float32)
    before = np.asarray(tiny(batch))
    head = tiny.get_layer("head1")
    kernel, bias = head.get_weights()
    kernel[:, :, -2:] = 1e3
    head.set_weights([kernel, bias])
    np.testing.assert_array_equal(np.asarray(tiny(batch)), before)


@pytest.mark.parametrize("scale", [0.25, 8.0])
def test_the_scale_of_a_standardised_kernel_does_not_matter(tiny, scale):
    batch = np.random.default_rng(0).random((1, 24, 40, 3)).astype(np.float32)
    before = np.asarray(tiny(batch))
    stem = tiny.get_layer("stem")
    stem.set_weights([scale * weight for weight in stem.get_weights()])
    np.testing.assert_allclose(np.asarray(tiny(batch)), before, atol=1e-4)


def test_the_tiny_network_corrects_its_input(tiny):
    grey = np.random.default_rng(0).random((2, 16, 24, 1)).astype(np.float32)
    last = tiny.get_layer("correction")
    last.set_weights([np.zeros_like(weight) for weight in last.get_weights()])
    np.testing.assert_array_equal(np.asarray(tiny(np.repeat(grey, 3, axis=-1))), grey)


def test_any_multiple_of_eight_passes(tiny):
    # From the second size on the compiled function does not know the sides.
    for size in [(8, 8), (16, 64), (56, 40)]:
        result = tiny.predict_on_batch(np.random.default_rng(0).random((1, *size, 3)).astype(np.float32))
        assert result.shape == (1, *size, 1)
        assert np.isfinite(result).all()
