"""Trainings of a generator against a critic, and of a model with several outputs: they go on where they stopped."""

from __future__ import annotations

import csv
import io
import json
import math
import signal
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes.recipe import PENALTIES
from benchmarks.training import epochs, loop, state
from benchmarks.training.callbacks import Checkpoints
from benchmarks.training.state import BEST, LAST, LOG
from benchmarks.training.tasks import Adversarial, task_of
from tests.support.backends import run_on
from tests.support.fakes import TOY, TOY_RECIPE, build_toy, picture_pairs, registered_toy
from zoo import registry
from zoo.losses import adversarial

ADVERSARIAL = TOY_RECIPE.replaced(
    crop=16,
    batch=1,
    steps=8,
    loss="relativistic",
    schedule="linear",
    schedule_share=0.5,
    learning_rate=1e-3,
    clipnorm=None,
    beta_1=0.5,
    critic_filters=4,
    content="mean_absolute_error",
)
WASSERSTEIN = ADVERSARIAL.replaced(loss="wasserstein", critic_steps=2)
STAGED = TOY_RECIPE.replaced(
    model="staged", crop=12, steps=8, loss="charbonnier", trainable_ratios=True, learning_rate=1e-2
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
        if self.progress["step"] == stop - 1:
            signal.raise_signal(signal.SIGINT)
        original(self, *arguments, **named)

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


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(ADVERSARIAL, id="relativistic", marks=pytest.mark.slow),
        pytest.param(WASSERSTEIN, id="wasserstein", marks=pytest.mark.slow),
        pytest.param(STAGED, id="staged"),
    ],
)
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


SUPERVISED = TOY_RECIPE.replaced(schedule="cosine")
HALF = {"supervised": SUPERVISED, "staged": STAGED, "relativistic": ADVERSARIAL, "wasserstein": WASSERSTEIN}


@pytest.mark.parametrize("kind", HALF)
def test_in_half_precision_every_step_scales_its_loss(kind):
    """Keras does so by itself only for a model that has the policy itself, not for what stands around one."""
    recipe = replace(HALF[kind], precision="mixed_float16")
    trained = task_of(zoo.create(recipe.model, dtype=recipe.precision), recipe, 8, jit=False)
    steps = [trained._generator_step, trained._critic_step] if isinstance(trained, Adversarial) else [trained.model]
    for step in steps:
        assert isinstance(step.optimizer, keras.optimizers.LossScaleOptimizer)
        assert isinstance(step.optimizer.inner_optimizer, keras.optimizers.Adam)


def test_weights_decay_and_gradients_are_clipped_together():
    """A step of AdamW beside PyTorch's, gradients scaled down to a norm of all of them."""
    torch = pytest.importorskip("torch")
    values = {"learning_rate": 0.1, "beta_1": 0.9, "beta_2": 0.8, "epsilon": 1e-8, "weight_decay": 0.5}
    recipe = TOY_RECIPE.replaced(schedule="constant", clipnorm=None, global_clipnorm=0.01, **values)
    optimiser = task_of(zoo.create("toy"), recipe, 8, jit=False).model.optimizer
    assert isinstance(optimiser, keras.optimizers.AdamW)
    start = [np.array([1.0, -2.0], np.float32), np.array([[3.0]], np.float32)]
    ours = [keras.Variable(value) for value in start]
    theirs = [torch.nn.Parameter(torch.from_numpy(value.copy())) for value in start]
    reference = torch.optim.AdamW(theirs, lr=0.1, betas=(0.9, 0.8), eps=1e-8, weight_decay=0.5)
    optimiser = type(optimiser).from_config(optimiser.get_config())
    for step in range(3):
        gradients = [np.full_like(value, step + 1 + index) for index, value in enumerate(start)]
        optimiser.apply(gradients, ours)
        for parameter, gradient in zip(theirs, gradients, strict=True):
            parameter.grad = torch.from_numpy(gradient)
        torch.nn.utils.clip_grad_norm_(theirs, 0.01)
        reference.step()
    for mine, parameter in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.array(mine), parameter.detach().numpy(), rtol=1e-4)
    plain = task_of(zoo.create("toy"), TOY_RECIPE, 8, jit=False).model.optimizer
    assert type(plain) is keras.optimizers.Adam


