"""The door to the networks: what is refused in one line, grey planes, copies, medians, blur steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import zoo
from tests.support.contracts import box
from zoo.inference.inputs import check_batch, from_planes, known_blur, network_input, to_planes

COLOUR, GREY, STEPPED, KNOWING = (zoo.info(name) for name in ("fcn", "unet1", "refiner", "wiener"))
GOOD = np.full((2, 16, 16, 3), 0.5, np.float32)


def bad(position, value):
    batch = GOOD.copy()
    batch[position] = value
    return batch


@pytest.mark.parametrize(
    ("batch", "info", "words"),
    [
        (GOOD[0], COLOUR, r"must be an array \(batch, height, width, channels\), not shape \(16, 16, 3\)"),
        ([[1.0]], COLOUR, "images must be an array .* not list"),
        (GOOD[:0], COLOUR, r"not shape \(0, 16, 16, 3\)"),
        ((GOOD * 255).astype(np.uint8), COLOUR, "must be float .* not uint8"),
        (GOOD[..., :2], COLOUR, r"fcn takes images of 3 channel\(s\), not 2"),
        (GOOD[..., :2], GREY, r"unet1 takes images of 1 or 3 channel\(s\), not 2"),
        (np.repeat(GOOD, 2, axis=-1), GREY, "not 6"),
        (bad((1, 2, 3, 0), np.nan), COLOUR, "fcn: the image has values that are not finite"),
        (bad((0, 0, 0, 2), np.inf), GREY, "unet1: the image has values that are not finite"),
    ],
)
def test_pictures_are_refused_in_one_line(batch, info, words):
    with pytest.raises(zoo.ZooError, match=words) as caught:
        check_batch(batch, info)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("step", "psf", "info", "words"),
    [
        (3, None, COLOUR, "fcn takes no blur step; leave blur_step out"),
        (0, None, GREY, "unet1 takes no blur step"),
        (None, None, STEPPED, "refiner needs to know how blurred an image is; give blur_step"),
        (-1, None, STEPPED, "blur_step must be a number of at least 0, .* not -1"),
        (float("nan"), None, STEPPED, "blur_step must be a number"),
        ("five", None, STEPPED, "blur_step must be a number of at least 0, .* not 'five'"),
        ([1, 2, 3], None, STEPPED, "one for each of 2 images"),
        (None, box(3), COLOUR, "fcn takes no point spread function; leave psf out"),
        (None, None, KNOWING, "wiener needs to know the blur; give its point spread function as psf"),
        (None, "box", KNOWING, r"psf must be an array of numbers \(rows, columns\), not str"),
        (None, box(3)[0], KNOWING, r"must be an array .* not shape \(3,\)"),
        (None, np.stack([box(3)] * 3), KNOWING, "3 point spread functions for 2 images; give one for each"),
        (None, box(4), KNOWING, "of 4x4 has no middle; make its sides odd"),
        (None, box(31), KNOWING, "of 31x31 is too large for images of 16x16; take larger images or tiles"),
        (None, 0 * box(3), KNOWING, "must be finite and let light through"),
        (None, np.nan * box(3), KNOWING, "must be finite and let light through"),
    ],
)
def test_what_is_known_of_the_blur_is_refused_in_one_line(step, psf, info, words):
    with pytest.raises(zoo.ZooError, match=words) as caught:
        known_blur(GOOD, info, step, psf)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("batch", "info"), [(GOOD, COLOUR), (GOOD[..., :1], GREY)])
def test_what_is_right_is_let_through(batch, info):
    check_batch(batch, info)
    assert known_blur(batch, info) is None


def test_frames_count():
    with pytest.raises(zoo.ZooError, match=r"kaist takes images of 9 channels \(3 frames of 3\), not 3"):
        check_batch(GOOD, zoo.info("kaist"), frames=3)


def test_the_door_refuses_what_the_network_cannot_take():
    model = zoo.create("unet1", "tiny")
    image = np.zeros((16, 16, 3), np.uint8)
    with pytest.raises(zoo.ZooError, match="unet1 takes no blur step"):
        zoo.restore(model, image, blur_step=2)
    with pytest.raises(zoo.ZooError, match="refiner needs to know how blurred"):
        zoo.restore(zoo.create("refiner", "tiny"), image)


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


def test_one_blur_for_all_pictures_or_one_for_each():
    assert known_blur(GOOD, STEPPED, 9).tolist() == [[9.0], [9.0]]
    assert known_blur(GOOD, STEPPED, [1, 4]).tolist() == [[1.0], [4.0]]
    both = known_blur(GOOD, KNOWING, psf=box(3))
    assert both.shape == (2, 3, 3, 1) and np.array_equal(both[0], both[1])
    each = known_blur(GOOD, KNOWING, psf=np.stack([box(3), 2 * box(3)]))
    assert np.array_equal(each[1], 2 * each[0])


def test_colour_pictures_go_through_grey_networks_channel_by_channel():
    model = zoo.create("unet2", "tiny")
    image = np.random.default_rng(0).random((24, 32, 3)).astype(np.float32)
    whole = zoo.restore(model, image)
    assert whole.shape == image.shape
    for channel in range(3):
        alone = zoo.restore(model, image[..., channel : channel + 1])
        assert alone.shape == (24, 32, 1)
        np.testing.assert_allclose(alone[..., 0], whole[..., channel], atol=1e-6)


def test_the_shrinking_network_gives_every_pixel_back_in_its_place():
    """A constant stays constant where the network is the same everywhere, and sides come back whole."""
    model = zoo.create("refiner", "tiny")
    image = np.full((40, 33, 1), 0.5, np.float32)
    restored = zoo.restore(model, image, blur_step=4)
    assert restored.shape == image.shape
    assert np.ptp(restored) < 1e-5


class TestWeightsOfAnotherVariant:
    def test_shapes_that_differ_are_named(self, tmp_path):
        zoo.save(zoo.create("carlo", "tiny"), tmp_path / "tiny.keras")
        with pytest.raises(zoo.ZooError) as caught:
            zoo.load_weights(zoo.create("carlo", "image"), tmp_path / "tiny.keras")
        message = str(caught.value)
        assert "holds carlo/tiny, whose weights do not fit carlo/image" in message
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
