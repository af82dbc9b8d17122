"""Which variant of a model a data set is run with unless one is named."""

from __future__ import annotations

import zoo
from datasets.registry import info as dataset_info

# Variant of each network by kind of data set; networks that are not named take their default one.
VARIANTS = {
    "cifar10": {"carlo": "image", "kaist": "image", "atrous": "cifar10"},
    "video": {"carlo": "image", "kaist": "video", "atrous": "reds"},
    "still": {"carlo": "image", "kaist": "image", "atrous": "image-20"},
}


def default_variant(model: str, dataset: str, profile: str) -> str:
    """Returns the variant that a data set's row shows when none is asked for."""
    video = dataset_info(dataset).video
    if model == "identity":
        return "video" if video else "image"
    if model == "wiener":
        return "text" if dataset == "hdc" else "image"
    if profile == "quick":
        return "tiny-video" if video and "tiny-video" in zoo.info(model).variants else "tiny"
    kind = "cifar10" if dataset == "cifar10" else "video" if video else "still"
    return VARIANTS[kind].get(model, zoo.info(model).default)
