"""How the images of a data set go through a model."""

from dataclasses import replace

import numpy as np
import pytest

import zoo
from benchmarks.evaluation.predict import remembering, restorer
from datasets.blur.estimate import Blur
from datasets.errors import DataError
from datasets.hdc import refiner
from tests.support.fakes import picture_pairs
from zoo.inference.tiling import Tiles

PAIR = replace(picture_pairs(dataset="hdc")[0], metadata={"step": 3})
GREY = np.repeat(np.random.default_rng(0).random((1, 48, 64, 1), np.float32), 3, axis=-1)


def test_a_model_for_grey_images_sees_grey_ones_once():
    model = zoo.create("unet1", "tiny")
    assert restorer(model, "hdc")(GREY, [PAIR]).shape == (1, 48, 64, 1)
    # Each channel of a colour image by itself.
    assert restorer(model, "gopro")(GREY, [PAIR]).shape == (1, 48, 64, 3)
    assert restorer(zoo.create("identity"), "hdc")(GREY, [PAIR]).shape == (1, 48, 64, 3)


def test_tiles_are_used():
    identity = zoo.create("identity")
    np.testing.assert_allclose(restorer(identity, "gopro", Tiles(16, 8))(GREY, [PAIR]), GREY, atol=1e-6)


def test_what_was_restored_is_remembered_as_far_as_there_is_room():
    asked = []

    def restore(inputs, pairs):
        asked.extend(pair.name for pair in pairs)
        return 1 - inputs

    pairs = picture_pairs(size=(20, 24))
    images = np.random.default_rng(0).random((4, 20, 24, 3), np.float32)
    remembered = remembering(restore, limit=3 * images[0].nbytes)
    for _ in range(2):
        for pair, image in zip(pairs, images, strict=False):
            np.testing.assert_array_equal(remembered(image[np.newaxis], [pair])[0], 1 - image)
    assert asked == [pair.name for pair in [*pairs[:4], pairs[3]]]
    # A crop is not the whole image.
    assert remembered(images[:1, :8, :8], [pairs[0]]).shape == (1, 8, 8, 3)
    # Batches that are wholly known.
    np.testing.assert_array_equal(remembered(images[:3], pairs[:3]), 1 - images[:3])
    assert asked[5:] == [pairs[0].name]


@pytest.mark.slow
def test_pages_of_text_are_restored_small_and_enlarged():
    model = zoo.create("refiner", "tiny")
    page = np.repeat(np.random.default_rng(1).random((1, 20 * refiner.SCALE, 24 * refiner.SCALE, 1), np.float32), 3, -1)
    small = refiner.even(refiner.shrink(page[0, ..., :1]))[np.newaxis, ..., np.newaxis]
    count = refiner.LAST_STEP + 1
    answers = zoo.restore_batch(model, np.repeat(small, count, axis=0), zoo.info("refiner"), list(range(count)))
    large = [refiner.enlarge(answer[..., 0], page.shape[1:3]) for answer in answers]
    restored = restorer(model, "hdc")(page, [PAIR])
    assert restored.shape == (1, 140, 168, 1)
    np.testing.assert_allclose(restored[0, ..., 0], large[3], atol=1e-5)
    # Whatever the pair says of its step, the answer is one of those that were tried.
    guessed = restorer(model, "hdc", blind=True)(page, [replace(PAIR, metadata={"step": 3})])
    assert any(np.allclose(guessed[0, ..., 0], each, atol=1e-5) for each in large)


def test_a_model_that_knows_the_blur_gets_it_and_its_offset():
    model, seen = zoo.create("wiener"), []

    def blur_of(pair):
        seen.append(pair.name)
        return Blur(np.ones((1, 1)), 0.25)

    darker = 0.25 + 0.5 * GREY
    restored = restorer(model, "cifar10", blur_of=blur_of)(darker, [PAIR])
    assert seen == [PAIR.name]
    # A blur of one pixel changes nothing but the offset, and little by the filter's noise term.
    np.testing.assert_allclose(restored, 0.5 * GREY, atol=0.1)


def test_an_unknown_data_set():
    with pytest.raises(DataError, match="unknown data set 'gopr'"):
        restorer(zoo.create("identity"), "gopr")
