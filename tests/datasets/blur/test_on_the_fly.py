"""Blur made on the fly: nothing moves without motion, light is kept, and the sharp image is in the middle."""

from dataclasses import replace

import numpy as np
import pytest

from datasets.blur.camera import Sensor
from datasets.blur.exposure import STILL, USUAL_SHAKE, Shake, draw_path, expose, on_half_pixels, soft_mask, travel
from datasets.blur.on_the_fly import DEFAULT, VERSION, Blur, Distribution, apply, blurred_crop, draw
from datasets.blur.trajectory import move
from datasets.image import Window
from datasets.samples.photographs import photograph

WINDOW = Window(40, 60, 96, 128)


@pytest.fixture(scope="module")
def astronaut():
    return photograph("astronaut.png")


def rng(seed=0):
    return np.random.default_rng(seed)


def crop(pixels, window=WINDOW):
    return pixels[window.top : window.top + window.height, window.left : window.left + window.width]


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("object_length", [None, 0.0])
def test_without_motion_a_crop_stays_as_it_is(astronaut, linear, object_length):
    blur = Blur(length=0.0, object_length=object_length, linear=linear)
    assert np.array_equal(apply(blur, astronaut, WINDOW, rng()), crop(astronaut))


@pytest.mark.parametrize("linear", [True, False])
def test_a_path_of_hardly_any_length_changes_hardly_anything(astronaut, linear):
    blurred = apply(Blur(length=0.05, linear=linear), astronaut, WINDOW, rng())
    assert np.abs(blurred.astype(int) - crop(astronaut)).max() <= 1


def test_values_are_neither_gained_nor_lost(astronaut):
    blurs = [draw(rng(seed), replace(DEFAULT, sharp=0.0, noisy=0.0, jpeg=0.0, linear=0.0)) for seed in range(12)]
    changes = [
        apply(blur, astronaut, WINDOW, rng(seed)).mean() - crop(astronaut).mean() for seed, blur in enumerate(blurs)
    ]
    # What moves in from outside is not what moves out.
    assert np.abs(changes).max() < 6
    assert abs(np.mean(changes)) < 1.5


def test_a_flat_image_stays_flat():
    flat = np.full((120, 150, 3), 77, np.uint8)
    for seed in range(8):
        blur = draw(rng(seed), replace(DEFAULT, sharp=0.0, object=1.0, defocus=1.0, noisy=0.0, jpeg=0.0))
        assert np.array_equal(apply(blur, flat, Window(0, 0, 120, 150), rng(seed)), flat)


