"""The graph that goes into files does what `zoo.restore` does, for every size."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
from tests.support.exports import lively
from zoo.export.graph import BLUR_STEP, BLURRY, PSF, SHARP, described, exportable, graph_of
from zoo.export.parity import by_keras, random_inputs

SIZES = ((1, 1), (2, 9), (7, 5), (16, 24), (37, 51))


def run(graph, inputs):
    return np.asarray(graph.module.restore(*(inputs[name] for name in graph.names))[SHARP])


@pytest.mark.parametrize(
    ("name", "variant", "names"),
    [
        ("unet1", "tiny", [BLURRY]),
        ("identity", "video", [BLURRY]),
        pytest.param("wiener", "text", [BLURRY, PSF]),
        pytest.param("refiner", "tiny", [BLURRY, BLUR_STEP], marks=pytest.mark.slow),
        pytest.param("fcn", "tiny", [BLURRY], marks=pytest.mark.slow),
        pytest.param("maxim", "tiny", [BLURRY], marks=pytest.mark.slow),
    ],
)
def test_pads_picks_and_crops_as_restore_does(name, variant, names):
    model = lively(name, variant)
    graph = graph_of(model)
    assert graph.names == names
    rng = np.random.default_rng(3)
    for count, (height, width) in enumerate(SIZES[2:] if name == "wiener" else SIZES, start=1):
        inputs = random_inputs(graph, rng, count, height, width)
        found, expected = run(graph, inputs), by_keras(graph, inputs)
        assert found.shape == expected.shape == (count, height, width, zoo.info(name).channels_out)
        assert found.min() >= 0 and found.max() <= 1
        np.testing.assert_allclose(found, expected, atol=2e-6)


def test_says_what_it_takes():
    facts = described(graph_of(zoo.create("wiener", "text"), (32, 48), half=True))
    assert facts["model"] == "wiener/text"
    assert facts["blurry"] == "float32 (batch, height, width, 1) in [0, 1], grey; restore the channels of a colour " + (
        "image one by one"
    )
    assert facts["psf"] == "float32 (batch, rows, columns, 1), odd sides"
    assert (facts["size"], facts["weights"]) == ("32x48", "float16")
    three = described(graph_of(zoo.create("identity", "video")))
    assert three["blurry"].endswith("9) in [0, 1], previous, current and next frame along the channels")
    assert "psf" not in three


def test_one_size_is_known_all_through():
    graph = graph_of(zoo.create("unet1", "tiny"), (30, 45))
    assert [tuple(spec.shape) for spec in graph.signature] == [(1, 30, 45, 1)]
    assert tuple(graph.concrete.structured_outputs[SHARP].shape) == (1, 30, 45, 1)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_computes_in_float32_whatever_the_model_does(dtype):
    model = zoo.create("unet1", "tiny", dtype=dtype)
    copy = exportable(model)
    assert {layer.dtype_policy.name for layer in copy.layers} == {"float32"}
    assert copy.name == model.name
    for own, copied in zip(model.get_weights(), copy.get_weights(), strict=True):
        np.testing.assert_array_equal(own.astype(np.float32), copied)


def test_enlargements_tell_how_many_channels_there_are():
    model = zoo.create("kaist", "tiny")
    copy = exportable(model)
    assert copy is not model
    assert copy.weights[0] is model.weights[0]
    plain, named = (next(layer for layer in each.layers if layer.name == "kernel_up") for each in (model, copy))
    maps = np.random.default_rng(0).random((2, 3, 5, 4), np.float32)
    np.testing.assert_array_equal(plain(maps), named(maps))
    identity = zoo.create("identity")
    assert exportable(identity) is identity


def test_a_model_of_nobody_is_refused():
    other = keras.Sequential([keras.Input((None, None, 5)), keras.layers.Conv2D(3, 1)], name="mine")
    with pytest.raises(zoo.ZooError, match="model 'mine' is not of this zoo"):
        graph_of(other)
