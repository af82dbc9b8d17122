"""One cell of the grid, a network on a data set: all that is decided and checked before any long work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import zoo
from benchmarks.errors import RunError
from benchmarks.protocols import protocol_for, scored
from benchmarks.recipes.recipe import Recipe
from benchmarks.recipes.select import recipe
from benchmarks.recipes.variants import default_variant
from benchmarks.run.checks import (
    check_crop,
    check_network_crop,
    check_perceptual_weights,
    check_preparation,
    check_unfinished,
    check_weights,
)
from benchmarks.run.data import DEFAULT_TRAINING, known_blur_of, natural_pairs, root_of
from benchmarks.run.experiment import Cell
from benchmarks.run.request import Request
from benchmarks.training import pairs as preparation
from datasets.loading import load
from datasets.registry import info as dataset_info
from zoo.inference.tiling import Tiles


def plan(model: str, dataset: str, request: Request) -> Cell:
    """Decides everything about a cell and checks it, without importing a framework.

    Raises:
        RunError, DataError, ZooError: When something is missing, unknown or does not fit together.
    """
    protocol = protocol_for(dataset, request.protocol)
    if request.guess_steps and not (dataset == "hdc" and zoo.info(model).takes_blur_step):
        raise RunError(f"--unknown-step is for networks that take the blur step on hdc, not for {model} on {dataset}")
    made = _recipe(model, dataset, request)
    variant = made.variant if made else request.variant or default_variant(model, dataset, request.profile)
    frames = zoo.info(model).variant(variant).frames
    check_weights(model, variant, request)
    protocol.require()
    own_tiles = dataset_info(dataset).tiles
    if own_tiles and request.tiles is None and zoo.info(model).learns and not zoo.info(model).medians:
        request = replace(request, tiles=Tiles(*own_tiles))
    pairs = scored(
        load(dataset, root_of(dataset, request), frames=frames, steps=request.blur_steps), protocol, request.limit
    )
    check_crop(pairs, protocol.crop, "the protocol's crop")
    training_pairs = natural = None
    if made is not None:
        source = request.train_on or DEFAULT_TRAINING.get(dataset, dataset)
        split = dataset_info(source).training_split
        if split is None or not dataset_info(source).protocols:
            raise RunError(f"{source} has nothing to train on; choose another data set with --train-on")
        steps = request.blur_steps if source == "hdc" else None
        training_pairs = load(source, root_of(source, request), split=split, frames=frames, steps=steps)
        preparation.check(made, training_pairs)
        natural = natural_pairs(made, request)
        check_crop(training_pairs, made.data.crop, "--crop")
        check_network_crop(made)
        check_perceptual_weights(made, request)
    known_blur = known_blur_of(model, dataset, request, pairs)
    cell = Cell(request, model, variant, dataset, protocol, pairs, made, training_pairs, natural, known_blur)
    check_unfinished(cell)
    return cell


def _recipe(model: str, dataset: str, request: Request) -> Recipe | None:
    """Returns the recipe with the command line's changes; None when nothing is trained."""
    if not zoo.info(model).learns or not request.train:
        if request.train_on:
            zoo.info(model)
            dataset_info(request.train_on)
        return None
    made = recipe(model, dataset, request.profile, request.variant)
    overrides = dict(request.overrides)
    if made.adversarial is not None:
        if request.perceptual_weights:
            overrides["content"] = "vgg19"
    elif request.perceptual_weights or overrides.get("content"):
        raise RunError(f"{model} is trained without perceptual loss; leave out --perceptual-weights")
    check_preparation(made, overrides)
    return made.changed(**overrides)


def plan_all(names: list[tuple[str, str]], request: Request) -> list[Cell]:
    """Plans every cell before any of them starts, so that a mistake is told at once."""
    # What learns nothing is a reference beside the asked network, so that network's options are not for it.
    references = {model for model, _ in names if not zoo.info(model).learns}
    if references == {model for model, _ in names}:
        references = {"identity"}
    planned = []
    for model, dataset in names:
        plain: dict[str, Any] = {
            "variant": None,
            "weights": None,
            "overrides": {},
            "select_on_test": False,
            "tiles": None,
            "guess_steps": False,
        }
        own = replace(request, **plain) if model in references else request
        planned.append(plan(model, dataset, own))
    return planned
