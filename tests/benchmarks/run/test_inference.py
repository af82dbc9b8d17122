"""Where a model takes its means: asked, recorded, and refused before any long work."""

import keras
import pytest

import zoo
from benchmarks.leaderboard import ranking
from benchmarks.records import store
from benchmarks.run.__main__ import main


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A NAFNet whose training crops were smaller than the images, so that the mode matters."""
    keras.utils.set_random_seed(3)
    model = zoo.create("nafnet", "tiny", width=4, train_crop=8, block_scale=1.0, residual_scale=1.0)
    path = tmp_path_factory.mktemp("weights") / "small.keras"
    zoo.save(model, path)
    return path


def score(street, results, weights, *options):
    asked = ("--model", "nafnet/tiny", "--dataset", "gopro", "--data-root", street, "--weights", weights)
    assert main([str(each) for each in (*asked, "--no-train", "--images", 0, "--results", results, *options)]) == 0


@pytest.mark.slow
def test_modes_are_runs_of_their_own(street, weights, tmp_path, capsys):
    for options in ([], ["--inference", "local"], ["--inference", "global"], ["--inference", "global"]):
        score(street, tmp_path, weights, *options)
    assert capsys.readouterr().out.count("nafnet/tiny on gopro (full): done before") == 2
    runs = [each.result for each in store.read_all(tmp_path).done if each.result.model == "nafnet"]
    scores = {each.evaluation.inference: each.scores.values["psnr"] for each in runs}
    assert set(scores) == {"local", "global"} and len(runs) == 2
    assert scores["local"] != scores["global"]
    rows, _ = ranking.update(tmp_path)
    assert {(row["model"], row["inference"]) for row in rows} == {
        ("nafnet", "local"),
        ("nafnet", "global"),
        ("identity", ""),
    }
    assert "global means" in (tmp_path / "leaderboard.md").read_text(encoding="utf-8")


def test_a_model_without_means_is_refused(street, tmp_path, refused):
    asked = ("--model", "carlo", "--dataset", "gopro", "--data-root", street, "--results", tmp_path)
    line = refused(main, *asked, "--inference", "global")
    assert line.startswith("error: --inference is for nafnet, not for carlo")
    assert "invalid choice: 'loc'" in refused(main, *asked, "--inference", "loc")
