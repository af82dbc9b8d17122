"""What stands around the weights in a checkpoint: containers, prefixes and the state of a training, by rule.

1. A file whose tensors lie in one of the usual containers (`CONTAINERS`) is opened there, again and again; so is a
   container of any other name that holds all of a file. The order is the preference: whoever keeps the running mean of
   the weights (`params_ema`) beside the weights means it to be used. A key that is given is opened first, and must be
   there.
2. What lies outside the opened container is the state of a training (optimiser, schedule, losses) and is left out.
   Where nothing was opened, only containers with names of such state are left out; anything else must fit.
3. A prefix that wrapping a model adds (`module.`, `_orig_mod.`, `net.`) falls away where every name has it; `model.`
   only before a name, as some models number their layers behind it.
4. Counters of batches, whole numbers that no model computes with, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from common.errors import did_you_mean
from zoo.errors import ZooError

CONTAINERS = (
    "params_ema",
    "params-ema",
    "params",
    "model_state_dict",
    "state_dict",
    "model",
    "net",
    "generator",
    "opt/target",
    "target",
)
"""Where weights lie, the first that is there."""

STATE = ("optimizer", "optimizers", "optimizer_states", "opt", "opt_state", "scheduler", "schedulers", "lr_schedulers")
"""Containers of what only a training needs."""

# What wrapping a model puts before every name.
_PREFIX = re.compile(r"module\.|_orig_mod\.|netG\.|net\.|network\.|generator\.|model\.(?!\d)")

_COUNTERS = ("num_batches_tracked",)
_SHOWN = 5


@dataclass(frozen=True)
class Opened:
    """The weights out of a file.

    Attributes:
        tensors: Arrays by their names in the model.
        keys: The containers that were opened.
        left_out: Names in the file that are no weights of the model.
    """

    tensors: dict[str, np.ndarray]
    keys: tuple[str, ...]
    left_out: tuple[str, ...]


def opened(flat: Mapping[str, np.ndarray], key: str | None, where: str) -> Opened:
    """Takes the weights out of what a file holds.

    Args:
        flat: Arrays by flat name, see `zoo.weights.formats`.
        key: The container of the weights; None to find it by the rule.
        where: The file, for messages.

    Raises:
        ZooError: When there is no such container, or no weights.

    >>> found = opened({"params/module.a.weight": np.zeros(2), "optimizer/0": np.ones(3)}, None, "x.pth")
    >>> list(found.tensors), found.keys, found.left_out
    (['a.weight'], ('params',), ('optimizer/0',))
    """
    tensors = dict(flat)
    keys: list[str] = []
    while chosen := _container(tensors, key if not keys else None):
        keys.append(chosen)
        tensors = {name.removeprefix(f"{chosen}/"): each for name, each in tensors.items() if _within(name, chosen)}
    if key is not None and key not in keys:
        there = sorted({name.partition("/")[0] for name in flat if "/" in name})
        shown = ", ".join(there[:_SHOWN]) or "no container"
        raise ZooError(f"{where}: has no {key!r}{did_you_mean(key, there)}; it has {shown}")
    if not keys:
        tensors = {name: each for name, each in tensors.items() if not _is_state(name)}
    tensors = _without_prefixes({name: each for name, each in tensors.items() if not _is_counter(name)})
    if not tensors:
        raise ZooError(f"{where}: holds no weights; give the file that its owner offers")
    before = "".join(f"{each}/" for each in keys)
    outside = [name for name in flat if not name.startswith(before) or (not keys and _is_state(name))]
    left_out = [*outside, *(name for name in flat if _is_counter(name) and name not in outside)]
    return Opened(tensors, tuple(keys), tuple(left_out))


def _container(names: Iterable[str], key: str | None) -> str | None:
    """The container to open next; None where there is none."""
    names = list(names)
    found = next((each for each in ((key,) if key else CONTAINERS) if any(_within(n, each) for n in names)), None)
    return found if found or key else _only(names)


def _only(names: list[str]) -> str | None:
    """The container that holds everything, of whatever name; Keras and Flax have slashes in names of layers, too."""
    outer = {name.partition("/")[0] for name in names if "/" in name}
    dotted = any("." in name.partition("/")[2] for name in names)
    return outer.pop() if dotted and len(outer) == 1 and all("/" in name for name in names) else None


def _within(name: str, container: str) -> bool:
    return name.startswith(f"{container}/")


def _is_state(name: str) -> bool:
    return any(_within(name, each) for each in STATE)


def _is_counter(name: str) -> bool:
    return name.rpartition(".")[2] in _COUNTERS


def _without_prefixes(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    while (found := {_prefix(name) for name in tensors}) and len(found) == 1 and (prefix := found.pop()):
        tensors = {name.removeprefix(prefix): each for name, each in tensors.items()}
    return tensors


def _prefix(name: str) -> str:
    match = _PREFIX.match(name)
    return match[0] if match else ""
