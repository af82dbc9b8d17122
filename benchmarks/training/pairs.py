"""What a recipe makes of training pairs before the first step: nothing, or the Helsinki challenge's preparations."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.errors import RunError, UnfitError
from benchmarks.recipes.recipe import ONE_STEP, Data, Recipe
from common.progress import Bar, silent, up_to
from datasets.blur.estimate import EVALUATIONS
from datasets.hdc import refiner, single_step
from datasets.hdc.single_step import NATURAL
from datasets.pairs import Pairs, fingerprint
from datasets.photographs import blurred_by
from datasets.registry import info as dataset_info

USUAL_BLUR = Data.blur


def check(made: Recipe, pairs: Pairs) -> None:
    """Refuses pairs that a recipe's preparation cannot take.

    Raises:
        RunError: When the recipe prepares photographs of another data set, or chooses how files are blurred.
        DataError: When a model for one blur step is given several.
    """
    if made.data.blur != USUAL_BLUR and not dataset_info(pairs.dataset).own_photographs:
        raise RunError(f"--blur {made.data.blur} is for --train-on synthetic; the images of {pairs.dataset} are blurry")
    if made.hdc is None:
        return
    if pairs.dataset != "hdc":
        raise UnfitError(f"{made.model}: the preparation {made.hdc.preparation!r} is for hdc, not for {pairs.dataset}")
    if made.hdc.preparation in ONE_STEP:
        single_step.step_of(pairs)


def prepared(made: Recipe, pairs: Pairs, natural: Pairs | None, bar: Bar = silent) -> Pairs:
    """The pairs as the recipe trains on them; what was made before comes from the cache.

    Args:
        made: The recipe.
        pairs: Training pairs.
        natural: Sharp photographs that are blurred like the text; None for none.
        bar: Shows how far a long preparation is.

    Raises:
        DataError, FileError: When an image cannot be read or the cache not be written.
    """
    if made.data.blur != USUAL_BLUR:
        return blurred_by(pairs, made.data.blur)
    if made.hdc is None:
        return pairs
    print(f"preparing {len(pairs)} photographs of text and {len(natural or ())} natural ones", flush=True)
    if made.hdc.preparation == "small":
        return refiner.prepare(pairs, single_step.aligner)
    if natural is None:
        return single_step.prepare(pairs, made.hdc.preparation == "aligned")
    with bar("estimating the blur") as progress:
        blur = single_step.estimated_blur(pairs, up_to(progress, EVALUATIONS))
    return single_step.prepare(pairs, made.hdc.preparation == "aligned", natural, blur)


def with_validation(training: Pairs, validation: Pairs) -> Pairs:
    """Natural photographs to train on and others to validate on as one list; each pair keeps its own split.

    Args:
        training: Photographs of the training split.
        validation: Photographs of another split.

    Returns:
        Both, the first ones first, with a fingerprint of both.
    """
    return replace(
        training,
        items=(*training.items, *validation.items),
        coverage=f"{training.coverage}, validation {validation.coverage}",
        fingerprint=fingerprint([training.fingerprint, validation.fingerprint]),
    )


def split_validation(pairs: Pairs, share: float) -> tuple[Pairs, Pairs]:
    """Splits off the last units for validation, or the last images where there is one unit only.

    What is held out together is said by the data set's entry: mostly scenes; single images of CIFAR-10, as Keras'
    validation_split does in the report's code; frames of HDC, so that every blur step is on both sides. Natural
    photographs beside its text that come from another split (see `with_validation`) are the ones held out of them;
    where there are none, the last ones are.

    Args:
        pairs: All training pairs.
        share: Wanted share of the validation split, in [0, 1).

    Returns:
        Training and validation pairs; the second are none when `share` is 0 or there is only one pair.
    """
    if share <= 0 or len(pairs) < 2:
        return pairs, pairs.select([])
    groups: dict[bool, list[int]] = {}
    for index, pair in enumerate(pairs):
        groups.setdefault(pair.scene == NATURAL, []).append(index)
    unit = dataset_info(pairs.dataset).validation_unit
    held_out = set(_last_units(pairs, groups.get(False, []), unit, share))
    natural = groups.get(True, [])
    others = {index for index in natural if pairs[index].split != pairs.split}
    held_out |= others or set(_last_units(pairs, natural, unit, share))
    sides = [[index for index in range(len(pairs)) if (index in held_out) is side] for side in (False, True)]
    return pairs.select(sides[0]), pairs.select(sides[1])


def _last_units(pairs: Pairs, group: list[int], unit: str, share: float) -> list[int]:
    """The places in the last units (`"scene"`, `"frame"` or `"image"`) of a group of pairs."""
    if len(group) < 2:
        return []
    units = [pairs[index].frame if unit == "frame" else pairs[index].scene for index in group]
    if unit == "image" or len(set(units)) == 1:
        units = [f"{index:09d}" for index in group]
    ordered = sorted(set(units))
    last = set(ordered[len(ordered) - max(1, round(share * len(ordered))) :])
    return [index for index, own in zip(group, units, strict=True) if own in last]
