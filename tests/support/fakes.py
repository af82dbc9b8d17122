"""Small stand-ins for what is large: pairs in memory, a model that trains in milliseconds, samples of few frames."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks.recipes import registry as recipes
from benchmarks.recipes.recipe import Data, Optimiser, Recipe
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
    model="toy",
    variant="image",
    loss="mean_absolute_error",
    data=Data(crop=12, batch=2, validation=0.2),
    optimiser=Optimiser(learning_rate=1e-2, clipnorm=1.0),
    steps=10,
)


def build_toy(inputs):
    change = keras.layers.Conv2D(3, 3, padding="same", dtype=keras.config.dtype_policy())(inputs)
    return keras.layers.Add()([inputs, change])


@contextmanager
def registered_toy():
    """Puts the toy model and its recipe into the registries while the block runs."""
    registry.register(TOY)(build_toy)
    recipes.register("toy", paper=lambda model, dataset: TOY_RECIPE, quick=lambda model, dataset: TOY_RECIPE)
    try:
        yield
    finally:
        recipes.unregister("toy")
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


def write_street_scenes(folder: Path, scenes=3, frames=2, size=(24, 32)):
    """Writes small data sets `gopro` and `hide` in their official layouts below `folder`."""
    import cv2

    def write(path, pixels):
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), pixels)

    for split, count in (("train", scenes), ("test", 1)):
        for pair in picture_pairs(count, frames, size, seed=len(split)):
            scene = folder / "GOPRO_Large" / split / f"GOPR{pair.scene}_11_00"
            write(scene / "blur" / f"{int(pair.frame) + 1:06d}.png", pair.blurry[0].read())
            write(scene / "sharp" / f"{int(pair.frame) + 1:06d}.png", pair.sharp[0].read())
    for pair in picture_pairs(1, frames, size, seed=7):
        name = f"{int(pair.frame)}fromGOPR.png"
        write(folder / "HIDE_dataset" / "test" / "test-close-ups" / name, pair.blurry[0].read())
        write(folder / "HIDE_dataset" / "GT" / name, pair.sharp[0].read())


def build_small_samples(folder: Path, names=("cifar10", "reds", "kohler")):
    """Builds samples below `folder` as a cache, REDS with three short videos."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEBLUR_ZOO_CACHE", str(folder))
        patch.setitem(camera_shake.REDS_VIDEOS, "train", camera_shake.TRAIN[:2])
        patch.setitem(camera_shake.REDS_VIDEOS, "val", camera_shake.TEST[:1])
        patch.setitem(camera_shake.REDS_FRAMES, "train", 4)
        for name in names:
            sample_root(name)


def digests(folder):
    """Returns the SHA-256 of every file below a folder by its path there."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def leftovers(folder):
    """Returns the names of temporary files and folders that a build has left."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".tmp-")]
