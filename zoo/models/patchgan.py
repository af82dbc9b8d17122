"""PatchGAN critic: scores overlapping patches of an image as sharp or not.

Source: Isola et al., "Image-to-image translation with conditional adversarial networks" (2017), in the form of
DeblurGAN's public code (Kupyn et al., 2018): five 4x4 convolutions that see 70 x 70 pixels, instance normalisation
without scale and shift on the inner ones.
"""

from __future__ import annotations

from typing import Any

from zoo.backend import Tensor, keras
from zoo.errors import ZooError

NORMS = ("instance", "running")
_SIZE = 4
_MARGIN = 2
_MOST_DOUBLINGS = 3


def patchgan(
    filters: int = 64,
    layers: int = 3,
    norm: str = "instance",
    slope: float = 0.2,
    sigmoid: bool = False,
    dtype: str | None = None,
) -> keras.Model:
    """Builds the critic: 2,764,737 weights with the defaults, 256 x 256 pixels -> 35 x 35 scores.

    It is no restoring model and so not in the registry's table. The biases of the normalised convolutions are kept
    as in the public code although instance normalisation takes them away. Kernels start normal with deviation 0.02.

    Args:
        filters: Filters of the first convolution; they double up to eight times as many. 16 is enough for tiny
            trainings.
        layers: Stride-2 convolutions; two of stride 1 follow. Each score sees 16, 34, 70 or 142 pixels across for 1,
            2, 3 or 4.
        norm: `"instance"` normalises each image with its own statistics. `"running"` does so in training only and
            otherwise uses running statistics, as the public code's model does in inference mode, where its authors
            never use it.
        slope: Slope of LeakyReLU below zero.
        sigmoid: Whether scores go through a sigmoid; losses of this zoo take them raw.
        dtype: Keras dtype policy; None takes the global one. Scores keep the policy's variable dtype.

    Returns:
        A model from images (batch, height, width, 3) in [0, 1], scaled to [-1, 1] inside, to scores (batch, rows,
        columns, 1).

    Raises:
        ZooError: For an unknown normalisation or numbers of filters or layers below 1.
    """
    _check(filters, layers, norm)
    policy = keras.dtype_policies.get(dtype) if dtype else keras.config.dtype_policy()
    full = policy.variable_dtype
    inputs = keras.Input((None, None, 3), dtype=full, name="image")
    x = keras.layers.Rescaling(2.0, offset=-1.0, dtype=full, name="symmetric_range")(inputs)
    for index in range(layers + 1):
        width = filters << min(index, _MOST_DOUBLINGS)
        x = _conv(x, width, f"conv{index + 1}", strides=2 if index < layers else 1, dtype=policy)
        if index:
            x = _norm(norm, f"norm{index + 1}", policy)(x)
        x = keras.layers.LeakyReLU(slope, dtype=policy, name=f"act{index + 1}")(x)
    x = _conv(x, 1, f"conv{layers + 2}", dtype=full)
    if sigmoid:
        x = keras.layers.Activation("sigmoid", dtype=full, name="probability")(x)
    return keras.Model(inputs, x, name="patchgan")


def _conv(x: Tensor, filters: int, name: str, strides: int = 1, dtype: Any = None) -> Tensor:
    """A 4x4 convolution of the map with two zeros on every side."""
    x = keras.layers.ZeroPadding2D(_MARGIN, dtype=dtype, name=f"{name}_pad")(x)
    start = keras.initializers.RandomNormal(stddev=0.02)
    return keras.layers.Conv2D(filters, _SIZE, strides=strides, kernel_initializer=start, dtype=dtype, name=name)(x)


def _norm(norm: str, name: str, dtype: Any) -> Any:
    """The normalising layer."""
    from zoo.layers.normalisation import InstanceNormalization

    return InstanceNormalization(running_statistics=norm == "running", dtype=dtype, name=name)


def _check(filters: int, layers: int, norm: str) -> None:
    """Raises ZooError for arguments that give no critic."""
    if norm not in NORMS:
        raise ZooError(f"unknown normalisation {norm!r} of the critic; choose one of {', '.join(NORMS)}")
    for what, number in (("filters", filters), ("layers", layers)):
        if number < 1:
            raise ZooError(f"the critic needs at least 1 of {what}, not {number}")
