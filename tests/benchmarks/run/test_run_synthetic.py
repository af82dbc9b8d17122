"""Blur made on the fly as what is trained on and what is scored."""

import cv2
import numpy as np
import pytest

from benchmarks.leaderboard.check import faults
from benchmarks.records import store
from benchmarks.run.__main__ import main
from tests.support.runs import planned, run

pytestmark = pytest.mark.usefixtures("toy", "empty_cache")
TRAIN = ("--model", "toy", "--dataset", "gopro", "--train-on", "synthetic", "--steps", "3", "--images", "0")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Folders `one` and `two` with a few photographs; one of them is small."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for name, size in (("one/a", (40, 50)), ("one/b", (30, 64)), ("one/small", (11, 50)), ("two/c", (32, 32))):
        path = folder / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(path), cv2.GaussianBlur(random.integers(0, 256, (*size, 3), np.uint8), (5, 5), 1))
    return folder


def records(folder):
    return {(each.run.model, each.run.dataset): each for each in store.read_all(folder).records}


def test_any_model_is_trained_on_it_and_scored_elsewhere(street, photos, tmp_path, capfd):
    results = tmp_path / "results"
    both = f"{photos / 'one'},{photos / 'two'}"
    assert run(*TRAIN, "--data-root", street, "--photos", both, "--results", results) == 0
    shown = capfd.readouterr()
    assert "left out: 1 photographs smaller than the crop of 12: one/small.png" in shown.err
    found = records(results)["toy", "gopro"].result
    assert (found.training.dataset, found.training.coverage, found.training.pairs) == (
        "synthetic",
        "own photographs",
        3,
    )
    assert found.evaluation.coverage == "subset 2/1111"
    # The same again is done before.
    assert run(*TRAIN, "--data-root", street, "--photos", both, "--results", results) == 0
    assert "done before" in capfd.readouterr().out


def test_it_is_scored_too_and_never_called_full(photos, tmp_path, capfd):
    command = ("--model", "identity", "--dataset", "synthetic", "--no-train", "--images", "1")
    assert run(*command, "--photos", photos, "--results", tmp_path) == 0
    assert "own photographs" in capfd.readouterr().out
    (record,) = records(tmp_path).values()
    assert record.result.evaluation.coverage == "own photographs"
    assert len(record.result.scores.images) == 4
    assert faults(tmp_path) == []
    first = record.result.scores.values["mse"]
    assert run(*command, "--photos", photos, "--results", tmp_path / "again") == 0
    assert records(tmp_path / "again")["identity", "synthetic"].result.scores.values["mse"] == first


def test_the_key_knows_the_photographs_and_the_generator(street, photos, monkeypatch):
    from dataclasses import replace

    from datasets import loading
    from datasets.registry import reader

    command = (*TRAIN, "--data-root", street, "--photos")
    one, both = planned(*command, photos / "one"), planned(*command, photos)
    assert one.training_key != both.training_key
    other = replace(reader("synthetic"), fingerprint=("another version",))
    monkeypatch.setattr(loading, "reader", lambda name: other if name == "synthetic" else reader(name))
    assert planned(*command, photos / "one").training_key != one.training_key


def test_the_sample_has_photographs_of_both_splits():
    experiment = planned("--model", "toy", "--dataset", "synthetic", "--sample")
    assert (len(experiment.data.training), len(experiment.data.scored)) == (8, 5)
    assert experiment.data.training.coverage == experiment.data.scored.coverage == "sample"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--photos", "PHOTOS", "--crop", "64"), "no photograph in .* is as large as the crop of 64"),
        (("--photos", "PHOTOS/none"), "data root .*none is not a folder"),
        (("--photos", "EMPTY"), "nothing of split 'train'"),
        (("--photos", ","), "needs at least one folder"),
        ((), "say which photographs synthetic is made of with --photos DIR"),
        (
            ("--photos", "STREET/GOPRO_Large/test"),
            r"sharp/000001\.png would be trained on and scored \(2 such images\)",
        ),
    ],
)
def test_photographs_that_will_not_do(refused, street, photos, tmp_path, arguments, words):
    import re

    (tmp_path / "empty").mkdir()
    places = {"PHOTOS": str(photos), "EMPTY": str(tmp_path / "empty"), "STREET": str(street)}
    arguments = [re.sub("[A-Z]{5,}", lambda found: places.get(found[0], found[0]), each) for each in arguments]
    line = refused(main, *TRAIN, "--data-root", street, *arguments, "--results", tmp_path / "results")
    assert re.search(words, line), line
    assert not (tmp_path / "results").exists()


def test_the_same_photographs_are_not_trained_on_and_scored(refused, photos, tmp_path):
    command = ("--model", "toy", "--dataset", "synthetic", "--photos", photos, "--crop", "11")
    assert "keep photographs apart in folders called train and test" in refused(main, *command, "--results", tmp_path)


def test_photographs_without_use(refused, photos):
    line = refused(main, "--model", "toy", "--dataset", "gopro", "--photos", photos, "--sample")
    assert "--photos is for synthetic; leave it out, or train on it with --train-on synthetic" in line


def test_a_training_begins_with_straight_blur(street, photos, tmp_path):
    command = (*TRAIN, "--data-root", street, "--photos", photos / "one", "--results", tmp_path)
    usual, straight = (planned(*command, *more) for more in ((), ("--blur", "straight")))
    assert (usual.recipe.data.blur, straight.recipe.data.blur) == ("usual", "straight")
    # Trainings of before it could be chosen keep their keys.
    assert "blur" not in usual.recipe.choices()["data"]
    assert planned(*command, "--blur", "usual").recipe == usual.recipe
    assert run(*command, "--blur", "straight") == 0
    assert records(tmp_path)["toy", "gopro"].result.training.recipe["data"]["blur"] == "straight"


def test_files_are_not_blurred_otherwise(refused, street, tmp_path):
    command = ("--model", "toy", "--dataset", "gopro", "--data-root", street, "--blur", "straight")
    line = refused(main, *command, "--results", tmp_path)
    assert "--blur straight is for --train-on synthetic; the images of gopro are blurry" in line
