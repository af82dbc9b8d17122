"""Tiles that fit the memory and the model, and that they give what the whole photograph gives."""

import numpy as np
import pytest

import zoo
from zoo.analysis.cost import cost_of, weights_size
from zoo.analysis.tile_size import DEFAULT_OVERLAP, LARGEST_TILE, Cut, chosen_cut, field_of_model
from zoo.errors import ZooError
from zoo.inference.tiling import SeamlessTiles

GIB = 2**30


@pytest.fixture(scope="module")
def unet():
    return zoo.create("unet3", "tiny")


@pytest.mark.parametrize(
    "name",
    [
        "atrous",
        "refiner",
        "unet3",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("carlo", "kaist", "unet1", "unet2", "indexnet")),
    ],
)
def test_tiles_give_what_the_whole_photograph_gives(name):
    model = zoo.create(name, "tiny")
    rng = np.random.default_rng(7)
    # Larger weights than fresh ones, so that every pixel that decides another shows.
    model.set_weights([weight + 0.05 * rng.standard_normal(weight.shape) for weight in model.get_weights()])
    step = {"blur_step": 3} if zoo.info(name).takes_blur_step else {}
    tile = chosen_cut(model, 999, 999, tile=field_of_model(model) // 2 + 1).tiles.tile
    for height, width in ((8, 9), (tile + 1, 3 * tile // 2), (2 * tile + 37, 2 * tile + 5)):
        image = rng.integers(0, 256, (height, width, 3), np.uint8)
        cut = chosen_cut(model, height, width, tile=tile)
        assert cut.exact
        whole = zoo.restore(model, image, **step).astype(int)
        tiled = zoo.restore(model, image, cut.tiles, **step)
        assert np.abs(tiled - whole).max() <= 1, (height, width)


def test_tiles_without_enough_overlap_differ():
    model = zoo.create("atrous", "tiny")
    image = np.random.default_rng(0).random((150, 150, 3), np.float32)
    cut = chosen_cut(model, 150, 150, tile=64, overlap=8)
    assert not cut.exact
    assert cut.tiles.blend
    assert np.abs(zoo.restore(model, image, cut.tiles) - zoo.restore(model, image)).max() > 1 / 255


def test_whole_where_memory_allows_and_the_largest_useful_tiles_elsewhere(unet):
    assert chosen_cut(unet, 200, 300, free=GIB) == Cut(None, True)
    assert chosen_cut(unet, 3000, 4000, free=64 * GIB) == Cut(None, True)
    sizes = [chosen_cut(unet, 8000, 9000, free=int(gib * GIB)).tiles.tile for gib in (0.5, 1, 2, 16)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == LARGEST_TILE
    assert all(size % 16 == 0 for size in sizes)
    for gib, size in zip((0.5, 1, 2), sizes, strict=False):
        seen = size + 2 * chosen_cut(unet, 8000, 9000, tile=size).tiles.overlap
        assert 3 * cost_of(unet).alive * seen**2 + weights_size(unet) < gib * GIB / 2
    # Where nothing fits, the smallest that make sense, and not none.
    assert chosen_cut(unet, 8000, 9000, free=0).tiles == SeamlessTiles(64, 64, blend=False)


def test_numbers_are_rounded_up_to_what_the_model_takes(unet):
    cut = chosen_cut(unet, 500, 500, tile=150)
    assert cut == Cut(SeamlessTiles(160, 64, blend=False), True)
    assert chosen_cut(unet, 150, 160, tile=150) == Cut(None, True)
    assert chosen_cut(unet, 500, 500, tile=150, overlap=3).tiles.overlap == 16


def test_models_that_see_the_whole_image_blend():
    model = zoo.create("fba", "tiny")
    assert field_of_model(model) is None
    cut = chosen_cut(model, 500, 500, tile=128)
    assert (cut.tiles.overlap, cut.tiles.blend, cut.exact) == (DEFAULT_OVERLAP, True, False)


def test_other_options_than_the_variant_s_have_no_known_field():
    assert field_of_model(zoo.create("atrous", "tiny", stem_filters=4)) is None
    assert field_of_model(zoo.create("atrous", "tiny")) == 97
    # The medians see as far as their windows reach.
    assert field_of_model(zoo.create("refiner", "tiny")) == 27 + 8


@pytest.mark.parametrize(
    ("tile", "overlap", "words"),
    [
        (32, None, "tiles of 32 are too small for unet3/tiny, which sees 50 pixels around"),
        (64, 80, "an overlap of 80"),
    ],
)
def test_tiles_that_cannot_be_are_one_line(unet, tile, overlap, words):
    with pytest.raises(ZooError, match=words):
        chosen_cut(unet, 500, 500, tile=tile, overlap=overlap)
