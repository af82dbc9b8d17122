"""Distances of pictures for training, and one objective of all outputs of a network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import ZooError

# Burt and Adelson's kernel; its sum is 1.
_BLUR = (0.05, 0.25, 0.4, 0.25, 0.05)
_PICTURE_AXES = (1, 2, 3)


class _Distance(keras.losses.Loss):
    """A distance of each result from its truth, in float32 whatever the policy, averaged over the batch.

    Args:
        name: Name of the loss.
        reduction: How Keras reduces the distances of a batch.
    """

    def __init__(self, name: str, reduction: str = "sum_over_batch_size") -> None:
        super().__init__(name=name, reduction=reduction, dtype="float32")


@keras.saving.register_keras_serializable(package="deblur_zoo")
class Charbonnier(_Distance):
    """The mean of sqrt(d^2 + epsilon^2) over pixels and channels of a picture, d the difference.

    Source: the feature catcher's released code (epsilon 1e-3), after MPRNet (Zamir et al., CVPR 2021).

    Args:
        epsilon: Difference below which the distance is rather quadratic than linear, above 0.
        name: Name of the loss.
        **kwargs: Keras' loss arguments.
    """

    def __init__(self, epsilon: float = 1e-3, name: str = "charbonnier", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.epsilon = epsilon

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the distance of each picture, (batch,)."""
        return self._mean(y_true - y_pred)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the loss."""
        return {**super().get_config(), "epsilon": self.epsilon}

    def _mean(self, difference: Any) -> Any:
        return ops.mean(ops.sqrt(ops.square(difference) + self.epsilon**2), axis=_PICTURE_AXES)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class EdgeLoss(Charbonnier):
    """The Charbonnier distance of the Laplacians of two pictures, see `laplacian`.

    Source: as `Charbonnier`.

    Args:
        epsilon: See `Charbonnier`.
        name: Name of the loss.
        **kwargs: Keras' loss arguments.
    """

    def __init__(self, epsilon: float = 1e-3, name: str = "edge_loss", **kwargs: Any) -> None:
        super().__init__(epsilon, name, **kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the distance of each picture, (batch,)."""
        # The Laplacian is linear: one of the difference stands for the difference of two.
        return self._mean(laplacian(y_true - y_pred))


