"""Names, variants, options and their errors; imports that must stay light."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

import zoo


def test_wildcards():
    assert zoo.list_models("a*") == ["atrous"]
    assert zoo.list_models("nothing*") == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: zoo.create("atrus"), ["atrus", "did you mean 'atrous'", "carlo"]),
        (lambda: zoo.create("kaist", "vidoe"), ["vidoe", "did you mean 'video'", "tiny"]),
        (lambda: zoo.create("atrous", "tiny", slop=0.2), ["slop", "did you mean 'slope'"]),
        (lambda: zoo.create("identity", slope=0.2), ["slope", "none"]),
        (lambda: zoo.create("carlo", "tiny", dtype="float31"), ["float31", "float32"]),
        (lambda: zoo.load("missing.keras"), ["missing.keras"]),
    ],
)
def test_errors_are_one_helpful_line(call, words):
    with pytest.raises(zoo.ZooError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words)


def test_damaged_file_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    zoo.save(zoo.create("carlo", "tiny"), path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(zoo.ZooError, match=r"model\.keras.*damaged"):
        zoo.load(path)


def test_policy_is_left_as_it_was():
    before = keras.config.dtype_policy().name
    zoo.create("carlo", "tiny", dtype="float64")
    assert keras.config.dtype_policy().name == before


def test_options_of_the_sources():
    with_skip = zoo.create("atrous", "cifar10").count_params()
    assert with_skip - zoo.create("atrous", "cifar10", long_skip=False).count_params() == 73_728
    assert zoo.create("kaist", "tiny", slope=0.2).get_layer("stem_act").negative_slope == pytest.approx(0.2)


def test_importing_the_package_does_not_import_a_framework():
    code = "import sys, zoo; zoo.info('atrous'); print([m for m in ('tensorflow', 'jax', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros(8, np.float32), "height, width, channels"),
        (np.zeros((8, 8, 3), np.int32), "int32"),
        (np.full((8, 8, 3), np.nan, np.float32), "finite"),
        (np.full((8, 8, 3), 200.0, np.float32), "white level"),
        (np.zeros((8, 8, 4), np.float32), "takes images of 3 channel.*, not 4"),
    ],
)
def test_restore_refuses_bad_images(image, words):
    with pytest.raises(zoo.ZooError, match=words):
        zoo.restore(zoo.create("atrous", "tiny"), image)


def test_restore_keeps_the_type_and_repeats_a_still_for_three_frames():
    model = zoo.create("identity", "video")
    still = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    assert np.array_equal(zoo.restore(model, still), still)
    triplet = np.concatenate([still, 255 - still, still], axis=-1)
    assert np.array_equal(zoo.restore(model, triplet), 255 - still)


def test_macs_of_known_layers():
    # 3x3 convolutions: 9 multiply-accumulates per pixel, input and output channel.
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    model = keras.Model(inputs, keras.layers.Conv2DTranspose(5, 3, strides=2, padding="same")(x))
    assert zoo.count_macs(model, 16, 32) == 8 * 16 * 9 * 3 * 4 + 8 * 16 * 9 * 4 * 5
