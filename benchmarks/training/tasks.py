"""What a training moves: one network under one loss, or a generator and its critic."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes.recipe import Adversarial as Critic
from benchmarks.recipes.recipe import Recipe
from benchmarks.training.lr_schedules import learning_rate
from zoo.losses.adversarial import CriticStep, GeneratorStep
from zoo.losses.multi_output import StageObjective
from zoo.losses.perceptual import FeatureDistance, vgg_features
from zoo.losses.pixel import Charbonnier, CharbonnierEdge, RootSquaredError, SumOfAbsoluteDifferences, psnr
from zoo.models.patchgan import patchgan

# Member of a checkpoint that holds what the generator's own file has not: critic and both optimisers.
_ADVERSARIAL_STATE = "adversarial.npz"


class Supervised:
    """A network, or the objective around a network with several outputs, trained by Keras' own `fit`.

    Args:
        model: The compiled model.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model

    @classmethod
    def fresh(cls, network: keras.Model, recipe: Recipe, steps: int, jit: bool) -> Supervised:
        """Compiles a network by a recipe for so many steps."""
        loss, model = _loss(recipe, network), network
        if len(network.outputs) > 1:
            model = StageObjective(network, loss, trainable_ratios=recipe.trainable_ratios)
            loss = None
        model.compile(optimizer=_adam(recipe, steps), loss=loss, metrics=[psnr], jit_compile=jit)
        # Built now, so that a checkpoint from before the first step can be loaded.
        model.optimizer.build(model.trainable_variables)
        return cls(model)

    @classmethod
    def resumed(cls, path: Path) -> Supervised:
        """Loads a checkpoint."""
        return cls(zoo.load(path, compile=True))

    @property
    def network(self) -> keras.Model:
        """The network that is scored."""
        return self.model.network if isinstance(self.model, StageObjective) else self.model

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

    def fit(self, batches: Any, **options: Any) -> None:
        """Trains; takes what `keras.Model.fit` takes."""
        self.model.fit(batches, shuffle=False, **options)

    def evaluate(self, batches: Any) -> dict[str, float]:
        """Returns loss and metrics over validation batches."""
        return self.model.evaluate(batches, verbose=0, return_dict=True)

    def save(self, path: Path, notes: dict[str, Any]) -> None:
        """Writes a checkpoint from which `resumed` goes on."""
        zoo.save(self.model, path, notes)


