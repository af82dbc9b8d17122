"""What the papers' recipes ask of 1, 8 and 64 GPUs: time, batch, learning rate, feeding, storage, checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import zoo
from benchmarks.recipes.recipe import Recipe
from benchmarks.speed import cases
from benchmarks.tables.markup import RST
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets
from extensions.tables import Budget, budgets, table

GPUS = (1, 8, 64)
"""How many GPUs are planned for."""

RATE = 25e12
"""Multiply-accumulates a second that one GPU is taken to reach."""

FAILURE_HOURS = 50_000.0
"""Hours of one GPU between two failures that end a training, as is assumed."""

DISK = 500e6
"""Bytes a second at which a checkpoint is written, as is assumed."""

_PER_HOST = 8
_HOUR, _DAY = 3600.0, 86400.0
# Weights and Adam's two moments, of four bytes each.
_CHECKPOINT_BYTES = 12
_SETTLING = 1.0


@dataclass(frozen=True)
class Plan:
    """A recipe on so many GPUs.

    Attributes:
        gpus: How many of them it can use.
        batch: Crops of a step, on all GPUs together.
        learning_rate: At the start.
        steps: Steps in all.
        seconds: Time of all of them.
        crops: Crops a second.
    """

    gpus: int
    batch: int
    learning_rate: float
    steps: int
    seconds: float
    crops: float


def plan(budget: Budget, gpus: int, rate: float = RATE) -> Plan:
    """A recipe on so many GPUs: its own batch where they can share it, else the next larger one that they can.

    A batch that is k times as large takes a k-th of the steps and a learning rate that is sqrt(k) times as large. A
    training against a critic uses one GPU.
    """
    recipe = budget.recipe
    gpus = gpus if recipe.adversarial is None else 1
    batch = -(-recipe.data.batch // gpus) * gpus
    growth = batch / recipe.data.batch
    steps = math.ceil(budget.steps / growth)
    seconds = steps * growth * budget.step_macs / (gpus * rate)
    return Plan(
        gpus, batch, recipe.optimiser.learning_rate * math.sqrt(growth), steps, seconds, steps * batch / seconds
    )


def interval(write: float, between_failures: float) -> float:
    """Seconds between two checkpoints that lose least: Young's sqrt(2 d M) with Daly's correction of higher order.

    Sources: Young, "A first order approximation to the optimum checkpoint interval" (1974); Daly, "A higher order
    estimate of the optimum checkpoint interval for restart dumps" (2006).

    Args:
        write: Seconds that a checkpoint takes.
        between_failures: Mean seconds between two failures.
    """
    if write >= 2 * between_failures:
        return between_failures
    share = write / (2 * between_failures)
    return math.sqrt(2 * write * between_failures) * (1 + math.sqrt(share) / 3 + share / 9) - write


def lost(every: float, write: float, between_failures: float) -> float:
    """The share of time that checkpoints, and what is computed again after a failure, take."""
    return write / (every + write) + (every + write) / (2 * between_failures)


@cache
def store_rate() -> float:
    """Pairs of crops of 256x256 a second that one thread reads from the frame store, measured on this machine."""
    (found,) = cases.crops()
    return found.ours


def plans() -> str:
    """Batch, learning rate and time of every paper's recipe."""
    lines = []
    for budget in budgets():
        cells = []
        for gpus in GPUS:
            made = plan(budget, gpus)
            cells += [
                f"{made.batch} = {made.gpus} × {made.batch // made.gpus}",
                f"{made.learning_rate:.2g}",
                _span(made.seconds),
            ]
        lines.append([RST.code(budget.name), f"{budget.steps:,}", *cells])
    header = ["recipe", "steps"]
    for gpus in GPUS:
        header += [f"batch, {gpus} GPU{'s' if gpus > 1 else ''}", "rate", "time"]
    return table(header, lines)


def feeding() -> str:
    """Crops a second that every recipe takes, and the threads of a host that give them."""
    lines = []
    for budget in budgets():
        cells = []
        for gpus in GPUS:
            made = plan(budget, gpus)
            crops = made.crops
            per_host = crops / max(1, made.gpus // _PER_HOST)
            # What a crop costs goes with its pixels.
            threads = per_host * (budget.recipe.data.crop / cases.CROP) ** 2 / store_rate()
            cells += [f"{crops:,.0f}", f"{max(1, math.ceil(threads))}"]
        lines.append([RST.code(budget.name), str(budget.recipe.data.crop), *cells])
    header = ["recipe", "crop"]
    for gpus in GPUS:
        header += [f"crops/s, {gpus} GPU{'s' if gpus > 1 else ''}", "threads a host"]
    return table(header, lines)


def feeding_rate() -> str:
    """What the feeding table stands on."""
    (found,) = cases.crops()
    return (
        "Measured when this page was built, as ``deblur-zoo speed`` does, on one thread of the machine that built "
        f"it: {found.ours:,.0f} pairs of crops of 256x256 a second from the frame store, {found.other:,.0f} where each "
        "crop decodes its PNG files.\n"
    )


def storage() -> str:
    """What decoded frames take of a disk, for data sets of one size of images."""
    lines = []
    for info in map(dataset_info, list_datasets()):
        pairs = sum(info.splits.values())
        if info.frame_size is None or not pairs or not info.protocols:
            continue
        height, width = info.frame_size
        size = 2 * pairs * height * width * info.channels
        lines.append([RST.code(info.name), f"{pairs:,}", f"{height}x{width}", f"{size / 1e9:,.1f} GB"])
    return table(["data set", "pairs, all splits", "images", "frame store"], lines)


def checkpoints() -> str:
    """How often a checkpoint should be written, and what failures and checkpoints cost."""
    lines = []
    for budget in budgets():
        size = _CHECKPOINT_BYTES * zoo.info(budget.recipe.model).variant(budget.recipe.variant).parameters
        write = _SETTLING + size / DISK
        cells = []
        for gpus in GPUS:
            made = plan(budget, gpus)
            between = FAILURE_HOURS * _HOUR / made.gpus
            every = interval(write, between)
            expected = made.seconds / between
            cells += [_span(every), f"{lost(every, write, between):.2%}", f"{expected:.2g}"]
        lines.append([RST.code(budget.name), f"{size / 1e6:,.0f} MB", *cells])
    header = ["recipe", "checkpoint"]
    for gpus in GPUS:
        header += [f"every, {gpus} GPU{'s' if gpus > 1 else ''}", "lost", "failures"]
    return table(header, lines)


def usual_interval() -> str:
    """What the two minutes of this project's checkpoints cost, at the worst of all recipes."""
    found = []
    for recipe in _recipes():
        size = _CHECKPOINT_BYTES * zoo.info(recipe.model).variant(recipe.variant).parameters
        found.append(lost(120.0, _SETTLING + size / DISK, FAILURE_HOURS * _HOUR / GPUS[-1]))
    return f"Every two minutes, as trainings here write them, at most {max(found):.1%} of the time goes that way.\n"


def _recipes() -> Iterator[Recipe]:
    return (budget.recipe for budget in budgets())


def _span(seconds: float) -> str:
    """A time in the largest unit that it has one of."""
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (60.0, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.2g} s"


MADE: Mapping[str, Callable[[], str]] = {
    "plans": plans,
    "feeding": feeding,
    "feeding_rate": feeding_rate,
    "storage": storage,
    "checkpoints": checkpoints,
    "usual_interval": usual_interval,
}
"""Name in the directive -> what makes its text."""
