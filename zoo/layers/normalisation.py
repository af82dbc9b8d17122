"""Normalisation by statistics of an image, a batch, a group of channels or a whole sample.

Every mean and variance here comes from `moments`. Keras' own `ops.moments` must not be used: on TensorFlow it stops
the gradient through the mean inside the variance, which leaves first derivatives as they are and makes second ones
wrong, and with them every gradient penalty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor, at_least_float32


def moments(x: Tensor, axes: Sequence[int], keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Means and (population) variances along some axes, with right derivatives of every order on every backend.

    Args:
        x: Tensor, float.
        axes: Axes to sum over.
        keepdims: Whether these axes stay, with length 1.
    """
    axes = tuple(axes)
    mean = ops.mean(x, axis=axes, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axis=axes, keepdims=keepdims)
    return (mean if keepdims else ops.squeeze(mean, axes)), variance


@keras.saving.register_keras_serializable(package="deblur_zoo")
class InstanceNormalization(keras.layers.Layer):
    """Subtracts the mean of each image's channel over height and width and divides by sqrt(variance + epsilon).

    The variance is the biased one. Half-precision maps are normalised in float32.

    With `running_statistics` the layer keeps exponential means of these numbers over the batches it is trained on and
    uses them instead of an image's own ones outside training, as PyTorch's InstanceNorm2d does with
    track_running_stats: an image's result then depends on the mode. The running variance is the unbiased one.

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

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Normalises `inputs`; `training` matters with running statistics only."""
        x = ops.cast(inputs, at_least_float32(inputs.dtype))
        if self.running_statistics and not training:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            mean, variance = moments(x, axes=(1, 2), keepdims=True)
            if self.running_statistics:
                self._update(x, mean, variance)
        scale = ops.rsqrt(variance + self.epsilon)
        if self.affine:
            scale = scale * ops.cast(self.gamma, x.dtype)
        shift = -mean * scale
        if self.affine:
            shift = shift + ops.cast(self.beta, x.dtype)
        return ops.cast(x * scale + shift, self.compute_dtype)

    def _update(self, x: Tensor, mean: Tensor, variance: Tensor) -> None:
        """Moves the running statistics towards the batch's mean ones."""
        pixels = ops.cast(ops.shape(x)[1] * ops.shape(x)[2], x.dtype)
        unbiased = variance * pixels / ops.maximum(pixels - 1.0, 1.0)
        for running, new in ((self.moving_mean, mean), (self.moving_variance, unbiased)):
            batch_mean = ops.cast(ops.mean(new, axis=(0, 1, 2)), running.dtype)
            running.assign(running * self.momentum + batch_mean * (1.0 - self.momentum))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "affine": self.affine,
            "running_statistics": self.running_statistics,
            "momentum": self.momentum,
        }


