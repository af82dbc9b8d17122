"""What a training moves: one model under one loss, or a generator and its critic."""

from __future__ import annotations

import io
import math
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes.recipe import Adversarial as Critic
from benchmarks.recipes.recipe import Recipe
from benchmarks.training import distribution
from benchmarks.training.devices import ALONE, Devices
from benchmarks.training.lr_schedules import learning_rate
from zoo.backend import Tensor
from zoo.losses.adversarial import PENALTIES, CriticStep, GeneratorStep
from zoo.losses.multi_output import StageObjective
from zoo.losses.perceptual import FeatureDistance, vgg_features
from zoo.losses.pixel import (
    Charbonnier,
    CharbonnierEdge,
    NegativePsnr,
    RootSquaredError,
    SumOfAbsoluteDifferences,
    psnr,
)
from zoo.models.patchgan import patchgan

if TYPE_CHECKING:
    import tensorflow as tf

    Batches: TypeAlias = tf.data.Dataset

# Member of a checkpoint that holds what the generator's own file has not: critic and both optimisers.
_ADVERSARIAL_STATE = "adversarial.npz"


class Supervised:
    """A model, or the objective around a model with several outputs, trained by Keras' own `fit`.

    Args:
        model: The model.
        recipe: How to train it.
        steps: Steps in all.
        jit: Whether to compile with XLA.
        devices: What it runs on; made inside their scope.
    """

    def __init__(self, model: keras.Model, recipe: Recipe, steps: int, jit: bool, devices: Devices = ALONE) -> None:
        self.scored = self.model = model
        self._parts, self._devices = recipe.optimiser.accumulate, devices
        loss = compiled = _loss(recipe, model)
        if len(model.outputs) > 1:
            self.model = StageObjective(model, loss, trainable_ratios=recipe.trainable_ratios)
            compiled = None
        optimiser = _optimiser(recipe, steps)
        distribution.clip_sums(optimiser)
        # The parts of a batch are steps to Keras, whose callbacks hear of all of them together.
        self.model.compile(
            optimizer=optimiser, loss=compiled, metrics=[psnr], jit_compile=jit, steps_per_execution=self._parts
        )
        distribution.scale_sums(self.model, loss, self._parts, devices)
        # Built now, so that a checkpoint from before the first step can be restored.
        self.model.optimizer.build(self.model.trainable_variables)

    @property
    def ratios(self) -> list[float] | None:
        """Weights of the outputs' losses, where they are trained."""
        if not isinstance(self.model, StageObjective) or not self.model.trainable_ratios:
            return None
        return [round(float(ratio), 6) for ratio in self.model.ratios]

    @property
    def updates(self) -> int:
        """How often the optimiser has changed the weights."""
        return _updates(self.model)

    def fit(self, batches: Batches, **options: Any) -> None:
        """Trains; takes what `keras.Model.fit` takes."""
        options |= {"steps_per_epoch": options["steps_per_epoch"] * self._parts}
        self.model.fit(distribution.fed(batches, self._parts, self._devices), shuffle=False, **options)

    def step(self, blurry: Tensor, sharp: Tensor) -> None:
        """Takes one step, or one part of it, on a batch outside of `fit`."""
        self.model.train_on_batch(blurry, sharp)

    def evaluate(self, batches: Batches) -> dict[str, float]:
        """Loss and metrics over validation batches."""
        values: dict[str, float] = self.model.evaluate(batches, verbose=0, return_dict=True)
        return values

    def save(self, path: Path, notes: Mapping[str, Any]) -> None:
        """Writes a checkpoint from which `restore` goes on."""
        zoo.save(self.model, path, notes)

    def restore(self, path: Path) -> None:
        """Puts back weights and optimiser, as `save` wrote them.

        Into the model that was compiled by the recipe, not by loading the file as a model: what stands in a file of the
        optimiser depends on the dtype policy of the session that reads it.

        Raises:
            ZooError: When the file was not made by such a training.
        """
        try:
            with warnings.catch_warnings():
                # Keras only warns of an optimiser or of layers that it does not find in the file.
                warnings.simplefilter("error", UserWarning)
                self.model.load_weights(path)
        except (ValueError, KeyError, OSError, UserWarning) as error:
            raise _not_ours(path) from error


