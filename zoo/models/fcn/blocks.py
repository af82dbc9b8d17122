"""Blocks of the feature catcher: channel attention, encoder and decoder, supervised attention, original resolution.

Source: Zhang et al. (2022) and their released code; the blocks of stages 1 to 3 are those of Zamir et al., "Multi-stage
progressive image restoration" (CVPR 2021). Where the code resizes before a 1x1 convolution without bias, here the
convolution comes first: both are linear and commute, and there are a quarter as many pixels.
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
        reduction: Factor by which channel attention narrows.
        level_blocks: Channel attention blocks on each level of encoders and decoders.
        activation: The layer between the convolutions of every block of stages 1 to 3.
        residual_scale: Factor on the initial kernels of what is added to something.
        without: The part that an ablation leaves out, see `fcn.build`; empty for none.
        kernel: Side of the kernels that look at neighbours, an odd number.
        use_bias: Whether the convolutions have a bias, but for those beside a change of the size and the last one of
            a residual group.
    """

    widths: tuple[int, ...]
    reduction: int
    level_blocks: int
    activation: Any
    residual_scale: float
    without: str = ""
    kernel: int = 3
    use_bias: bool = False

    def conv(
        self,
        x: Tensor,
        filters: int,
        size: int,
        name: str,
        residual: bool = False,
        use_bias: bool | None = None,
        **options: Any,
    ) -> Tensor:
        """A "same" convolution whose kernel starts as PyTorch does it: uniform in +-1 / sqrt(fan-in).

        Args:
            x: Tensor (batch, height, width, channels).
            filters: Channels of the result.
            size: Side of the kernel.
            name: Name of the layer.
            residual: Whether the result will be added to something.
            use_bias: Whether it has a bias, from zeros; None for what is usual in the model.
            **options: Arguments of Keras' convolution.
        """
        bias = self.use_bias if use_bias is None else use_bias
        scale = (self.residual_scale if residual else 1.0) ** 2 / 3.0
        start = keras.initializers.VarianceScaling(scale, mode="fan_in", distribution="uniform")
        return keras.layers.Conv2D(
            filters, size, padding="same", use_bias=bias, kernel_initializer=start, name=name, **options
        )(x)

    def attention_block(self, x: Tensor, name: str, activation: Any = None) -> Tensor:
        """Channel attention block: two convolutions, a gate per channel from their mean, plus the input.

        The paper calls the convolutions the key and the gate the query.

        Args:
            x: Tensor (batch, height, width, channels).
            name: Start of the layers' names.
            activation: A layer for between the convolutions instead of the shared one.
        """
        layers, channels = keras.layers, x.shape[-1]
        key = self.conv(x, channels, self.kernel, f"{name}_conv1")
        key = self.conv((activation or self.activation)(key), channels, self.kernel, f"{name}_conv2", residual=True)
        query = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(key)
        query = self.conv(query, channels // self.reduction, 1, f"{name}_squeeze", activation="relu")
        query = self.conv(query, channels, 1, f"{name}_excite", activation="sigmoid")
        key = layers.Multiply(name=f"{name}_gated")([key, query])
        return layers.Add(name=f"{name}_sum")([key, x])

    def shallow(self, images: Tensor, stage: int, activation: Any = None) -> Tensor:
        """Processing block: the first convolution of a stage and a channel attention block."""
        x = self.conv(images, self.widths[0], self.kernel, f"stage{stage}_conv")
        return x if self.without == "pb" else self.attention_block(x, f"stage{stage}_cab", activation)

    def attention_blocks(self, x: Tensor, count: int, name: str) -> Tensor:
        """Returns `count` channel attention blocks in a row."""
        for index in range(1, count + 1):
            x = self.attention_block(x, f"{name}_{index}")
        return x

    def encoder(self, x: Tensor, stage: int, before: tuple[list[Tensor], list[Tensor]] | None = None) -> list[Tensor]:
        """The maps of all levels, finest first; from a level to the next 2x2 means and a 1x1 convolution.

        Args:
            x: Tensor (batch, height, width, widths[0]).
            stage: Number of the stage.
            before: Encoder and decoder maps of the stage before, which are added after a 1x1 convolution each.
        """
        layers, maps = keras.layers, []
        for level, width in enumerate(self.widths, start=1):
            if level > 1:
                x = layers.AveragePooling2D(2, name=f"stage{stage}_half{level - 1}")(x)
                x = self.conv(x, width, 1, f"stage{stage}_down{level - 1}", use_bias=False)
            x = self.attention_blocks(x, self.level_blocks, f"stage{stage}_encoder{level}")
            if before is not None:
                fused = [
                    self.conv(maps_before[level - 1], width, 1, f"stage{stage}_fuse_{kind}{level}", residual=True)
                    for kind, maps_before in zip(("encoder", "decoder"), before, strict=True)
                ]
                x = layers.Add(name=f"stage{stage}_fused{level}")([x, *fused])
            maps.append(x)
        return maps

    def decoder(self, maps: list[Tensor], stage: int) -> list[Tensor]:
        """The maps of all levels, finest first, from the encoder's: upwards, each plus its attended skip."""
        layers = keras.layers
        x, results = maps[-1], []
        for level in range(len(self.widths), 0, -1):
            if level < len(self.widths):
                x = self.conv(x, self.widths[level - 1], 1, f"stage{stage}_up{level}", use_bias=False)
                x = _doubled(x, f"stage{stage}_double{level}")
                skip = self.attention_block(maps[level - 1], f"stage{stage}_skip{level}")
                x = layers.Add(name=f"stage{stage}_skipped{level}")([x, skip])
            x = self.attention_blocks(x, self.level_blocks, f"stage{stage}_decoder{level}")
            results.append(x)
        return results[::-1]

    def image(self, x: Tensor, images: Tensor, name: str, size: int = 1, channels: int = 3) -> Tensor:
        """A stage's image in full precision: a convolution of its features plus the blurred image."""
        full = keras.config.dtype_policy().variable_dtype
        change = self.conv(x, channels, size, f"{name}_change", residual=True, dtype=full)
        return keras.layers.Add(dtype=full, name=name)([change, images])

    def supervised_attention(self, x: Tensor, images: Tensor, stage: int, name: str) -> tuple[Tensor, Tensor]:
        """The features, gated by the stage's own image, for the next stage, and that image.

        Args:
            x: The decoder's finest map (batch, height, width, channels).
            images: The blurred images (batch, height, width, 3).
            stage: Number of the stage.
            name: Name of the layer that gives the image.
        """
        layers, channels = keras.layers, x.shape[-1]
        image = self.image(x, images, name)
        if self.without == "msam":
            return x, image
        features = self.conv(x, channels, 1, f"stage{stage}_features", residual=True)
        gate = self.conv(image, channels, 1, f"stage{stage}_gate", activation="sigmoid")
        gated = layers.Multiply(name=f"stage{stage}_gated")([features, gate])
        return layers.Add(name=f"stage{stage}_attended")([gated, x]), image

    def feature_gate(self, x: Tensor, stage: int, top_only: bool) -> Tensor:
        """EFEM: gates features by a bottleneck of two 1x1 convolutions of themselves, normalised per sample.

        Args:
            x: Features of the top and bottom halves (2 x batch, height, width, channels).
            stage: Number of the stage.
            top_only: Whether the bottom halves stay as they are. Either way the layers come in the same order, so that
                weights fit both.
        """
        from zoo.layers.normalisation import LayerNorm
        from zoo.layers.split_tiles import GateTile

        layers, channels = keras.layers, x.shape[-1]
        if self.without == "efem":
            return x
        gate = LayerNorm(axis=[1, 2, 3], epsilon=1e-5, center=False, scale=False, name=f"stage{stage}_efem_norm")(x)
        gate = self.conv(gate, channels // 2, 1, f"stage{stage}_efem_down")
        gate = self.conv(gate, channels, 1, f"stage{stage}_efem_up", activation="sigmoid")
        name = f"stage{stage}_efem"
        return (GateTile(2, 0, name=name) if top_only else layers.Multiply(name=name))([x, gate])

    def original_resolution(
        self, x: Tensor, before: tuple[list[Tensor], list[Tensor]] | None, blocks: int, stage: int
    ) -> Tensor:
        """RIM: one residual group of channel attention blocks per level of the stage before, all at full resolution.

        Args:
            x: Tensor (batch, height, width, channels).
            before: Encoder and decoder maps of the stage before; level k is added after group k. None adds nothing.
            blocks: Channel attention blocks in a group.
            stage: Number of the stage.
        """
        layers, channels = keras.layers, x.shape[-1]
        for level in range(1, len(self.widths) + 1):
            name = f"stage{stage}_group{level}"
            y = self.attention_blocks(x, blocks, name)
            y = self.conv(y, channels, self.kernel, f"{name}_conv", residual=True, use_bias=False)
            x = layers.Add(name=f"{name}_sum")([x, y])
            if before is None:
                continue
            maps = [
                self._widened(maps_before[level - 1], channels, level, f"stage{stage}_{kind}{level}")
                for kind, maps_before in zip(("from_encoder", "from_decoder"), before, strict=True)
            ]
            # Resizing the sum once stands for resizing both maps.
            added = layers.Add(name=f"stage{stage}_level{level}")(maps)
            for double in range(1, level):
                added = _doubled(added, f"stage{stage}_level{level}_double{double}")
            x = layers.Add(name=f"stage{stage}_added{level}")([x, added])
        return x

    def _widened(self, x: Tensor, channels: int, level: int, name: str) -> Tensor:
        """A map with the channels of each finer level in turn, then `channels`; not yet resized."""
        for finer in range(level - 1, 0, -1):
            x = self.conv(x, self.widths[finer - 1], 1, f"{name}_narrow{level - finer}", use_bias=False)
        return self.conv(x, channels, 1, f"{name}_widen", residual=True)


def _doubled(x: Tensor, name: str) -> Tensor:
    """A map at twice the height and width, bilinear between the centres of the pixels."""
    from zoo.layers.upsampling import BilinearUpsample

    return BilinearUpsample(2, name=name)(x)
