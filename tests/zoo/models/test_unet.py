"""The three U-Nets layer by layer; their golden comparisons are with the others'."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
from zoo.models import unet

NAMES = ("unet1", "unet2", "unet3")
BUILDERS = {"unet1": unet.build_unet1, "unet2": unet.build_unet2, "unet3": unet.build_unet3}
# Trained weights of the layers whose names start so.
PARTS = {
    "unet1": {
        "encoder1": 10_208,
        "encoder2": 55_552,
        "encoder3": 221_696,
        "encoder4": 885_760,
        "bottom": 3_540_992,
        "up4": 524_544,
        "decoder4": 1_770_496,
        "up3": 131_200,
        "decoder3": 442_880,
        "up2": 32_832,
        "decoder2": 110_848,
        "up1": 8_224,
        "decoder1": 27_776,
        "sharp": 33,
    },
    "unet2": {
        "encoder1": 38_720,
        "encoder2": 221_440,
        "encoder3": 885_248,
        "bottom": 3_539_968,
        "decoder3": 2_359_808,
        "decoder2": 590_080,
        "decoder1": 147_584,
        "up": 0,
        "sharp": 65,
    },
    "unet3": {
        "encoder1": 38_848,
        "encoder2": 221_696,
        "encoder3": 885_760,
        "encoder4": 3_540_992,
        "bottom": 14_159_872,
        ("up4", "decoder4"): 9_177_600,
        ("up3", "decoder3"): 2_295_040,
        ("up2", "decoder2"): 574_080,
        ("up1", "decoder1"): 143_680,
        "sharp": 65,
    },
}


@pytest.fixture(scope="module", params=NAMES)
def paper(request):
    """A network of the paper for images of the paper's size, and its name."""
    inputs = keras.Input((320, 320, 3))
    return request.param, keras.Model(inputs, BUILDERS[request.param](inputs))


def trained(layers):
    """Counts the weights of layers that a training moves."""
    return sum(int(np.prod(weight.shape)) for layer in layers for weight in layer.trainable_weights)


def random(*shape):
    return np.random.default_rng(0).random(shape).astype(np.float32)


def test_parameters_of_the_parts(paper):
    name, model = paper
    for start, count in PARTS[name].items():
        assert trained(layer for layer in model.layers if layer.name.startswith(start)) == count, start
    assert trained(model.layers) == sum(PARTS[name].values()) == zoo.info(name).variant().parameters


def test_biases_make_the_older_unet3():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, unet.build_unet3(inputs, use_bias=True))
    assert trained(model.layers) == 31_043_521
    assert zoo.info("unet3").variant("biased").parameters - zoo.info("unet3").variant().parameters == 5_888


def test_sides_and_widths(paper):
    name, model = paper
    depth = {"unet1": 4, "unet2": 3, "unet3": 4}[name]
    assert zoo.info(name).size_multiple == 2**depth
    base = 32 if name == "unet1" else 64
    for level in range(1, depth + 1):
        shape = (None, 640 >> level, 640 >> level, base << level - 1)
        assert model.get_layer(f"encoder{level}_act2").output.shape == shape
        assert model.get_layer(f"decoder{level}_act2").output.shape == shape
    assert model.get_layer("bottom_act2").output.shape == (None, 320 >> depth, 320 >> depth, base << depth)
    assert model.output_shape == (None, 320, 320, 1)


def test_upsampled_comes_first_but_in_unet3(paper):
    name, model = paper
    skip_at = [tensor.name for tensor in model.get_layer("up1_concat").input].index(
        model.get_layer("encoder1_act2").output.name
    )
    assert skip_at == (0 if name == "unet3" else 1)


@pytest.mark.parametrize("name", NAMES)
def test_range_of_the_output(name):
    """Only U-Net 1 ends in a sigmoid; a tiny network with its last kernel at zero returns its input."""
    model = zoo.create(name, "tiny", global_residual=False)
    model.get_layer("sharp").kernel.assign(30 * np.sign(np.array(model.get_layer("sharp").kernel)))
    result = np.asarray(model(random(1, 48, 32, 3)))
    inside = ((result >= 0) & (result <= 1)).all()
    assert inside == (name == "unet1")

    model = zoo.create(name, "tiny")
    model.get_layer("correction").kernel.assign(np.zeros_like(model.get_layer("correction").kernel))
    grey = np.repeat(random(1, 48, 32, 1), 3, axis=-1)
    np.testing.assert_array_equal(np.asarray(model(grey)), grey[..., :1])


@pytest.mark.parametrize("name", NAMES)
def test_every_multiple_passes_and_nothing_else(name):
    model, multiple = zoo.create(name, "tiny"), zoo.info(name).size_multiple
    for rows, columns in [(1, 1), (1, 3), (3, 2), (5, 4)]:
        size = (rows * multiple, columns * multiple)
        assert model(random(2, *size, 3)).shape == (2, *size, 1)
    with pytest.raises(ValueError, match=f"{name}: .* is not a multiple of {multiple}"):
        model(random(1, multiple, multiple + 4, 3))
