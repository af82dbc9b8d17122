"""The feature catcher part by part; its golden comparison is with the others'."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import ZooError
from zoo.layers.shared_prelu import SharedPReLU
from zoo.models.fcn.blocks import Blocks

# Starts of layers' names -> parameters of the part; every weight of the network belongs to one part.
PARTS = {
    **{(f"stage{stage}_conv", f"stage{stage}_cab"): 173_088 for stage in range(4)},
    ("stage0_efem",): 9_216,
    ("stage1_encoder", "stage1_down"): 2_513_664,
    ("stage1_decoder", "stage1_skip", "stage1_up"): 3_067_776,
    ("stage1_features", "stage1_picture_change", "stage1_gate"): 9_792,
    ("stage2_join",): 165_888,
    ("stage2_encoder", "stage2_down", "stage2_fuse"): 2_647_296,
    ("stage2_decoder", "stage2_skip", "stage2_up"): 3_067_776,
    ("stage2_features", "stage2_change", "stage2_gate"): 9_792,
    ("stage3_join",): 221_184,
    ("stage3_group", "stage3_from"): 7_901_184,
    ("sharp_change",): 3_456,
    ("prelu",): 1,
}


def images(height=16, width=24, batch=2, seed=0):
    return np.random.default_rng(seed).random((batch, height, width, 3)).astype(np.float32)


def tiny(**options):
    """Returns a tiny network whose outputs are no small corrections."""
    model = zoo.create("fcn", "tiny", **options)
    random = np.random.default_rng(7)
    model.set_weights([random.normal(0, 0.08, weight.shape) for weight in model.weights])
    return model


def part(model, start, end):
    """Returns the network between the outputs of two layers."""
    return keras.Model(model.get_layer(start).output, model.get_layer(end).output)


@pytest.fixture(scope="module")
def paper():
    return zoo.create("fcn")


@pytest.fixture(scope="module")
def small():
    return tiny()


@pytest.mark.parametrize(("starts", "count"), PARTS.items())
def test_parameters_of_a_part(paper, starts, count):
    assert sum(layer.count_params() for layer in paper.layers if layer.name.startswith(starts)) == count


def test_parameters(paper):
    starts = tuple(start for part_starts in PARTS for start in part_starts)
    assert all(layer.name.startswith(starts) for layer in paper.layers if layer.weights)
    assert sum(PARTS.values()) == paper.count_params() == 20_309_377
    assert not any("bias" in weight.name for weight in paper.weights)


@pytest.mark.parametrize(("channels", "count"), [(96, 170_496), (128, 303_104), (144, 383_616), (192, 681_984)])
def test_parameters_of_an_attention_block(channels, count):
    inputs = keras.Input((8, 8, channels))
    blocks = Blocks((channels,), 4, 1, SharedPReLU(), 1.0)
    assert keras.Model(inputs, blocks.attention_block(inputs, "cab")).count_params() == count + 1
    assert count == 18.5 * channels**2


def test_the_slope_is_one_number_of_all_blocks_but_stage_0(paper):
    layers = [layer for layer in paper.layers if isinstance(layer, SharedPReLU)]
    assert len(layers) == 1
    assert float(layers[0].alpha.numpy()) == 0.25
    blocks = sum(layer.name.endswith("_conv2") for layer in paper.layers)
    assert len(layers[0]._inbound_nodes) == blocks - 1 == 3 + 2 * 6 + 2 * 8 + 24


def test_the_weights_of_paper_and_code_are_the_same(paper):
    exact = zoo.create("fcn", "exact")
    assert [(each.path, each.shape) for each in exact.weights] == [(each.path, each.shape) for each in paper.weights]


@pytest.mark.parametrize("size", [(8, 8), (16, 24), (40, 8)])
def test_three_outputs_of_the_inputs_size(small, size):
    assert small.output_names == list(zoo.info("fcn").outputs)
    assert [output.shape for output in small(images(*size))] == [(2, *size, 3)] * 3


def test_four_outputs_with_a_head_on_stage_0():
    model = tiny(stage0_head=True)
    assert model.output_names == [*zoo.info("fcn").outputs, "stage0"]
    assert model.count_params() == zoo.info("fcn").variant("tiny").parameters + 3 * 16
    assert [output.shape for output in model(images())] == [(2, 16, 24, 3)] * 4


@pytest.mark.parametrize("options", [{}, {"efem": "top"}, {"stage0_head": True}])
def test_black_stays_exactly_black(options):
    for output in tiny(**options)(np.zeros((1, 16, 24, 3), np.float32)):
        assert not np.asarray(output).any()


@pytest.mark.parametrize("size", [(20, 24), (16, 12), (4, 4)])
def test_sides_that_8_does_not_divide_are_refused(small, size):
    with pytest.raises(ValueError, match=r"fcn: .* is not a multiple of 8"):
        small(images(*size))


def test_patches_side_by_side_equal_patches_one_by_one(small):
    x = images()
    alone = part(small, "eighths", "stage0_cab_sum")
    expected = [
        np.concatenate([np.asarray(alone(x[:, r : r + 8, c : c + 6])) for c in range(0, 24, 6)], axis=2) for r in (0, 8)
    ]
    halves = np.asarray(part(small, "blurry", "stage0_halves")(x))
    np.testing.assert_allclose(halves, np.stack(expected, axis=1).reshape(halves.shape), atol=1e-5)


def test_stage_1_sees_halves_and_stage_2_the_whole(small):
    x = images(32, 32, batch=1)
    changed = x.copy()
    changed[:, 16:] = 1 - changed[:, 16:]
    same = [np.isclose(a, b, atol=1e-5).all(axis=(0, 2, 3)) for a, b in zip(small(x), small(changed), strict=True)]
    _, stage2, stage1 = same
    assert stage1[:16].all()
    assert not stage1[16:].any()
    assert not stage2.any()


def test_the_gate_acts_on_both_halves_or_on_the_top_one(small):
    code = tiny(efem="top")
    x = images()
    x[:, 8:] = x[:, :8]
    both, top, raw = (
        np.asarray(part(model, "blurry", name)(x))
        for model, name in ((small, "stage0_efem"), (code, "stage0_efem"), (code, "stage0_halves"))
    )
    np.testing.assert_array_equal(top[0::2], both[0::2])
    np.testing.assert_array_equal(top[1::2], raw[1::2])
    np.testing.assert_allclose(both[1::2], both[0::2], atol=1e-6)
    assert np.abs(both - raw).max() > 0.1 * np.abs(raw).max()


def test_unusable_options_are_refused():
    with pytest.raises(ZooError, match="efem must be 'both' or 'top', not 'left'"):
        zoo.create("fcn", "tiny", efem="left")
    with pytest.raises(ZooError, match="three levels"):
        zoo.create("fcn", "tiny", widths=(8, 16))
