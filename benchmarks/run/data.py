"""The one place that loads data: what an experiment is scored on, what it trains on, where its blur is known from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zoo
from benchmarks.errors import RunError
from benchmarks.evaluation.psf import KnownBlur
from benchmarks.protocols import Protocol, scored
from benchmarks.recipes.recipe import Recipe
from benchmarks.run.request import Request
from benchmarks.training.pairs import with_validation
from common.cli import name_problems
from datasets.errors import DataError
from datasets.loading import load, training_split
from datasets.pairs import Pairs
from datasets.registry import info as dataset_info
from datasets.samples.build import sample_root

Load = Callable[[str, Path | tuple[Path, ...], str | None, int, tuple[int, ...] | None], Pairs]
"""Loads a split: data set, root, split (None for the scored one), frames, blur steps (None for all)."""


# Names of images that a message holds at most.
_NAMED = 3


@dataclass(frozen=True)
class ExperimentData:
    """The pairs of an experiment.

    Attributes:
        scored: The pairs that count.
        training: What to train on; None without training.
        natural: Natural photographs to train on as well; None without.
        known_blur: Where the blur is known from; None for a model that need not know it, or where nothing tells it.
    """

    scored: Pairs
    training: Pairs | None = None
    natural: Pairs | None = None
    known_blur: KnownBlur | None = None


def load_split(
    dataset: str, root: Path | tuple[Path, ...], split: str | None, frames: int, steps: tuple[int, ...] | None
) -> Pairs:
    """Lists the pairs of a split, see `datasets.load`."""
    return load(dataset, root, split=split, frames=frames, steps=steps)


def select_data(
    model: str,
    variant: str,
    dataset: str,
    protocol: Protocol,
    recipe: Recipe | None,
    request: Request,
    loading: Load = load_split,
) -> ExperimentData:
    """Lists everything that an experiment reads images from; decodes none.

    Args:
        model: Name of the model.
        variant: Name of its variant.
        dataset: Name of the data set to score on.
        protocol: How is scored.
        recipe: How to train; None without training.
        request: What the command line asks for.
        loading: Lists a split; a grid gives one that remembers what it listed.

    Raises:
        RunError: Without a data root, without pairs to score or to train on, without natural photographs that the
            recipe needs.
        DataError: When a data set is missing, or laid out otherwise than officially.
    """
    frames = zoo.info(model).variant(variant).frames
    steps = request.data.blur_steps
    count = scored(loading(dataset, root_of(dataset, request), None, frames, steps), protocol, request.scoring.limit)
    return ExperimentData(
        scored=count,
        training=None if recipe is None else _training(dataset, frames, recipe, request, loading),
        natural=None if recipe is None else _natural(dataset, recipe, request, loading),
        known_blur=_known_blur(model, count, request, loading),
    )


def root_of(dataset: str, request: Request) -> Path | tuple[Path, ...]:
    """The folder that holds a data set, or several of photographs: the user's, or the sample, which is made if need be.

    Raises:
        RunError: When neither was asked for.
    """
    if dataset_info(dataset).own_photographs and request.data.photos:
        return request.data.photos
    if request.data.sample:
        return sample_root(dataset)
    if dataset_info(dataset).own_photographs:
        raise RunError(f"say which photographs {dataset} is made of with --photos DIR, or use --sample")
    if request.data.root is None:
        raise RunError("say where the data are with --data-root DIR, or use the built-in sample with --sample")
    return request.data.root


def _training(dataset: str, frames: int, recipe: Recipe, request: Request, loading: Load) -> Pairs:
    """The pairs to train on: those asked for, or of the data set that stands in, or of the scored one."""
    source = request.data.train_on or dataset_info(dataset).train_on or dataset
    info = dataset_info(source)
    if info.training_split is None or not info.protocols:
        raise RunError(f"{source} has nothing to train on; choose another data set with --train-on")
    steps = request.data.blur_steps if info.blur_steps else None
    root = request.data.train_root or root_of(source, request)
    pairs = loading(source, root, training_split(source, root), frames, steps)
    return _large_enough(pairs, recipe.data.crop) if info.own else pairs


def _large_enough(pairs: Pairs, crop: int) -> Pairs:
    """The images of a user's own that a crop fits in; the others are named and left out.

    Raises:
        RunError: When it fits in none.
    """
    # Nobody chose the sizes of a folder of images for a training.
    what = "photograph" if dataset_info(pairs.dataset).own_photographs else "pair"
    places = [index for index, pair in enumerate(pairs) if min(pair.sharp[0].shape[:2]) >= crop]
    if not places:
        raise RunError(f"{pairs.dataset}: no {what} in {pairs.root} is as large as the crop of {crop}; use --crop")
    if len(places) < len(pairs):
        small = [pairs[index].name for index in sorted(set(range(len(pairs))) - set(places))]
        names = ", ".join(small[:_NAMED]) + (f" and {len(small) - _NAMED} more" if len(small) > _NAMED else "")
        name_problems([f"{len(small)} {what}s smaller than the crop of {crop}: {names}"])
    return pairs.select(places)


def _natural(dataset: str, recipe: Recipe, request: Request, loading: Load) -> Pairs | None:
    """The natural photographs that a recipe trains on as well; None where it trains on none."""
    source = dataset_info(request.data.train_on or dataset).natural_images
    if recipe.hdc is None or not recipe.hdc.natural or not source:
        return None
    try:
        info, root = dataset_info(source), root_of(source, request)
        photographs = loading(source, root, info.training_split, 1, None)[: recipe.hdc.natural]
        if recipe.hdc.natural_validation:
            others = loading(source, root, info.evaluation_split, 1, None)[: recipe.hdc.natural_validation]
            photographs = with_validation(photographs, others)
    except DataError as error:
        raise RunError(
            f"{recipe.model} is trained on {recipe.hdc.natural} natural photographs as well, but {error}; put {source} "
            "there or leave them out with --natural 0"
        ) from error
    return photographs


def _known_blur(model: str, pairs: Pairs, request: Request, loading: Load) -> KnownBlur | None:
    """Where a model that must know the blur knows it from; None for another model, or where nothing tells it."""
    info = dataset_info(pairs.dataset)
    if not zoo.info(model).takes_psf or not info.known_blur:
        return None
    if info.known_blur != "estimated" or request.data.psf_file is not None:
        return KnownBlur(info.known_blur, psf_file=request.data.psf_file)
    steps = tuple(sorted({pair.metadata["step"] for pair in pairs}))
    return KnownBlur(
        info.known_blur, loading(pairs.dataset, root_of(pairs.dataset, request), info.training_split, 1, steps)
    )
