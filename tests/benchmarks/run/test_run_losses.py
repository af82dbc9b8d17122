"""The run command for models against a critic, with several outputs, and for grey images; and what it refuses."""

import math

import pytest

import zoo
from benchmarks.leaderboard import ranking
from benchmarks.records import store
from tests.support.runs import run

BUDGET = ("--dataset", "reds", "--sample", "--steps", "4", "--batch-size", "2", "--limit", "1")

pytestmark = pytest.mark.usefixtures("samples")


def record_of(folder, model):
    (path,) = (folder / "runs").glob(f"*--{model}--*.json")
    return store.read(path).run


def refused(capsys, *arguments):
    """Returns the one line with which a command line is refused."""
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
    return captured.err


@pytest.mark.slow
@pytest.mark.parametrize("model", ["fcn", "deblurgan-lite", "refiner"])
def test_models_of_every_kind_train_and_score(model, tmp_path):
    assert run("--model", model, *BUDGET, "--results", tmp_path) == 0
    content = record_of(tmp_path, model)
    assert content.model_facts.parameters == zoo.info(model).variant("tiny").parameters
    assert all(math.isfinite(value) for value in content.scores.values["psnr"])
    training = content.training
    assert training.steps == 4
    if model == "fcn":
        assert sum(training.ratios) == pytest.approx(1, abs=1e-4) and len(training.ratios) == 3
    else:
        assert training.ratios is None
    if model == "deblurgan-lite":
        assert training.recipe["adversarial"]["content"] == "mean_absolute_error"


@pytest.mark.slow
def test_weights_chosen_on_the_test_images_are_marked_everywhere(tmp_path):
    options = ("--model", "unet2", *BUDGET, "--results", tmp_path)
    assert run(*options) == 0
    assert run(*options, "--select-on-test") == 0
    rows = [row for row in ranking.update(tmp_path)[0] if row["model"] == "unet2"]
    assert sorted(row["selected_on"] for row in rows) == ["", "the scored images"]
    page = (tmp_path / "leaderboard.md").read_text()
    assert page.count("weights chosen on the scored images") == 1


@pytest.mark.slow
def test_another_loss_is_in_the_record(tmp_path):
    options = ("--model", "deblurgan-lite", *BUDGET, "--results", tmp_path, "--loss", "mean_absolute_error")
    assert run(*options) == 0
    recipe = record_of(tmp_path, "deblurgan-lite").training.recipe
    assert recipe["loss"] == "mean_absolute_error"
    assert recipe["adversarial"] is None


class TestRefusals:
    def test_crops_that_the_model_cannot_take(self, capsys):
        error = refused(capsys, "--model", "fcn", *BUDGET, "--crop", 60)
        assert "--crop 60 does not fit fcn/tiny; take a multiple of 8, at least 8" in error
        error = refused(capsys, "--model", "indexnet", *BUDGET, "--crop", 48)
        assert "--crop 48 does not fit indexnet/tiny; take a multiple of 32, at least 32" in error
        error = refused(capsys, "--model", "refiner", *BUDGET, "--crop", 20)
        assert "--crop 20 does not fit refiner/tiny; take at least 27" in error

    def test_losses(self, capsys):
        assert "--loss hinge cannot be chosen; take one of " in refused(
            capsys, "--model", "fcn", *BUDGET, "--loss", "hinge"
        )
        assert "--loss relativistic cannot be chosen" in refused(
            capsys, "--model", "fcn", *BUDGET, "--loss", "relativistic"
        )

    def test_perceptual_weights(self, capsys, tmp_path):
        missing = tmp_path / "none.h5"
        error = refused(capsys, "--model", "deblurgan-lite", *BUDGET, "--perceptual-weights", missing)
        assert "none.h5: no such file; give the weights of Keras' VGG-19" in error
        error = refused(capsys, "--model", "fcn", *BUDGET, "--perceptual-weights", "random")
        assert "fcn is trained without perceptual loss" in error

    def test_options_of_training_without_training(self, capsys, tmp_path):
        options = ("--model", "fcn", *BUDGET, "--no-train", "--weights", tmp_path / "x.keras")
        for option in (("--select-on-test",), ("--loss", "charbonnier"), ("--perceptual-weights", "random")):
            assert "are for training; leave them out" in refused(capsys, *options, *option)

    def test_a_profile_that_a_model_has_not(self, capsys):
        error = refused(capsys, "--model", "unet1", *BUDGET, "--profile", "code")
        assert "unet1 has no code recipe beside the paper's (fcn has)" in error

    def test_weights_of_another_variant(self, capsys, tmp_path):
        path = tmp_path / "weights.keras"
        zoo.save(zoo.create("carlo", "tiny"), path)
        error = refused(
            capsys,
            "--model",
            "carlo",
            "--variant",
            "image",
            *BUDGET,
            "--crop",
            32,
            "--weights",
            path,
            "--results",
            tmp_path / "results",
        )
        assert "holds carlo/tiny, whose weights do not fit carlo/image" in error
        assert "(3, 3, 3, 128) here" in error and "(3, 3, 3, 32) there" in error
        error = refused(capsys, "--model", "fcn", *BUDGET, "--weights", path)
        assert "holds carlo/tiny, not fcn/tiny" in error
