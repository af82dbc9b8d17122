"""Adversarial training as two models that share their networks: one step moves the critic, one the generator.

Each step is an ordinary Keras model with a loss of its own, so that Keras compiles, differentiates and runs it on every
backend. What a step does not move it declares as not trainable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from zoo.backend import input_gradient

KINDS = ("relativistic", "wasserstein")
PENALTY_WEIGHT = 10.0

Distance = Callable[[Any, Any], Any]


class _Step(keras.Model):
    """A model that moves the weights of one of its networks only.

    Args:
        generator: The deblurring network.
        critic: Gives scores (batch, height', width', 1) to pictures.
        moved: The one of the two that this step trains.
        kind: `"relativistic"` or `"wasserstein"`.
    """

    def __init__(self, generator: keras.Model, critic: keras.Model, moved: keras.Model, kind: str) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        self.generator, self.critic, self.kind = generator, critic, kind
        self._moved = moved

    @property
    def trainable_variables(self) -> list[Any]:
        """The weights that this step moves."""
        return list(self._moved.trainable_variables)

    @property
    def trainable_weights(self) -> list[Any]:
        """As `trainable_variables`; the PyTorch and TensorFlow trainers read this name."""
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Everything else that the step reads or that changes without a gradient, such as seeds of dropout."""
        moved = {id(variable) for variable in self.trainable_variables}
        return [variable for variable in self.variables if id(variable) not in moved]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Weights that this step leaves alone."""
        moved = {id(variable) for variable in self.trainable_variables}
        return [weight for weight in self.weights if id(weight) not in moved]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the restored pictures of blurred ones."""
        return self.generator(inputs, training=training)


class GeneratorStep(_Step):
    """Trains the generator: adversarial loss + weight x distance of content.

    Relativistic average form: the real pictures should not look more real than the restored ones on average, and the
    other way round; averages over the batch and the score map. Wasserstein form: the mean score of the restored ones,
    negated.

    Args:
        generator: The deblurring network.
        critic: Gives scores to pictures.
        kind: `"relativistic"` (Li et al.) or `"wasserstein"` (Kupyn et al.).
        distance: Content term of truth and result, a scalar.
        weight: Weight of the content term; 100 in Kupyn et al. and Li et al.
        networks: Networks inside `distance`, whose weights the step must know of.
    """

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model,
        kind: str,
        distance: Distance,
        weight: float = 100.0,
        networks: tuple[keras.Model, ...] = (),
    ) -> None:
        super().__init__(generator, critic, generator, kind)
        self.distance, self.weight = distance, weight
        self.inner = list(networks)

    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True) -> Any:
        """Returns the generator's loss of one batch of blurred (x), sharp (y) and restored (y_pred) pictures."""
        # On PyTorch the targets come as NumPy arrays.
        truth, restored = ops.convert_to_tensor(y, dtype="float32"), ops.cast(y_pred, "float32")
        fake = ops.cast(self.critic(restored, training=True), "float32")
        if self.kind == "wasserstein":
            adversarial = -ops.mean(fake)
        else:
            real = ops.cast(self.critic(truth, training=True), "float32")
            adversarial = relativistic_loss(fake, real)
        return adversarial + self.weight * self.distance(truth, restored)


class CriticStep(_Step):
    """Trains the critic on the same batch: relativistic average loss, or Wasserstein loss with gradient penalty.

    Args:
        generator: The deblurring network.
        critic: Gives scores to pictures.
        kind: `"relativistic"` (Li et al.) or `"wasserstein"` (Kupyn et al., gradient penalty 10).
        seed: Seed of the mixtures at which the gradient penalty is taken.
    """

    def __init__(self, generator: keras.Model, critic: keras.Model, kind: str, seed: int = 0) -> None:
        super().__init__(generator, critic, critic, kind)
        self.seeds = keras.random.SeedGenerator(seed)

    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True) -> Any:
        """Returns the critic's loss of one batch of blurred (x), sharp (y) and restored (y_pred) pictures."""
        truth = ops.convert_to_tensor(y, dtype="float32")
        restored = ops.stop_gradient(ops.cast(y_pred, "float32"))
        real = ops.cast(self.critic(truth, training=True), "float32")
        fake = ops.cast(self.critic(restored, training=True), "float32")
        if self.kind == "relativistic":
            return relativistic_loss(real, fake)
        share = keras.random.uniform((ops.shape(truth)[0], 1, 1, 1), seed=self.seeds)
        mixture = share * truth + (1.0 - share) * restored
        slope = input_gradient(lambda picture: ops.sum(self.critic(picture, training=True)), mixture)
        norm = ops.sqrt(ops.sum(ops.square(slope), axis=(1, 2, 3)) + 1e-12)
        return ops.mean(fake) - ops.mean(real) + PENALTY_WEIGHT * ops.mean(ops.square(norm - 1.0))


def relativistic_loss(better: Any, worse: Any) -> Any:
    """Returns -mean log D(better, worse) - mean log (1 - D(worse, better)), D(a, b) = sigmoid(a - mean b).

    Source: Li et al., section on the loss function (relativistic average discriminator); means over the batch and the
    score map.

    Args:
        better: Scores that should be the higher ones.
        worse: Scores that should be the lower ones.
    """
    over = ops.softplus(ops.mean(worse) - better)
    under = ops.softplus(worse - ops.mean(better))
    return ops.mean(over) + ops.mean(under)
