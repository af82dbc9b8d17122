"""What a command line would run and what that costs on this machine, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import zoo
from benchmarks.recipes.recipe import Recipe
from benchmarks.run import earlier, estimate
from benchmarks.run.experiment import Experiment
from benchmarks.run.request import EngineOptions
from benchmarks.training import state
from benchmarks.training.epochs import total_steps
from common.console import duration, listing, terminal
from datasets.pairs import Pairs

_COLUMNS = ("experiment", "training", "steps", "TFLOP", "time", "GiB")
_NUMBERS = _COLUMNS[2:]


@dataclass(frozen=True)
class Cost:
    """What an experiment takes from here on.

    Attributes:
        training: What is to be done of its training, in words.
        steps: Training steps that are left.
        tflop: 10^12 floating-point operations of these: steps x multiply-accumulates x 3 passes x 2.
        seconds: Time for these and for the scoring, without metrics.
        memory: Bytes at most.
    """

    training: str
    steps: int
    tflop: float
    seconds: float
    memory: float


def show(experiments: Sequence[Experiment], options: EngineOptions) -> None:
    """Prints a table of what is left to do, and what of it in all."""
    table = listing(_COLUMNS, _NUMBERS)
    planned: set[str | None] = set()
    costs: list[Cost] = []
    for each in experiments:
        done = earlier.find(each)
        if done is not None:
            table.add_row(each.name, f"done: {done.path.stem}", *[""] * len(_NUMBERS))
            continue
        costs.append(cost := _cost(each, planned))
        planned.add(each.training_key)
        table.add_row(each.name, cost.training, *_numbers(cost))
    terminal().print(table)
    print(_sum(costs, options))


def _cost(experiment: Experiment, planned: set[str | None]) -> Cost:
    """The cost of one experiment; a training that another one brings along costs nothing."""
    recipe, pairs = experiment.recipe, experiment.data.training
    dtype = None if recipe is None else recipe.precision
    model = zoo.create(experiment.model, experiment.variant, dtype=dtype)
    scoring = estimate.scoring(model, experiment.data.scored, experiment.protocol.crop, experiment.tiles)
    if recipe is None or pairs is None:
        return Cost("none", 0, 0.0, scoring.seconds, scoring.memory)
    words, taken = _state(experiment, recipe, pairs, planned)
    training = estimate.training(recipe, model, len(pairs), taken)
    left = total_steps(recipe, len(pairs)) - taken
    if not left:
        return Cost(words, 0, 0.0, scoring.seconds, scoring.memory)
    return Cost(
        words, left, 2 * training.macs / 1e12, training.seconds + scoring.seconds, max(training.memory, scoring.memory)
    )


def _state(experiment: Experiment, recipe: Recipe, pairs: Pairs, planned: set[str | None]) -> tuple[str, int]:
    """What is to be done of a training, in words, and how many of its steps were taken."""
    steps, folder = total_steps(recipe, len(pairs)), earlier.training_folder(experiment)
    if experiment.training_key in planned:
        return "that of a row above", steps
    if experiment.request.training.restart or not (folder / state.LAST).is_file():
        return "from the start", 0
    if state.finished(folder):
        return "done", steps
    taken = int(zoo.read_notes(folder / state.LAST)["step"])
    return f"from step {taken:,}", taken


def _numbers(cost: Cost) -> tuple[str, ...]:
    steps, tflop = (f"{cost.steps:,}", f"{cost.tflop:,.3g}") if cost.steps else ("", "")
    return steps, tflop, duration(cost.seconds), f"{cost.memory / 2**30:.1f}"


def _sum(costs: Sequence[Cost], options: EngineOptions) -> str:
    """All of it in a line."""
    if not costs:
        return "everything is done"
    jobs = options.jobs or 1
    memory = sum(sorted((cost.memory for cost in costs), reverse=True)[:jobs]) / 2**30
    several = f" by {jobs} jobs at once" if jobs > 1 else ""
    return (
        f"{len(costs)} experiments to run, {sum(cost.tflop for cost in costs):,.3g} TFLOP of training, about "
        f"{duration(sum(cost.seconds for cost in costs))} on this machine, one after the other; up to {memory:.1f} "
        f"GiB{several}; nothing was started"
    )