class Adversarial:
    """A generator and a critic, trained in turns on the same batches.

    Args:
        network: The generator.
        recipe: How to train.
        steps: Steps in all.
        jit: Whether to compile with XLA.
        weights: Where the content term's VGG-19 gets its weights, see `zoo.losses.perceptual.vgg_features`.
        seed: Seed of the critic's gradient penalty.
    """

    def __init__(
        self, network: keras.Model, recipe: Recipe, steps: int, jit: bool, weights: str | Path, seed: int
    ) -> None:
        if recipe.adversarial is None:
            raise RunError(f"{recipe.model}: the loss {recipe.loss} has no critic")
        own = recipe.adversarial
        self.network, self.critic_steps = network, own.critic_steps
        critic = patchgan(filters=own.critic_filters)
        distance, inner = _content(own, weights)
        self._generator_step = GeneratorStep(network, critic, recipe.loss, distance, own.content_weight, inner)
        self._critic_step = CriticStep(network, critic, recipe.loss, seed)
        self._generator_step.compile(_adam(recipe, steps), jit_compile=jit)
        self._critic_step.compile(_adam(recipe, steps * own.critic_steps), jit_compile=jit)
        for step in (self._generator_step, self._critic_step):
            step.optimizer.build(step.trainable_variables)
        # A model of its own for the validation, so that its metrics are not among those of the steps.
        self._scored = keras.Model(network.inputs, network.outputs[0])
        self._scored.compile(loss="mean_absolute_error", metrics=[psnr], jit_compile=jit)
        self.model = self._generator_step

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
        batches: Any,
        *,
        initial_epoch: int,
        epochs: int,
        steps_per_epoch: int,
        validation_data: Any,
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
        stream = batches.as_numpy_iterator()
        for epoch in range(initial_epoch, epochs):
            self._generator_step.reset_metrics()
            self._critic_step.reset_metrics()
            calls.on_epoch_begin(epoch)
            logs: dict[str, float] = {}
            for step in range(steps_per_epoch):
                calls.on_train_batch_begin(step)
                logs = self._step(*next(stream))
                calls.on_train_batch_end(step, logs)
            if validation_data is not None and epoch + 1 in validation_freq:
                logs |= {f"val_{name}": value for name, value in self.evaluate(validation_data).items()}
            calls.on_epoch_end(epoch, logs)
        calls.on_train_end()

    def evaluate(self, batches: Any) -> dict[str, float]:
        """Returns mean absolute error and PSNR of the generator over validation batches."""
        return self._scored.evaluate(batches, verbose=0, return_dict=True)

    def save(self, path: Path, notes: dict[str, Any]) -> None:
        """Writes the generator, and in the same file critic, optimisers and seeds."""
        stream = io.BytesIO()
        state = (keras.ops.convert_to_numpy(variable) for variable in self._state())
        np.savez(stream, *state)
        zoo.save(self.network, path, notes, {_ADVERSARIAL_STATE: stream.getvalue()})

    def restore(self, path: Path) -> None:
        """Puts back what `save` wrote."""
        with np.load(io.BytesIO(zoo.read_member(path, _ADVERSARIAL_STATE))) as stored:
            for name, variable in zip(stored.files, self._state(), strict=True):
                variable.assign(stored[name])

    def _step(self, blurry: np.ndarray, sharp: np.ndarray) -> dict[str, float]:
        """Takes the critic's steps and the generator's; returns the mean losses since the epoch began."""
        for _ in range(self.critic_steps):
            critic = self._critic_step.train_on_batch(blurry, sharp, return_dict=True)
        generator = self._generator_step.train_on_batch(blurry, sharp, return_dict=True)
        losses = {"loss": float(generator["loss"]), "critic_loss": float(critic["loss"])}
        # The progress counts on a loss that is not finite, whichever network it comes from.
        return losses if math.isfinite(losses["critic_loss"]) else losses | {"loss": math.nan}

    def _state(self) -> list[Any]:
        """Returns every variable that a resume needs, once, in a fixed order."""
        steps = (self._generator_step, self._critic_step)
        metrics = {id(variable) for step in steps for variable in step.metrics_variables}
        inner = {id(weight) for model in self._generator_step.inner for weight in model.weights}
        found = {id(variable): variable for step in steps for variable in [*step.variables, *step.optimizer.variables]}
        return [variable for key, variable in found.items() if key not in metrics | inner]


Trainee = Supervised | Adversarial


def fresh(
    network: keras.Model, recipe: Recipe, steps: int, jit: bool, weights: str | Path = "imagenet", seed: int = 0
) -> Trainee:
    """Returns what a recipe trains, compiled, around a network.

    Args:
        network: The network with its first weights.
        recipe: How to train.
        steps: Steps in all.
        jit: Whether to compile with XLA.
        weights: VGG-19's weights where the recipe's content term needs them.
        seed: Seed of everything random in the objective.

    Raises:
        ZooError: When VGG-19's weights cannot be had.
    """
    if recipe.adversarial is not None:
        return Adversarial(network, recipe, steps, jit, weights, seed)
    return Supervised.fresh(network, recipe, steps, jit)


def _adam(recipe: Recipe, updates: int) -> keras.optimizers.Optimizer:
    """Returns the recipe's optimiser for so many updates."""
    own = recipe.optimiser
    return keras.optimizers.Adam(
        learning_rate(recipe, updates), beta_1=own.beta_1, epsilon=own.epsilon, clipnorm=own.clipnorm
    )


def _loss(recipe: Recipe, network: keras.Model) -> Any:
    """Returns the loss of one output."""
    losses = {
        "sum_of_absolute_differences": SumOfAbsoluteDifferences,
        "charbonnier": Charbonnier,
        "charbonnier_edge": CharbonnierEdge,
        "root_squared_error": RootSquaredError,
    }
    if recipe.loss in losses:
        return losses[recipe.loss]()
    return keras.losses.get(recipe.loss) if len(network.outputs) > 1 else recipe.loss


def _content(own: Critic, weights: str | Path) -> tuple[Any, tuple[keras.Model, ...]]:
    """The content term of an adversarial recipe and the models inside it."""
    if not own.content.startswith("vgg19"):
        return (lambda truth, result: keras.ops.mean(keras.ops.abs(truth - result))), ()
    features = vgg_features("random" if own.content == "vgg19-random" else weights, own.content_activated)
    return FeatureDistance(features), (features,)


def _updates(model: keras.Model) -> int:
    return int(keras.ops.convert_to_numpy(model.optimizer.iterations))
