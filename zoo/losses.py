"""Training objectives and the number that training shows while it runs."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="deblur_zoo")
class SumOfAbsoluteDifferences(keras.losses.Loss):
    """The sum of |truth - result| over the whole batch: pictures, pixels and channels.

    Source: Mancini and Simonati (University of Bologna), code; the report's "LAD/L1". It is as large as the batch has
    numbers; with gradients clipped to norm 1 the scale hardly matters.

    Args:
        name: Name of the loss.
        **kwargs: Keras' loss arguments, for loading a saved model; the reduction is always a sum.
    """

    def __init__(self, name: str = "sum_of_absolute_differences", **kwargs: Any) -> None:
        super().__init__(name=name, **{**kwargs, "reduction": "sum"})

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns |truth - result|, which the reduction sums."""
        return ops.abs(y_true - y_pred)


@keras.saving.register_keras_serializable(package="deblur_zoo")
def psnr(y_true: Any, y_pred: Any) -> Any:
    """Returns the PSNR in dB of each picture of a batch, for watching a training.

    Float pictures clipped to [0, 1], not rounded to 8 bit: near the benchmark's PSNR but not it.

    Args:
        y_true: Truth (batch, height, width, channels) in [0, 1].
        y_pred: Result of the same shape.
    """
    difference = ops.cast(y_true, "float32") - ops.clip(ops.cast(y_pred, "float32"), 0.0, 1.0)
    error = ops.mean(ops.square(difference), axis=(1, 2, 3))
    return -10.0 / 2.302585092994046 * ops.log(ops.maximum(error, 1e-10))
