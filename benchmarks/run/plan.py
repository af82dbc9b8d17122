"""What every experiment of a request is: all that is decided and checked before any long work."""

from __future__ import annotations

from functools import cache

import zoo
from benchmarks.errors import UnfitError
from benchmarks.protocols import protocol_for
from benchmarks.recipes.recipe import Recipe
from benchmarks.recipes.select import recipe
from benchmarks.recipes.variants import default_variant
from benchmarks.run.checks import validate
from benchmarks.run.data import Load, load_split, select_data
from benchmarks.run.experiment import Experiment
from benchmarks.run.request import REFERENCE, ModelOptions, Request
from common.cli import name_problems
from datasets.pairs import Pairs
from datasets.registry import info as dataset_info
from zoo.inference.tiling import Tiles
from zoo.registry import parted


def plan_all(request: Request) -> list[Experiment]:
    """Plans and checks every experiment before any of them starts, so that a mistake is told at once.

    No framework is imported, no image decoded. Models that a wildcard means are left out, with a line, where they do
    not go with a data set; so are experiments that would give the same record, as those of a baseline with every seed.

    Raises:
        RunError, DataError, ZooError, MetricError: When something is missing, unknown or does not fit together.
    """
    # Two experiments mostly read the same pairs; listing 24,000 frames once is enough.
    loading = cache(load_split)
    experiments: dict[tuple[str, ...], Experiment] = {}
    unfit: list[UnfitError] = []
    for model, dataset in request.grid:
        try:
            for seed in request.seeds:
                experiment = plan(model, dataset, request, seed, loading)
                validate(experiment)
                experiments.setdefault((*experiment.identity.values(), experiment.key), experiment)
        except UnfitError as error:
            if model not in request.matched:
                raise
            unfit.append(error)
    if unfit and not any(each.model != REFERENCE for each in experiments.values()):
        raise unfit[0]
    name_problems([str(error) for error in unfit])
    return list(experiments.values())


def plan(model: str, dataset: str, request: Request, seed: int, loading: Load = load_split) -> Experiment:
    """Decides everything about one experiment, without the checks.

    Args:
        model: Name of the model, with its variant where one is meant (`atrous/tiny`).
        dataset: Name of the data set to score on.
        request: What the command line asks for.
        seed: Seed of everything random.
        loading: See `benchmarks.run.data.select_data`.

    Raises:
        RunError, DataError, ZooError: When something is missing or unknown.
    """
    options = request.options_of(model)
    model, _ = parted(model)
    protocol = protocol_for(dataset, request.scoring.protocol).measuring(request.scoring.metrics)
    made = _recipe(model, dataset, options, request)
    variant = made.variant if made else options.variant or default_variant(model, dataset, request.training.profile)
    data = select_data(model, variant, dataset, protocol, made, request, loading)
    return Experiment(
        request=request,
        options=options,
        model=model,
        variant=variant,
        dataset=dataset,
        seed=seed,
        protocol=protocol,
        recipe=made,
        data=data,
        tiles=options.tiles or _default_tiles(model, variant, data.scored),
        own=zoo.info(model).own,
    )


def _recipe(model: str, dataset: str, options: ModelOptions, request: Request) -> Recipe | None:
    """The recipe with the command line's changes; None when nothing is trained."""
    if not zoo.info(model).learns or not request.training.enabled:
        return None
    return recipe(model, dataset, request.training.profile, options.variant).changed(**options.changes)


def _default_tiles(model: str, variant: str, pairs: Pairs) -> Tiles | None:
    """The tiles of a data set with large images, for models that learn and see them as they are.

    A model of one fixed size sees other images in tiles of that size.
    """
    info, tiles = zoo.info(model), dataset_info(pairs.dataset).tiles
    fixed = info.variant(variant).fixed_size
    if fixed is not None:
        alike = all(pair.sharp[0].shape[:2] == fixed for pair in pairs)
        return None if alike else Tiles.seen_as(*fixed)
    # A model that takes medians sees the page made small, which is restored whole.
    return None if tiles is None or not info.learns or info.medians else Tiles(*tiles)
