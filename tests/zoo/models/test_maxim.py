"""MAXIM: the published tree of weights, counts, stages, sizes, and what options give."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest

import zoo
from tests.support.golden import FOLDER
from zoo.errors import ZooError
from zoo.weights.names.maxim import OPTIONAL, layer_of

# What the owner's network was found to have.
PUBLISHED = {
    "s1": (6_139_561, 41_201_772_544),
    "s2": (14_176_178, 96_662_605_824),
    "gopro": (22_212_795, 152_123_439_104),
}
HEADS = 2 * 3 + 27 * (64 + 128)
SMALL_HEADS = [f"stage_2_output_conv_{level}" for level in (1, 2)]


def tree():
    """Name -> shape of the 2,754 arrays of the published S-3."""
    lines = (FOLDER / "maxim_s3_tree.txt").read_text().splitlines()
    return {name: ast.literal_eval(shape) for name, shape in (line.split(" ", 1) for line in lines)}


def path_of(name):
    """The path of our weight for a name in the tree."""
    layer, _, leaf = name.rpartition("/")
    place = layer_of(layer, leaf)
    return place if "/" in place else f"{place}/{leaf}"


def in_keras(name, shape):
    """A shape of the tree as Keras has it."""
    return (*shape[:2], shape[3], shape[2]) if "/ConvTranspose_0/kernel" in name else shape


def images(height=32, width=64, batch=1):
    return np.random.default_rng(0).random((batch, height, width, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def tiny():
    return zoo.create("maxim", "tiny")


@pytest.fixture(scope="module")
def trained():
    return zoo.create("maxim", "tiny", outputs="all")


def test_registered_counts_are_the_published_ones():
    info = zoo.info("maxim")
    for name, (parameters, macs) in PUBLISHED.items():
        assert (info.variant(name).parameters, info.variant(name).macs) == (parameters, macs)


@pytest.mark.slow
@pytest.mark.parametrize(("outputs", "absent"), [("all", []), ("sharp", SMALL_HEADS), ("stages", SMALL_HEADS)])
def test_every_array_of_the_published_tree_has_a_weight_of_its_shape(outputs, absent):
    model = zoo.create("maxim", "gopro", outputs=outputs)
    assert model.count_params() == PUBLISHED["gopro"][0] - (HEADS if absent else 0)
    found = {weight.path: tuple(weight.shape) for weight in model.weights}
    names = {name: shape for name, shape in tree().items() if name.rpartition("/")[0] not in absent}
    assert len(tree()) == 2754
    assert {path_of(name): in_keras(name, shape) for name, shape in names.items()} == found
    assert len(names) == len(found)


def test_names_follow_a_rule():
    for theirs, leaf, ours in [
        ("stage_0_input_conv_0", "kernel", "stage_0_input_conv_0"),
        ("UpSampleRatio_17/Conv_0", "bias", "UpSampleRatio_17__Conv_0"),
        ("stage_1_input_fuse_sam_0/Conv_1", "kernel", "stage_1_input_fuse_sam_0__Conv_1"),
        ("stage_1_input_fuse_sam_0/LayerNorm_y", "bias", "stage_1_input_fuse_sam_0/LayerNorm_y/beta"),
        (
            "stage_1_encoder_block_0/cross_gating_block/SplitHeadMultiAxisGating_x/Dense_1",
            "bias",
            "stage_1_encoder_block_0__cross_gating_block/SplitHeadMultiAxisGating_x/Dense_1/bias",
        ),
        (
            "stage_2_decoder_block_0/UNetEncoderBlock_0/SplitHeadMultiAxisGmlpLayer_1/GridGmlpLayer/GridGatingUnit/"
            "intermediate_layernorm",
            "scale",
            "stage_2_decoder_block_0__UNetEncoderBlock_0__SplitHeadMultiAxisGmlpLayer_1/GridGmlpLayer/GridGatingUnit__"
            "intermediate_layernorm/gamma",
        ),
    ]:
        assert layer_of(theirs, leaf) == ours
    assert all(re.fullmatch(OPTIONAL[0], name) for name in SMALL_HEADS)


def test_images_of_all_stages_and_sizes(trained):
    assert trained.output_names == [
        *("sharp", "sharp_1", "sharp_2"),
        *("stage_0_image", "stage_0_image_1", "stage_0_image_2"),
    ]
    sizes = [(1, 64 // scale, 96 // scale, 3) for scale in (1, 2, 4)]
    assert [tuple(image.shape) for image in trained(images(64, 96))] == sizes * 2


@pytest.mark.slow
def test_what_is_returned_changes_nothing_else(tiny, trained):
    values = {weight.path: weight for weight in trained.weights}
    stages = zoo.create("maxim", "tiny", outputs="stages")
    for model in (tiny, stages):
        for weight in model.weights:
            weight.assign(values[weight.path])
    x = images()
    every = [np.asarray(image) for image in trained(x)]
    np.testing.assert_array_equal(np.asarray(tiny(x)), every[0])
    for image, expected in zip(stages(x), every[::3], strict=True):
        np.testing.assert_array_equal(np.asarray(image), expected)
    assert stages.count_params() == tiny.count_params() == trained.count_params() - 2 * 3 - 27 * (12 + 24)


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (128, 32)])
def test_one_set_of_weights_takes_all_sizes(tiny, size):
    assert tiny(images(*size)).shape == (1, *size, 3)


@pytest.mark.parametrize(("variant", "multiple"), [("tiny", 32), ("gopro", 64)])
def test_sides_that_do_not_fit_are_refused(variant, multiple):
    assert zoo.info("maxim").for_variant(variant).size_multiple == multiple
    if variant == "tiny":
        with pytest.raises(ZooError, match=rf"maxim: width 48 is not a multiple of {multiple}"):
            zoo.create("maxim", variant)(images(32, 48))


def test_the_owners_padding():
    """A frame of 720 rows gets 24 above and 24 below, reflected."""
    frame = np.random.default_rng(0).random((1, 720, 1280, 3)).astype(np.float32)
    padded, start = zoo.pad_to_fit(frame, zoo.info("maxim"))
    assert padded.shape == (1, 768, 1280, 3)
    assert start == (24, 0)
    np.testing.assert_array_equal(padded[:, :24], frame[:, 24:0:-1])
    np.testing.assert_array_equal(padded[:, -24:], frame[:, -2:-26:-1])


def test_every_layer_reaches_the_whole_image(tiny):
    x = images(64, 64)
    changed = x.copy()
    changed[0, 0, 0] = 1 - changed[0, 0, 0]
    assert (np.asarray(tiny(x)) != np.asarray(tiny(changed))).mean() > 0.9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outputs": "some"}, "outputs must be one of sharp, stages, all, not 'some'"),
        ({"stages": 0}, "stages=0 must be at least 1"),
        ({"sizes": (4, 4, 4)}, "sizes"),
    ],
)
def test_unusable_options_are_refused(options, words):
    with pytest.raises(ZooError, match=words):
        zoo.create("maxim", "tiny", **options)
