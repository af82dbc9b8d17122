"""Tables of what registries, recipes and the catalogue of weights say, in reStructuredText."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import zoo
from benchmarks.__main__ import COMMANDS
from benchmarks.metrics import METRICS
from benchmarks.recipes import registry
from benchmarks.recipes.recipe import Recipe
from benchmarks.recipes.select import recipe
from benchmarks.tables.markup import RST, escaped, list_table
from benchmarks.training.epochs import total_steps
from datasets.registry import info as dataset_info
from zoo.analysis.macs import COUNTED_SIDE
from zoo.registry import field_of
from zoo.weights import catalogue

_PASSES_OF_A_STEP = 3
# The data sets that recipes are counted on: one of text, one of videos, one of photographs.
_TEXT, _VIDEO, _PHOTOGRAPHS = "hdc", "reds", "gopro"
# What a paper trained on small images alone.
_SMALL = {"carlo": "cifar10"}


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table whose cells are markup already."""
    return "\n".join(list_table(header, lines)) + "\n"


def commands() -> str:
    """Every command with what it does."""
    lines = [[RST.code(f"deblur-zoo {name}"), escaped(command.summary)] for name, command in COMMANDS.items()]
    return table(["command", "what it does"], lines)


@dataclass(frozen=True)
class Budget:
    """What a paper's recipe asks for on the data set that it is meant for.

    Attributes:
        recipe: The recipe.
        dataset: The data set.
        steps: Steps in all.
        step_macs: Multiply-accumulates of a step: three passes over its crops.
    """

    recipe: Recipe
    dataset: str
    steps: int
    step_macs: float

    @property
    def name(self) -> str:
        """The model with its variant."""
        return f"{self.recipe.model}/{self.recipe.variant}"


def budgets() -> Iterator[Budget]:
    """What every paper's recipe asks for."""
    for model in registry.models("paper"):
        dataset = _trained_on(model)
        made = recipe(model, dataset)
        pairs = round(dataset_info(dataset).splits["train"] * (1 - made.data.validation))
        yield Budget(made, dataset, total_steps(made, pairs), _step(made))


def recipe_costs() -> str:
    """What every paper's recipe asks for: steps, and multiply-accumulates of all of them."""
    lines = [
        [
            RST.code(each.name),
            RST.code(each.dataset),
            f"{each.steps:,}",
            str(each.recipe.data.batch),
            str(each.recipe.data.crop),
            f"{each.step_macs / 1e12:.3g}",
            f"{each.steps * each.step_macs / 1e18:.3g}",
        ]
        for each in budgets()
    ]
    return table(["model", "data set", "steps", "batch", "crop", "10¹² MACs a step", "10¹⁸ MACs in all"], lines)


def _trained_on(model: str) -> str:
    """The data set that a model's recipe is meant for."""
    info = zoo.info(model)
    if not info.colour:
        return _TEXT
    return _SMALL.get(model, _VIDEO if info.variant().frames == 3 else _PHOTOGRAPHS)


def _step(made: Recipe) -> float:
    """Multiply-accumulates of a training step: three passes over its crops."""
    macs = zoo.info(made.model).variant(made.variant).macs
    return _PASSES_OF_A_STEP * made.data.batch * (made.data.crop / COUNTED_SIDE) ** 2 * macs


def weights() -> str:
    """The catalogue of published weights."""
    lines = []
    for entry in catalogue.entries():
        size = "" if entry.megabytes is None else f"{entry.megabytes:g} MB"
        where = "comes with the zoo" if entry.packaged else _page(entry)
        facts = (escaped(entry.trained_on), size, escaped(entry.licence), where)
        lines.append([RST.code(entry.name), RST.code(f"{entry.model}/{entry.variant}"), *facts])
    return table(["name", "model", "trained on", "size", "licence", "where"], lines)


def _page(entry: catalogue.Entry) -> str:
    page = next((offer.page for offer in entry.files if offer.page), None)
    return RST.link("its owner's page", page) if page else escaped(entry.files[0].where)


def claims(entry: catalogue.Entry) -> str:
    """What is claimed of some weights, a line for each score."""
    lines = [
        [
            RST.code(score.dataset),
            score.metric.upper(),
            f"{score.value:g}",
            *map(escaped, (score.protocol, score.source)),
        ]
        for score in entry.scores
    ]
    return table(["data set", "metric", "value", "how it was scored", "who says so"], lines)


def own_weights() -> str:
    """What weights of this zoo were trained on, and where they fail."""
    found = []
    for entry in catalogue.entries():
        if entry.packaged is not None:
            found += [
                f"``{entry.name}`` (``{entry.model}/{entry.variant}``)",
                f"   - trained on: {escaped(entry.packaged.data)}",
                f"   - recipe: {escaped(entry.packaged.recipe)}",
                f"   - **fails**: {escaped(entry.packaged.fails)}",
                "",
            ]
    return "\n".join(found)


def limits() -> str:
    """What every model's own card says that it cannot do."""
    lines = []
    for info in map(zoo.info, zoo.list_models()):
        variant = info.variant()
        said = [] if info.colour else ["made for grey images: colour ones are restored channel by channel"]
        said += ["wants to know the blur step"] if info.takes_blur_step else []
        said += ["wants to know the point spread function"] if info.takes_psf else []
        said += [
            f"returns {variant.shrink} pixels less in height and width, padded for by zoo.restore"
            if variant.shrink
            else ""
        ]
        said += ["sees three frames" if variant.frames == 3 else ""]
        if info.learns:
            said.append(
                "every pixel depends on the whole image: tiles differ a little from the whole photograph"
                if variant.receptive_field is None
                else f"sees {field_of(variant)} across: longer blur cannot be told from the scene"
            )
        lines.append(
            [f":doc:`{info.name} <cards/models/{info.name}>`", "; ".join(filter(None, said)) or "changes nothing"]
        )
    return table(["model", "limits"], lines)


def metric_files() -> str:
    """The metrics that need a file, and which."""
    lines = [[RST.code(f"--metrics {card.name}=FILE"), escaped(card.file)] for card in METRICS.values() if card.given]
    return table(["asked for by", "what FILE is"], lines)


MADE: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "recipe_costs": recipe_costs,
    "weights": weights,
    "own_weights": own_weights,
    "limits": limits,
    "metric_files": metric_files,
}
"""Name in the directive -> what makes its text."""
