"""Models of a user's own: from the command line into the registries at once, and from there into records."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes import registry as recipes
from benchmarks.recipes.quick import quick
from benchmarks.recipes.recipe import Recipe
from benchmarks.records import record
from benchmarks.run.experiment import Experiment
from zoo.own.source import WEIGHTS, is_own
from zoo.registry import parted
from zoo.weights.given import given_file, told_of

_SCORED_ONLY = ".onnx"


def names(models: Sequence[str]) -> tuple[str, ...]:
    """The models' names, those of a user's own after they were registered, with their recipe.

    Args:
        models: What the command line calls them, see `zoo.register_own`.

    Raises:
        ZooError: When one of a user's own cannot be built, or is no model.
        RunError: When two of them would have one name.
    """
    named: dict[str, str] = {}
    for text in models:
        name = _registered(text) if is_own(text) else text
        if is_own(text) and name in named:
            raise RunError(f"{named[name]} and {text} would both be called {name}; rename one of the files")
        named[name] = text
    return tuple(named)


def _registered(text: str) -> str:
    """Registers a user's model with its recipe; gives its name."""
    name = zoo.register_own(text).name
    if text.endswith(WEIGHTS):
        print(f"{text}: {told_of(given_file(text))}", flush=True)
    if recipes.makers(name):
        recipes.unregister(name)
    recipes.register(name, quick=_scored_only if text.endswith(_SCORED_ONLY) else quick)
    return name


def _scored_only(model: str, dataset: str) -> Recipe:
    raise RunError(f"{model}: an ONNX file can be scored, not trained; use --no-train")


def all_own(models: Sequence[str]) -> bool:
    """Whether all models that learn are a user's own, for which no paper has a recipe."""
    learning = [info for info in (zoo.info(parted(model)[0]) for model in models) if info.learns]
    return bool(learning) and all(info.own is not None for info in learning)


def section(experiment: Experiment, field: Callable[[], str] | None = None) -> record.Own | None:
    """What a record says of the model of an experiment, where it is a user's own.

    Args:
        experiment: The experiment.
        field: Measures the receptive field, in words; None where nobody did.
    """
    if experiment.own is None:
        return None
    info = zoo.info(experiment.model)
    measured = {} if field is None else {"receptive_field": field()}
    return record.Own(
        source=experiment.own.source,
        sha256=experiment.own.sha256,
        frames=info.variant(experiment.variant).frames,
        size_multiple=info.size_multiple,
        **measured,
    )