@pytest.mark.parametrize("kind", ["supervised", "staged", pytest.param("relativistic", marks=pytest.mark.slow)])
def test_in_half_precision_a_resume_forgets_nothing(kind, tmp_path, monkeypatch):
    """Adam's moments, the count of steps and the scale of the loss."""
    recipe = replace(HALF[kind], steps=12, precision="mixed_float16")
    train(tmp_path / "whole", recipe)
    train(tmp_path / "parts", recipe, stop=5, monkeypatch=monkeypatch)
    outcome = train(tmp_path / "parts", recipe, resume=True)
    assert outcome.steps == 12
    whole, parts = everything(tmp_path / "whole", recipe), everything(tmp_path / "parts", recipe)
    assert len(whole) == len(parts) > 8
    for ours, theirs in zip(whole, parts, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0 if kind == "supervised" else 1e-4)


def everything(folder, recipe):
    """Every variable of what a recipe trains, as the last checkpoint of a folder restores it."""
    trained = task_of(zoo.create(recipe.model, dtype=recipe.precision), recipe, recipe.steps, jit=False)
    trained.restore(folder / LAST)
    if isinstance(trained, Adversarial):
        return [np.array(variable) for variable in trained._state()]
    return [np.array(variable) for variable in [*trained.model.weights, *trained.model.optimizer.variables]]


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    train(tmp_path, ADVERSARIAL)
    wider = ADVERSARIAL.replaced(critic_filters=8)
    with pytest.raises(zoo.ZooError, match=r"last\.keras: does not fit this training; begin it anew with --restart$"):
        train(tmp_path, wider, resume=True)
    with pytest.raises(zoo.ZooError, match=r"last\.keras: does not fit this training"):
        train(tmp_path, STAGED, resume=True)


def test_batches_stay_where_tensorflow_made_them(tmp_path, monkeypatch):
    """Critic and generator take one tensor, which no step copies to NumPy and back."""
    seen = []
    original = Adversarial.step

    def watched(self, blurry, sharp):
        seen.append((type(blurry), type(sharp)))
        return original(self, blurry, sharp)

    monkeypatch.setattr(Adversarial, "step", watched)
    train(tmp_path, ADVERSARIAL)
    on_tensorflow = keras.backend.backend() == "tensorflow"
    assert len(seen) == 8
    assert all(
        isinstance(each, type) and ("Tensor" in each.__name__) == on_tensorflow for pair in seen for each in pair
    )


def test_the_log_holds_means_of_the_epoch(tmp_path, monkeypatch):
    """As in Keras' own logs, not the losses of the last batch."""
    losses = iter([1.0, 3.0, 5.0, 7.0, 2.0, 2.0, 2.0, 6.0])
    monkeypatch.setattr(Adversarial, "step", lambda self, *batch: {"loss": next(losses), "critic_loss": 1.0})
    train(tmp_path, ADVERSARIAL)
    with (tmp_path / LOG).open(newline="") as stream:
        assert [float(row["loss"]) for row in csv.DictReader(stream)] == [3.5]


def test_an_adversarial_training_moves_both_models_and_logs_both_losses(tmp_path):
    outcome = train(tmp_path, ADVERSARIAL)
    assert (outcome.steps, outcome.ratios) == (8, None)
    assert outcome.model.name == "toy.image"
    header, *lines = (tmp_path / "log.csv").read_text().splitlines()
    assert {"loss", "critic_loss", "val_psnr", "val_loss"} <= set(header.split(","))
    assert all(math.isfinite(float(value)) for line in lines for value in line.split(","))


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_critic_takes_the_penalty_of_the_recipe(penalty):
    trained = task_of(zoo.create("toy"), WASSERSTEIN.replaced(penalty=penalty), 8, jit=False)
    assert trained._critic_step.penalty == penalty
    assert trained._critic_step.penalty_range == (-1.0, 1.0)


