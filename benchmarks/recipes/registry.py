"""The one table of recipes: model -> what makes its recipe for a data set, by profile."""

from __future__ import annotations

from benchmarks.errors import RunError
from benchmarks.recipes.paper import CODE_RECIPES, PAPER_RECIPES
from benchmarks.recipes.quick import QUICK_RECIPES
from benchmarks.recipes.recipe import Maker

_MAKERS: dict[str, dict[str, Maker]] = {}


def register(
    model: str, *, quick: Maker, paper: Maker | None = None, code: Maker | None = None, own: Maker | None = None
) -> None:
    """Says how a model is trained; whoever adds a model calls this once.

    Args:
        model: Name in the zoo.
        paper: Makes the paper's recipe for a data set, `(model, dataset) -> Recipe`; None for a model without paper.
        quick: Makes a recipe of minutes on a laptop.
        code: Makes the released code's recipe, where it is not the paper's.
        own: Makes the recipe of weights that come with this zoo, where there are any.

    Raises:
        RunError: When the model has recipes already.

    >>> register("mine", quick=makers("carlo")["quick"])
    >>> list(makers("mine"))
    ['quick']
    >>> unregister("mine")
    """
    if model in _MAKERS:
        raise RunError(f"{model} has recipes already; unregister them first")
    given = {"paper": paper, "quick": quick, "code": code, "own": own}
    _MAKERS[model] = {name: maker for name, maker in given.items() if maker is not None}


def unregister(model: str) -> None:
    """Takes a model's recipes out of the table.

    Raises:
        RunError: When it has none.

    >>> register("mine", quick=makers("carlo")["quick"])
    >>> unregister("mine")
    >>> makers("mine")
    {}
    """
    if model not in _MAKERS:
        raise RunError(f"{model} has no recipes to take out")
    del _MAKERS[model]


def makers(model: str) -> dict[str, Maker]:
    """What makes a model's recipes, by profile; none for a model that learns nothing."""
    return dict(_MAKERS.get(model, {}))


def models(profile: str = "paper") -> tuple[str, ...]:
    """The models that have a recipe of a profile."""
    return tuple(model for model, table in _MAKERS.items() if profile in table)


for _model, _paper in PAPER_RECIPES.items():
    register(_model, paper=_paper, quick=QUICK_RECIPES[_model], code=CODE_RECIPES.get(_model))
