"""DeblurGAN's generator, and the light one of depth-separable convolutions and attention.

Sources: Kupyn et al., "DeblurGAN: blind motion deblurring using conditional adversarial networks" (2018) and its public
code; Li et al., the depth-separable DeblurGAN. Both take images in [0, 1], work in [-1, 1] and return the clipped sum
of input and correction, in [0, 1] again. The critic is in `zoo.patchgan`.
"""

from __future__ import annotations

from typing import Any

from zoo.backend import Tensor, keras
from zoo.models._papers import DEBLURGAN
from zoo.models._shared import he_normal
from zoo.registry import ModelInfo, Variant, register

# Dropout costs so small models quality, and a first guess near the blurred input gains much sooner: 400 steps of 8
# crops against a fixed motion blur gave the light one 2.6 dB with these options, 1.1 dB with a residual scale of 1.
TINY = {"filters": 12, "blocks": 4, "dropout": 0.0, "use_bias": False, "residual_scale": 0.1}
TINY_LITE = {"filters": 16, "blocks": 4, "reduction": 8, "dropout": 0.0}

INFO = ModelInfo(
    name="deblurgan",
    title="DeblurGAN",
    paper="O. Kupyn, V. Budzan, M. Mykhailych, D. Mishkin, J. Matas: DeblurGAN, CVPR 2018, and its public code",
    references=(DEBLURGAN,),
    summary="Residual blocks with instance normalisation at quarter resolution predict a correction to the image; "
    "trained against a critic.",
    variants={
        "released": Variant(
            6_067_459, macs=27_808_235_520, note="one convolution per residual block, as the public code runs"
        ),
        "paper-form": Variant(
            11_378_179, macs=49_551_507_456, options={"convolutions": 2}, note="two convolutions per residual block"
        ),
        "tiny": Variant(112_395, macs=740_818_944, options=TINY, note="narrow and shallow, for laptops and tests"),
    },
    default="released",
    size_multiple=4,
    minimum_size=8,
)

LITE_INFO = ModelInfo(
    name="deblurgan-lite",
    title="Depth-separable DeblurGAN",
    paper="Li et al.: a depth-separable DeblurGAN with channel and spatial attention, section on the generator",
    references=(DEBLURGAN,),
    summary="DeblurGAN without normalisation: nine blocks of attention and depth-separable convolutions, pixel "
    "shuffle for the way up.",
    variants={
        "paper": Variant(3_123_186, macs=18_403_123_200, note="the reading whose file has the published 11.9 MiB"),
        "plain": Variant(
            3_785_806,
            macs=20_819_042_304,
            options={"refined": False, "use_bias": True},
            note="one convolution per pixel shuffle and biases: the plainest reading, a fifth larger than published",
        ),
        "tiny": Variant(
            140_136, macs=1_143_513_088, options=TINY_LITE, note="narrow and shallow, for laptops and tests"
        ),
    },
    default="paper",
    size_multiple=4,
    minimum_size=4,
)


