"""The table of samples: data set -> how its sample is made. Each file beside this one enters its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from common.errors import did_you_mean
from datasets.errors import DataError
from datasets.registry import info, list_datasets


class Options(Protocol):
    """What a sample may be asked to hold; a dataclass whose fields have defaults."""

    def as_dict(self) -> dict[str, Any]:
        """What tells this sample from another one, for its marker."""


class Recipe(NamedTuple):
    """How one sample is made.

    Attributes:
        name: The data set whose layout it has.
        height: Of the images, in pixels; None where they differ.
        width: Of the images, in pixels; None where they differ.
        what: One line for people who find the folder.
        make: Writes the files below an empty folder, from a seed and, where the recipe has such, options.
        options: Makes options from the values of their fields; None for a sample without.
    """

    name: str
    height: int | None
    width: int | None
    what: str
    make: Callable[..., None]
    options: Callable[..., Options] | None = None

    @property
    def folder(self) -> str:
        """The official top folder."""
        return info(self.name).folder


RECIPES: dict[str, Recipe] = {}
"""Data set -> recipe of its sample."""

_SHARED: dict[str, str] = {}


def register(recipe: Recipe, variants: Sequence[str] = ()) -> None:
    """Enters a sample.

    Args:
        recipe: How it is made.
        variants: Data sets that lie in the same folder.
    """
    RECIPES[recipe.name] = recipe
    _SHARED.update(dict.fromkeys(variants, recipe.name))


def list_samples() -> list[str]:
    """Lists the data sets that have a sample, their own or another's.

    Examples:
        >>> from datasets import samples
        >>> samples.list_samples()[:3]
        ['cifar10', 'div2k', 'gopro']
    """
    return [name for name in list_datasets() if name in RECIPES or name in _SHARED]


def recipe_for(name: str) -> Recipe:
    """Finds the recipe of a data set's sample.

    Raises:
        DataError: When there is no such data set, or it has no sample.
    """
    name = _SHARED.get(name, name)
    if name in RECIPES:
        return RECIPES[name]
    info(name)
    raise DataError(f"{name} has no built-in sample{did_you_mean(name, RECIPES)}; choose from {', '.join(RECIPES)}")


def options_for(name: str, values: dict[str, Any]) -> Options | None:
    """Makes the options of a data set's sample; None where nothing is asked for.

    Raises:
        DataError: When the sample has no options, or a value cannot be.

    Examples:
        >>> from datasets import samples
        >>> samples.options_for("hdc", {"steps": (5,), "train": 4}).as_dict()["steps"]
        [5]
    """
    recipe = recipe_for(name)
    if not values:
        return None
    if recipe.options is None:
        with_options = " and ".join(each.name for each in RECIPES.values() if each.options)
        raise DataError(
            f"blur steps, samples per font and point spread functions are for {with_options}, not for {name}"
        )
    return recipe.options(**values)
