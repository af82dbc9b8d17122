"""Instance normalisation: every map of every picture on its own."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="deblur_zoo")
class InstanceNormalization(keras.layers.Layer):
    """Subtracts the mean of each picture's channel over height and width and divides by sqrt(variance + epsilon).

    The variance is the biased one. Half-precision maps are normalised in float32.

    With `running_statistics` the layer keeps exponential means of these numbers over the batches it is trained on and
    uses them instead of a picture's own ones outside training, as PyTorch's InstanceNorm2d does with
    track_running_stats: a picture's result then depends on the mode. The running variance is the unbiased one.

    Input and output shape: (batch, height, width, channels).

    Source: Ulyanov et al., "Instance normalization: the missing ingredient for fast stylization" (2016).

    Args:
        epsilon: Added to the variance: 1e-5 in PyTorch, 1e-3 in TensorFlow Addons.
        affine: Whether a trained scale `gamma` and shift `beta` per channel follow.
        running_statistics: Whether to keep and use running statistics.
        momentum: Share of the old running statistics that survives a training step.
        **kwargs: Keras' layer arguments.
    """

    def __init__(
        self,
        epsilon: float = 1e-5,
        affine: bool = False,
        running_statistics: bool = False,
        momentum: float = 0.9,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.affine = affine
        self.running_statistics = running_statistics
        self.momentum = momentum

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the scale and shift and the running statistics, where there are any."""
        shape = (input_shape[-1],)
        if self.affine:
            self.gamma = self.add_weight(shape, "ones", name="gamma", autocast=False)
            self.beta = self.add_weight(shape, "zeros", name="beta", autocast=False)
        if self.running_statistics:
            self.moving_mean = self.add_weight(shape, "zeros", name="moving_mean", autocast=False, trainable=False)
            self.moving_variance = self.add_weight(
                shape, "ones", name="moving_variance", autocast=False, trainable=False
            )
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Normalises `inputs`; `training` matters with running statistics only."""
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        if self.running_statistics and not training:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
            if self.running_statistics:
                self._update(x, mean, variance)
        scale = ops.rsqrt(variance + self.epsilon)
        if self.affine:
            scale = scale * ops.cast(self.gamma, x.dtype)
        shift = -mean * scale
        if self.affine:
            shift = shift + ops.cast(self.beta, x.dtype)
        return ops.cast(x * scale + shift, self.compute_dtype)

    def _update(self, x: Any, mean: Any, variance: Any) -> None:
        """Moves the running statistics towards the batch's mean ones."""
        pixels = ops.cast(ops.shape(x)[1] * ops.shape(x)[2], x.dtype)
        unbiased = variance * pixels / ops.maximum(pixels - 1.0, 1.0)
        for running, new in ((self.moving_mean, mean), (self.moving_variance, unbiased)):
            batch_mean = ops.cast(ops.mean(new, axis=(0, 1, 2)), running.dtype)
            running.assign(running * self.momentum + batch_mean * (1.0 - self.momentum))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "affine": self.affine,
            "running_statistics": self.running_statistics,
            "momentum": self.momentum,
        }
