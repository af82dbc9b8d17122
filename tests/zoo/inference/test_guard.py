"""The watch over a model's answers: silent for sound ones, and what it does where they are no photograph."""

import gc
import logging
import weakref

import keras
import numpy as np
import pytest

import datasets
import zoo
from zoo.inference.guard import BLOCK, Guard

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Sharp and blurred photographs, float32 in [0, 1]."""
    folder = tmp_path_factory.mktemp("photographs")
    datasets.samples.build("gopro", folder)
    pairs = datasets.load("gopro", folder)
    frames = [frame for pair in pairs for frame in (pair.blurry[0], pair.sharp[0])]
    return [frame.read()[:160, :200].astype(np.float32) / 255 for frame in frames]


class Answers:
    """A model's stand-in within the zoo: the identity with something done to its answer."""

    def __new__(cls, function):
        inputs = keras.Input((None, None, 3), name="blurry")
        return keras.Model(inputs, function(inputs), name="identity.image")


def failing(weights):
    """The zoo's own weights, made wrong."""
    model = zoo.load("photo-small")
    model.set_weights(weights(model.get_weights()))
    return model


def restored(model, image, **options):
    guard = Guard()
    return zoo.restore(model, image, guard=guard, **options), guard


def test_sound_weights_are_never_stopped(photographs):
    model = zoo.load("photo-small")
    for image in (*photographs, np.full((96, 96, 3), 0.02, np.float32), np.ones((96, 96, 3), np.float32)):
        sharp, guard = restored(model, image)
        assert (guard.kept, guard.calmed, guard.words) == (0, 0, "")
        assert guard.seen == image[..., 0].size
        np.testing.assert_array_equal(sharp, zoo.restore(model, image, guard=False))


# Each traces two graphs, which takes seconds.
@pytest.mark.parametrize(
    ("factor", "sigma"),
    [(3.0, 50), *[pytest.param(*each, marks=pytest.mark.slow) for each in ((3.0, 0), (-3.0, 0), (-3.0, 50))]],
)
def test_scaled_weights_leave_the_photograph_as_it_was(photographs, factor, sigma):
    model = failing(lambda weights: [weight * factor for weight in weights])
    image = np.clip(photographs[0] + RNG.normal(0, sigma / 255, photographs[0].shape), 0, 1).astype(np.float32)
    raw = zoo.restore(model, image, guard=False)
    sharp, guard = restored(model, image)
    assert guard.kept > 0.3 * image[..., 0].size
    assert np.abs(sharp - image).mean() < 0.5 * np.abs(raw - image).mean()
    assert "% stays as it was" in guard.words and "\n" not in guard.words


@pytest.mark.parametrize("colour", [(33, 25, 23), (128, 128, 128), (0, 0, 0), (255, 255, 255)])
def test_a_flat_image_does_not_become_a_mosaic(colour):
    flat = np.broadcast_to(np.array(colour, np.uint8), (96, 128, 3)).copy()
    mosaic = Answers(lambda x: x + 0.8 * keras.ops.sign(keras.ops.sin(40 * keras.ops.cumsum(x + 0.3, axis=1))))
    sharp, guard = restored(mosaic, flat)
    assert guard.kept == guard.seen
    np.testing.assert_array_equal(sharp, flat)


def test_one_colour_for_everything_is_no_photograph(photographs):
    constant = Answers(lambda x: 0 * x + np.array([33, 25, 23], np.float32) / 255)
    image = np.clip(photographs[0] + 0.3, 0, 1)
    sharp, guard = restored(constant, image)
    assert guard.kept > 0.9 * guard.seen
    assert np.abs(sharp - image).mean() < 0.02


def test_only_the_broken_part_is_put_back_and_it_fades():
    image = RNG.random((8 * BLOCK, 8 * BLOCK, 3)).astype(np.float32) * 0.2 + 0.4
    broken = np.zeros((1, *image.shape), np.float32)
    broken[:, 2 * BLOCK : 3 * BLOCK, 2 * BLOCK : 3 * BLOCK] = 5.0
    sharp, guard = restored(Answers(lambda x: x + 0.05 + broken), image)
    assert guard.kept == BLOCK**2
    np.testing.assert_allclose(sharp[broken[0] > 0], image[broken[0] > 0], atol=1e-6)
    np.testing.assert_allclose(sharp[5 * BLOCK :], image[5 * BLOCK :] + 0.05, atol=1e-6)
    edge = (sharp - image)[2 * BLOCK + 16, 3 * BLOCK : 4 * BLOCK, 0]
    assert (np.diff(edge) >= -1e-6).all() and edge[0] < 0.01 < 0.04 < edge[-1]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_what_is_no_number_is_put_back(value):
    image = np.full((64, 64, 3), 0.5, np.float32)
    holes = np.zeros((1, 64, 64, 3), np.float32)
    holes[:, :8, :8] = value
    sharp, guard = restored(Answers(lambda x: x + holes), image)
    assert guard.kept == BLOCK**2 and np.isfinite(sharp).all()
    np.testing.assert_array_equal(sharp[:BLOCK, :BLOCK], image[:BLOCK, :BLOCK])


def test_a_model_of_windows_is_asked_again_by_means_over_the_piece():
    model = zoo.load("photo-small")
    guard = Guard()
    assert guard.calmer(model) is not model and guard.calmer(model) is guard.calmer(model)
    assert guard.calmer(zoo.create("identity")) is None
    image = np.full((1, 64, 64, 3), 0.5, np.float32)
    np.testing.assert_array_equal(guard(image, image + 3, lambda: image + 0.01), image + 0.01)
    assert (guard.kept, guard.calmed) == (0, 64 * 64) and "means over whole tiles" in guard.words
    # A second answer that is no better is not taken.
    np.testing.assert_array_equal(Guard()(image, image + 3, lambda: image - 3), image)


def test_a_watched_model_is_not_kept_alive():
    model = zoo.load("photo-small")
    zoo.restore(model, np.zeros((40, 40, 3), np.uint8))
    assert Guard().calmer(model) is not None
    kept = weakref.ref(model)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("tile", [None, 64])
def test_it_is_said_once_and_can_be_left_out(tile, caplog):
    image = np.full((128, 128, 3), 90, np.uint8)
    model = Answers(lambda x: x * 0)
    with caplog.at_level(logging.WARNING):
        sharp = zoo.restore(model, image, tile=tile)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == (
        "identity/image: 100.0 % stays as it was: the model's answer there was no photograph (guard=False shows it)"
    )
    np.testing.assert_array_equal(sharp, image)
    assert not zoo.restore(model, image, tile=tile, guard=False).any()


@pytest.mark.parametrize("name", ["refiner", "unet1", "wiener"])
def test_pages_and_known_blur_are_not_watched(name):
    options = {"blur_step": 3} if name == "refiner" else {"psf": np.ones((1, 1))} if name == "wiener" else {}
    model = zoo.create(name) if name == "wiener" else zoo.create(name, "tiny")
    _, guard = restored(model, RNG.random((32, 32, 3)).astype(np.float32), **options)
    assert guard.seen == 0
