"""The entry of a model in hand: of the registry, in sizes that no variant has, or made of what its shapes tell."""

from __future__ import annotations

import weakref
from dataclasses import replace

from common.errors import one_line
from zoo.backend import keras
from zoo.errors import ZooError
from zoo.registry import OWN, ModelInfo, Variant, info, list_models, parted, spoken
from zoo.shapes import fixed_size, frames_and_multiple


def identify(model: keras.Model) -> tuple[ModelInfo, str]:
    """The registry entry and the variant name of a model that `create` built, also after loading.

    A functional Keras model of nobody here that takes one image, or three frames, and gives one back has an entry, too:
    what it takes is read from its shapes.

    Raises:
        ZooError: When it is neither a registered model and variant nor such a model.

    >>> import zoo
    >>> entry, variant = identify(zoo.create("carlo", "tiny"))
    >>> entry.name, variant
    ('carlo', 'tiny')
    """
    if not isinstance(model, keras.Model):
        raise ZooError(f"a model is expected, not {one_line(model)}; zoo.load or zoo.create gives one")
    name, _, variant = model.name.partition(".")
    if name in list_models() and variant in info(name).variants:
        return info(name), variant
    if name in list_models() and variant == OWN:
        found = in_own_sizes(name, model.inputs[0].shape[-1], f"model {spoken(model)}")
        given = model.outputs[0].shape[-1]
        if given != found.channels_out:
            raise ZooError(f"model {spoken(model)}: gives {given} channels for {found.channels}; call the model itself")
        return found, variant
    if model not in _strangers:
        _strangers[model] = _stranger(model)
    return _strangers[model]


_strangers: weakref.WeakKeyDictionary[keras.Model, tuple[ModelInfo, str]] = weakref.WeakKeyDictionary()


def _stranger(model: keras.Model) -> tuple[ModelInfo, str]:
    """The entry of a model that nobody registered, as far as its shapes tell it."""
    try:
        frames, multiple = frames_and_multiple(model)
    except ZooError as error:
        raise ZooError(
            f"model {model.name!r} is not of this zoo, and {error}; build it with zoo.create or load such a file"
        ) from error
    name, variant = parted(spoken(model))
    return stranger(name, variant or OWN, frames, multiple, fixed_size(model)), variant or OWN


def stranger(name: str, variant: str, frames: int, multiple: int = 1, size: tuple[int, int] | None = None) -> ModelInfo:
    """The entry of a colour model of which only the images that it takes are known."""
    facts = Variant(parameters=0, frames=frames, fixed_size=size)
    about = "A model that is not of this zoo."
    return ModelInfo(name, name, "none", about, {variant: facts}, variant, size_multiple=multiple)


def in_own_sizes(name: str, channels: int, where: str) -> ModelInfo:
    """The entry of a model in sizes that are no variant's, as files of others have them.

    Args:
        name: Name in the registry.
        channels: Channels of the image that it takes.
        where: The model or its file, for the message.

    Raises:
        ZooError: When it takes other than colour images or grey ones.
    """
    usual = info(name)
    if channels not in (1, usual.channels):
        raise ZooError(
            f"{where}: takes images of {channels} channels, which nothing here makes; call the loaded model itself"
        )
    sizes = {OWN: Variant(parameters=0, note="sizes of a file")}
    return replace(usual, variants=sizes, default=OWN, defaults={}, channels=channels, colour=channels > 1)
