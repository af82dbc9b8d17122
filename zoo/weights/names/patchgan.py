"""PatchGAN: names in DeblurGAN's code -> those of `zoo.patchgan.patchgan`, which is in no registry."""

from __future__ import annotations

_POSITIONS = {0: "conv1", 2: "conv2", 3: "norm2", 5: "conv3", 6: "norm3", 8: "conv4", 9: "norm4", 11: "conv5"}
_LAYERS = {f"model.{position}": ours for position, ours in _POSITIONS.items()}


def layer_of(layer: str, leaf: str) -> str | None:
    """Our layer for e.g. `model.3`."""
    return _LAYERS.get(layer)
