"""How many steps a training takes, and when it is validated."""

from __future__ import annotations

import math
from collections.abc import Iterator

from benchmarks.recipes.recipe import Recipe

MAX_STEPS_PER_EPOCH = 2000

PASSES_OF_A_STEP = 3
"""Passes over its batch that a training step costs: forwards, and the gradients of inputs and of weights."""


def epoch_steps(recipe: Recipe, pairs: int) -> float:
    """The steps of one epoch over so many pairs; not whole where the last batch would not be full."""
    return pairs / (recipe.data.stride * recipe.data.batch)


def total_steps(recipe: Recipe, pairs: int) -> int:
    """The number of training steps of a recipe over so many pairs."""
    if recipe.steps is not None:
        return recipe.steps
    return math.ceil((recipe.epochs or 0) * pairs / (recipe.data.stride * recipe.data.batch))


def epoch_length(recipe: Recipe, pairs: int, steps: int) -> int:
    """The steps between two validations: an epoch, bounded so that short and very long ones behave."""
    one_epoch = math.ceil(epoch_steps(recipe, pairs))
    shortest = max(1, min(steps // 10, 100))
    return min(max(one_epoch, shortest), MAX_STEPS_PER_EPOCH, steps)


def segments(step: int, steps: int, length: int) -> Iterator[tuple[int, int, int, int]]:
    """Yields (first step, first epoch, last epoch, steps per epoch) of the `fit` calls from `step` to `steps`.

    One call does, unless the run resumes inside an epoch or the last epoch is shorter.
    """
    if step % length and step < steps:
        epoch = step // length
        rest = min(length - step % length, steps - step)
        yield step, epoch, epoch + 1, rest
        step += rest
    if steps - step >= length:
        yield step, step // length, steps // length, length
        step = steps // length * length
    if step < steps:
        yield step, step // length, step // length + 1, steps - step


def validated_epochs(recipe: Recipe, steps: int, length: int) -> list[int]:
    """The epochs, counted from 1, after which the model is validated; the last one always is."""
    epochs = math.ceil(steps / length)
    if not recipe.validate_every:
        return list(range(1, epochs + 1))
    due, first = {epochs}, 0
    for every, until in recipe.validate_every:
        due |= set(range(first + every, min(until, epochs) + 1, every))
        first = until
    return sorted(due)
