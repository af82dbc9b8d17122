"""Crops and augmentations, on images whose pixels say where they come from."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from datasets import frame_store
from datasets.augment import BOLOGNA, NONE, Augmentation, _grid_window, random_window, training_crop
from datasets.blur.on_the_fly import DEFAULT
from datasets.errors import DataError
from datasets.image import ArrayFrame
from datasets.loading import load
from datasets.pairs import Pair
from datasets.photographs import BlurredFrame

HEIGHT, WIDTH = 30, 40
SHIFT = Augmentation(shift_neighbours=2)
FLIP = Augmentation(flip=True)


def frame(pixels, name="image"):
    """An image in memory that must not be written to, as those of the frame store."""
    pixels.flags.writeable = False
    return ArrayFrame(name, pixels)


def pair_of(*images):
    """A pair of blurry images and, last, the sharp one."""
    made = [frame(image, f"image {place}") for place, image in enumerate(images)]
    return Pair("reds", "train", "000", "1", tuple(made[:-1]), (made[-1],))


def map_of(number, height=HEIGHT, width=WIDTH):
    """An image whose channels are the row, the column and the image's number."""
    rows, columns = np.indices((height, width))
    return np.stack([rows, columns, np.full((height, width), number)], axis=-1).astype(np.uint8)


def triplet(**size):
    return pair_of(*(map_of(number, **size) for number in range(4)))


def plain(value, height=HEIGHT, width=WIDTH):
    return np.full((height, width, 3), value, np.uint8)


def draw(pair, crop, augmentation, seed):
    """Returns the crop of every image, the sharp one last."""
    inputs, target = training_crop(pair, crop, augmentation, np.random.default_rng(seed))
    assert inputs.dtype == target.dtype == np.uint8
    assert inputs.shape == (crop, crop, 3 * len(pair.blurry))
    assert target.shape == (crop, crop, 3)
    return [*np.split(inputs, len(pair.blurry), axis=-1), target]


def at(number, top, left, crop):
    """What a crop of image `number` shows; beyond the border the edge is repeated."""
    rows = np.clip(np.arange(top, top + crop), 0, HEIGHT - 1)
    columns = np.clip(np.arange(left, left + crop), 0, WIDTH - 1)
    return map_of(number)[np.ix_(rows, columns)]


def moved(crop, down, right):
    """A crop moved by so many pixels, its own edge repeated where nothing is known."""
    rows, columns = (np.clip(np.arange(len(crop)) - by, 0, len(crop) - 1) for by in (down, right))
    return crop[np.ix_(rows, columns)]


@pytest.mark.parametrize("augmentation", [NONE, Augmentation(rotation=0, brightness=0), replace(SHIFT, flip=False)])
def test_what_is_switched_off_leaves_the_pixels_alone(augmentation):
    for seed in range(20):
        crops = draw(triplet(), 9, augmentation, seed)
        top, left = (int(value) for value in crops[-1][0, 0, :2])
        assert np.array_equal(crops[1], at(1, top, left, 9))
        assert np.array_equal(crops[3], at(3, top, left, 9))
        if not augmentation.shift_neighbours:
            assert np.array_equal(crops[0], at(0, top, left, 9))
            assert np.array_equal(crops[2], at(2, top, left, 9))


def test_the_defaults_switch_everything_off_and_bologna_everything_on():
    assert Augmentation() == NONE == Augmentation(shift_neighbours=0, rotation=0.0, flip=False, brightness=0.0)
    assert Augmentation(shift_neighbours=2, rotation=90.0, flip=True, brightness=0.2) == BOLOGNA


@pytest.mark.parametrize("crop", [1, 2, 9, 29, 30])
def test_neighbours_move_two_pixels_in_opposite_directions_and_repeat_the_edge_of_the_crop(crop):
    directions = set()
    for seed in range(60):
        crops = draw(triplet(), crop, SHIFT, seed)
        top, left = (int(value) for value in crops[-1][0, 0, :2])
        plain = [at(number, top, left, crop) for number in range(4)]
        assert np.array_equal(crops[1], plain[1])
        found = {
            (down, right)
            for down, right in ((2, 0), (0, 2))
            if np.array_equal(crops[0], moved(plain[0], down, right))
            and np.array_equal(crops[2], moved(plain[2], -down, -right))
        }
        assert found
        directions |= found
    assert directions == {(2, 0), (0, 2)}


def test_a_still_is_not_shifted():
    for seed in range(20):
        blurry, target = draw(pair_of(map_of(0), map_of(1)), 12, SHIFT, seed)
        assert np.array_equal(blurry[..., :2], target[..., :2])