@register(INFO)
def build(
    inputs: Tensor,
    *,
    filters: int = 64,
    blocks: int = 9,
    convolutions: int = 1,
    dropout: float = 0.5,
    use_bias: bool = True,
    residual_scale: float = 1.0,
) -> Tensor:
    """Builds DeblurGAN's generator.

    Instance normalisation has neither scale nor shift and always takes an image's own statistics. Kernels start
    normal with deviation 0.02, as in the public code.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1], sides multiples of 4 and at least 8.
        filters: Filters at full resolution; four times as many at quarter resolution.
        blocks: Residual blocks.
        convolutions: Convolutions per residual block. The paper draws two; in the public code the precedence of an
            operator leaves one.
        dropout: Share of values dropped in each block while training.
        use_bias: Whether the normalised convolutions have biases, which normalisation takes away again; the public
            code has them.
        residual_scale: Factor on the initial kernel of the last convolution.

    Returns:
        Tensor (batch, height, width, 3) in [0, 1].
    """
    from zoo.layers.padding import ReflectionPadding2D

    layers = keras.layers
    x = _symmetric_range(inputs)
    x = ReflectionPadding2D(3, name="stem_pad")(x)
    x = _normalised(layers.Conv2D(filters, 7, name="stem", **_options(use_bias))(x), "stem")
    for index in (1, 2):
        x = layers.ZeroPadding2D(1, name=f"down{index}_pad")(x)
        x = layers.Conv2D(filters << index, 3, strides=2, name=f"down{index}", **_options(use_bias))(x)
        x = _normalised(x, f"down{index}")
    for index in range(1, blocks + 1):
        x = _block(x, 4 * filters, f"block{index}", convolutions, dropout, use_bias)
    for index in (1, 2):
        x = layers.Conv2DTranspose(4 * filters >> index, 3, strides=2, name=f"up{index}", **_options(use_bias))(x)
        # PyTorch's padding 1 with output padding 1: the first row and column go.
        x = layers.Cropping2D(((1, 0), (1, 0)), name=f"up{index}_crop")(x)
        x = _normalised(x, f"up{index}")
    x = ReflectionPadding2D(3, name="correction_pad")(x)
    start = keras.initializers.RandomNormal(stddev=0.02 * residual_scale)
    return _sharp(x, inputs, start, padding="valid", use_bias=True)


@register(LITE_INFO)
def build_lite(
    inputs: Tensor,
    *,
    filters: int = 64,
    blocks: int = 9,
    reduction: int = 16,
    slope: float = 0.2,
    dropout: float = 0.5,
    refined: bool = True,
    use_bias: bool = False,
    residual_scale: float = 0.1,
) -> Tensor:
    """Builds the depth-separable DeblurGAN's generator.

    The paper leaves open, and these are our choices: the defaults of `reduction` and `slope`; zero padding ("same");
    LeakyReLU after every convolution but the depthwise ones; where dropout sits; He-normal initial kernels.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1], sides multiples of 4.
        filters: Filters at full resolution; four times as many at quarter resolution.
        blocks: Blocks of attention and three depth-separable convolutions.
        reduction: Channels per hidden unit of the channel attention.
        slope: Slope of every LeakyReLU below zero.
        dropout: Share of values dropped after the first depth-separable convolution of each block while training.
        refined: Whether a step up is a convolution, the shuffle and a second convolution, which reproduces the
            published size; otherwise one convolution makes all the channels that the shuffle needs.
        use_bias: Whether convolutions and perceptrons have biases; without them the size is the published one.
        residual_scale: Factor on the initial kernel of the last convolution; 0.1 starts near the blurred image.

    Returns:
        Tensor (batch, height, width, 3) in [0, 1].
    """
    x = _symmetric_range(inputs)
    x = _conv(x, filters, 7, "stem", slope, use_bias)
    x = _conv(x, 2 * filters, 3, "down1", slope, use_bias, strides=2)
    x = _conv(x, 4 * filters, 3, "down2", slope, use_bias, strides=2)
    for index in range(1, blocks + 1):
        x = _separable_block(x, f"block{index}", reduction, slope, dropout, use_bias)
    for index, width in enumerate((2 * filters, filters), start=1):
        x = _shuffle_up(x, width, f"up{index}", slope, refined, use_bias)
    return _sharp(x, inputs, he_normal(residual_scale), padding="same", use_bias=use_bias)


def _block(x: Tensor, filters: int, name: str, convolutions: int, dropout: float, use_bias: bool) -> Tensor:
    """The residual block: mirrored margin, convolution, norm, ReLU, dropout; perhaps again up to the norm."""
    from zoo.layers.normalisation import InstanceNormalization
    from zoo.layers.padding import ReflectionPadding2D

    layers = keras.layers
    y = x
    for index in range(1, convolutions + 1):
        part = f"{name}_conv{index}"
        y = ReflectionPadding2D(1, name=f"{part}_pad")(y)
        y = layers.Conv2D(filters, 3, name=part, **_options(use_bias))(y)
        if index == 1:
            y = layers.Dropout(dropout, name=f"{name}_dropout")(_normalised(y, part))
        else:
            y = InstanceNormalization(name=f"{part}_norm")(y)
    return layers.Add(name=f"{name}_sum")([y, x])


