"""Distances of images for training, and one objective of all outputs of a model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.backend import Tensor

# Burt and Adelson's kernel; its sum is 1.
_BLUR = (0.05, 0.25, 0.4, 0.25, 0.05)
_PICTURE_AXES = (1, 2, 3)
_LN_10 = 2.302585092994046


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
    """The mean of sqrt(d^2 + epsilon^2) over pixels and channels of an image, d the difference.

    Source: the feature catcher's released code (epsilon 1e-3), after MPRNet (Zamir et al., CVPR 2021).

    Args:
        epsilon: Difference below which the distance is rather quadratic than linear, above 0.
        name: Name of the loss.
        **kwargs: Keras' loss arguments.
    """

    def __init__(self, epsilon: float = 1e-3, name: str = "charbonnier", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.epsilon = epsilon

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The distance of each image, (batch,)."""
        return self._mean(y_true - y_pred)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the loss."""
        return {**super().get_config(), "epsilon": self.epsilon}

    def _mean(self, difference: Any) -> Any:
        return ops.mean(ops.sqrt(ops.square(difference) + self.epsilon**2), axis=_PICTURE_AXES)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class EdgeLoss(Charbonnier):
    """The Charbonnier distance of the Laplacians of two images, see `laplacian`.

    Source: as `Charbonnier`.

    Args:
        epsilon: See `Charbonnier`.
        name: Name of the loss.
        **kwargs: Keras' loss arguments.
    """

    def __init__(self, epsilon: float = 1e-3, name: str = "edge_loss", **kwargs: Any) -> None:
        super().__init__(epsilon, name, **kwargs)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The distance of each image, (batch,)."""
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

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The distance of each image, (batch,)."""
        difference = y_true - y_pred
        return self._mean(difference) + self.edge_weight * self._mean(laplacian(difference))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the loss."""
        return {**super().get_config(), "edge_weight": self.edge_weight}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class RootSquaredError(_Distance):
    """The root of the sum of squared differences of an image: the plain L2 norm.

    Source: Zhang et al. (2022), the loss as the paper prints it. The gradient of equal images is 0.

    Args:
        name: Name of the loss.
        **kwargs: Keras' loss arguments.
    """

    def __init__(self, name: str = "root_squared_error", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The norm of each difference, (batch,)."""
        total = ops.sum(ops.square(y_true - y_pred), axis=_PICTURE_AXES)
        # The root has no finite slope at 0, so it must not even be taken there.
        return ops.where(total > 0, ops.sqrt(ops.where(total > 0, total, 1.0)), 0.0)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class NegativePsnr(_Distance):
    """The PSNR of each image in dB with its sign turned, of images in [0, 1]: 10 / ln 10 x ln(MSE + epsilon).

    Images are not clipped, so that every error has a gradient.

    Source: Chen et al., NAFNet (ECCV 2022), the authors' code.

    Args:
        epsilon: Added to the mean squared error, above 0; equal images have 10 log10(epsilon).
        name: Name of the loss.
        **kwargs: Keras' loss arguments.
    """

    def __init__(self, epsilon: float = 1e-8, name: str = "negative_psnr", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.epsilon = epsilon

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The negative PSNR of each image, (batch,)."""
        error = ops.mean(ops.square(y_true - y_pred), axis=_PICTURE_AXES)
        return 10.0 / _LN_10 * ops.log(error + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the loss."""
        return {**super().get_config(), "epsilon": self.epsilon}


def laplacian(images: Tensor) -> Tensor:
    """Images minus their coarse part: blurred, every second row and column kept, zeros between, x 4, blurred.

    The blur is (0.05, 0.25, 0.4, 0.25, 0.05) along rows and columns and repeats the border's values outside, those of
    the interleaved image in the second blur.

    Source: the edge loss of MPRNet (Zamir et al., CVPR 2021), as the feature catcher's released code uses it.

    Args:
        images: Tensor (batch, height, width, channels), float.

    Returns:
        A tensor of the same shape.
    """
    _, height, width, channels = ops.shape(images)
    kept = 4.0 * _blurred(images, stride=2)
    batch, rows, columns, _ = ops.shape(kept)
    # A zero below every row and to the right of every column.
    cells = ops.pad(
        ops.reshape(kept, (batch * rows, 1, columns, 1, channels)), [[0, 0], [0, 1], [0, 0], [0, 1], [0, 0]]
    )
    spread = ops.reshape(cells, (batch, 2 * rows, 2 * columns, channels))
    return images - _blurred(spread[:, :height, :width])


def _blurred(x: Tensor, stride: int = 1) -> Tensor:
    """The blur at every `stride`-th row and column."""
    # One convolution per channel: an eighth of the time of adding shifted views up.
    radius, channels = len(_BLUR) // 2, x.shape[-1]
    x = ops.concatenate([x[:, :1]] * radius + [x] + [x[:, -1:]] * radius, axis=1)
    x = ops.concatenate([x[:, :, :1]] * radius + [x] + [x[:, :, -1:]] * radius, axis=2)
    kernel = np.repeat(np.outer(_BLUR, _BLUR)[:, :, np.newaxis, np.newaxis], channels, axis=2)
    return ops.depthwise_conv(x, ops.convert_to_tensor(kernel, x.dtype), strides=stride, padding="valid")


@keras.saving.register_keras_serializable(package="deblur_zoo")
class SumOfAbsoluteDifferences(keras.losses.Loss):
    """The sum of |truth - result| over the whole batch: images, pixels and channels.

    Source: Mancini and Simonati (University of Bologna), code; the report's "LAD/L1". It is as large as the batch has
    numbers; with gradients clipped to norm 1 the scale hardly matters.

    Args:
        name: Name of the loss.
        **kwargs: Keras' loss arguments, for loading a saved model; the reduction is always a sum.
    """

    def __init__(self, name: str = "sum_of_absolute_differences", **kwargs: Any) -> None:
        super().__init__(name=name, **{**kwargs, "reduction": "sum"})

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns |truth - result|, which the reduction sums."""
        return ops.abs(y_true - y_pred)


@keras.saving.register_keras_serializable(package="deblur_zoo")
def psnr(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The PSNR in dB of each image of a batch, for watching a training.

    Float images clipped to [0, 1], not rounded to 8 bit: near the benchmark's PSNR but not it.

    Args:
        y_true: Truth (batch, height, width, channels) in [0, 1].
        y_pred: Result of the same shape.
    """
    difference = ops.cast(y_true, "float32") - ops.clip(ops.cast(y_pred, "float32"), 0.0, 1.0)
    error = ops.mean(ops.square(difference), axis=(1, 2, 3))
    return -10.0 / _LN_10 * ops.log(ops.maximum(error, 1e-10))
