"""Blocks of MAXIM: encoder and decoder blocks, cross gating, the bottom, resizing, supervised attention.

Source: Tu et al., "MAXIM: multi-axis MLP for image processing" (CVPR 2022), and the authors' released code. Every layer
with weights has the name of its Flax scope in that code, with `__` for the slash; so have the layers inside a layer.

The code cuts maps into blocks or cells, works on the pieces and puts them together. All but the mixing works on single
pixels, so here maps stay whole and `PatchMixing` alone cuts them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoo.backend import Tensor, keras


@dataclass(frozen=True)
class Blocks:
    """What all blocks of one model share.

    Attributes:
        widths: Channels of the levels, finest first.
        sizes: Sides of the blocks and grids on each level, and last at the bottom.
        groups: Multi-axis perceptrons, each with its attention, in a block.
        reduction: Factor by which channel attention narrows.
        slope: Slope of every LeakyReLU below zero.
        residual_scale: Factor on the initial kernels of what is added to something.
    """

    widths: tuple[int, ...]
    sizes: tuple[int, ...]
    groups: int
    reduction: int
    slope: float
    residual_scale: float

    def conv(self, x: Tensor, filters: int, size: int, name: str, residual: bool = False, **options: Any) -> Tensor:
        """A "same" convolution with bias."""
        return keras.layers.Conv2D(
            filters, size, padding="same", kernel_initializer=self._start(residual), name=name, **options
        )(x)

    def _start(self, residual: bool) -> Any:
        """Flax's default initialiser, smaller for what is added to something."""
        scale = self.residual_scale if residual else 1.0
        return keras.initializers.VarianceScaling(scale**2, mode="fan_in", distribution="truncated_normal")

    def up(self, x: Tensor, filters: int, name: str) -> Tensor:
        """A 2x2 stride-2 transposed convolution: each pixel becomes four."""
        return keras.layers.Conv2DTranspose(filters, 2, strides=2, kernel_initializer=self._start(False), name=name)(x)

    def multi_axis(self, x: Tensor, size: int, name: str) -> Tensor:
        """A multi-axis gated perceptron, see `MultiAxisMlp`."""
        from zoo.layers import MultiAxisMlp

        return MultiAxisMlp(size, self.residual_scale, name=name)(x)

    def bottom(self, x: Tensor, name: str) -> Tensor:
        """A block at the bottom: `groups` multi-axis perceptrons with dense attention; plus the projected input."""
        from zoo.layers import DenseAttention

        x = y = self.conv(x, self.widths[-1], 1, f"{name}__input_proj")
        for group in range(self.groups):
            y = self.multi_axis(y, self.sizes[-1], f"{name}__SplitHeadMultiAxisGmlpLayer_{group}")
            attention = f"{name}__channel_attention_block_1_{group}"
            y = DenseAttention(self.reduction, self.residual_scale, name=attention)(y)
        return keras.layers.Add(name=f"{name}__sum")([y, x])

    def level_block(self, parts: list[Tensor], level: int, name: str) -> Tensor:
        """The block of encoders and decoders: parts joined, `groups` multi-axis perceptrons with attention; plus x.

        Args:
            parts: Tensors (batch, height, width, any).
            level: The level, which says how many channels the result has and how large blocks and grid are.
            name: Start of the layers' names.
        """
        from zoo.layers import ConvAttention

        x = keras.layers.Concatenate(name=f"{name}__concat")(parts)
        x = y = self.conv(x, self.widths[level], 1, f"{name}__Conv_0")
        for group in range(self.groups):
            y = self.multi_axis(y, self.sizes[level], f"{name}__SplitHeadMultiAxisGmlpLayer_{group}")
            attention = f"{name}__channel_attention_block_1{group}"
            y = ConvAttention(self.reduction, self.slope, self.residual_scale, name=attention)(y)
        return keras.layers.Add(name=f"{name}__sum")([y, x])

    def cross_gating(
        self, x: Tensor, y: Tensor, level: int, name: str, upsample: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Two maps, brought to the channels of a level, gate each other, see `CrossGating`.

        Args:
            x: Tensor (batch, height, width, any).
            y: Tensor (batch, height, width, any), of half the sides with `upsample`.
            level: The level, which says how many channels the results have and how large blocks and grid are.
            name: Start of the layers' names.
            upsample: Whether y is enlarged first.
        """
        from zoo.layers import CrossGating

        channels = self.widths[level]
        if upsample:
            y = self.up(y, channels, f"{name}__ConvTranspose_0")
        x = self.conv(x, channels, 1, f"{name}__Conv_0")
        y = self.conv(y, channels, 1, f"{name}__Conv_1")
        x, y = CrossGating(self.sizes[level], self.residual_scale, name=name)([x, y])
        return x, y

    def resized(self, x: Tensor, source: int, level: int, name: str) -> Tensor:
        """A map of level `source` with the sides and the channels of `level`."""
        from zoo.layers import BilinearShrink, BilinearUpsample

        if source < level:
            x = BilinearShrink(2 ** (level - source), name=f"{name}__shrunk")(x)
        elif source > level:
            x = BilinearUpsample(2 ** (source - level), name=f"{name}__enlarged")(x)
        return self.conv(x, self.widths[level], 1, f"{name}__Conv_0")

    def image(self, x: Tensor, images: Tensor, name: str, output: str) -> Tensor:
        """An image in full precision: a 3x3 convolution of features plus the blurred image."""
        full = keras.config.dtype_policy().variable_dtype
        change = self.conv(x, 3, 3, name, residual=True, dtype=full)
        return keras.layers.Add(dtype=full, name=output)([change, images])

    def supervised_attention(self, x: Tensor, images: Tensor, name: str, output: str) -> tuple[Tensor, Tensor]:
        """The features, gated by the stage's own image, for the next stage, and that image.

        Args:
            x: A decoder's map (batch, height, width, channels).
            images: The blurred images in that size (batch, height, width, 3).
            name: Start of the layers' names.
            output: Name of the layer that gives the image.
        """
        layers, channels = keras.layers, x.shape[-1]
        features = self.conv(x, channels, 3, f"{name}__Conv_0", residual=True)
        image = self.image(x, images, f"{name}__Conv_1", output)
        gate = self.conv(image, channels, 3, f"{name}__Conv_2", activation="sigmoid")
        gated = layers.Multiply(name=f"{name}__gated")([features, gate])
        return layers.Add(name=f"{name}__attended")([gated, x]), image