@keras.saving.register_keras_serializable(package="deblur_zoo")
class BatchNorm(keras.layers.BatchNormalization):
    """Batch normalisation of the last axis of images with the numbers of Keras' own layer, but faster.

    Keras composes it of some ten passes over the data on TensorFlow. This layer calls TensorFlow's fused kernel, which
    takes a third of the time forwards and backwards; on other backends, in double precision and with masks it is
    Keras' layer.

    Input and output shape: (batch, height, width, channels).

    Args:
        epsilon: Added to the variance; 1e-5 is PyTorch's default, Keras' is 1e-3.
        momentum: Share of the running statistics that a training step keeps; 0.9 is what PyTorch calls 0.1.
        **kwargs: Arguments of Keras' layer.
    """

    def __init__(self, epsilon: float = 1e-5, momentum: float = 0.9, **kwargs: Any) -> None:
        super().__init__(epsilon=epsilon, momentum=momentum, **kwargs)

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor = None) -> Tensor:
        """Normalises with the batch's statistics in training, else with the running ones."""
        fused = (
            keras.backend.backend() == "tensorflow" and mask is None and self._is_plain(inputs) and not _on_several()
        )
        if not fused:
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        use_batch = bool(training) and self.trainable
        empty = tf.constant([], tf.float32)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma),
            offset=tf.convert_to_tensor(self.beta),
            mean=empty if use_batch else tf.convert_to_tensor(self.moving_mean),
            variance=empty if use_batch else tf.convert_to_tensor(self.moving_variance),
            epsilon=self.epsilon,
            is_training=use_batch,
        )
        if use_batch:
            self._follow(mean, variance, ops.size(inputs) // inputs.shape[-1])
        return outputs

    def _moments(self, inputs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of each channel over the whole batch, in place of Keras' own, see `moments`."""
        if mask is None and _on_several():
            return ops.moments(inputs, self._reduction_axes, synchronized=True)
        if mask is not None or self.synchronized:
            return super()._moments(inputs, mask)
        return moments(inputs, self._reduction_axes)

    def _is_plain(self, inputs: Tensor) -> bool:
        """Whether the kernel does what this layer is set to."""
        dtypes = {keras.backend.standardize_dtype(inputs.dtype), self.compute_dtype}
        return (
            len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and len(dtypes) == 1
            and "float64" not in dtypes
            and self.variable_dtype == "float32"
            and self.scale
            and self.center
            and not getattr(self, "renorm", False)
        )

    def _follow(self, mean: Tensor, variance: Tensor, count: Any) -> None:
        """Moves the running statistics towards those of a batch.

        The kernel's variance is that of a sample, Keras' of a population.
        """
        count = ops.cast(count, "float32")
        population = variance * ((count - 1.0) / count)
        for running, seen in ((self.moving_mean, mean), (self.moving_variance, population)):
            running.assign(running * self.momentum + seen * (1.0 - self.momentum))


def _on_several() -> bool:
    """Whether a batch lies on several devices of TensorFlow, none of which sees all of it by itself."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return bool(tf.distribute.get_strategy().num_replicas_in_sync > 1)


@keras.saving.register_keras_serializable(package="deblur_zoo", name="PictureGroupNormalization")
class ImageGroupNormalization(keras.layers.GroupNormalization):
    """Keras' GroupNormalization for maps with channels last, by way of the channels' statistics.

    Keras sums over three axes of a tensor of five. Here mean and variance of each channel are taken first and then
    joined within the groups, which for a group are the same numbers. On CPU that takes a third of the time, and errs
    by less than a tenth, since no sum runs over so many terms. Arguments and weights are Keras'.

    Input and output shape: (batch, height, width, channels).

    Raises:
        ValueError: When the input is not of that shape or the axis is not the last.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates scale and shift."""
        if len(input_shape) != 4 or self.axis not in (-1, 3):
            raise ValueError(
                f"maps must be (batch, height, width, channels), normalised along the last axis; got {input_shape}, "
                f"axis {self.axis}"
            )
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Normalises `inputs`; half-precision maps in float32."""
        x = ops.cast(inputs, at_least_float32(inputs.dtype))
        means, variances = (self._grouped(values) for values in moments(x, axes=(1, 2)))
        mean, spread = moments(means, axes=(2,), keepdims=True)
        # The variance of a group: within its channels on the mean, and of its channels' means.
        scale = ops.rsqrt(ops.mean(variances, axis=2, keepdims=True) + spread + self.epsilon)
        mean, scale = self._spread(mean), self._spread(scale)
        if self.scale:
            scale = scale * ops.cast(self.gamma, x.dtype)
        shift = -mean * scale
        if self.center:
            shift = shift + ops.cast(self.beta, x.dtype)
        return ops.cast(x * scale + shift, self.compute_dtype)

    def _grouped(self, values: Tensor) -> Tensor:
        """Returns (batch, groups, channels per group) of numbers per channel."""
        return ops.reshape(values, (-1, self.groups, values.shape[-1] // self.groups))

    def _spread(self, values: Tensor) -> Tensor:
        """Returns (batch, 1, 1, channels) of numbers per group."""
        channels = self.input_spec.axes[self.axis]
        return ops.reshape(ops.repeat(values, channels // self.groups, axis=2), (-1, 1, 1, channels))


@keras.saving.register_keras_serializable(package="deblur_zoo")
class LayerNorm(keras.layers.LayerNormalization):
    """Keras' LayerNormalization with right second derivatives, see `moments`. Arguments and weights are Keras'.

    Input and output shape: any.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Normalises `inputs`; half-precision maps in float32."""
        if self.rms_scaling:
            # By the variance alone, which Keras takes without stopping any gradient.
            return super().call(inputs)
        x = ops.cast(inputs, at_least_float32(inputs.dtype))
        axes = [axis % len(x.shape) for axis in ([self.axis] if isinstance(self.axis, int) else self.axis)]
        mean, variance = moments(x, axes, keepdims=True)
        kept = [side if axis in axes else 1 for axis, side in enumerate(x.shape)]
        scale = ops.rsqrt(variance + self.epsilon)
        if self.scale:
            scale = scale * ops.cast(ops.reshape(self.gamma, kept), x.dtype)
        shift = -mean * scale
        if self.center:
            shift = shift + ops.cast(ops.reshape(self.beta, kept), x.dtype)
        return ops.cast(x * scale + shift, self.compute_dtype)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class DeviationNorm(keras.layers.Layer):
    """Divides by the standard deviation of the channels, and scales each channel; nothing is subtracted.

    Each place of a map goes by its own channels: x / sqrt(variance + epsilon) * gamma, with the biased variance about
    the mean. Half-precision maps are normalised in float32.

    Input and output shape: (..., channels).

    Source: Zamir et al., "Restormer: efficient transformer for high-resolution image restoration" (CVPR 2022), whose
    code calls it `BiasFree_LayerNorm`.

    Args:
        epsilon: Added to the variance.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the scale."""
        self.gamma = self.add_weight((input_shape[-1],), "ones", name="gamma", autocast=False)
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Normalises `inputs`."""
        x = ops.cast(inputs, at_least_float32(inputs.dtype))
        _, variance = moments(x, axes=(len(x.shape) - 1,), keepdims=True)
        scale = ops.rsqrt(variance + self.epsilon) * ops.cast(self.gamma, x.dtype)
        return ops.cast(x * scale, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "epsilon": self.epsilon}


PictureGroupNormalization = ImageGroupNormalization
"""The first name of `ImageGroupNormalization`, which files of models go on to use."""
