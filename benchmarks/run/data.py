"""Which data an experiment takes."""

from __future__ import annotations

from pathlib import Path

import zoo
from benchmarks.errors import RunError
from benchmarks.evaluation.psf import KnownBlur
from benchmarks.recipes.recipe import Recipe
from benchmarks.run.request import Request
from benchmarks.training.pairs import with_validation
from datasets.errors import DataError
from datasets.loading import load
from datasets.pairs import Pairs
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets
from datasets.samples.build import sample_root

# Data sets without a training recipe of their own are scored with networks trained on this one.
DEFAULT_TRAINING = {"hide": "gopro", "kohler": "gopro"}


def root_of(dataset: str, request: Request) -> Path:
    """Returns the folder that holds a data set: the user's, or the sample, which is made if need be."""
    if request.sample:
        return sample_root(dataset)
    if request.data_root is None:
        raise RunError("say where the data are with --data-root DIR, or use the built-in sample with --sample")
    return request.data_root


def natural_pairs(made: Recipe, request: Request) -> Pairs | None:
    """Returns the natural photographs of DIV2K that a recipe trains on; None where it trains on none."""
    if made.hdc is None or not made.hdc.natural:
        return None
    try:
        photographs = load("div2k", root_of("div2k", request), split="train")[: made.hdc.natural]
        if made.hdc.natural_validation:
            others = load("div2k", root_of("div2k", request), split="val")[: made.hdc.natural_validation]
            photographs = with_validation(photographs, others)
    except DataError as error:
        raise RunError(
            f"{made.model} is trained on {made.hdc.natural} natural photographs as well, but {error}; put DIV2K there "
            "or leave them out with --natural 0"
        ) from error
    return photographs


def known_blur_of(model: str, dataset: str, request: Request, pairs: Pairs) -> KnownBlur | None:
    """Returns where a network that must know the blur knows it from, None for another network."""
    if not zoo.info(model).takes_psf:
        return None
    kind = dataset_info(dataset).known_blur
    if not kind:
        known = " and ".join(name for name in list_datasets() if dataset_info(name).known_blur)
        raise RunError(f"{model} must know the blur, which {dataset} does not tell; it can be scored on {known}")
    if kind == "sigma" or request.psf_file is not None:
        return KnownBlur(kind, psf_file=request.psf_file)
    steps = tuple(sorted({pair.metadata["step"] for pair in pairs}))
    return KnownBlur(kind, load(dataset, root_of(dataset, request), split="train", steps=steps))
