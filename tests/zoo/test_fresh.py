"""A model knows whether its weights were ever trained or loaded, also after it was saved."""

import logging

import keras
import numpy as np
import pytest

import zoo
from zoo import saving
from zoo.fresh import is_fresh, state_of
from zoo.weights import choice

IMAGE = np.full((24, 24, 3), 100, np.uint8)


@pytest.fixture
def model():
    return zoo.create("carlo", "tiny", filters=4)


def warnings_of(caplog, model, times=1):
    with caplog.at_level(logging.WARNING):
        for _ in range(times):
            zoo.restore(model, IMAGE, guard=False)
    return [record.getMessage() for record in caplog.records if record.name.startswith("zoo")]


def test_restoring_with_fresh_weights_is_said_once(model, caplog):
    (line,) = warnings_of(caplog, model, times=3)
    assert line.startswith("carlo/tiny was never trained, nor were weights loaded") and "\n" not in line


def test_one_step_of_training_makes_it_trained(model, caplog):
    model.compile("adam", "mae")
    images = np.random.default_rng(0).random((1, 24, 24, 3), "float32")
    model.train_on_batch(images, images)
    assert not is_fresh(model) and not warnings_of(caplog, model)


@pytest.mark.parametrize("name", ["identity", "wiener"])
def test_what_has_nothing_to_learn_is_never_fresh(name):
    assert not is_fresh(zoo.create(name))


def test_the_state_is_saved_and_loaded(model, tmp_path):
    zoo.save(model, tmp_path / "fresh.keras")
    assert is_fresh(zoo.load(tmp_path / "fresh.keras"))
    assert saving.says_trained(tmp_path / "fresh.keras") is False
    model.set_weights([weight + 1 for weight in model.get_weights()])
    zoo.save(model, tmp_path / "trained.keras")
    assert not is_fresh(zoo.load(tmp_path / "trained.keras"))
    found = [choice.model_in(tmp_path / f"{name}.keras").trained for name in ("fresh", "trained")]
    assert found == [False, True]


def test_weights_of_a_fresh_file_are_fresh_still(model, tmp_path):
    zoo.save(zoo.create("carlo", "tiny", filters=4), tmp_path / "other.keras")
    zoo.load_weights(model, tmp_path / "other.keras")
    assert is_fresh(model)


def test_a_file_that_keras_wrote_says_nothing(model, tmp_path, caplog):
    model.save(tmp_path / "plain.keras")
    assert saving.says_trained(tmp_path / "plain.keras") is None
    assert state_of(keras.saving.load_model(tmp_path / "plain.keras")) is None
    assert not choice.model_in(tmp_path / "plain.keras").trained