def test_every_position_is_drawn_and_nothing_outside():
    image = frame(map_of(0, 6, 8))
    windows = [random_window(image, 4, np.random.default_rng(seed)) for seed in range(400)]
    assert {(window.top, window.left) for window in windows} == {(top, left) for top in range(3) for left in range(5)}
    assert {window[2:] for window in windows} == {(4, 4)}
    assert random_window(frame(map_of(0, 5, 5)), 5, np.random.default_rng(0)) == (0, 0, 5, 5)


def test_a_crop_larger_than_the_image_is_refused():
    with pytest.raises(DataError, match=r"image 3: crop 31 is larger than the frame 30x40; use --crop 30 or less"):
        draw(triplet(), 31, NONE, 0)


@pytest.mark.parametrize("augmentation", [NONE, SHIFT])
def test_a_blurry_image_of_another_size_than_its_sharp_one_is_refused_even_where_the_crop_fits(augmentation):
    small = map_of(0, HEIGHT - 5, WIDTH - 5)
    pair = pair_of(small, small, small, map_of(3))
    with pytest.raises(
        DataError, match=r"image 0 is 25x35, but image 3 is 30x40; both images of a pair must have one size"
    ):
        draw(pair, 20, augmentation, 0)


def test_flips_are_the_same_for_all_images_and_all_four_occur():
    seen = set()
    for seed in range(60):
        crops = draw(triplet(), 9, FLIP, seed)
        for number, crop in enumerate(crops):
            assert np.array_equal(crop[..., :2], crops[0][..., :2])
            assert (crop[..., 2] == number).all()
        rows, columns = crops[0][:, 0, 0].astype(int), crops[0][0, :, 1].astype(int)
        down, right = np.unique(np.diff(rows)), np.unique(np.diff(columns))
        seen.add((*down, *right))
        upright = crops[0][:: int(down[0]), :: int(right[0])]
        assert np.array_equal(upright, at(0, rows.min(), columns.min(), 9))
    assert seen == {(1, 1), (1, -1), (-1, 1), (-1, -1)}


def test_rotation_repeats_the_border():
    pair = pair_of(plain(77), plain(78), plain(79), plain(80))
    for seed in range(20):
        for value, crop in enumerate(draw(pair, 15, Augmentation(rotation=90), seed), start=77):
            assert (crop == value).all()


def slope_of(crop):
    """Returns the direction in degrees in which a plane of grey values rises, from its least-squares fit."""
    rows, columns = np.indices(crop.shape[:2]) - (len(crop) - 1) / 2
    inside = np.hypot(rows, columns) < len(crop) / 2 - 2
    values = crop[..., 0].astype(float)[inside]
    design = np.stack([columns[inside], rows[inside], np.ones(inside.sum())], axis=-1)
    (along, down, _), *_ = np.linalg.lstsq(design, values, rcond=None)
    return np.degrees(np.arctan2(-down, along))


@pytest.mark.parametrize("limit", [20.0, 90.0])
def test_rotation_is_uniform_up_to_its_limit_and_the_same_for_all_images(limit):
    ramp = np.repeat(np.tile(np.arange(40, dtype=np.uint8) * 5, (40, 1))[..., np.newaxis], 3, axis=-1)
    assert slope_of(ramp) == pytest.approx(0)
    angles = []
    for seed in range(120):
        crops = draw(pair_of(ramp, ramp, ramp, ramp), 40, Augmentation(rotation=limit), seed)
        assert all(np.array_equal(crop, crops[0]) for crop in crops)
        angles.append(slope_of(crops[0]))
    assert np.abs(angles).max() <= limit + 1
    assert min(angles) < -0.9 * limit
    assert max(angles) > 0.9 * limit
    assert abs(np.mean(angles)) < 0.2 * limit


def test_rotation_turns_about_the_centre():
    image = plain(0, 31, 31)
    image[15, 15] = 255
    for seed in range(20):
        crop = draw(pair_of(image, image), 31, Augmentation(rotation=90), seed)[0]
        assert crop[15, 15, 0] == 255


def test_brightness_is_the_same_for_all_images_and_clipped():
    pair = pair_of(plain(100), plain(250), plain(0), plain(10))
    values = []
    for seed in range(200):
        crops = draw(pair, 4, Augmentation(brightness=0.2), seed)
        assert all((crop == crop[0, 0]).all() for crop in crops)
        dim, bright, black, target = (int(crop[0, 0, 0]) for crop in crops)
        assert abs(target - dim / 10) <= 0.55
        assert abs(bright - min(2.5 * dim, 255)) <= 1.8
        assert black == 0
        values.append(dim)
    assert 80 <= min(values) < 84
    assert 116 < max(values) <= 120


