"""Deconvolution with a known point spread function."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class WienerDeconvolution(keras.layers.Layer):
    """Undoes a blur that is known, as far as the noise allows.

    Of all linear filters it minimises `|h * x - y|^2 + balance |laplacian * x|^2`, which the Fourier transform solves
    frequency by frequency (Hunt 1973, "The application of constrained least squares estimation to image restoration by
    digital computer"; `skimage.restoration.wiener` calls it by the name that is usual today). The image is continued
    by its mirror image, which is exact where a symmetric blur was made so.

    Input: a list of images (batch, height, width, channels), and point spread functions (batch, rows, columns, 1),
    their middle at (rows // 2, columns // 2), not larger than twice the image less two pixels. Output shape: that of
    the images.

    Args:
        balance: Weight of the smoothness; at least 0. 0 divides by the transform of the point spread function alone.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the balance is negative or no number.
    """

    def __init__(self, balance: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not (math.isfinite(balance) and balance >= 0):
            raise ValueError(f"balance {balance}: take a number of at least 0")
        self.balance = float(balance)

    def call(self, inputs: list[Tensor]) -> Tensor:
        """The images without the blur."""
        images, psf = (ops.cast(each, self.compute_dtype) for each in inputs)
        height, width = ops.shape(images)[1:3]
        # Channels beside the batch, as transforms work on the last two axes.
        mirrored = ops.transpose(_mirrored(_mirrored(images, 1), 2), (0, 3, 1, 2))
        rows, columns = ops.shape(mirrored)[2:4]
        real, imaginary = ops.fft2((mirrored, ops.zeros_like(mirrored)))
        blur = _around_origin(ops.transpose(psf, (0, 3, 1, 2)), rows, columns)
        blur_real, blur_imaginary = ops.fft2((blur, ops.zeros_like(blur)))
        power = blur_real**2 + blur_imaginary**2 + self.balance * _roughness(rows, columns, self.compute_dtype)
        # Where nothing came through and nothing is asked of the smoothness, nothing is made up.
        power = ops.maximum(power, keras.config.epsilon() ** 2)
        sharp, _ = ops.ifft2(
            (
                (real * blur_real + imaginary * blur_imaginary) / power,
                (imaginary * blur_real - real * blur_imaginary) / power,
            )
        )
        return ops.transpose(sharp, (0, 2, 3, 1))[:, :height, :width]

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the images."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments."""
        return {**super().get_config(), "balance": self.balance}


def _mirrored(images: Tensor, axis: int) -> Tensor:
    """The images with their mirror image behind, without the two edges that are there already."""
    inner = images[:, 1:-1] if axis == 1 else images[:, :, 1:-1]
    return ops.concatenate([images, ops.flip(inner, axis)], axis=axis)


def _around_origin(psf: Tensor, rows: Any, columns: Any) -> Tensor:
    """Point spread functions (batch, 1, rows, columns) whose middle lies at the first pixel, wrapped around."""
    height, width = ops.shape(psf)[2:4]
    psf = ops.pad(psf, ((0, 0), (0, 0), (0, rows - height), (0, columns - width)))
    return ops.roll(ops.roll(psf, -(height // 2), axis=2), -(width // 2), axis=3)


def _roughness(rows: Any, columns: Any, dtype: str) -> Any:
    """The squared transform (rows, columns) of the Laplacian 4, -1, -1, -1, -1."""
    vertical, horizontal = (
        2 - 2 * ops.cos(2 * math.pi * ops.arange(side, dtype=dtype) / ops.cast(side, dtype)) for side in (rows, columns)
    )
    return (ops.expand_dims(vertical, 1) + ops.expand_dims(horizontal, 0)) ** 2
