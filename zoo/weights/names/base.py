"""Names in a checkpoint -> layers of ours, found by the file that holds them.

A file `<model>.py` in this folder (`-` written as `_`) has one of

- `layer_of(layer, leaf)`: the name of our layer for the layer of one tensor, where `layer` is all of the tensor's name
  before the last dot (or slash), `leaf` what follows. None where the model has no such layer; `UNUSED` for what is in
  the authors' files and never computed with. `layer/weight` names the weight, too, where the leaf would not tell.
- `layer_of_in(layers)`: a `layer_of` for a file with these layers, where it depends on how many there are.
- `layers_of(layers)`: the same for all layers of a file at once, where only their order tells which is which, as with
  the layers that Keras numbers. Gives our names by the file's; empty where they are not the model's.

A file whose sizes can be read has `TELLING`, tensors that only the model has together, and may have
`options_of(shapes)`, the builder's arguments that the shapes of all tensors tell, and `UNTOLD`, arguments that no file
tells although outputs depend on them. It may have `OPTIONAL`, patterns of our layers that a file may lack, and that a
variant may lack for which a file has tensors; `WITHOUT_OPTIONAL` are the builder's arguments for a model without them.
A file for several models has `MODELS`: model -> its own `layer_of`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import zoo.weights.names
from zoo.errors import ZooError

UNUSED = ""
"""In the place of a layer's name: the authors' files have it, and no output depends on it."""

LayerOf = Callable[[str, str], str | None]
LayerOfIn = Callable[[Sequence[str]], LayerOf]
LayersOf = Callable[[Sequence[str]], Mapping[str, str]]
Shapes = Mapping[str, tuple[int, ...]]
"""The shapes of a file's tensors by their names."""
OptionsOf = Callable[[Shapes], dict[str, Any]]
_SEPARATORS = re.compile(r"(.*)[./]([^./]+)")


@dataclass(frozen=True)
class Names:
    """The map of one model.

    Attributes:
        layer_of: Our layer for the layer and the leaf of a tensor's name.
        layer_of_in: What gives the `layer_of` for a file, instead of it.
        layers_of: Our layers for all layers of a file, instead of either.
        telling: Tensors that only files of this model have together; empty where nothing but all of it tells.
        options_of: The builder's arguments that the shapes of a file's tensors tell; None where they cannot be read.
        untold: The builder's arguments that no file tells although outputs depend on them.
        optional: Patterns of our layers that a file, or a variant, may lack.
        without_optional: What a model is built with for a file that lacks them.
    """

    layer_of: LayerOf | None = None
    layer_of_in: LayerOfIn | None = None
    layers_of: LayersOf | None = None
    telling: tuple[str, ...] = ()
    options_of: OptionsOf | None = None
    untold: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    without_optional: Mapping[str, Any] = field(default_factory=dict)

    def places(self, tensors: Iterable[str]) -> dict[str, tuple[str | None, str]]:
        """Our layer (or `UNUSED`, or None) and the leaf for every tensor."""
        parts = {name: parted(name) for name in tensors}
        theirs = list(dict.fromkeys(layer for layer, _ in parts.values()))
        if self.layers_of is not None:
            layers = self.layers_of(theirs)
            return {name: (layers.get(layer), leaf) for name, (layer, leaf) in parts.items()}
        layer_of = self.layer_of_in(theirs) if self.layer_of_in else self.layer_of
        assert layer_of is not None
        return {name: (layer_of(layer, leaf), leaf) for name, (layer, leaf) in parts.items()}

    def may_lack(self, layer: str) -> bool:
        """Whether a file may have nothing for one of our layers, or a variant may be without it."""
        return any(re.fullmatch(pattern, layer) for pattern in self.optional)

    def has_optional(self, tensors: Iterable[str]) -> bool:
        """Whether a file has something for a layer that it may lack."""
        return any(place and self.may_lack(place.partition("/")[0]) for place, _ in self.places(tensors).values())


def parted(name: str) -> tuple[str, str]:
    """The layer and the leaf of a tensor's name.

    >>> parted("encoder.conv1.weight"), parted("conv2d_3/kernel"), parted("scale")
    (('encoder.conv1', 'weight'), ('conv2d_3', 'kernel'), ('', 'scale'))
    """
    match = _SEPARATORS.fullmatch(name)
    return (match[1], match[2]) if match else ("", name)


def names_of(model: str) -> Names:
    """The map of a model.

    Raises:
        ZooError: When there is none: no file of others is known for it.
    """
    found = _table().get(model)
    if found is None:
        raise ZooError(f"no names of others' layers are known for {model}; known are those of {', '.join(known())}")
    return found


def known() -> list[str]:
    """The models that have a map."""
    return sorted(_table())


@cache
def _table() -> dict[str, Names]:
    """Every map by its model."""
    table: dict[str, Names] = {}
    folder = zoo.weights.names
    for each in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        module = importlib.import_module(each.name)
        own = each.name.rpartition(".")[2].replace("_", "-")
        models = getattr(module, "MODELS", {own: getattr(module, "layer_of", None)})
        for model, layer_of in models.items():
            found = Names(
                layer_of,
                getattr(module, "layer_of_in", None),
                None if layer_of else getattr(module, "layers_of", None),
                tuple(getattr(module, "TELLING", ())),
                getattr(module, "options_of", None),
                tuple(getattr(module, "UNTOLD", ())),
                tuple(getattr(module, "OPTIONAL", ())),
                getattr(module, "WITHOUT_OPTIONAL", {}),
            )
            if found.layer_of or found.layer_of_in or found.layers_of:
                table[model] = found
    return table


def count_in(names: Iterable[str], pattern: str) -> int:
    r"""How many parts are numbered from 0 on: one more than the highest number.

    Args:
        names: Names of tensors.
        pattern: What they begin with, the number in a group.

    >>> count_in(["downs.0.weight", "downs.10.bias", "ups.11.weight"], r"downs\.(\d+)\.")
    11
    """
    return max((1 + int(match[1]) for name in names if (match := re.match(pattern, name))), default=0)


def in_order(layers: Iterable[str]) -> dict[str, list[str]]:
    """Layers that Keras named by class and number, by class, in the order in which they were made.

    Keras numbers on while a program makes models, so only the order counts.

    >>> in_order(["conv2d_10", "conv2d", "conv2d_9", "conv2d_transpose", "batch_normalization"])["conv2d"]
    ['conv2d', 'conv2d_9', 'conv2d_10']
    """
    groups: dict[str, list[tuple[int, str]]] = {}
    for layer in layers:
        match = re.fullmatch(r"(.*?)(?:_(\d+))?", layer)
        assert match is not None
        groups.setdefault(match[1], []).append((int(match[2] or 0), layer))
    return {kind: [layer for _, layer in sorted(numbered)] for kind, numbered in groups.items()}


def zipped(layers: Iterable[str], ours: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Names of ours for layers that Keras numbered; nothing where their number is another.

    Args:
        layers: The file's layers.
        ours: Class of layers -> our names in the order in which the authors' code makes them.

    >>> zipped(["conv2d_7", "conv2d_8"], {"conv2d": ["stem", "sharp"]})
    {'conv2d_7': 'stem', 'conv2d_8': 'sharp'}
    """
    theirs = in_order(layers)
    if {kind: len(names) for kind, names in theirs.items()} != {kind: len(names) for kind, names in ours.items()}:
        return {}
    return {layer: name for kind in ours for layer, name in zip(theirs[kind], ours[kind], strict=True)}
