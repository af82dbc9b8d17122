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
    """The variant that a data set is run with when none is asked for.

    Args:
        model: Model's name.
        dataset: Data set's name.
        profile: `"quick"` takes the tiny variant where there is one.

    >>> default_variant("atrous", "reds", "paper"), default_variant("wiener", "hdc", "paper")
    ('reds', 'text')
    """
    entry, info = dataset_info(dataset), zoo.info(model)
    if not info.learns:
        fitting = ("text" if entry.blur_steps else "", "video" if entry.video else "")
        return next((name for name in fitting if name in info.variants), info.default)
    if profile == "quick":
        tiny = ("tiny-video" if entry.video else "", "tiny")
        return next((name for name in tiny if name in info.variants), info.default)
    return VARIANTS[kind_of(dataset)].get(model, info.default)