class Adversarial:
    """A generator and a critic, trained in turns on the same batches.

    Args:
        model: The generator.
        recipe: How to train.
        steps: Steps in all.
        jit: Whether to compile with XLA.
        weights: Where the content term's VGG-19 gets its weights, see `zoo.losses.perceptual.vgg_features`.
        seed: Seed of the critic's gradient penalty.

    Raises:
        RunError: When the recipe has no critic.
        ZooError: When VGG-19's weights cannot be had.
    """

    def __init__(
        self, model: keras.Model, recipe: Recipe, steps: int, jit: bool, weights: str | Path, seed: int
    ) -> None:
        if recipe.adversarial is None:
            raise RunError(f"{recipe.model}: the loss {recipe.loss} has no critic")
        own = recipe.adversarial
        self.scored, self.critic_steps = model, own.critic_steps
        critic = patchgan(filters=own.critic_filters)
        distance, inner = _content(own, weights)
        self._generator_step = GeneratorStep(model, critic, recipe.loss, distance, own.content_weight, inner)
        # A loss without a penalty takes none, however it is called.
        self._critic_step = CriticStep(model, critic, recipe.loss, seed, own.penalty or PENALTIES[0])
        self._generator_step.compile(_optimiser(recipe, steps), jit_compile=jit)
        self._critic_step.compile(_optimiser(recipe, steps * own.critic_steps), jit_compile=jit)
        for step in (self._generator_step, self._critic_step):
            step.optimizer.build(step.trainable_variables)
        # A model of its own for the validation, so that its metrics are not among those of the steps.
        self._validated = keras.Model(model.inputs, model.outputs[0])
        self._validated.compile(loss="mean_absolute_error", metrics=[psnr], jit_compile=jit)
        self.model: keras.Model = self._generator_step

    @property
    def ratios(self) -> None:
        """There is one output."""
        return None

    @property
    def updates(self) -> int:
        """How often the generator's weights were changed."""
        return _updates(self._generator_step)

    def fit(
        self,
        batches: Batches,
        *,
        initial_epoch: int,
        epochs: int,
        steps_per_epoch: int,
        validation_data: Batches | None,
        validation_freq: list[int],
        callbacks: list[keras.callbacks.Callback],
        verbose: int,
    ) -> None:
        """Trains as `keras.Model.fit` does: critic steps and a generator step on every batch."""
        calls = keras.callbacks.CallbackList(
            callbacks, add_progbar=True, model=self.model, verbose=verbose, epochs=epochs, steps=steps_per_epoch
        )
        self.model.stop_training = False
        calls.on_train_begin()
        stream = _stream(distribution.fed(batches, 1, ALONE))
        for epoch in range(initial_epoch, epochs):
            calls.on_epoch_begin(epoch)
            sums: Counter[str] = Counter()
            logs: dict[str, float] = {}
            for step in range(steps_per_epoch):
                calls.on_train_batch_begin(step)
                sums.update(self.step(*next(stream)))
                # Means since the epoch began, as in Keras' own logs.
                logs = {name: value / (step + 1) for name, value in sums.items()}
                calls.on_train_batch_end(step, logs)
            if validation_data is not None and epoch + 1 in validation_freq:
                logs |= {f"val_{name}": value for name, value in self.evaluate(validation_data).items()}
            calls.on_epoch_end(epoch, logs)
        calls.on_train_end()

    def evaluate(self, batches: Batches) -> dict[str, float]:
        """Mean absolute error and PSNR of the generator over validation batches."""
        values: dict[str, float] = self._validated.evaluate(batches, verbose=0, return_dict=True)
        return values

    def save(self, path: Path, notes: Mapping[str, Any]) -> None:
        """Writes the generator, and in the same file critic, optimisers and seeds."""
        stream = io.BytesIO()
        state = (keras.ops.convert_to_numpy(variable) for variable in self._state())
        np.savez(stream, *state)
        zoo.save(self.scored, path, notes, {_ADVERSARIAL_STATE: stream.getvalue()})

    def restore(self, path: Path) -> None:
        """Puts back what `save` wrote.

        Raises:
            ZooError: When the file was not made by such a training.
        """
        variables = self._state()
        with np.load(io.BytesIO(zoo.read_member(path, _ADVERSARIAL_STATE))) as stored:
            values = [stored[name] for name in stored.files]
        if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
            raise _not_ours(path)
        for value, variable in zip(values, variables, strict=True):
            variable.assign(value)

    def step(self, blurry: Tensor, sharp: Tensor) -> dict[str, float]:
        """Takes the critic's steps and the generator's on one batch; returns both losses."""
        for _ in range(self.critic_steps):
            critic = self._critic_step.train_on_batch(blurry, sharp, return_dict=True)
        generator = self._generator_step.train_on_batch(blurry, sharp, return_dict=True)
        losses = {"loss": float(generator["loss"]), "critic_loss": float(critic["loss"])}
        # The progress counts on a loss that is not finite, whichever model it comes from.
        return losses if math.isfinite(losses["critic_loss"]) else losses | {"loss": math.nan}

    def _state(self) -> list[Any]:
        """Returns every variable that a resume needs, once, in a fixed order."""
        steps = (self._generator_step, self._critic_step)
        metrics = {id(variable) for step in steps for variable in step.metrics_variables}
        inner = {id(weight) for model in self._generator_step.inner for weight in model.weights}
        found = {id(variable): variable for step in steps for variable in [*step.variables, *step.optimizer.variables]}
        return [variable for key, variable in found.items() if key not in metrics | inner]