def _normalised(x: Tensor, name: str) -> Tensor:
    """Instance normalisation and ReLU."""
    from zoo.layers.normalisation import InstanceNormalization

    return keras.layers.ReLU(name=f"{name}_act")(InstanceNormalization(name=f"{name}_norm")(x))


def _separable_block(x: Tensor, name: str, reduction: int, slope: float, dropout: float, use_bias: bool) -> Tensor:
    """Channel attention, spatial attention, three depth-separable convolutions, plus the input."""
    from zoo.layers.attention import ChannelAttention, SpatialAttention

    layers = keras.layers
    y = ChannelAttention(reduction, slope, use_bias, name=f"{name}_channels")(x)
    y = SpatialAttention(7, use_bias, name=f"{name}_pixels")(y)
    for index in (1, 2, 3):
        y = _separable(y, f"{name}_separable{index}", slope, use_bias)
        if index == 1:
            y = layers.Dropout(dropout, name=f"{name}_dropout")(y)
    return layers.Add(name=f"{name}_sum")([y, x])


def _separable(x: Tensor, name: str, slope: float, use_bias: bool) -> Tensor:
    """A 3x3 convolution per channel, a 1x1 convolution across them and LeakyReLU."""
    channels = x.shape[-1]
    # Keras counts all channels into a depthwise kernel's fan-in; each of its filters sees nine values.
    start = keras.initializers.VarianceScaling(float(channels), mode="fan_in", distribution="truncated_normal")
    options = {"use_bias": use_bias, "padding": "same"}
    x = keras.layers.DepthwiseConv2D(3, depthwise_initializer=start, name=f"{name}_depthwise", **options)(x)
    return _conv(x, channels, 1, name, slope, use_bias)


def _shuffle_up(x: Tensor, filters: int, name: str, slope: float, refined: bool, use_bias: bool) -> Tensor:
    """The map at twice the resolution with `filters` channels."""
    from zoo.layers.pixel_shuffle import PixelShuffle

    x = _conv(x, x.shape[-1] if refined else 4 * filters, 3, name, slope, use_bias)
    x = PixelShuffle(2, name=f"{name}_shuffle")(x)
    return _conv(x, filters, 3, f"{name}_refine", slope, use_bias) if refined else x


def _conv(x: Tensor, filters: int, size: int, name: str, slope: float, use_bias: bool, strides: int = 1) -> Tensor:
    """A "same" convolution and LeakyReLU."""
    options = {"use_bias": use_bias, "padding": "same", "kernel_initializer": "he_normal"}
    x = keras.layers.Conv2D(filters, size, strides=strides, name=name, **options)(x)
    return keras.layers.LeakyReLU(slope, name=f"{name}_act")(x)


def _symmetric_range(inputs: Tensor) -> Tensor:
    """Images in [0, 1] brought to [-1, 1]."""
    return keras.layers.Rescaling(2.0, offset=-1.0, name="symmetric_range")(inputs)


def _sharp(x: Tensor, inputs: Tensor, start: Any, **options: Any) -> Tensor:
    """The image plus tanh of a 7x7 convolution, clipped.

    The clipped sum in [-1, 1], brought back to [0, 1], is the input plus half the tanh, clipped to [0, 1].
    """
    layers = keras.layers
    full = keras.config.dtype_policy().variable_dtype
    x = layers.Conv2D(3, 7, kernel_initializer=start, activation="tanh", dtype=full, name="correction", **options)(x)
    x = layers.Rescaling(0.5, dtype=full, name="half_range")(x)
    x = layers.Add(dtype=full, name="sum")([x, inputs])
    return layers.ReLU(max_value=1.0, dtype=full, name="sharp")(x)


def _options(use_bias: bool) -> dict[str, Any]:
    """What all of DeblurGAN's normalised convolutions share."""
    return {"use_bias": use_bias, "kernel_initializer": keras.initializers.RandomNormal(stddev=0.02)}
