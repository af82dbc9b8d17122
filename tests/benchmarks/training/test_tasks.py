"""Trainings of a generator against a critic, and of a network with several outputs: they go on where they stopped."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import keras
import numpy as np
import pytest

import zoo
from benchmarks.errors import RunError
from benchmarks.training import epochs, loop, state
from benchmarks.training.callbacks import Checkpoints
from benchmarks.training.state import BEST, LAST
from benchmarks.training.tasks import Adversarial, fresh
from tests.support.fakes import TOY, TOY_RECIPE, build_toy, picture_pairs, registered_toy
from zoo import registry

ADVERSARIAL = replace(
    TOY_RECIPE, crop=16, batch=1, steps=8, loss="relativistic", schedule="linear", schedule_share=0.5,
    learning_rate=1e-3, clipnorm=None, beta_1=0.5, critic_filters=4, content="mean_absolute_error",
)  # fmt: skip
WASSERSTEIN = replace(ADVERSARIAL, loss="wasserstein", critic_steps=2)
STAGED = replace(
    TOY_RECIPE, model="staged", crop=12, steps=8, loss="charbonnier", trainable_ratios=True, learning_rate=1e-2
)
STAGED_INFO = replace(TOY, name="staged", outputs=("sharp", "rough"))


def build_staged(inputs):
    sharp = build_toy(inputs)
    return [sharp, keras.layers.Rescaling(0.5, name="rough")(sharp)]


@pytest.fixture(autouse=True)
def toys():
    registry.register(STAGED_INFO)(build_staged)
    with registered_toy():
        yield
    registry.unregister("staged")


def train(folder, recipe, resume=False, stop=None, monkeypatch=None, **options):
    """Trains; with `stop`, Ctrl-C comes after that many steps."""
    options = state.Options(seed=1, resume=resume, **options)
    if stop is None:
        return loop.train(recipe, picture_pairs(size=(20, 24)), folder, options)
    original = Checkpoints.on_train_batch_end

    def interrupted(self, *arguments, **named):
        original(self, *arguments, **named)
        if self.progress["step"] == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "on_train_batch_end", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loop.train(recipe, picture_pairs(size=(20, 24)), folder, options)
    return None


def last_weights(folder):
    """Returns everything that a checkpoint holds."""
    model = zoo.load(folder / LAST, compile=True)
    found = [np.array(weight) for weight in model.weights]
    if model.name == "toy.image":
        with np.load(io.BytesIO(zoo.read_member(folder / LAST, "adversarial.npz"))) as stored:
            return found + [stored[name] for name in stored.files]
    return found + [np.array(variable) for variable in model.optimizer.variables]


@pytest.mark.parametrize("recipe", [ADVERSARIAL, WASSERSTEIN, STAGED], ids=["relativistic", "wasserstein", "staged"])
@pytest.mark.parametrize("stop", [4, 6])
def test_a_stopped_training_ends_as_one_that_was_not(recipe, stop, tmp_path, monkeypatch, capsys):
    train(tmp_path / "whole", recipe)
    train(tmp_path / "parts", recipe, stop=stop, monkeypatch=monkeypatch)
    train(tmp_path / "parts", recipe, resume=True)
    assert f"resuming at step {stop} of 8" in capsys.readouterr().out
    whole, parts = last_weights(tmp_path / "whole"), last_weights(tmp_path / "parts")
    assert len(whole) == len(parts) > 4
    for ours, theirs in zip(whole, parts, strict=True):
        # Instance normalisation makes more of how sums are rounded, which threads do in any order; a step is 1e-3.
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_an_adversarial_training_moves_both_networks_and_logs_both_losses(tmp_path):
    outcome = train(tmp_path, ADVERSARIAL)
    assert (outcome.steps, outcome.ratios) == (8, None)
    assert outcome.model.name == "toy.image"
    header, *lines = (tmp_path / "log.csv").read_text().splitlines()
    assert {"loss", "critic_loss", "val_psnr", "val_loss"} <= set(header.split(","))
    assert all(math.isfinite(float(value)) for line in lines for value in line.split(","))


def test_the_learning_rate_of_both_ends_at_zero():
    trainee = fresh(zoo.create("toy"), WASSERSTEIN, 8, jit=False)
    assert isinstance(trainee, Adversarial)
    blurry, sharp = np.random.default_rng(0).random((2, 1, 16, 16, 3), np.float32)
    for _ in range(8):
        trainee._step(blurry, sharp)
    assert trainee.updates == 8
    assert int(trainee._critic_step.optimizer.iterations) == 16
    for step in (trainee._generator_step, trainee._critic_step):
        assert float(step.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("network", ["generator", "critic"])
def test_a_loss_that_is_not_finite_stops_the_training(network, tmp_path, monkeypatch):
    original = Adversarial._step

    def poisoned(self, blurry, sharp):
        trained = self.network if network == "generator" else self._critic_step.critic
        trained.weights[0].assign(trained.weights[0] * math.nan)
        return original(self, blurry, sharp)

    monkeypatch.setattr(Adversarial, "_step", poisoned)
    with pytest.raises(RunError, match=r"the loss became (nan|inf) at step"):
        train(tmp_path, ADVERSARIAL)


def test_trained_ratios_are_in_the_notes_and_the_outcome(tmp_path):
    outcome = train(tmp_path, STAGED)
    assert outcome.ratios is not None and len(outcome.ratios) == 2
    assert sum(outcome.ratios) == pytest.approx(1, abs=1e-5)
    # The rough output is half as bright as the truth, so it loses weight.
    assert outcome.ratios[0] > 0.5
    assert zoo.read_notes(tmp_path / LAST)["ratios"] == list(outcome.ratios)
    assert outcome.model.name == "staged.image" and len(outcome.model.outputs) == 2
    assert outcome.model.count_params() == TOY.variants["image"].parameters


def test_without_a_best_file_the_last_checkpoint_gives_the_network(tmp_path):
    outcome = train(tmp_path, replace(STAGED, validation=0.0))
    assert not (tmp_path / BEST).exists()
    assert outcome.model.name == "staged.image"
    zoo.load_weights(zoo.create("staged"), tmp_path / LAST)


def test_weights_can_be_chosen_on_other_pictures(tmp_path):
    pairs, others = picture_pairs(size=(20, 24)), picture_pairs(scenes=2, seed=9, size=(20, 24))
    outcome = loop.train(TOY_RECIPE, pairs, tmp_path, state.Options(), selection=others)
    assert outcome.epochs == TOY_RECIPE.steps * TOY_RECIPE.batch / len(pairs)
    again = loop.outcome_of(tmp_path, TOY_RECIPE, pairs, selected=True)
    assert (again.epochs, again.validation_psnr) == (outcome.epochs, outcome.validation_psnr)


def test_missing_perceptual_weights_are_told_before_training(tmp_path):
    recipe = replace(ADVERSARIAL, content="vgg19")
    with pytest.raises(zoo.ZooError, match=r"none\.h5: no such file; give a Keras VGG-19 weight file"):
        train(tmp_path, recipe, perceptual_weights=tmp_path / "none.h5")
    assert not (tmp_path / "log.csv").exists()


def test_epochs_of_validation():
    paper = replace(TOY_RECIPE, epochs=600, steps=None, validate_every=((50, 300), (15, 600)))
    due = epochs.validated_epochs(paper, 600, 1)
    assert due == [*range(50, 301, 50), *range(315, 601, 15)]
    assert epochs.validated_epochs(paper, 10, 1) == [10]
    assert epochs.validated_epochs(paper, 320, 1)[-3:] == [300, 315, 320]
    assert epochs.validated_epochs(TOY_RECIPE, 10, 4) == [1, 2, 3]


def test_an_epoch_that_is_not_due_is_not_validated(tmp_path):
    train(tmp_path, replace(TOY_RECIPE, steps=12, validate_every=((2, 600),)))
    lines = (tmp_path / "log.csv").read_text().splitlines()
    place = lines[0].split(",").index("val_psnr")
    assert [line.split(",")[place] not in ("", "NA") for line in lines[1:]] == [False, True, True]


def test_notes_are_json(tmp_path):
    train(tmp_path, STAGED)
    assert json.dumps(zoo.read_notes(tmp_path / LAST))