@keras.saving.register_keras_serializable(package="deblur_zoo")
class CharbonnierEdge(Charbonnier):
    """`Charbonnier` + edge_weight x `EdgeLoss`, the loss of the feature catcher's released code.

    Args:
        edge_weight: Weight of the edge loss.
        epsilon: See `Charbonnier`.
        name: Name of the loss.
        **kwargs: Keras' loss arguments.
    """

    def __init__(
        self, edge_weight: float = 0.05, epsilon: float = 1e-3, name: str = "charbonnier_edge", **kwargs: Any
    ) -> None:
        super().__init__(epsilon, name, **kwargs)
        self.edge_weight = edge_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the distance of each picture, (batch,)."""
        difference = y_true - y_pred
        return self._mean(difference) + self.edge_weight * self._mean(laplacian(difference))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the loss."""
        return {**super().get_config(), "edge_weight": self.edge_weight}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class RootSquaredError(_Distance):
    """The root of the sum of squared differences of a picture: the plain L2 norm.

    Source: Zhang et al. (2022), the loss as the paper prints it. The gradient of equal pictures is 0.

    Args:
        name: Name of the loss.
        **kwargs: Keras' loss arguments.
    """

    def __init__(self, name: str = "root_squared_error", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the norm of each difference, (batch,)."""
        total = ops.sum(ops.square(y_true - y_pred), axis=_PICTURE_AXES)
        # The root has no finite slope at 0, so it must not even be taken there.
        return ops.where(total > 0, ops.sqrt(ops.where(total > 0, total, 1.0)), 0.0)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class StageObjective(keras.Model):
    """Trains a network with several outputs to bring every one of them near the truth.

    The loss is the sum over the outputs s of ratio_s x distance(truth, output s). Trained by Keras' own `fit`; the
    loss of `compile` stays empty, its metrics are those of the first output. A file of this model holds the ratios
    beside the network.

    Source: Zhang et al. (2022), the loss with trainable ratios in [0, 1]. Ratios that descend freely would all go to 0;
    so here they are the softmax of one trained number each (our reading): between 0 and 1 with sum 1, equal at the
    start. A step of descent then moves weight from outputs whose distance is above the weighted mean to those below,
    proportionally to ratio and difference: nothing but the length of the training keeps the output that comes nearest
    to the truth from taking all the weight. With Adam each number moves by about the learning rate per step, so at 2e-4
    it takes some five thousand steps in one direction to change a quotient of ratios by a factor e. The released code
    has no ratios and adds the distances up.

    Args:
        network: A built network whose outputs all have the shape of the truth.
        distance: A Keras loss, or the name of one; None takes `Charbonnier`.
        trainable_ratios: Whether the ratios are trained; otherwise every one is 1 and none is logged.
        name: Name of the model; None takes the network's.

    Raises:
        ZooError: When the network has one output only, and for a distance that is not a loss.
    """

    def __init__(
        self, network: keras.Model, distance: Any = None, trainable_ratios: bool = True, name: str | None = None
    ) -> None:
        # Without autocast: it is for the network to say in which precision it takes its inputs.
        super().__init__(name=name or network.name, autocast=False)
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

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the network's outputs."""
        return self.network(inputs, training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Returns the weighted sum of the outputs' distances.

        Args:
            x: The network's input, not used.
            y: Truth (batch, height, width, channels).
            y_pred: The network's outputs.
            sample_weight: Weights of the pictures, or None.
            training: Not used.
        """
        distances = ops.stack([self.distance(y, output, sample_weight) for output in y_pred])
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

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Returns the metrics of the first output."""
        return super().compute_metrics(x, y, y_pred[0], sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the model."""
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


def _loss(distance: Any) -> keras.losses.Loss:
    """Returns a loss given as such, by name, or as one of Keras' functions, which lack the reduction."""
    try:
        loss = keras.losses.get(distance)
        if callable(loss) and not isinstance(loss, keras.losses.Loss):
            loss = keras.losses.get("".join(part.title() for part in loss.__name__.split("_")))
    except (ValueError, AttributeError):
        loss = None
    if not isinstance(loss, keras.losses.Loss):
        raise ZooError(f"{distance!r} is no Keras loss; give a keras.losses.Loss or a name such as 'huber'")
    return loss


def laplacian(pictures: Any) -> Any:
    """Returns pictures minus their coarse part: blurred, every second row and column kept, zeros between, x 4, blurred.

    The blur is (0.05, 0.25, 0.4, 0.25, 0.05) along rows and columns and repeats the border's values outside, those of
    the interleaved picture in the second blur.

    Source: the edge loss of MPRNet (Zamir et al., CVPR 2021), as the feature catcher's released code uses it.

    Args:
        pictures: Tensor (batch, height, width, channels), float.

    Returns:
        A tensor of the same shape.
    """
    _, height, width, channels = ops.shape(pictures)
    kept = 4.0 * _blurred(pictures, stride=2)
    batch, rows, columns, _ = ops.shape(kept)
    # A zero below every row and to the right of every column.
    cells = ops.pad(
        ops.reshape(kept, (batch * rows, 1, columns, 1, channels)), [[0, 0], [0, 1], [0, 0], [0, 1], [0, 0]]
    )
    spread = ops.reshape(cells, (batch, 2 * rows, 2 * columns, channels))
    return pictures - _blurred(spread[:, :height, :width])


def _blurred(x: Any, stride: int = 1) -> Any:
    """Returns the blur at every `stride`-th row and column."""
    # One convolution per channel: an eighth of the time of adding shifted views up.
    radius, channels = len(_BLUR) // 2, x.shape[-1]
    x = ops.concatenate([x[:, :1]] * radius + [x] + [x[:, -1:]] * radius, axis=1)
    x = ops.concatenate([x[:, :, :1]] * radius + [x] + [x[:, :, -1:]] * radius, axis=2)
    kernel = np.repeat(np.outer(_BLUR, _BLUR)[:, :, np.newaxis, np.newaxis], channels, axis=2)
    return ops.depthwise_conv(x, ops.convert_to_tensor(kernel, x.dtype), strides=stride, padding="valid")
