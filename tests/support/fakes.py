"""Small stand-ins for what is large: pairs in memory, a network that trains in milliseconds, samples of few frames."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks.recipes.recipe import Recipe
from datasets.augment import NONE
from datasets.image import ArrayFrame
from datasets.pairs import Pair, Pairs
from datasets.samples import camera_shake
from datasets.samples.build import sample_root
from zoo import registry

TOY = registry.ModelInfo(
    name="toy",
    title="One convolution",
    paper="none",
    summary="Adds a 3x3 convolution to its input.",
    variants={"image": registry.Variant(parameters=84)},
    default="image",
)
TOY_RECIPE = Recipe(
    "toy",
    "image",
    crop=12,
    batch=2,
    epochs=None,
    steps=10,
    loss="mean_absolute_error",
    learning_rate=1e-2,
    clipnorm=1.0,
    schedule="constant",
    augmentation=NONE,
    validation=0.2,
    precision="float32",
    source="none",
    ours="",
)


def build_toy(inputs):
    change = keras.layers.Conv2D(3, 3, padding="same", dtype=keras.config.dtype_policy())(inputs)
    return keras.layers.Add()([inputs, change])


@contextmanager
def registered_toy():
    """Puts the toy network into the registry while the block runs."""
    registry.register(TOY)(build_toy)
    try:
        yield
    finally:
        registry.unregister("toy")


def named_pairs(scenes, frames, dataset="reds", split="val", coverage="full", first=0):
    """Pairs of scenes x frames with names as in REDS and one grey pixel each, for what looks at names only."""
    pixel = ArrayFrame("pixel", np.zeros((1, 1, 3), np.uint8))
    items = tuple(
        Pair(dataset, split, f"{scene:03d}", f"{frame:08d}", (pixel,), (pixel,))
        for scene in range(scenes)
        for frame in range(first, first + frames)
    )
    return Pairs(dataset, split, Path("nowhere"), items, coverage, "0123456789abcdef")


def picture_pairs(scenes=5, frames=2, size=(16, 20), seed=0, wrap=ArrayFrame, dataset="gopro"):
    """Pairs of smooth random images, the blurry ones blurred; `wrap` makes a frame of a name and an array."""
    import cv2

    random = np.random.default_rng(seed)
    pairs = named_pairs(scenes, frames, dataset, "train", "sample")
    items = []
    for pair in pairs:
        sharp = cv2.GaussianBlur(random.integers(0, 256, (*size, 3), dtype=np.uint8), (3, 3), 0.7)
        blurry = cv2.GaussianBlur(sharp, (5, 5), 1.2)
        items.append(replace(pair, blurry=(wrap(f"b{pair.name}", blurry),), sharp=(wrap(f"s{pair.name}", sharp),)))
    return replace(pairs, items=tuple(items))


def build_small_samples(folder: Path, names=("cifar10", "reds", "kohler")):
    """Builds samples below `folder` as a cache, REDS with three short videos."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEBLUR_ZOO_CACHE", str(folder))
        patch.setitem(camera_shake.REDS_VIDEOS, "train", camera_shake.TRAIN[:2])
        patch.setitem(camera_shake.REDS_VIDEOS, "val", camera_shake.TEST[:1])
        patch.setitem(camera_shake.REDS_FRAMES, "train", 4)
        for name in names:
            sample_root(name)
