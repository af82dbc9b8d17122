"""Tensors of a checkpoint put into a model: each used once, each weight filled once, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.backend import keras
from zoo.errors import ZooError
from zoo.registry import spoken
from zoo.weights.layouts import STATISTICS, arranged, owner_of, weight_for, weights_of
from zoo.weights.names.base import UNUSED, Names
from zoo.weights.recognise import candidates

_SHOWN = 3


@dataclass(frozen=True)
class Filled:
    """What became of a checkpoint.

    Attributes:
        used: Number of tensors that are now weights.
        unused: Names of tensors that no output depends on, of the authors' model or of this variant.
        lacking: Our weights for which the file had nothing, of layers that may lack it.
    """

    used: int
    unused: tuple[str, ...]
    lacking: tuple[str, ...]


@dataclass
class _Plan:
    """What goes where, and what does not fit."""

    values: dict[str, tuple[Any, np.ndarray, str]] = field(default_factory=dict)
    used: int = 0
    tried: set[str] = field(default_factory=set)
    unused: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def fill(model: keras.Model, tensors: Mapping[str, np.ndarray], names: Names, layout: str, where: str) -> Filled:
    """Puts the tensors of a checkpoint into a model.

    Args:
        model: The model; it stays as it is when anything does not fit.
        tensors: Arrays by the names that the authors gave them.
        names: The map to our layers.
        layout: Whose order of axes the arrays have, see `zoo.weights.layouts`.
        where: The file, for messages.

    Raises:
        ZooError: When a tensor is not known or of another shape, when a weight gets none or two that differ, or when
            numbers are not finite; the message names the first ones with their shapes, and what they would fit.
    """
    plan = _planned(model, tensors, names, layout)
    lacking = []
    for layer, weight in _every_weight(model):
        if weight.path in plan.tried:
            continue
        if names.may_lack(layer.name):
            lacking.append(weight.path)
        else:
            plan.problems.append(f"nothing for {weight.path} {tuple(weight.shape)}")
    if plan.problems:
        shown = "; ".join(plan.problems[:_SHOWN])
        more = f"; and {len(plan.problems) - _SHOWN} more" if len(plan.problems) > _SHOWN else ""
        raise ZooError(f"{where}: does not fit {spoken(model)}: {shown}{more}{_advice(model, tensors)}")
    for weight, value, _ in plan.values.values():
        weight.assign(value)
    return Filled(plan.used, tuple(plan.unused), tuple(lacking))


def _every_weight(model: keras.Model) -> Iterable[tuple[keras.layers.Layer, Any]]:
    return ((layer, weight) for layer in model.layers for weight in layer.weights)


def _planned(model: keras.Model, tensors: Mapping[str, np.ndarray], names: Names, layout: str) -> _Plan:
    """Looks for the weight of every tensor."""
    layers = {layer.name: layer for layer in model.layers}
    plan = _Plan()
    for name, (place, leaf) in names.places(tensors).items():
        array = tensors[name]
        if place == UNUSED:
            plan.unused.append(name)
            continue
        inside = layers.get((place or "").partition("/")[0])
        if inside is None and place and names.may_lack(place):
            # A part that this variant leaves out.
            plan.unused.append(name)
            continue
        given = (place or "").partition("/")[2]
        weight = None if inside is None else given or weight_for(inside, leaf)
        if inside is not None and weight is None and _needs_none(inside, leaf):
            plan.unused.append(name)
            continue
        variable = weights_of(inside).get(weight) if inside is not None and weight else None
        if inside is None or weight is None or variable is None:
            missing = f", no {place} here" if place else ""
            plan.problems.append(f"{name} {array.shape} is not known{missing}")
            continue
        value = arranged(array, owner_of(inside, variable), weight, tuple(variable.shape), layout)
        _put(plan, name, array, value, variable)
    return plan


def _put(plan: _Plan, name: str, array: np.ndarray, value: np.ndarray, variable: Any) -> None:
    """Notes a value for a weight, or what is wrong with it."""
    plan.tried.add(variable.path)
    if value.shape != tuple(variable.shape):
        wanted = f"{tuple(variable.shape)} of {variable.path}"
        turned = "" if value.shape == array.shape else f", turned {value.shape},"
        plan.problems.append(f"{name} {array.shape}{turned} is not the {wanted}")
    elif not np.isfinite(value).all():
        plan.problems.append(f"{name} {array.shape} has numbers that are not finite")
    elif variable.path not in plan.values:
        plan.values[variable.path] = (variable, value, name)
        plan.used += 1
    elif np.array_equal(plan.values[variable.path][1], value):
        # One weight of the authors' model may stand in a file under every name by which it is reached.
        plan.used += 1
    else:
        other = plan.values[variable.path][2]
        plan.problems.append(f"{name} {array.shape} differs from {other}, and both are {variable.path}")


def _needs_none(layer: keras.layers.Layer, leaf: str) -> bool:
    """Whether running statistics are of no use to a layer, which takes each image's own."""
    from zoo.layers import InstanceNormalization

    return leaf in STATISTICS and isinstance(layer, InstanceNormalization)


def _advice(model: keras.Model, tensors: Mapping[str, np.ndarray]) -> str:
    """Which models and variants a checkpoint fits instead, for the end of a message."""
    others = [name for name in map(str, candidates(tensors)) if name != spoken(model)]
    return f"; it fits {' and '.join(others)}" if others else ""