Task = Supervised | Adversarial
"""What is trained: a compiled model with its optimiser, or two."""


def task_of(
    model: keras.Model,
    recipe: Recipe,
    steps: int,
    jit: bool,
    weights: str | Path = "imagenet",
    seed: int = 0,
    devices: Devices = ALONE,
) -> Task:
    """What a recipe trains, compiled, around a model.

    Args:
        model: The model with its first weights.
        recipe: How to train.
        steps: Steps in all.
        jit: Whether to compile with XLA.
        weights: VGG-19's weights where the recipe's content term needs them.
        seed: Seed of everything random in the objective.
        devices: What it runs on; several are for recipes without a critic.

    Raises:
        ZooError: When VGG-19's weights cannot be had.
    """
    if recipe.adversarial is not None:
        return Adversarial(model, recipe, steps, jit, weights, seed)
    return Supervised(model, recipe, steps, jit, devices)


def _optimiser(recipe: Recipe, updates: int) -> keras.optimizers.Optimizer:
    """The recipe's optimiser for so many updates.

    In mixed_float16 the loss is scaled, or small gradients would become zero. Keras does so by itself only where the
    compiled model itself has that policy, which an objective around a model and a step of two models have not.
    """
    own = recipe.optimiser
    options = {name: getattr(own, name) for name in ("beta_1", "beta_2", "epsilon", "clipnorm", "global_clipnorm")}
    if own.accumulate > 1:
        options["gradient_accumulation_steps"] = own.accumulate
    rate = learning_rate(recipe, updates)
    if own.weight_decay:
        adam = keras.optimizers.AdamW(rate, weight_decay=own.weight_decay, **options)
    else:
        adam = keras.optimizers.Adam(rate, **options)
    return keras.optimizers.LossScaleOptimizer(adam) if recipe.precision == "mixed_float16" else adam


def _stream(batches: Batches) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches one by one, as TensorFlow gives them where it computes, else as NumPy arrays."""
    on_tensorflow = keras.backend.backend() == "tensorflow"
    return iter(batches) if on_tensorflow else batches.as_numpy_iterator()


def _not_ours(path: Path) -> zoo.ZooError:
    return zoo.ZooError(f"{path}: does not fit this training; begin it anew with --restart")


def _loss(recipe: Recipe, model: keras.Model) -> keras.losses.Loss | str:
    """The loss of one output."""
    losses = {
        "sum_of_absolute_differences": SumOfAbsoluteDifferences,
        "charbonnier": Charbonnier,
        "charbonnier_edge": CharbonnierEdge,
        "root_squared_error": RootSquaredError,
        "negative_psnr": NegativePsnr,
    }
    if recipe.loss in losses:
        return losses[recipe.loss]()
    return keras.losses.get(recipe.loss) if len(model.outputs) > 1 else recipe.loss


def _content(own: Critic, weights: str | Path) -> tuple[Any, tuple[keras.Model, ...]]:
    """The content term of an adversarial recipe and the models inside it."""
    if not own.content.startswith("vgg19"):
        return (lambda truth, result: keras.ops.mean(keras.ops.abs(truth - result))), ()
    features = vgg_features("random" if own.content == "vgg19-random" else weights, own.content_activated)
    return FeatureDistance(features), (features,)


def _updates(model: keras.Model) -> int:
    return int(keras.ops.convert_to_numpy(model.optimizer.iterations))
