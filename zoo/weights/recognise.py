"""Which model, and in what sizes, a checkpoint is of: read from the names and shapes of its tensors.

Of some models the sizes can be read (`options_of` in `zoo.weights.names`), also those that no variant has; of others a
file must have as many parameters as a variant. Nothing is guessed between two that fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo import registry
from zoo.errors import ZooError
from zoo.registry import OWN
from zoo.weights.layouts import STATISTICS
from zoo.weights.names.base import UNUSED, Names, known, names_of
from zoo.weights.strangers import stranger_of

_SHOWN = 3
# The layers that a file may lack are a small part of any model.
_OPTIONAL_SHARE = 0.1
_IMPORT = "use `python -m zoo weights import --model NAME --variant NAME FILE`"

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Recognised:
    """What a checkpoint is of.

    Attributes:
        model: Name in the registry.
        variant: The variant; `own` for sizes that are no variant's.
        options: The builder's arguments that say these sizes; empty for a variant.
        untold: The builder's arguments that no file tells although outputs depend on them, as they are taken.
    """

    model: str
    variant: str
    options: Mapping[str, Any] = field(default_factory=dict)
    untold: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.model}/{self.variant}"

    @property
    def said(self) -> str:
        """The model, what of its sizes is unusual where they are no variant's, and what no file tells, in one line."""
        usual = registry.options_of(self.model)
        unusual = {name: value for name, value in self.options.items() if value != usual[name]}
        sizes = f" ({_told(unusual)})" if unusual else ""
        taken = f"; no file tells, so taken as usual: {_told(self.untold)}" if self.untold else ""
        return f"{self}{sizes}{taken}"


def recognise(tensors: Tensors, where: str, model: str | None = None) -> Recognised:
    """What a checkpoint is of.

    Args:
        tensors: Arrays by the names that the authors gave them.
        where: The file, for messages.
        model: Only this model is looked for.

    Raises:
        ZooError: When several fit, or none; the message names them, or what the file looks like, or its first tensors.

    >>> shapes = {"intro.weight": (8, 3, 3, 3), "ending.weight": (3, 8, 3, 3), "downs.0.weight": (16, 8, 2, 2)}
    >>> shapes |= {"intro.bias": (8,), "ending.bias": (3,), "downs.0.bias": (16,), "ups.0.0.weight": (32, 16, 1, 1)}
    >>> found = recognise({name: np.zeros(shape) for name, shape in shapes.items()}, "x.pth")
    >>> str(found), found.options["width"], found.options["encoder_blocks"]
    ('nafnet/own', 8, (0,))
    """
    found = candidates(tensors, model)
    if len(found) == 1:
        return found[0]
    if found:
        raise ZooError(f"{where}: may hold {' or '.join(map(str, found))}, whose tensors are alike; {_IMPORT}")
    raise ZooError(f"{where}: {_looks(tensors, model)}")


def candidates(tensors: Tensors, model: str | None = None) -> list[Recognised]:
    """Everything that a checkpoint may be of, told by names and shapes.

    A model is built only where a file lacks what it may lack and has nearly as many parameters as a variant.

    Args:
        tensors: Arrays by the names that the authors gave them.
        model: Only this model is looked for.
    """
    found = []
    for name in _possible(model):
        names = names_of(name)
        if not _tells(names, tensors) or _unknown(names, tensors):
            continue
        found += _by_number(name, names, tensors) if names.options_of is None else _by_shape(name, names, tensors)
    return found


def _possible(model: str | None) -> list[str]:
    """The models that a file of others may be of."""
    return [name for name in known() if name in registry.list_models() and model in (None, name)]


def _tells(names: Names, tensors: Tensors) -> bool:
    return all(name in tensors for name in names.telling)


def _unknown(names: Names, tensors: Tensors) -> list[str]:
    """The tensors that a model has not."""
    return [name for name, (place, _) in names.places(tensors).items() if place is None]


def _by_shape(model: str, names: Names, tensors: Tensors) -> list[Recognised]:
    """The variants of the sizes that a file has, or the model in sizes of its own."""
    options = _options(names, tensors)
    if isinstance(options, ZooError):
        return []
    defaults, facts = registry.options_of(model), registry.info(model)
    told = {name: {**defaults, **variant.options} for name, variant in facts.variants.items()}
    same = [name for name, having in told.items() if all(having[key] == options[key] for key in options)]
    if same:
        return [Recognised(model, name, {}, {key: told[name][key] for key in names.untold}) for name in same]
    usual = told[facts.default]
    return [Recognised(model, OWN, options, {key: usual[key] for key in names.untold})]


def _options(names: Names, tensors: Tensors) -> dict[str, Any] | ZooError:
    """The builder's arguments that a file tells, or why it tells none."""
    assert names.options_of is not None
    shapes = {name: tuple(array.shape) for name, array in tensors.items()}
    try:
        return names.options_of(shapes)
    except ZooError as error:
        return error
    except (KeyError, IndexError, ValueError) as error:
        # What the sizes are read from is not there, or has other axes.
        return ZooError(f"its sizes cannot be read ({error})")


def _by_number(model: str, names: Names, tensors: Tensors) -> list[Recognised]:
    """The variants that have as many parameters as a file."""
    # Each weight once, however many names it has, and without what is counted apart or not used.
    counted = {
        (place, leaf): math.prod(tensors[name].shape)
        for name, (place, leaf) in names.places(tensors).items()
        if place != UNUSED and leaf not in STATISTICS
    }
    total = sum(counted.values())
    # A variant may leave out what a file has, and a file may lack what a variant has.
    needed = sum(count for (place, _), count in counted.items() if not names.may_lack((place or "").partition("/")[0]))
    return [
        Recognised(model, name)
        for name, variant in registry.info(model).variants.items()
        if variant.parameters in (total, needed) or (needed == total == _without_optional(model, name, at_least=total))
    ]


def _without_optional(model: str, variant: str, at_least: int) -> int:
    """Trainable parameters of a variant without the layers that a file may lack; 0 where these cannot be so many."""
    full, options = registry.info(model).variant(variant).parameters, names_of(model).without_optional
    if not options or not at_least < full < (1 + _OPTIONAL_SHARE) * at_least:
        return 0
    built = registry.create(model, variant, **options)
    return sum(math.prod(weight.shape) for weight in built.trainable_weights)


def _looks(tensors: Tensors, model: str | None) -> str:
    """What a checkpoint of no model looks like."""
    stranger = stranger_of(tensors)
    if stranger is not None and model is None:
        return f"this looks like {stranger}, which the zoo does not have; `python -m zoo list` shows what it has"
    for name in _possible(model):
        names = names_of(name)
        if not names.telling or not _tells(names, tensors):
            continue
        unknown = _unknown(names, tensors)
        if unknown:
            return f"this looks like {name}, but {name} has no {_named(unknown, tensors)}; give a file of {name} alone"
        if names.options_of is not None and isinstance(problem := _options(names, tensors), ZooError):
            return f"this looks like {name}, but {problem}; give the file as its owner offers it"
        return f"this looks like {name} in sizes of no variant; `python -m zoo info {name}` shows the variants"
    what = model or "any model of the zoo"
    shown = _named(list(tensors), tensors)
    return f"not known as weights of {what}; it holds {shown}; if you know the model, {_IMPORT}"


def _named(names: list[str], tensors: Tensors) -> str:
    """The first tensors with their shapes, and how many more there are."""
    shown = ", ".join(f"{name} {tuple(tensors[name].shape)}" for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _told(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items())
