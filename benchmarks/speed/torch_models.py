"""Plain PyTorch models to time ours against, written for that purpose alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


class UNet(nn.Module):
    """A U-Net of the same layers as `unet3`: two 3x3 convolutions with batch normalisation per level, 64 to 1024."""

    def __init__(self) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        self.down = nn.ModuleList(_double(before, after) for before, after in zip((3, *widths), widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * width, width, 2, stride=2) for width in widths[-2::-1])
        self.merge = nn.ModuleList(_double(2 * width, width) for width in widths[-2::-1])
        self.pool = nn.MaxPool2d(2)
        self.last = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (batch, 3, height, width) to (batch, 1, height, width)."""
        skips = []
        for block in self.down[:-1]:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.down[-1](x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips), strict=True):
            x = merge(torch.cat([skip, up(x)], dim=1))
        return self.last(x)


class DilatedBlock(nn.Module):
    """One residual block of ATROUS_NET: four dilated 3x3 convolutions to 128, concatenated, fused to 256, added."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(256, 128, 3, padding=rate, dilation=rate) for rate in (1, 2, 3, 4))
        self.fuse = nn.Conv2d(512, 256, 3, padding=1)
        self.act = nn.LeakyReLU(0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (batch, 256, height, width) to the same shape."""
        joined = torch.cat([self.act(branch(x)) for branch in self.branches], dim=1)
        return x + self.act(self.fuse(joined))


def _double(before: int, after: int) -> nn.Sequential:
    """Returns two 3x3 convolutions with batch normalisation and ReLU."""
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers += [nn.Conv2d(channels, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


MODELS: dict[str, Callable[[], nn.Module]] = {"unet": UNet, "dilated_block": DilatedBlock}
CHANNELS = {"unet": 3, "dilated_block": 256}
