"""Which variant of a model a data set is run with unless one is named."""

from __future__ import annotations

import zoo
from datasets.registry import info as dataset_info

SMALL = 64
"""Largest side in pixels of what counts as a data set of small images."""

# Variant of each model by kind of data set; models that are not named take their default one.
VARIANTS = {
    "small": {"carlo": "image", "kaist": "image", "atrous": "cifar10"},
    "video": {"carlo": "image", "kaist": "video", "atrous": "reds"},
    "still": {"carlo": "image", "kaist": "image", "atrous": "image-20"},
}


def kind_of(dataset: str) -> str:
    """`"small"` for images like CIFAR-10's, `"video"` where images have neighbours in time, else `"still"`.

    >>> kind_of("cifar10"), kind_of("reds"), kind_of("kohler")
    ('small', 'video', 'still')
    """
    entry = dataset_info(dataset)
    if entry.frame_size is not None and max(entry.frame_size) <= SMALL:
        return "small"
    return "video" if entry.video else "still"


def default_variant(model: str, dataset: str, profile: str) -> str:
    """The variant that a data set's row shows when none is asked for."""
    entry = dataset_info(dataset)
    if model == "identity":
        return "video" if entry.video else "image"
    if model == "wiener":
        return "text" if entry.known_blur == "estimated" else "image"
    if profile == "quick":
        return "tiny-video" if entry.video and "tiny-video" in zoo.info(model).variants else "tiny"
    return VARIANTS[kind_of(dataset)].get(model, zoo.info(model).default)
