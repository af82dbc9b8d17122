"""What the command line of `benchmarks.run` asks for, and the checks that need no more than names and files."""

from __future__ import annotations

from typing import Any

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes.recipe import ONE_STEP, Recipe
from benchmarks.records import store
from benchmarks.run.experiment import Cell
from benchmarks.run.request import Request
from benchmarks.training.state import LAST, finished
from datasets import pipeline
from datasets.pairs import Pairs
from zoo.saving import read_name


def check_crop(pairs: Pairs, crop: int | None, what: str) -> None:
    """Raises DataError when a crop does not fit in the images, before anything heavy is imported."""
    if crop is not None:
        pipeline.check_crop(pairs, crop, what)


def check_network_crop(made: Recipe) -> None:
    """Raises RunError when the network itself cannot take the training crops."""
    info = zoo.info(made.model)
    multiple, least = info.size_multiple, max(info.minimum_size, info.variant(made.variant).shrink + 1)
    if made.data.crop % multiple or made.data.crop < least:
        rule = f"a multiple of {multiple}, at least {least}" if multiple > 1 else f"at least {least}"
        raise RunError(f"--crop {made.data.crop} does not fit {made.model} / {made.variant}; take {rule}")


def check_perceptual_weights(made: Recipe, request: Request) -> None:
    """Raises RunError when the file that shall hold VGG-19's weights is not there."""
    path = request.perceptual_weights
    if path is not None and made.adversarial is not None and not path.is_file():
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


def check_preparation(made: Recipe, overrides: dict[str, Any]) -> None:
    """Raises RunError for options about text that a recipe has no use for."""
    unused = [
        option
        for option, name in (("--no-warp", "preparation"), ("--natural", "natural"))
        if overrides.get(name) is not None and (made.hdc is None or made.hdc.preparation not in ONE_STEP)
    ]
    if unused:
        raise RunError(f"{unused[0]} has no use for {made.model}; leave it out")


def check_unfinished(cell: Cell) -> None:
    """Raises RunError when a killed training is in the way and the command line does not say what to do with it."""
    request = cell.request
    if cell.recipe is None or request.resume or request.restart or finished(cell.folder):
        return
    if (cell.folder / LAST).is_file() and store.find(request.results, cell.identity, cell.key) is None:
        raise RunError(
            f"an unfinished training lies in {cell.folder}; go on with --resume or begin anew with --restart"
        )
