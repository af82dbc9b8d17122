"""Tiles: exactness, weights, bounds."""

import numpy as np
import pytest

import zoo
from zoo.errors import ZooError
from zoo.inference.tiling import Tiles, restore_tiles

MODES = {"none": (0, True), "crop": (16, False), "blend": (16, True)}
SIZES = [(1, 1), (1, 90), (63, 64), (64, 64), (65, 129), (200, 131), (146, 236)]


def random_image(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).random((height, width, channels), np.float32)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SIZES)
def test_a_network_that_changes_nothing_returns_the_image_exactly(mode, size):
    image = random_image(*size)
    overlap, blend = MODES[mode]
    np.testing.assert_array_equal(restore_tiles(image, Tiles(64, overlap, blend), lambda piece: piece), image)


@pytest.mark.parametrize("mode", MODES)
def test_the_identity_network_returns_the_image_exactly(mode):
    image = random_image(146, 236)
    overlap, blend = MODES[mode]
    model = zoo.create("identity", "image")
    np.testing.assert_array_equal(zoo.restore(model, image, tile=64, overlap=overlap, blend=blend), image)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_constants_stay_constant(mode, value):
    overlap, blend = MODES[mode]
    image = np.full((150, 100, 1), value, np.float32)
    np.testing.assert_array_equal(restore_tiles(image, Tiles(40, overlap, blend), lambda piece: piece), image)


def test_the_challenge_s_photographs_have_twelve_tiles_of_960():
    shapes = []

    def run(piece):
        shapes.append(piece.shape)
        return piece

    image = random_image(1460, 2360, 1)
    np.testing.assert_array_equal(restore_tiles(image, Tiles(640, 160), run), image)
    assert shapes == [(960, 960, 1)] * 12


def numbered():
    """Returns a network whose answer is the number of the tile."""
    count = iter(range(100))
    return lambda piece: np.full_like(piece, next(count))


def test_cropped_tiles_lie_side_by_side():
    result = restore_tiles(random_image(80, 120, 1), Tiles(40, 10, blend=False), numbered())[..., 0]
    np.testing.assert_array_equal(result, np.kron([[0, 1, 2], [3, 4, 5]], np.ones((40, 40))))


def test_blended_tiles_fade_by_a_raised_cosine():
    tile, overlap = 40, 10
    row = restore_tiles(random_image(40, 80, 1), Tiles(tile, overlap), numbered())[20, :, 0]
    np.testing.assert_array_equal(row[: tile - overlap], 0)
    np.testing.assert_array_equal(row[tile + overlap :], 1)
    rise = (1 - np.cos(np.pi * (np.arange(overlap) + 0.5) / overlap)) / 2
    # The second tile rises while the first is still whole; the two weights are divided by their sum.
    np.testing.assert_allclose(row[tile - overlap : tile], rise / (1 + rise), atol=1e-6)
    np.testing.assert_allclose(row[tile : tile + overlap], 1 / (1 + rise[::-1]), atol=1e-6)
    assert (np.diff(row) >= 0).all()


def test_tiles_with_enough_overlap_give_what_the_whole_picture_gives():
    image = random_image(100, 130, seed=3)
    model = zoo.create("atrous", "tiny")
    whole = zoo.restore(model, image)
    inner = np.s_[32:-32, 32:-32]

    def error(**options):
        return np.abs(zoo.restore(model, image, tile=64, **options)[inner] - whole[inner]).max()

    assert error(overlap=32, blend=False) < 1e-4
    # Blending lets in a little of what a tile guesses near its own border.
    assert error(overlap=32, blend=True) < 0.01
    assert error(overlap=0) > 0.1


def test_blur_step_and_types_pass_through_tiles():
    model = zoo.create("refiner", "tiny")
    image = (random_image(70, 90) * 255).astype(np.uint8)
    result = zoo.restore(model, image, tile=40, blur_step=3)
    assert result.shape == image.shape
    assert result.dtype == np.uint8


@pytest.mark.parametrize(("tile", "overlap"), [(0, 0), (-5, 0), (64, -1), (64, 65)])
def test_tiles_that_cannot_be_are_one_line(tile, overlap):
    with pytest.raises(ZooError, match=r"^tiles of .* cannot be; take .*$"):
        zoo.restore(zoo.create("identity", "image"), random_image(9, 9), tile=tile, overlap=overlap)


def test_overlap_without_tiles_is_one_line():
    with pytest.raises(ZooError, match="overlap 16 without a tile in pixels; give tile too"):
        zoo.restore(zoo.create("identity", "image"), random_image(9, 9), overlap=16)