def test_the_learning_rate_of_both_ends_at_zero():
    trained = task_of(zoo.create("toy"), WASSERSTEIN, 8, jit=False)
    assert isinstance(trained, Adversarial)
    blurry, sharp = np.random.default_rng(0).random((2, 1, 16, 16, 3), np.float32)
    for _ in range(8):
        trained.step(blurry, sharp)
    assert trained.updates == 8
    assert int(trained._critic_step.optimizer.iterations) == 16
    for step in (trained._generator_step, trained._critic_step):
        assert float(step.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("model", ["generator", "critic"])
def test_a_loss_that_is_not_finite_stops_the_training(model, tmp_path, monkeypatch):
    original = Adversarial.step

    def poisoned(self, blurry, sharp):
        trained = self.scored if model == "generator" else self._critic_step.critic
        trained.weights[0].assign(trained.weights[0] * math.nan)
        return original(self, blurry, sharp)

    monkeypatch.setattr(Adversarial, "step", poisoned)
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


def test_without_a_best_file_the_last_checkpoint_gives_the_model(tmp_path):
    outcome = train(tmp_path, STAGED.replaced(validation=0.0))
    assert not (tmp_path / BEST).exists()
    assert outcome.model.name == "staged.image"
    zoo.load_weights(zoo.create("staged"), tmp_path / LAST)


def test_weights_can_be_chosen_on_other_images(tmp_path):
    pairs, others = picture_pairs(size=(20, 24)), picture_pairs(scenes=2, seed=9, size=(20, 24))
    outcome = loop.train(TOY_RECIPE, pairs, tmp_path, state.Options(), selection=others)
    assert outcome.epochs == TOY_RECIPE.steps * TOY_RECIPE.data.batch / len(pairs)
    again = loop.outcome_of(tmp_path, TOY_RECIPE, pairs, selected=True)
    assert (again.epochs, again.validation_psnr) == (outcome.epochs, outcome.validation_psnr)


def test_missing_perceptual_weights_are_told_before_training(tmp_path):
    recipe = ADVERSARIAL.replaced(content="vgg19")
    with pytest.raises(zoo.ZooError, match=r"none\.h5: no such file; give a Keras VGG-19 weight file"):
        train(tmp_path, recipe, perceptual_weights=tmp_path / "none.h5")
    assert not (tmp_path / "log.csv").exists()


def test_epochs_of_validation():
    paper = TOY_RECIPE.replaced(epochs=600, steps=None, validate_every=((50, 300), (15, 600)))
    due = epochs.validated_epochs(paper, 600, 1)
    assert due == [*range(50, 301, 50), *range(315, 601, 15)]
    assert epochs.validated_epochs(paper, 10, 1) == [10]
    assert epochs.validated_epochs(paper, 320, 1)[-3:] == [300, 315, 320]
    assert epochs.validated_epochs(TOY_RECIPE, 10, 4) == [1, 2, 3]


@pytest.mark.parametrize("recipe", [TOY_RECIPE, ADVERSARIAL], ids=["supervised", "adversarial"])
def test_an_epoch_that_is_not_due_is_not_validated(recipe, tmp_path):
    train(tmp_path, replace(recipe, steps=12, validate_every=((2, 600),)))
    text = (tmp_path / LOG).read_text()
    validated = [row["val_psnr"] != "" for row in csv.DictReader(text.splitlines())]
    due = [epoch % 2 == 0 or epoch == len(validated) for epoch in range(1, len(validated) + 1)]
    assert validated == due
    assert "NA" not in text


def test_notes_are_json(tmp_path):
    train(tmp_path, STAGED)
    assert json.dumps(zoo.read_notes(tmp_path / LAST))


@pytest.mark.parametrize("penalty", ["per_pixel", "per_image"])
def test_the_recipe_says_which_penalty_the_critic_pays(penalty):
    trained = task_of(zoo.create("toy"), WASSERSTEIN.replaced(penalty=penalty), 8, jit=False)
    assert trained._critic_step.penalty == penalty


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("kind", ["half", "adversarial"])
def test_a_stop_inside_an_epoch_changes_nothing_on_other_backends(backend, kind):
    output = run_on(backend, Path(__file__).parent / "resume_program.py", kind)
    assert float(output.split("apart")[-1]) < 1e-4


def test_recipes_and_the_critic_know_the_same_penalties():
    assert PENALTIES == adversarial.PENALTIES
