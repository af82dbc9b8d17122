"""KAIST_NET: residual down-up and up-down units, a residual image and a kernel per pixel.

Source: Sim and Kim, "A deep motion deblurring network based on per-pixel adaptive kernels with residual down-up and
up-down modules" (NTIRE 2019), as rebuilt by Mancini and Simonati (University of Bologna report and code).
"""

from __future__ import annotations

from typing import Any

from common.references import Reference
from zoo.backend import Tensor, keras
from zoo.models._papers import BOLOGNA
from zoo.registry import ModelInfo, Variant, register

KERNEL_SIDE = 5
TINY = {"filters": 8, "units": 2, "bottom_units": 1}

INFO = ModelInfo(
    name="kaist",
    title="KAIST_NET",
    paper="H. Sim, M. Kim: per-pixel adaptive kernels with residual down-up and up-down modules, NTIRE 2019; "
    "as rebuilt by L. Mancini, M. Simonati (University of Bologna), Tables 1 to 4",
    references=(
        Reference(
            ("Sim, Hyeonjun", "Kim, Munchurl"),
            "A Deep Motion Deblurring Network Based on Per-Pixel Adaptive Kernels With Residual Down-Up and Up-Down "
            "Modules",
            2019,
            "CVPR Workshops 2019 (NTIRE)",
        ),
        BOLOGNA,
    ),
    summary="A U-shaped model predicts a 5x5 kernel for every pixel of the middle frame, a residual image and the "
    "weight that blends the two.",
    variants={
        "video": Variant(11_595_613, macs=59_006_189_568, receptive_field=389, frames=3, note="three frames (REDS)"),
        "image": Variant(11_590_813, macs=58_691_616_768, receptive_field=389, note="one frame (CIFAR-10)"),
        "tiny": Variant(
            194_029,
            macs=1_665_859_584,
            receptive_field=111,
            options=TINY,
            note="narrow and shallow, one frame, for laptops and tests",
        ),
        "tiny-video": Variant(
            195_229,
            macs=1_744_502_784,
            receptive_field=111,
            frames=3,
            options=TINY,
            note="narrow and shallow, three frames",
        ),
    },
    default="video",
    defaults={"small": "image", "still": "image", "text": "image"},
    size_multiple=8,
    minimum_size=8,
)


@register(INFO)
def build(
    inputs: Tensor,
    *,
    filters: int = 32,
    units: int = 9,
    bottom_units: int = 4,
    slope: float = 0.3,
    kernel_activation: bool = False,
) -> Tensor:
    """Builds KAIST_NET.

    Args:
        inputs: Tensor (batch, height, width, 3 or 9) in [0, 1], both sides multiples of 8.
        filters: Filters at full resolution; they double at each of the two poolings.
        units: Residual units per level above the bottom.
        bottom_units: Down-up units, and again up-down units, at the bottom.
        slope: Slope of every LeakyReLU below zero: 0.3 (Keras default) in the Bologna code, 0.2 in the original.
        kernel_activation: Whether the second convolution of the kernel branch has a LeakyReLU, as in the original;
            the Bologna code has none.

    Returns:
        Tensor (batch, height, width, 3), not clipped.
    """
    layers = keras.layers
    x = _conv(inputs, filters, KERNEL_SIDE, "stem", slope)
    skip1 = x = _units(x, _down_up, filters, units, "rdu1", slope)
    x = _pool(x, 2 * filters, "pool1")
    skip2 = x = _units(x, _down_up, 2 * filters, units, "rdu2", slope)
    x = _pool(x, 4 * filters, "pool2")
    x = _units(x, _down_up, 4 * filters, bottom_units, "rdu3", slope)
    x = _units(x, _up_down, 4 * filters, bottom_units, "rud3", slope)
    x = _merge(x, skip2, 2 * filters, "merge2")
    x = _units(x, _up_down, 2 * filters, units, "rud2", slope)

    image = _conv(x, 2 * filters, KERNEL_SIDE, "image1", slope)
    image = _merge(image, skip1, filters, "image_merge")
    image = _conv(image, filters, KERNEL_SIDE, "image2", slope)

    kernels = _conv(x, 2 * filters, KERNEL_SIDE, "kernel1", slope)
    kernels = layers.UpSampling2D(2, name="kernel_up")(kernels)
    kernels = _conv(kernels, filters, KERNEL_SIDE, "kernel2", slope if kernel_activation else None)
    return _heads(inputs, image, kernels)