def test_grey_images_are_repeated_and_sixteen_bits_rounded():
    deep = np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH, 1)).astype(np.uint16)
    for augmentation in (NONE, SHIFT, BOLOGNA):
        for crop in draw(pair_of(deep, deep, deep, deep), 11, augmentation, 3):
            assert (crop == crop[..., :1]).all()
    blurry, target = draw(pair_of(deep, deep), HEIGHT, NONE, 3)
    assert np.array_equal(blurry, target)
    rounded = frame_store.to_uint8(deep)
    assert any(np.array_equal(target[..., :1], rounded[:, left : left + HEIGHT]) for left in range(11))


@pytest.mark.parametrize("augmentation", [NONE, SHIFT, FLIP, BOLOGNA])
def test_equal_generators_draw_equal_crops(augmentation):
    noise = [np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8) for number in range(4)]
    pair = pair_of(*noise)
    first = [draw(pair, 16, augmentation, seed) for seed in range(8)]
    second = [draw(pair, 16, augmentation, seed) for seed in range(8)]
    assert np.array_equal(first, second)
    assert len({crops[-1].tobytes() for crops in first}) > 4


def test_images_themselves_are_never_changed():
    pair = triplet()
    for seed in range(20):
        draw(pair, 16, BOLOGNA, seed)
    for number, image in enumerate((*pair.blurry, *pair.sharp)):
        assert np.array_equal(image.pixels, map_of(number))


def test_the_order_is_crop_rotation_shift_flip_brightness():
    rng = np.random.default_rng(5)
    noise = [rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(4)]
    pair = pair_of(*noise)
    for seed in range(10):
        everything = draw(pair, 16, BOLOGNA, seed)
        expected = draw(pair, 16, NONE, seed)
        replay = np.random.default_rng(seed)
        replay.integers(0, HEIGHT - 16 + 1), replay.integers(0, WIDTH - 16 + 1)
        down, right = (2, 0) if replay.integers(0, 2) else (0, 2)
        shifts = [(down, right), (0, 0), (-down, -right), (0, 0)]
        matrix = cv2.getRotationMatrix2D((7.5, 7.5), replay.uniform(-90, 90), 1.0)
        vertical, horizontal = replay.integers(0, 2, 2)
        factor = 1 + replay.uniform(-0.2, 0.2)
        for ours, theirs, (by_row, by_column) in zip(everything, expected, shifts, strict=True):
            # The movement is along the axes of what was rotated, not of the image.
            both = matrix + np.array([[0, 0, by_column], [0, 0, by_row]])
            turned = cv2.warpAffine(np.ascontiguousarray(theirs), both, (16, 16), borderMode=cv2.BORDER_REPLICATE)
            turned = turned[::-1] if vertical else turned
            turned = turned[:, ::-1] if horizontal else turned
            bright = np.clip(np.rint(turned * factor), 0, 255)
            assert np.abs(ours - bright).max() <= 1


def test_crops_from_the_frame_store_equal_those_from_files(layouts, tmp_path):
    for number in range(4):
        for kind in ("blur", "sharp"):
            layouts.image(f"train/train_{kind}/000/{number:08d}.png", (HEIGHT, WIDTH))
    decoded = load("reds", layouts.root, "train", frames=3)
    frame_store.prepare(decoded, tmp_path / "store")
    stored, missing = frame_store.attach(decoded, tmp_path / "store")
    assert missing == 0
    for seed in range(12):
        ours = draw(stored[seed % 4], 24, BOLOGNA, seed)
        theirs = draw(decoded[seed % 4], 24, BOLOGNA, seed)
        assert np.array_equal(ours, theirs)


