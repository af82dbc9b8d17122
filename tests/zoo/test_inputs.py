"""The door to the networks: what is refused in one line, grey planes, copies, medians, blur steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import zoo
from zoo.inputs import check_batch, from_planes, network_input, steps_of, to_planes

COLOUR, GREY, STEPPED = zoo.info("fcn"), zoo.info("unet1"), zoo.info("refiner")
GOOD = np.full((2, 16, 16, 3), 0.5, np.float32)


def bad(position, value):
    batch = GOOD.copy()
    batch[position] = value
    return batch


@pytest.mark.parametrize(
    ("batch", "step", "info", "words"),
    [
        (GOOD[0], None, COLOUR, r"must be an array \(batch, height, width, channels\), not shape \(16, 16, 3\)"),
        ([[1.0]], None, COLOUR, "pictures must be an array .* not list"),
        (GOOD[:0], None, COLOUR, r"not shape \(0, 16, 16, 3\)"),
        ((GOOD * 255).astype(np.uint8), None, COLOUR, "must be float .* not uint8"),
        (GOOD[..., :2], None, COLOUR, r"fcn takes pictures of 3 channel\(s\), not 2"),
        (GOOD[..., :2], None, GREY, r"unet1 takes pictures of 1 or 3 channel\(s\), not 2"),
        (np.repeat(GOOD, 2, axis=-1), None, GREY, "not 6"),
        (bad((1, 2, 3, 0), np.nan), None, COLOUR, "fcn: the picture has values that are not finite"),
        (bad((0, 0, 0, 2), np.inf), None, GREY, "unet1: the picture has values that are not finite"),
        (GOOD, 3, COLOUR, "fcn takes no blur step; leave blur_step out"),
        (GOOD, 0, GREY, "unet1 takes no blur step"),
        (GOOD, None, STEPPED, "refiner needs to know how blurred a picture is; give blur_step"),
        (GOOD, -1, STEPPED, "blur_step must be a number of at least 0, .* not -1"),
        (GOOD, float("nan"), STEPPED, "blur_step must be a number"),
        (GOOD, "five", STEPPED, "blur_step must be a number of at least 0, .* not 'five'"),
        (GOOD, [1, 2, 3], STEPPED, "one for each of 2 pictures"),
    ],
)
def test_refusals_are_one_line(batch, step, info, words):
    with pytest.raises(zoo.ZooError, match=words) as caught:
        check_batch(batch, step, info)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("batch", "step", "info"),
    [(GOOD, None, COLOUR), (GOOD[..., :1], None, GREY), (GOOD, 9, STEPPED), (GOOD, [0, 5], STEPPED)],
)
def test_what_is_right_is_let_through(batch, step, info):
    check_batch(batch, step, info)


def test_frames_count():
    with pytest.raises(zoo.ZooError, match=r"kaist takes pictures of 9 channels \(3 frames of 3\), not 3"):
        check_batch(GOOD, None, zoo.info("kaist"), frames=3)


def test_the_door_refuses_what_the_network_cannot_take():
    model = zoo.create("unet1", "tiny")
    picture = np.zeros((16, 16, 3), np.uint8)
    with pytest.raises(zoo.ZooError, match="unet1 takes no blur step"):
        zoo.restore(model, picture, blur_step=2)
    with pytest.raises(zoo.ZooError, match="refiner needs to know how blurred"):
        zoo.restore(zoo.create("refiner", "tiny"), picture)


@pytest.mark.parametrize("channels", [1, 3])
def test_planes_there_and_back(channels):
    batch = np.random.default_rng(0).random((2, 5, 7, channels))
    planes = to_planes(batch)
    assert planes.shape == (2 * channels, 5, 7, 1)
    assert np.array_equal(planes[channels - 1, ..., 0], batch[0, ..., -1])
    assert np.array_equal(from_planes(planes, channels), batch)


def test_copies_and_medians():
    planes = np.random.default_rng(0).random((2, 12, 12, 1)).astype(np.float32)
    copies = network_input(planes, replace(GREY, channels=4))
    assert copies.shape == (2, 12, 12, 4) and (copies == planes).all()
    medians = network_input(planes, STEPPED)
    assert medians.shape == (2, 12, 12, 5)
    assert np.array_equal(medians[..., :1], planes)
    assert medians[1, 5, 6, 1] == np.median(planes[1, 4:7, 5:8])
    assert medians[0, 6, 6, 4] == np.median(planes[0, 2:11, 2:11])


def test_steps():
    assert steps_of(3, 2).tolist() == [[3.0], [3.0]]
    assert steps_of([1, 4], 2).tolist() == [[1.0], [4.0]]


def test_colour_pictures_go_through_grey_networks_channel_by_channel():
    model = zoo.create("unet2", "tiny")
    picture = np.random.default_rng(0).random((24, 32, 3)).astype(np.float32)
    whole = zoo.restore(model, picture)
    assert whole.shape == picture.shape
    for channel in range(3):
        alone = zoo.restore(model, picture[..., channel : channel + 1])
        assert alone.shape == (24, 32, 1)
        np.testing.assert_allclose(alone[..., 0], whole[..., channel], atol=1e-6)


def test_the_shrinking_network_gives_every_pixel_back_in_its_place():
    """A constant stays constant where the network is the same everywhere, and sides come back whole."""
    model = zoo.create("refiner", "tiny")
    picture = np.full((40, 33, 1), 0.5, np.float32)
    restored = zoo.restore(model, picture, blur_step=4)
    assert restored.shape == picture.shape
    assert np.ptp(restored) < 1e-5


class TestWeightsOfAnotherVariant:
    def test_shapes_that_differ_are_named(self, tmp_path):
        zoo.save(zoo.create("carlo", "tiny"), tmp_path / "tiny.keras")
        with pytest.raises(zoo.ZooError) as caught:
            zoo.load_weights(zoo.create("carlo", "image"), tmp_path / "tiny.keras")
        message = str(caught.value)
        assert "holds carlo.tiny, whose weights do not fit carlo.image" in message
        assert "conv1/kernel (3, 3, 3, 128) here, conv1/kernel (3, 3, 3, 32) there" in message
        assert "\n" not in message

    def test_another_depth(self, tmp_path):
        zoo.save(zoo.create("atrous", "tiny"), tmp_path / "tiny.keras")
        with pytest.raises(zoo.ZooError, match=r"\d+ weights here, \d+ there"):
            zoo.load_weights(zoo.create("atrous", "tiny", blocks=6), tmp_path / "tiny.keras")

    def test_weights_that_fit_are_set(self, tmp_path):
        model, other = zoo.create("atrous", "tiny"), zoo.create("atrous", "tiny")
        zoo.save(model, tmp_path / "tiny.keras")
        zoo.load_weights(other, tmp_path / "tiny.keras")
        for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
            assert np.array_equal(ours, theirs)