def _heads(inputs: Tensor, image: Tensor, kernels: Tensor) -> Tensor:
    """The blend of the locally convolved middle frame and the residual image."""
    from zoo.layers.blend import Blend
    from zoo.layers.local_convolution import LocalConvolution
    from zoo.layers.select_channels import MiddleFrame

    layers = keras.layers
    full = keras.config.dtype_policy().variable_dtype
    residual = layers.Conv2D(3, KERNEL_SIDE, padding="same", dtype=full, name="residual")(image)
    weight = layers.Conv2D(1, KERNEL_SIDE, padding="same", activation="sigmoid", dtype=full, name="weight")(image)
    kernels = layers.Conv2D(KERNEL_SIDE**2, KERNEL_SIDE, padding="same", dtype=full, name="kernels")(kernels)
    middle = MiddleFrame(dtype=full, name="middle_frame")(inputs)
    filtered = LocalConvolution(KERNEL_SIDE, dtype=full, name="local_convolution")([middle, kernels])
    return Blend(dtype=full, name="sharp")([filtered, residual, weight])


def _units(x: Tensor, unit: Any, filters: int, count: int, name: str, slope: float) -> Tensor:
    """Returns `count` residual units in a row."""
    for index in range(1, count + 1):
        x = unit(x, filters, f"{name}_{index}", slope)
    return x


def _down_up(x: Tensor, filters: int, name: str, slope: float) -> Tensor:
    """RDU: stride-2 convolution to twice the filters, transposed convolution back, plus the input."""
    y = _conv(x, 2 * filters, KERNEL_SIDE, f"{name}_down", slope, strides=2)
    y = _conv_transpose(y, filters, f"{name}_up", slope)
    return keras.layers.Add(name=f"{name}_sum")([y, x])


def _up_down(x: Tensor, filters: int, name: str, slope: float) -> Tensor:
    """RUD: transposed convolution to half the filters, stride-2 convolution back, plus the input."""
    y = _conv_transpose(x, filters // 2, f"{name}_up", slope)
    y = _conv(y, filters, KERNEL_SIDE, f"{name}_down", slope, strides=2)
    return keras.layers.Add(name=f"{name}_sum")([y, x])


def _pool(x: Tensor, filters: int, name: str) -> Tensor:
    """2x2 average pooling and a linear 1x1 convolution."""
    x = keras.layers.AveragePooling2D(2, name=name)(x)
    return keras.layers.Conv2D(filters, 1, name=f"{name}_project")(x)


def _merge(x: Tensor, skip: Tensor, filters: int, name: str) -> Tensor:
    """Nearest upsampling, concatenation with the encoder's map and a linear 1x1 convolution."""
    x = keras.layers.UpSampling2D(2, name=f"{name}_up")(x)
    x = keras.layers.Concatenate(name=f"{name}_concat")([x, skip])
    return keras.layers.Conv2D(filters, 1, name=name)(x)


def _conv(x: Tensor, filters: int, size: int, name: str, slope: float | None, **options: Any) -> Tensor:
    """A "same" convolution and, unless `slope` is None, LeakyReLU."""
    x = keras.layers.Conv2D(filters, size, padding="same", name=name, **options)(x)
    return x if slope is None else keras.layers.LeakyReLU(slope, name=f"{name}_act")(x)


def _conv_transpose(x: Tensor, filters: int, name: str, slope: float) -> Tensor:
    """A 4x4 stride-2 transposed convolution and LeakyReLU."""
    x = keras.layers.Conv2DTranspose(filters, 4, strides=2, padding="same", name=name)(x)
    return keras.layers.LeakyReLU(slope, name=f"{name}_act")(x)
