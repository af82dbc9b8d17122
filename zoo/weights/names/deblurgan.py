"""DeblurGAN's generator: names in Kupyn et al.'s code -> ours.

The code puts everything into one sequence, so that a name is a place in it: padding, convolution, norm, activation;
twice a convolution with norm and activation; nine residual blocks; twice a transposed convolution with both; padding,
convolution. In a block the second convolution stands after the dropout, where there is one, and its padding. Norms have
running statistics in files of old versions of PyTorch, which nothing computes with.
"""

from __future__ import annotations

import re

_POSITIONS = {1: "stem", 4: "down1", 7: "down2", 19: "up1", 22: "up2", 26: "correction"}
_NORMS = {2: "stem", 5: "down1", 8: "down2", 20: "up1", 23: "up2"}
_LAYERS = {
    **{f"model.{position}": ours for position, ours in _POSITIONS.items()},
    **{f"model.{position}": f"{ours}_norm" for position, ours in _NORMS.items()},
}
_FIRST_BLOCK, _BLOCKS = 10, 9
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
# Place in a block, and whether what it has are statistics -> our name; without dropout the second half is one earlier.
_IN_BLOCK = {
    (1, False): "conv1",
    (2, True): "conv1_norm",
    (5, False): "conv2",
    (6, True): "conv2_norm",
    (6, False): "conv2",
    (7, True): "conv2_norm",
}


def layer_of(layer: str, leaf: str) -> str | None:
    """Our layer for e.g. `model.4`, `model.10.conv_block.1`."""
    block = re.fullmatch(r"model\.(\d+)\.conv_block\.(\d)", layer)
    if block is None:
        return _LAYERS.get(layer)
    number = int(block[1]) - _FIRST_BLOCK + 1
    part = _IN_BLOCK.get((int(block[2]), leaf in _STATISTICS))
    return f"block{number}_{part}" if part and 1 <= number <= _BLOCKS else None
