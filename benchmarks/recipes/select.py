"""The recipe of a model for a data set, by profile."""

from __future__ import annotations

import zoo
from benchmarks.errors import RunError, UnfitError
from benchmarks.recipes import registry
from benchmarks.recipes.recipe import PROFILES, Recipe


def recipe(model: str, dataset: str, profile: str = "paper", variant: str | None = None) -> Recipe:
    """How to train a model for a data set.

    Args:
        model: Model's name.
        dataset: Name of the data set that it will be scored on; decides between one and three frames.
        profile: `"paper"`, `"code"` (the released code's recipe, where it is not the paper's), `"quick"`, or `"own"`
            (of weights that come with this zoo).
        variant: Takes the place of the recipe's variant.

    Raises:
        RunError: For an unknown profile, a model without recipe, or one whose code has no recipe of its own.
        ZooError: For an unknown model or variant.

    >>> recipe("atrous", "reds").epochs
    71
    """
    if profile not in PROFILES:
        raise RunError(f"unknown profile {profile!r}; choose one of {', '.join(PROFILES)}")
    info, makers = zoo.info(model), registry.makers(model)
    if not makers:
        raise RunError(f"{model} has no training recipe; use --no-train")
    if "paper" not in makers and profile not in makers:
        raise RunError(
            f"{model} has no {profile} recipe, as no paper says how to train it; use --profile {' or '.join(makers)}, "
            "with --steps or --epochs for a larger budget"
        )
    if profile not in makers:
        others = ", ".join(registry.models(profile))
        raise UnfitError(f"{model} has no {profile} recipe beside the paper's ({others} has); use --profile paper")
    made = makers[profile](model, dataset)
    if variant is not None:
        info.variant(variant)
        made = made.replaced(variant=variant)
    return made
