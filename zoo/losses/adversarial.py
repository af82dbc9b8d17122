"""Adversarial training as two models that share their parts: one step moves the critic, one the generator.

Each step is an ordinary Keras model with a loss of its own, so that Keras compiles, differentiates and runs it on every
backend. What a step does not move it declares as not trainable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor, input_gradient, policy_of
from zoo.errors import ZooError

KINDS = ("relativistic", "wasserstein")
PENALTY_WEIGHT = 10.0
PENALTIES = ("per_pixel", "per_image")

Distance = Callable[[Any, Any], Any]


class _Step(keras.Model):
    """A model that moves the weights of one of its models only.

    Args:
        generator: The deblurring model.
        critic: Gives scores (batch, height', width', 1) to images.
        moved: The one of the two that this step trains.
        kind: `"relativistic"` or `"wasserstein"`.
        passed: What the gradient passes through; where that computes in float16, Keras scales the loss.
    """

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model,
        moved: keras.Model,
        kind: str,
        passed: Sequence[keras.Model],
    ) -> None:
        # Without autocast: it is for the models to say in which precision they take their inputs.
        super().__init__(dtype=policy_of(*passed), autocast=False)
        if kind not in KINDS:
            raise ZooError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        self.generator, self.critic, self.kind = generator, critic, kind
        self._moved = moved

    @property
    def trainable_variables(self) -> list[Tensor]:
        """The weights that this step moves."""
        return list(self._moved.trainable_variables)

    @property
    def trainable_weights(self) -> list[Tensor]:
        """As `trainable_variables`; the PyTorch and TensorFlow trainers read this name."""
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Tensor]:
        """Everything else that the step reads or that changes without a gradient, such as seeds of dropout."""
        moved = {id(variable) for variable in self.trainable_variables}
        return [variable for variable in self.variables if id(variable) not in moved]

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """Weights that this step leaves alone."""
        moved = {id(variable) for variable in self.trainable_variables}
        return [weight for weight in self.weights if id(weight) not in moved]

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The restored images of blurred ones."""
        return self.generator(inputs, training=training)


class GeneratorStep(_Step):
    """Trains the generator: adversarial loss + weight x distance of content.

    Relativistic average form: the real images should not look more real than the restored ones on average, and the
    other way round; averages over the batch and the score map. Wasserstein form: the mean score of the restored ones,
    negated.

    Args:
        generator: The deblurring model.
        critic: Gives scores to images.
        kind: `"relativistic"` (Li et al.) or `"wasserstein"` (Kupyn et al.).
        distance: Content term of truth and result, a scalar.
        weight: Weight of the content term; 100 in Kupyn et al. and Li et al.
        networks: Models inside `distance`, whose weights the step must know of.
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
        super().__init__(generator, critic, generator, kind, (generator, critic, *networks))
        self.distance, self.weight = distance, weight
        self.inner = list(networks)

    def compute_loss(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor = None, training: bool = True
    ) -> Tensor:
        """The generator's loss of one batch of blurred (x), sharp (y) and restored (y_pred) images."""
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

    The penalty is weight x mean of (norm - 1)^2 of the critic's slope at a random mixture of sharp and restored images.
    `"per_pixel"` is the form of DeblurGAN's released code: a norm over the channels of every pixel, and one mixture
    for the whole batch. `"per_image"` is that of the papers (Gulrajani et al., "Improved training of Wasserstein
    GANs", 2017): one norm of a whole image, and a mixture for each. They differ greatly, since a norm of 1 for the
    image is one of 1 / 256 per pixel of 256 x 256.

    Args:
        generator: The deblurring model.
        critic: Gives scores to images in [0, 1].
        kind: `"relativistic"` (Li et al.) or `"wasserstein"` (Kupyn et al., gradient penalty 10).
        seed: Seed of the mixtures at which the gradient penalty is taken.
        penalty: `"per_pixel"` or `"per_image"`.
        penalty_range: Black and white of the images in whose numbers the slope is measured. DeblurGAN's images lie in
            [-1, 1], where a slope is half as steep as in [0, 1].

    Raises:
        ZooError: For another kind or penalty, and for a range without an extent.
    """

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model,
        kind: str,
        seed: int = 0,
        penalty: str = "per_pixel",
        penalty_range: tuple[float, float] = (-1.0, 1.0),
    ) -> None:
        super().__init__(generator, critic, critic, kind, (critic,))
        if penalty not in PENALTIES:
            raise ZooError(f"penalty must be one of {', '.join(PENALTIES)}, not {penalty!r}")
        black, white = penalty_range
        if not white > black:
            raise ZooError(f"penalty_range must be black and a larger white, not {penalty_range!r}")
        self.penalty, self.penalty_range = penalty, (float(black), float(white))
        self.seeds = keras.random.SeedGenerator(seed)

    def compute_loss(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None, training: bool = True
    ) -> Tensor:
        """The critic's loss of one batch of blurred (x), sharp (y) and restored (y_pred) images."""
        truth = ops.convert_to_tensor(y, dtype="float32")
        restored = ops.stop_gradient(ops.cast(y_pred, "float32"))
        real = ops.cast(self.critic(truth, training=True), "float32")
        fake = ops.cast(self.critic(restored, training=True), "float32")
        if self.kind == "relativistic":
            return relativistic_loss(real, fake)
        return ops.mean(fake) - ops.mean(real) + PENALTY_WEIGHT * self._penalty_of(truth, restored)

    def _penalty_of(self, truth: Tensor, restored: Tensor) -> Tensor:
        """The mean of (norm - 1)^2 at mixtures of truth and result."""
        mixtures = ops.shape(truth)[0] if self.penalty == "per_image" else 1
        share = keras.random.uniform((mixtures, 1, 1, 1), seed=self.seeds)
        mixture = share * truth + (1.0 - share) * restored
        slope = input_gradient(lambda image: ops.sum(self.critic(image, training=True)), mixture)
        black, white = self.penalty_range
        axes = (1, 2, 3) if self.penalty == "per_image" else (3,)
        norm = ops.sqrt(ops.sum(ops.square(slope / (white - black)), axis=axes) + 1e-12)
        return ops.mean(ops.square(norm - 1.0))


def relativistic_loss(better: Tensor, worse: Tensor) -> Tensor:
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
