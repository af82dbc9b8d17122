"""Names in a checkpoint -> layers of ours, found by the file that holds them.

A file `<model>.py` in this folder (`-` written as `_`) has one of

- `layer_of(layer, leaf)`: the name of our layer for the layer of one tensor, where `layer` is all of the tensor's name
  before the last dot (or slash), `leaf` what follows. None where the model has no such layer; `UNUSED` for what is in
  the authors' files and never computed with. `layer/weight` names the weight, too, where the leaf would not tell.
- `layers_of(layers)`: the same for all layers of a file at once, where only their order tells which is which, as with
  the layers that Keras numbers. Gives our names by the file's; empty where they are not the model's.

and may have `OPTIONAL`, patterns of our layers that a file may lack, and that a variant may lack for which a file has
tensors; `WITHOUT_OPTIONAL` are the builder's arguments for a model without them. A file for several models has
`MODELS`: model -> its own `layer_of`.
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
LayersOf = Callable[[Sequence[str]], Mapping[str, str]]
_SEPARATORS = re.compile(r"(.*)[./]([^./]+)")


@dataclass(frozen=True)
class Names:
    """The map of one model.

    Attributes:
        layer_of: Our layer for the layer and the leaf of a tensor's name.
        layers_of: Our layers for all layers of a file, instead of `layer_of`.
        optional: Patterns of our layers that a file, or a variant, may lack.
        without_optional: What a model is built with for a file that lacks them.
    """

    layer_of: LayerOf | None = None
    layers_of: LayersOf | None = None
    optional: tuple[str, ...] = ()
    without_optional: Mapping[str, Any] = field(default_factory=dict)

    def places(self, tensors: Iterable[str]) -> dict[str, tuple[str | None, str]]:
        """Our layer (or `UNUSED`, or None) and the leaf for every tensor."""
        parts = {name: parted(name) for name in tensors}
        if self.layers_of is None:
            layer_of = self.layer_of
            assert layer_of is not None
            return {name: (layer_of(layer, leaf), leaf) for name, (layer, leaf) in parts.items()}
        layers = self.layers_of(list(dict.fromkeys(layer for layer, _ in parts.values())))
        return {name: (layers.get(layer), leaf) for name, (layer, leaf) in parts.items()}

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
    table = {}
    folder = zoo.weights.names
    for each in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        module = importlib.import_module(each.name)
        optional = tuple(getattr(module, "OPTIONAL", ()))
        without = getattr(module, "WITHOUT_OPTIONAL", {})
        own = each.name.rpartition(".")[2].replace("_", "-")
        models = getattr(module, "MODELS", {own: getattr(module, "layer_of", None)})
        for model, layer_of in models.items():
            layers_of = None if layer_of else getattr(module, "layers_of", None)
            if layer_of or layers_of:
                table[model] = Names(layer_of, layers_of, optional, without)
    return table


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
