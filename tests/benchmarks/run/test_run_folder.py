"""A user's own pairs as what is trained on, fine-tuned on and scored."""

import re

import cv2
import pytest

from benchmarks.leaderboard.check import faults
from benchmarks.records import store
from benchmarks.report.__main__ import main as report
from benchmarks.run.__main__ import main
from tests.support import fakes
from tests.support.runs import planned, run

pytestmark = pytest.mark.usefixtures("toy", "empty_cache")
RUN = ("--model", "toy", "--dataset", "folder", "--steps", "3", "--images", "0")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Folders `rain` (train and test), `whole` (not split) and `other` (other pairs, not split)."""
    folder = tmp_path_factory.mktemp("own")
    for seed, name in enumerate(("rain/train", "rain/test", "whole", "other")):
        for number, pair in enumerate(fakes.picture_pairs(1, 3, (24, 32), seed=seed)):
            for side, frame in (("blur", pair.blurry[0]), ("sharp", pair.sharp[0])):
                path = folder / name / side / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                assert cv2.imwrite(str(path), frame.read())
    return folder


def records(folder):
    return [each.result for each in store.read_all(folder).records]


def test_train_score_and_fine_tune(root, tmp_path, capfd):
    results = tmp_path / "results"
    assert run(*RUN, "--data-root", root / "rain", "--results", results) == 0
    assert "folder rain, protocol full, own pairs (data" in capfd.readouterr().out
    found = {each.model: each for each in records(results)}
    training, evaluation = found["toy"].training, found["toy"].evaluation
    assert (training.dataset, training.split, training.coverage, training.name) == (
        "folder",
        "train",
        "own pairs",
        "rain",
    )
    assert (evaluation.split, evaluation.coverage, evaluation.name) == ("test", "own pairs", "rain")
    assert found["identity"].evaluation.name == "rain"
    assert found["toy"].scores.images == ("0", "1", "2")
    assert faults(results) == []

    (weights,) = results.glob("checkpoints/toy--*/best.keras")
    tuned = (*RUN, "--weights", weights, "--learning-rate", "1e-4", "--results", tmp_path / "tuned")
    assert run(*tuned, "--data-root", root / "rain", "--name", "wet street") == 0
    found = {each.model: each for each in records(tmp_path / "tuned")}
    assert found["toy"].training.recipe["optimiser"]["learning_rate"] == 1e-4
    assert found["toy"].training.started_from == str(weights)
    assert found["toy"].evaluation.name == found["toy"].training.name == "wet street"
    assert "folder wet street, protocol full, own pairs" in (tmp_path / "tuned/leaderboard.md").read_text()


def test_other_pairs_may_be_trained_on(root, street):
    experiment = planned(*RUN, "--data-root", root / "whole", "--train-root", root / "other")
    assert [pairs.split for pairs in (experiment.data.scored, experiment.data.training)] == ["all", "all"]
    assert experiment.data.training.root == root / "other"
    assert planned(*RUN, "--data-root", root / "whole", "--train-root", root / "rain").data.training.split == "train"
    official = planned(
        *RUN[:2], "--dataset", "gopro", "--data-root", street, "--train-on", "folder", "--train-root", root / "other"
    )
    assert (official.data.scored.dataset, official.data.training.dataset) == ("gopro", "folder")
    mixed = planned(*RUN, "--data-root", root / "whole", "--train-on", "gopro", "--train-root", street)
    assert (mixed.data.training.dataset, mixed.protocol.name) == ("gopro", "full")
    photographs = planned(*RUN, "--data-root", root / "whole", "--train-on", "synthetic", "--photos", root / "other")
    assert photographs.data.training.dataset == "synthetic"


def test_a_table_is_a_root_and_gives_its_name(root, tmp_path):
    path = tmp_path / "night.csv"
    lines = [
        f"{root}/rain/{split}/blur/{n}.png,{root}/rain/{split}/sharp/{n}.png,{split}"
        for split in ("train", "test")
        for n in range(3)
    ]
    path.write_text("\n".join(["blurry,sharp,split", *lines]))
    experiment = planned(*RUN, "--data-root", path, "--protocol", "full")
    assert (len(experiment.data.training), len(experiment.data.scored)) == (3, 3)
    assert (
        run(
            "--model",
            "identity",
            "--dataset",
            "folder",
            "--no-train",
            "--images",
            "0",
            "--data-root",
            path,
            "--results",
            tmp_path / "r",
        )
        == 0
    )
    assert [each.evaluation.name for each in records(tmp_path / "r")] == ["night"]


def test_folders_share_no_table_and_names_split_none(root, tmp_path, capfd):
    command = ("--model", "identity", "--dataset", "folder", "--no-train", "--images", "0", "--results", tmp_path)
    for name, label in (("whole", "mine"), ("other", "mine")):
        assert run(*command, "--data-root", root / name, "--name", label) == 0
    assert (tmp_path / "leaderboard.md").read_text().count("## folder mine, protocol full, own pairs (data ") == 2
    assert faults(tmp_path) == []
    assert report(["--results", str(tmp_path)]) == 0
    page = (tmp_path / "report/index.html").read_text()
    assert page.count('<a href="datasets/folder.html">folder</a> mine, protocol full, own pairs') == 2
    assert "on folder mine, protocol full" in next(tmp_path.glob("report/runs/*.html")).read_text()
    assert "identity/image on folder mine, full, own pairs" in (tmp_path / "report/datasets/folder.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--data-root", "whole"),
            r"0\.png would be trained on and scored \(3 such images\); keep pairs apart in folders",
        ),
        (("--data-root", "rain/train", "--train-root", "rain"), r"would be trained on and scored \(3 such images\)"),
        (("--data-root", "rain/test", "--train-root", "rain/none"), "data root .*none is not a folder"),
        (
            ("--data-root", "whole", "--train-on", "gopro"),
            "say where the data of gopro are with --train-root DIR; folder cannot lie there as well",
        ),
        (
            ("--data-root", "whole", "--dataset", "folder,gopro"),
            "cannot be the folder of own pairs and that of gopro; score them one by one",
        ),
        (("--data-root", "whole", "--no-train", "--train-root", "other"), "--train-root is for training; leave it out"),
        (("--data-root", "whole", "--train-on", "synthetic", "--train-root", "other"), "photographs are with --photos"),
        (("--data-root", "rain", "--name", "a/b"), "--name: must be up to 40 letters, digits"),
        (
            ("--data-root", "rain", "--learning-rate", "0"),
            "--learning-rate: must be a number above 0 and below 1, not '0'",
        ),
        (("--data-root", "rain", "--crop", "64"), "no pair in .*rain is as large as the crop of 64; use --crop"),
        (("--data-root", "rain", "--protocol", "aligned", "--limit", "1"), None),
        (
            ("--dataset", "gopro", "--data-root", "rain", "--name", "x"),
            "--name is for folder as the data set that is scored",
        ),
        (
            ("--dataset", "gopro", "--data-root", "rain", "--train-on", "folder"),
            "say where the data of folder are with --train-root DIR; gopro cannot lie there as well",
        ),
        (
            ("--sample",),
            "say where your own pairs are with --data-root DIR, a folder or a CSV file; they have no sample",
        ),
        ((), "say where your own pairs are with --data-root DIR"),
        (
            ("--dataset", "gopro", "--sample", "--train-on", "folder"),
            "say where the data of folder are with --train-root DIR",
        ),
    ],
)
def test_what_cannot_go_together_is_one_line(refused, root, tmp_path, arguments, words):
    places = {str(path.relative_to(root)) for path in root.rglob("*")} | {"rain/none"}
    arguments = [root / each if each in places else each for each in arguments]
    command = (*RUN, *arguments, "--results", tmp_path / "results")
    if words is None:
        assert planned(*command).protocol.name == "aligned"
        return
    line = refused(main, *command)
    assert re.search(words, line), line
    assert not (tmp_path / "results").exists()


def test_weights_are_not_scored_on_their_training_pairs(refused, root, tmp_path):
    results = tmp_path / "results"
    assert run(*RUN, "--data-root", root / "other", "--train-root", root / "whole", "--results", results) == 0
    (weights,) = results.glob("checkpoints/toy--*/best.keras")
    command = ("--model", "toy", "--dataset", "folder", "--weights", weights, "--no-train", "--results", results)
    line = refused(main, *command, "--data-root", root / "whole")
    assert "was trained on the pairs of" in line
    assert "keep pairs apart in folders called train and test" in line


def test_a_learning_rate_must_be_above_the_end_of_its_schedule(refused, root):
    command = ("--model", "nafnet/tiny", "--dataset", "folder", "--data-root", root / "rain", "--crop", "16")
    line = refused(main, *command, "--learning-rate", "1e-9")
    assert re.search("--learning-rate 1e-09 is not above 1e-07, where the recipe of nafnet ends", line), line
