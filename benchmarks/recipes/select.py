"""The recipe of a model for a data set, by profile."""

from __future__ import annotations

from dataclasses import replace

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes import paper, quick
from benchmarks.recipes.recipe import PROFILES, Recipe


def recipe(model: str, dataset: str, profile: str = "paper", variant: str | None = None) -> Recipe:
    """Returns how to train a network for a data set.

    Args:
        model: Network's name.
        dataset: Name of the data set that it will be scored on; decides between one and three frames.
        profile: `"paper"`, `"code"` (the released code's recipe, where it is not the paper's) or `"quick"`.
        variant: Takes the place of the recipe's variant.

    Raises:
        RunError: For an unknown profile, a network without recipe, or one whose code has no recipe of its own.
        ZooError: For an unknown network or variant.
    """
    if profile not in PROFILES:
        raise RunError(f"unknown profile {profile!r}; choose one of {', '.join(PROFILES)}")
    info = zoo.info(model)
    if model not in paper.RECIPES:
        raise RunError(f"{model} has no training recipe; use --no-train")
    if profile == "code" and model not in paper.CODE_RECIPES:
        with_code = ", ".join(paper.CODE_RECIPES)
        raise RunError(f"{model} has no code recipe beside the paper's ({with_code} has); use --profile paper")
    table = {"paper": paper.RECIPES, "code": paper.CODE_RECIPES, "quick": quick.RECIPES}
    made = table[profile][model](model, dataset)
    if variant is not None:
        info.variant(variant)
        made = replace(made, variant=variant)
    return made
