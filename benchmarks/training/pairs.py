"""What a recipe makes of training pairs before the first step: nothing, or the Helsinki challenge's preparations."""

from __future__ import annotations

from benchmarks.errors import RunError
from benchmarks.recipes.recipe import Recipe
from datasets.blur.estimate import EVALUATIONS
from datasets.hdc import refiner, single_step
from datasets.pairs import Pairs

ONE_STEP = ("aligned", "unaligned")
"""Preparations for networks that are trained for one blur step."""


def check(made: Recipe, pairs: Pairs) -> None:
    """Refuses pairs that a recipe's preparation cannot take.

    Raises:
        RunError: When the recipe prepares photographs of another data set.
        DataError: When a network for one blur step is given several.
    """
    if made.preparation and pairs.dataset != "hdc":
        raise RunError(f"{made.model}: the preparation {made.preparation!r} is for hdc, not for {pairs.dataset}")
    if made.preparation in ONE_STEP:
        single_step.step_of(pairs)


def prepared(made: Recipe, pairs: Pairs, natural: Pairs | None) -> Pairs:
    """Returns the pairs as the recipe trains on them; what was made before comes from the cache.

    Args:
        made: The recipe.
        pairs: Training pairs.
        natural: Sharp photographs that are blurred like the text; None for none.

    Raises:
        DataError: When a picture cannot be read or the cache not be written.
    """
    from benchmarks import console

    if not made.preparation:
        return pairs
    print(f"preparing {len(pairs)} photographs of text and {len(natural or ())} natural ones", flush=True)
    if made.preparation == "small":
        return refiner.prepare(pairs, single_step.aligner)
    if natural is None:
        return single_step.prepare(pairs, made.preparation == "aligned")
    with console.progress_bar("estimating the blur") as progress:
        blur = single_step.estimated_blur(pairs, console.up_to(progress, EVALUATIONS))
    return single_step.prepare(pairs, made.preparation == "aligned", natural, blur)
