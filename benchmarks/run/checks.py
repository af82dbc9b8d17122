"""What the command line of `benchmarks.run` asks for, and the checks that need no more than names and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes.recipe import Recipe
from datasets import pipeline
from datasets.errors import DataError
from datasets.pairs import Pairs
from zoo.inference.tiling import Tiles
from zoo.saving import read_name


@dataclass(frozen=True)
class Request:
    """What the command line asks for, the same for every cell of the grid.

    Attributes:
        results: Results folder.
        data_root: Folder of the data sets; None with `sample`.
        sample: Whether the built-in samples are used.
        profile: `"paper"` or `"quick"`.
        variant, protocol, train_on: Names, None for the usual ones.
        weights: A `.keras` file to start from, or to score with `train` off.
        train: Whether to train.
        overrides: What replaces fields of the recipe.
        limit: Scores so many pictures only.
        seed: Seed of everything random.
        jit, resume, restart, tensorboard, store: See `training.Options`.
        perceptual_weights: A file with VGG-19's weights for objectives that need them; None takes Keras' own.
        select_on_test: Whether the weights are chosen on the scored pictures, as some papers do; the record says so.
        blur_steps: Only for `hdc`: the steps to train on and to score; None takes all that are there.
        tiles: How large pictures are cut for scoring; None restores them at once.
        guess_steps: Whether a network that takes the blur step is scored as if that was not known.
        pictures: How many images are kept as pictures.
        psf_file: Only for `hdc`: point spread functions for a network that takes them; None estimates them.
    """

    results: Path
    data_root: Path | None
    sample: bool
    profile: str
    variant: str | None
    protocol: str | None
    train_on: str | None
    weights: Path | None
    train: bool
    overrides: dict[str, Any]
    limit: int | None
    seed: int
    jit: str
    resume: bool
    restart: bool
    tensorboard: bool
    store: Path | None
    perceptual_weights: Path | None = None
    select_on_test: bool = False
    blur_steps: tuple[int, ...] | None = None
    tiles: Tiles | None = None
    guess_steps: bool = False
    psf_file: Path | None = None
    pictures: int = 3


def check_crop(pairs: Pairs, crop: int | None, what: str) -> None:
    """Raises DataError when a crop does not fit in the pictures, before anything heavy is imported."""
    pair = pipeline.too_small(pairs, crop) if crop is not None else None
    if pair is not None:
        height, width, _ = pair.sharp[0].shape
        raise DataError(
            f"{what} {crop} is larger than the frame {height}x{width} of {pairs.dataset}; "
            f"take {min(height, width)} or less"
        )


def check_network_crop(made: Recipe) -> None:
    """Raises RunError when the network itself cannot take the training crops."""
    info = zoo.info(made.model)
    multiple, least = info.size_multiple, max(info.minimum_size, info.variant(made.variant).shrink + 1)
    if made.crop % multiple or made.crop < least:
        rule = f"a multiple of {multiple}, at least {least}" if multiple > 1 else f"at least {least}"
        raise RunError(f"--crop {made.crop} does not fit {made.model} / {made.variant}; take {rule}")


def check_perceptual_weights(made: Recipe, request: Request) -> None:
    """Raises RunError when the file that shall hold VGG-19's weights is not there."""
    path = request.perceptual_weights
    if path is not None and made.content and not path.is_file():
        raise RunError(
            f"{path}: no such file; give the weights of Keras' VGG-19 with --perceptual-weights, or 'random'"
        )


def check_weights(model: str, variant: str, request: Request) -> None:
    """Raises RunError or ZooError when the weights to score or to start from are not there or do not fit."""
    if not zoo.info(model).learns:
        if request.weights is not None or any(value is not None for value in request.overrides.values()):
            raise RunError(f"{model} learns nothing; leave --weights and the options for training out")
        return
    if request.weights is None:
        if not request.train:
            raise RunError(f"{model}: nothing to score; give --weights FILE, or leave out --no-train")
        return
    if not request.train and request.overrides.get("precision"):
        raise RunError("--precision is for training; weights are scored in the precision they were trained in")
    found, _, theirs = read_name(request.weights).partition(".")
    if found == model and theirs != variant and request.train:
        # A training may start from another variant's weights if they have the same shapes. Only here is it worth a
        # framework's start to know that before anything else runs.
        from benchmarks import console

        console.quiet_frameworks()
        zoo.load_weights(zoo.create(model, variant), request.weights)
        return
    if (found, theirs) != (model, variant):
        raise RunError(
            f"{request.weights} holds {found} / {theirs}, not {model} / {variant}; "
            f"use --model {found} --variant {theirs}"
        )
