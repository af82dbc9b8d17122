"""One training objective over all outputs of a model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.backend import Tensor, policy_of
from zoo.errors import ZooError
from zoo.losses.pixel import Charbonnier


@keras.saving.register_keras_serializable(package="deblur_zoo")
class StageObjective(keras.Model):
    """Trains a model with several outputs to bring every one of them near the truth.

    The loss is the sum over the outputs s of ratio_s x distance(truth, output s). Trained by Keras' own `fit`; the
    loss of `compile` stays empty, its metrics are those of the first output. A file of this model holds the ratios
    beside the model.

    Source: Zhang et al. (2022), the loss with trainable ratios in [0, 1]. Ratios that descend freely would all go to 0;
    so here they are the softmax of one trained number each (our reading): between 0 and 1 with sum 1, equal at the
    start. A step of descent then moves weight from outputs whose distance is above the weighted mean to those below,
    proportionally to ratio and difference: nothing but the length of the training keeps the output that comes nearest
    to the truth from taking all the weight. With Adam each number moves by about the learning rate per step, so at 2e-4
    it takes some five thousand steps in one direction to change a quotient of ratios by a factor e. The released code
    has no ratios and adds the distances up.

    Args:
        network: A built network whose outputs all have the shape of the truth, or sides that are a whole part of its.
            What stands for the truth in a smaller output is one of its pixels for every cell, the one after the middle.
        distance: A Keras loss, or the name of one; None takes `Charbonnier`.
        trainable_ratios: Whether the ratios are trained; otherwise every one is 1 and none is logged.
        name: Name of the model; None takes the model's.

    Raises:
        ZooError: When the model has one output only, and for a distance that is not a loss.
    """

    def __init__(
        self, network: keras.Model, distance: Any = None, trainable_ratios: bool = True, name: str | None = None
    ) -> None:
        # Without autocast: it is for the model to say in which precision it takes its inputs.
        super().__init__(name=name or network.name, dtype=policy_of(network), autocast=False)
        count = len(network.outputs)
        if count < 2:
            raise ZooError(f"{network.name} has one output; compile it with the loss itself")
        self.network = network
        self.distance = _loss(distance or Charbonnier())
        self.trainable_ratios = trainable_ratios
        if trainable_ratios:
            # Not `add_weight`, which puts the model's name into the path: PyTorch allows no dot there.
            self.logits = keras.Variable(np.zeros(count, np.float32), autocast=False, name="logits")
            # Means over an epoch, as all numbers of Keras' log are.
            self.trackers = [keras.metrics.Mean(name=f"ratio_{index}") for index in range(count)]
        self.built = True

    @property
    def ratios(self) -> np.ndarray:
        """The weight of each output's distance, float32."""
        if not self.trainable_ratios:
            return np.ones(len(self.network.outputs), np.float32)
        return keras.ops.convert_to_numpy(ops.softmax(self.logits))

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The model's outputs."""
        return self.network(inputs, training=training)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """The weighted sum of the outputs' distances.

        Args:
            x: The model's input, not used.
            y: Truth (batch, height, width, channels).
            y_pred: The model's outputs.
            sample_weight: Weights of the images, or None.
            training: Not used.
        """
        distances = ops.stack([self.distance(_sized(y, output), output, sample_weight) for output in y_pred])
        if self.trainable_ratios:
            ratios = ops.softmax(self.logits)
            # Here, not among the metrics: on JAX only the loss sees the weights as they are.
            for index, tracker in enumerate(self.trackers):
                tracker.update_state(ops.stop_gradient(ratios[index]))
            distances = ratios * distances
        total = ops.sum(distances)
        for regularisation in self.losses:
            total = total + ops.sum(ops.cast(regularisation, "float32"))
        return total

    def compute_metrics(self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> dict[str, Any]:
        """The metrics of the first output."""
        return super().compute_metrics(x, y, y_pred[0], sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the model."""
        return {
            "network": keras.saving.serialize_keras_object(self.network),
            "distance": keras.saving.serialize_keras_object(self.distance),
            "trainable_ratios": self.trainable_ratios,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> StageObjective:
        """Rebuilds the model."""
        parts = {
            key: keras.saving.deserialize_keras_object(config[key], custom_objects) for key in ("network", "distance")
        }
        return cls(**{**config, **parts})


def _sized(truth: Tensor, output: Tensor) -> Tensor:
    """The truth in the size of an output."""
    side = truth.shape[1]
    if side is not None and side == output.shape[1]:
        return truth
    batch, height, _, channels = ops.shape(truth)
    rows, columns = ops.shape(output)[1:3]
    step = height // rows
    # Not by a step within brackets, which leaves TensorFlow without the result's rank where sides are unknown.
    cells = ops.reshape(truth, (batch, rows, step, columns, step, channels))
    return cells[:, :, step // 2, :, step // 2]


def _loss(distance: Any) -> keras.losses.Loss:
    """A loss given as such, by name, or as one of Keras' functions, which lack the reduction."""
    try:
        loss = keras.losses.get(distance)
        if callable(loss) and not isinstance(loss, keras.losses.Loss):
            loss = keras.losses.get("".join(part.title() for part in loss.__name__.split("_")))
    except (ValueError, AttributeError):
        loss = None
    if not isinstance(loss, keras.losses.Loss):
        raise ZooError(f"{distance!r} is no Keras loss; give a keras.losses.Loss or a name such as 'huber'")
    return loss
