"""Names in DeblurGAN's discriminator -> names in our critic."""

from __future__ import annotations

_POSITIONS = {0: "conv1", 2: "conv2", 3: "norm2", 5: "conv3", 6: "norm3", 8: "conv4", 9: "norm4", 11: "conv5"}


def layer_of(layer: str, kind: str) -> str:
    """Gives our layer's name for an original one, e.g. `model.3`."""
    return _POSITIONS[int(layer.removeprefix("model."))]