class TestSymmetries:
    def crops(self, augmentation, count=400):
        pair, rng = asymmetric_pair(), np.random.default_rng(0)
        return [training_crop(pair, 4, augmentation, rng) for _ in range(count)]

    def test_all_eight_come_and_the_identity_twice_as_often(self):
        whole = asymmetric_pair().sharp[0].read()
        shapes = [np.rot90(whole, turns)[:, ::step] for step in (1, -1) for turns in range(4)]
        seen = np.zeros(8)
        for inputs, target in self.crops(Augmentation(symmetries=True), 900):
            assert np.array_equal(inputs, target)
            found = [index for index, shape in enumerate(shapes) if np.array_equal(shape, target)]
            assert len(found) == 1
            seen[found[0]] += 1
        assert 150 < seen[0] < 250
        assert (seen[1:] > 60).all() and (seen[1:] < 140).all()

    def test_mirror_is_left_to_right_for_half_of_the_crops(self):
        whole = asymmetric_pair().sharp[0].read()
        mirrored = [np.array_equal(target, whole[:, ::-1]) for _, target in self.crops(Augmentation(mirror=True))]
        kept = [np.array_equal(target, whole) for _, target in self.crops(Augmentation(mirror=True))]
        assert all(a != b for a, b in zip(mirrored, kept, strict=True))
        assert 150 < sum(mirrored) < 250

    def test_saturation_moves_a_third_of_the_crops_and_no_grey_pixel(self):
        whole = asymmetric_pair().sharp[0].read()
        crops = self.crops(Augmentation(saturation=0.2))
        assert 90 < sum(not np.array_equal(target, whole) for _, target in crops) < 180
        for inputs, target in crops:
            assert np.array_equal(inputs, target)
            # The luma that the pixels move around stays.
            before, after = (image.astype(float) @ [0.299, 0.587, 0.114] for image in (whole, target))
            assert np.abs(before - after).max() < 1.5


class TestEnlarging:
    def test_all_images_are_enlarged_alike_about_the_crop_that_would_be_there(self):
        for seed in range(40):
            pair, crop = triplet(height=90, width=120), 24
            *inputs, target = draw(pair, crop, Augmentation(enlarge=2.0), seed)
            window = random_window(pair.sharp[0], crop, np.random.default_rng(seed))
            for number, image in enumerate((*inputs, target)):
                assert (image[..., 2] == number).all()
                assert np.array_equal(image[..., :2], target[..., :2])
            for axis, first in enumerate((window.top, window.left)):
                line = target[..., axis].astype(float).mean(axis=1 - axis)
                slope = (line[-1] - line[0]) / (crop - 1)
                assert 0.45 < slope < 1.05
                assert abs(line.mean() - (first + (crop - 1) / 2)) < 1

    def test_what_is_blurred_on_the_fly_is_enlarged_first(self):
        photograph = frame(np.random.default_rng(1).integers(0, 256, (70, 80, 3), np.uint8), "photograph")
        still = replace(DEFAULT, sharp=1.0, noisy=0.0, jpeg=0.0)
        for distribution in (still, replace(DEFAULT, sharp=0.0, length=(20.0, 20.0))):
            blurred = BlurredFrame(photograph, distribution)
            pair = Pair("synthetic", "train", "", "photograph", (blurred,), (photograph,))
            for seed in range(5):
                blurry, sharp = draw(pair, 48, Augmentation(enlarge=2.0), seed)
                assert np.array_equal(blurry, sharp) is (distribution is still)

    def test_recipes_without_it_keep_their_keys(self):
        assert "enlarge" not in Augmentation(symmetries=True).as_dict()
        assert Augmentation(enlarge=2.0).as_dict()["enlarge"] == 2.0


def asymmetric_pair():
    """A pair of equal 4x4 images without symmetry and without extreme colours."""
    pixels = np.random.default_rng(5).integers(60, 190, (4, 4, 3), np.uint8)
    frame = ArrayFrame("image", pixels)
    return Pair("gopro", "train", "0", "0", (frame,), (frame,))


@pytest.mark.parametrize("grid", [(3, 5), (1, 1), (2, 7)])
def test_crops_of_a_grid_lie_near_their_places_and_cover_all(grid):
    size, crop = (208, 337), 110
    pixels = np.zeros((*size, 1), np.uint8)
    frame = ArrayFrame("page", pixels)
    pair = Pair("hdc", "train", "", "", (frame,), (frame,))
    spacing = [(side - crop) / max(count - 1, 1) for side, count in zip(size, grid, strict=True)]
    starts = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        window = _grid_window((*size, 1), crop, grid, rng)
        assert window.height == window.width == crop
        assert 0 <= window.top <= size[0] - crop
        assert 0 <= window.left <= size[1] - crop
        starts.append((window.top, window.left))
    for axis, count in enumerate(grid):
        places = {round(start[axis] / spacing[axis]) for start in starts}
        assert places == set(range(count)) or count == 1
    blurry, sharp = training_crop(pair, crop, Augmentation(grid=grid), np.random.default_rng(0))
    assert blurry.shape == sharp.shape == (crop, crop, 3)
