"""The one table of networks: name, paper, variants, input contract and builder."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.lazy import lazy_module

if TYPE_CHECKING:
    import keras
else:
    keras = lazy_module("keras")

Builder = Callable[..., Any]


@dataclass(frozen=True)
class Variant:
    """One configuration of a network.

    Attributes:
        parameters: Exact number of weights, counting those that no gradient reaches.
        frames: Pictures along the input channels: 1, or 3 for previous, current, next.
        options: Arguments of the builder.
        note: Where the variant comes from.
    """

    parameters: int
    frames: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class ModelInfo:
    """What one needs to know of a network before building it.

    Attributes:
        name: Name in the registry.
        title: The papers' own name.
        paper: Authors, title, year and where the design was read.
        summary: The idea in a sentence or two.
        variants: The configurations by name.
        default: The variant that `create` builds when none is named.
        channels: Channels of one picture.
        size_multiple: Height and width must be multiples of this.
        minimum_size: Smallest height and width that pass through.
        takes_blur_step: Whether a scalar blur step is a second input.
        shrink: Pixels by which each side of the output is smaller than that of the input.
        licence: Licence of the authors' code.
    """

    name: str
    title: str
    paper: str
    summary: str
    variants: Mapping[str, Variant]
    default: str
    channels: int = 3
    size_multiple: int = 1
    minimum_size: int = 1
    takes_blur_step: bool = False
    shrink: int = 0
    licence: str = "none stated"

    def variant(self, name: str | None = None) -> Variant:
        """Returns a variant by name, the default one for None.

        Raises:
            ZooError: When the network has no such variant.
        """
        name = name or self.default
        if name not in self.variants:
            raise ZooError(
                f"{self.name} has no variant {name!r}{_nearest(name, self.variants)}; "
                f"choose one of {', '.join(self.variants)}"
            )
        return self.variants[name]


@dataclass(frozen=True)
class _Entry:
    info: ModelInfo
    builder: Builder


_ENTRIES: dict[str, _Entry] = {}


def register(info: ModelInfo) -> Callable[[Builder], Builder]:
    """Returns a decorator that adds a builder to the table.

    The builder takes the input tensor (batch, height, width, frames x channels) and the variant's options, and
    returns the output tensor.

    Args:
        info: The network's entry.
    """

    def decorate(builder: Builder) -> Builder:
        if info.name in _ENTRIES:
            raise ZooError(f"network {info.name!r} is registered twice; rename one of them")
        _ENTRIES[info.name] = _Entry(info, builder)
        return builder

    return decorate


def list_models(pattern: str = "*") -> list[str]:
    """Returns the sorted names of the networks that match a shell wildcard such as `"unet*"`."""
    return sorted(name for name in _ENTRIES if fnmatch.fnmatchcase(name, pattern))


def info(name: str) -> ModelInfo:
    """Returns the entry of a network.

    Raises:
        ZooError: When there is no such network; the message names the nearest one.
    """
    if name not in _ENTRIES:
        raise ZooError(f"unknown model {name!r}{_nearest(name, _ENTRIES)}; choose one of {', '.join(list_models())}")
    return _ENTRIES[name].info


def options_of(name: str) -> dict[str, Any]:
    """Returns what the builder of a network may be told, with the defaults.

    Raises:
        ZooError: When there is no such network.
    """
    info(name)
    return dict(_ENTRIES[name].builder.__kwdefaults__ or {})


def create(name: str, variant: str | None = None, dtype: str | None = None, **options: Any) -> keras.Model:
    """Builds a network with fresh weights.

    Args:
        name: Name in the registry.
        variant: One of the network's variants; None takes the default one.
        dtype: Keras dtype policy of all layers (`"float32"`, `"float64"`, `"mixed_bfloat16"`, ...); None takes
            the global one. Weights, and so the output, keep the policy's variable dtype.
        **options: Arguments of the builder that replace those of the variant, e.g. `slope=0.2`.

    Returns:
        A functional model from (batch, height, width, frames x channels) in [0, 1] to (batch, height, width,
        channels), named `"<name>.<variant>"`.

    Raises:
        ZooError: For unknown names and options.
    """
    entry_info = info(name)
    chosen = entry_info.variant(variant)
    _check_options(name, options)
    with _policy(dtype):
        weights_dtype = keras.config.dtype_policy().variable_dtype
        inputs = keras.Input((None, None, chosen.frames * entry_info.channels), dtype=weights_dtype, name="blurry")
        outputs = _ENTRIES[name].builder(inputs, **{**chosen.options, **options})
        return keras.Model(inputs, outputs, name=f"{name}.{variant or entry_info.default}")


def identify(model: keras.Model) -> tuple[ModelInfo, str]:
    """Returns the registry entry and the variant name of a model that `create` built, also after loading.

    Raises:
        ZooError: When the model's name is not that of a registered network and variant.
    """
    name, _, variant = model.name.partition(".")
    if name not in _ENTRIES or variant not in _ENTRIES[name].info.variants:
        raise ZooError(f"model {model.name!r} is not of this zoo; build it with zoo.create or load such a file")
    return _ENTRIES[name].info, variant


def _check_options(name: str, options: Mapping[str, Any]) -> None:
    """Raises ZooError for an option that the builder does not take."""
    known = options_of(name)
    for option in options:
        if option not in known:
            raise ZooError(
                f"{name} has no option {option!r}{_nearest(option, known)}; it takes {', '.join(known) or 'none'}"
            )


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    """Returns `" (did you mean ...?)"`, or nothing when no name is near."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


@contextmanager
def _policy(dtype: str | None) -> Iterator[None]:
    """Sets Keras' global dtype policy for the layers built inside the block."""
    before = keras.config.dtype_policy()
    if dtype is not None:
        try:
            keras.config.set_dtype_policy(dtype)
        except (ValueError, TypeError) as error:
            raise ZooError(
                f"unknown dtype {dtype!r}; take float32, float64, mixed_bfloat16 or another Keras policy"
            ) from error
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