@pytest.mark.parametrize("length", [0.5, 3.0, 12.0, 30.0])
def test_a_path_has_the_length_asked_for_and_its_middle_is_the_identity(length):
    for seed in range(4):
        path = draw_path((321, 481), WINDOW, length, USUAL_SHAKE, rng(seed))
        assert len(path.maps) == 2 * np.ceil(length / 2) + 1
        assert np.allclose(path.maps[len(path.maps) // 2], np.eye(3), atol=1e-12)
        assert travel(path.maps, WINDOW) == pytest.approx(length, rel=0.02)


def test_a_point_is_spread_over_its_own_path(astronaut):
    """The centre of mass of a blurred point is the mean of where it was, to a fraction of a pixel."""
    shape, at = (101, 101), 50
    point = np.zeros((*shape, 1), np.float32)
    point[at, at] = 1
    for seed in range(6):
        path = draw_path(shape, Window(0, 0, *shape), 20.0, Shake(smoothness=0.5), rng(seed))
        spread = expose(point, Window(0, 0, *shape), path)
        spread = spread.reshape(shape)
        assert spread.sum() == pytest.approx(1, abs=0.1)
        rows, columns = np.mgrid[:101, :101]
        mass = np.array([(columns * spread).sum(), (rows * spread).sum()]) / spread.sum()
        track = move(np.array([[at, at]], float), path.maps)[:, 0]
        assert np.abs(mass - track.mean(axis=0)).max() < 0.3
        low, high = track.min(axis=0) - 1, track.max(axis=0) + 1
        assert (low < mass).all()
        assert (mass < high).all()


def test_there_is_no_shift_between_blurry_and_sharp_on_average():
    """The mean path of many draws ends where it begins: blur moves nothing to one side."""
    ends = []
    for seed in range(300):
        path = draw_path((321, 481), WINDOW, 15.0, USUAL_SHAKE, rng(seed))
        ends.append(move(np.array([[124.0, 88.0]]), path.maps)[:, 0].mean(axis=0) - [124, 88])
    error = np.std(ends, axis=0) / np.sqrt(len(ends))
    assert (np.abs(np.mean(ends, axis=0)) < 3.5 * error).all()


def test_half_pixels_hold_the_image_and_what_is_between():
    ramp = np.mgrid[:9, :12][1].astype(np.float32)[..., np.newaxis] * np.ones(3, np.float32)
    fine = on_half_pixels(ramp)
    assert fine.shape == (18, 24, 3)
    assert np.array_equal(fine[::2, ::2], ramp)
    assert np.allclose(fine[:, 3:-4, 0], np.arange(24)[3:-4] / 2, atol=1e-5)


def test_masks_are_shares(astronaut):
    for seed in range(20):
        mask = soft_mask((200, 260), WINDOW, 4, rng(seed))
        assert mask.shape == (200, 260)
        assert mask.min() >= 0
        assert mask.max() <= 1
        assert np.count_nonzero(mask) == np.count_nonzero(crop(mask))
    assert 0.05 < np.mean([crop(soft_mask((200, 260), WINDOW, 4, rng(seed))).mean() for seed in range(40)]) < 0.6


def test_an_object_moves_before_a_still_scene(astronaut):
    pixels = astronaut.astype(np.float32)
    path = draw_path(astronaut.shape[:2], WINDOW, 16.0, USUAL_SHAKE, rng(3))
    mask = soft_mask(astronaut.shape[:2], WINDOW, 3, rng(3))
    still = replace(STILL, maps=np.tile(np.eye(3), (len(path.maps), 1, 1)))
    seen = expose(pixels, WINDOW, still, path, mask)
    changed = np.abs(seen - crop(pixels)).max(axis=2) > 1
    reach = int(np.ceil(np.ptp(path.sees(WINDOW), axis=0).max() - min(WINDOW.height, WINDOW.width))) + 2
    far = np.ones_like(changed)
    for row, column in np.argwhere(crop(mask) > 0):
        far[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1] = False
    assert changed.any()
    assert not changed[far].any()


def test_the_same_random_numbers_give_the_same_crop(astronaut):
    first, again, other = (blurred_crop(astronaut, WINDOW, rng(seed)) for seed in (5, 5, 6))
    assert first.shape == (96, 128, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_kind_of_blur_takes_grey_and_colour_up_to_the_border(astronaut, channels):
    pixels = np.ascontiguousarray(astronaut[:200, :210, :channels])
    everything = Blur(20.0, 10.0, USUAL_SHAKE, 4, 2.5, 6, True, Sensor(), 80)
    for window in (Window(0, 0, 200, 210), Window(0, 0, 64, 64), Window(136, 146, 64, 64)):
        for blur in (everything, replace(everything, linear=False, radius=0.0, quality=None), Blur(sensor=Sensor())):
            made = apply(blur, pixels, window, rng())
            assert made.shape == (window.height, window.width, channels)
            assert made.dtype == np.uint8


def test_noise_is_as_strong_as_the_sensor_says():
    grey = np.full((200, 200, 3), 128, np.uint8)
    made = apply(Blur(sensor=Sensor(shot=5e-4, read=5e-4)), grey, Window(0, 0, 200, 200), rng())
    # The curve's slope at this value turns a standard deviation in light into one in values.
    light = ((128 / 255 + 0.055) / 1.055) ** 2.4
    slope = 1.055 / 2.4 * light ** (1 / 2.4 - 1)
    assert made.std() == pytest.approx(255 * slope * np.sqrt(5e-4 * light + 5e-4**2), rel=0.03)
    assert made.mean() == pytest.approx(128, abs=0.1)


def test_the_shares_are_those_of_the_distribution():
    drawn = [draw(rng(seed)) for seed in range(600)]
    shares = {
        "sharp": np.mean([not (blur.length or blur.radius) for blur in drawn]),
        "linear": np.mean([blur.linear for blur in drawn]),
        "noisy": np.mean([blur.sensor is not None for blur in drawn]),
        "jpeg": np.mean([blur.quality is not None for blur in drawn]),
    }
    for name, share in shares.items():
        assert share == pytest.approx(getattr(DEFAULT, name), abs=0.07)
    assert all(0 <= blur.length <= DEFAULT.length[1] for blur in drawn)


def test_a_share_changes_without_changing_the_rest():
    usual, without = draw(rng(4)), draw(rng(4), replace(DEFAULT, jpeg=0.0, noisy=0.0))
    assert without == replace(usual, sensor=None, quality=None)


def test_its_numbers_tell_it_apart():
    assert Distribution().as_dict()["version"] == VERSION
    assert replace(DEFAULT, sharp=0.2).as_dict() != DEFAULT.as_dict()
