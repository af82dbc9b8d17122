"""Which variant of a model a data set is run with unless one is named."""

from __future__ import annotations

import zoo
from datasets.registry import info as dataset_info

SMALL = 64
"""Largest side in pixels of what counts as a data set of small images."""


def kind_of(dataset: str) -> str:
    """The kind of a data set that models have variants for, one of `zoo.registry.KINDS`.

    `"text"` where photographs have a blur step, `"small"` for images like CIFAR-10's, `"video"` where images have
    neighbours in time, else `"still"`.

    >>> kind_of("hdc"), kind_of("cifar10"), kind_of("reds"), kind_of("kohler")
    ('text', 'small', 'video', 'still')
    """
    entry = dataset_info(dataset)
    if entry.blur_steps:
        return "text"
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
    if profile == "quick" and info.learns:
        tiny = ("tiny-video" if entry.video else "", "tiny")
        return next((name for name in tiny if name in info.variants), info.default)
    return info.default_for(kind_of(dataset))
