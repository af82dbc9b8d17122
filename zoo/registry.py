"""The one table of models: name, paper, variants, input contract and builder.

A model of one's own is registered as those of the zoo are, and then has all that they have:

>>> import zoo
>>> mine = zoo.ModelInfo("mine", "Mine", "none", "Does nothing.", {"image": zoo.Variant(parameters=0)}, "image")
>>> @zoo.register(mine)
... def build(inputs, *, passes: int = 1):
...     return inputs
>>> zoo.list_models("mine*"), zoo.info("mine").variant().frames
(['mine'], 1)
>>> zoo.unregister("mine")
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from common.errors import did_you_mean, one_line
from common.references import Reference
from zoo import fresh
from zoo.backend import Tensor, global_policy, keras
from zoo.cards import card_html
from zoo.errors import ZooError
from zoo.options import check_options, defaults_of

Builder = Callable[..., Any]


@dataclass(frozen=True)
class Variant:
    """One configuration of a model.

    Attributes:
        parameters: Exact number of weights that a training moves.
        macs: Multiply-accumulates of one pass over a 256x256 image, see `count_macs`.
        receptive_field: Side in pixels of the square of the input that decides a pixel of the output, see
            `zoo.receptive_field`; None for the whole image.
        statistics: Exact number of running statistics of batch normalisation, which no gradient moves.
        frames: Images along the input channels: 1, or 3 for previous, current, next.
        shrink: Pixels by which each side of the output is smaller than that of the input.
        options: Arguments of the builder.
        note: Where the variant comes from.
        listed: Whether overviews show it; the many variants of an ablation are in the model's own card only.
        size_multiple: What height and width must be multiples of, where it is not what the model's entry says.
        fixed_size: Height and width of the only images that it takes; None for any.
    """

    parameters: int
    frames: int = 1
    shrink: int = 0
    macs: int = 0
    receptive_field: int | None = None
    statistics: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    listed: bool = True
    size_multiple: int | None = None
    fixed_size: tuple[int, int] | None = None


ALL = "all"
"""What stands for every model where models are listed."""

OWN = "own"
"""The variant of every model that is a user's."""

IMAGE_CHANNELS = "image_channels"
"""The option by which a builder says that one image has other channels than its entry says."""


@dataclass(frozen=True)
class Own:
    """Where a model comes from that is not of this zoo, see `zoo.register_own`.

    Attributes:
        source: What the user gave: `path/to/file.py:function`, `module:function` or a file.
        sha256: The first digits of the file's SHA-256.
        weighted: Whether the file holds weights, and not only how the model is built.
    """

    source: str
    sha256: str
    weighted: bool = False


WHOLE_IMAGE = "whole image"
"""What is said of a receptive field without an end."""

KINDS = ("small", "video", "still", "text")
"""Kinds of data sets that a model may have a variant of its own for: images of 32 pixels, three frames of a video,
photographs, and photographs of text."""


def field_of(variant: Variant) -> str:
    """The receptive field in words."""
    return WHOLE_IMAGE if variant.receptive_field is None else f"{variant.receptive_field} px"


@dataclass(frozen=True, repr=False)
class ModelInfo:
    """What one needs to know of a model before building it.

    Attributes:
        name: Name in the registry.
        title: The papers' own name.
        paper: Authors, title, year and where the design was read.
        summary: The idea in a sentence or two.
        variants: The configurations by name.
        default: The variant that `create` builds when none is named.
        channels: Channels that the model takes of one image.
        colour: Whether it restores colour images. A model for grey ones has one channel out and takes the grey
            channel `channels` times, or with its medians; colour images are restored channel by channel.
        medians: Widths of the median filters whose results follow the grey channel.
        outputs: What the model returns; the first is the restored image.
        size_multiple: Height and width must be multiples of this.
        minimum_size: Smallest height and width that pass through.
        takes_blur_step: Whether a blur step (batch, 1) is a second input.
        takes_psf: Whether point spread functions (batch, rows, columns, 1) are a second input.
        licence: Licence of the authors' code.
        defaults: The variant for each kind of data set (see `KINDS`) where it is not `default`.
        own: Where a model comes from that is a user's; None for those of this zoo.
        references: What to cite, the model's own paper first.
    """

    name: str
    title: str
    paper: str
    summary: str
    variants: Mapping[str, Variant]
    default: str
    channels: int = 3
    colour: bool = True
    medians: tuple[int, ...] = ()
    outputs: tuple[str, ...] = ("sharp",)
    size_multiple: int = 1
    minimum_size: int = 1
    takes_blur_step: bool = False
    takes_psf: bool = False
    licence: str = "none stated"
    defaults: Mapping[str, str] = field(default_factory=dict)
    own: Own | None = None
    references: tuple[Reference, ...] = ()

    def __repr__(self) -> str:
        return f"<ModelInfo {self.name}: {self.title}, variants {', '.join(self.variants)}>"

    def _repr_html_(self) -> str:
        return card_html(self)

    @property
    def learns(self) -> bool:
        """Whether there is anything to train."""
        return any(variant.parameters for variant in self.variants.values())

    @property
    def own_weights(self) -> Own | None:
        """The user's file whose weights `create` gives; None where they are fresh."""
        return self.own if self.own is not None and self.own.weighted else None

    @property
    def channels_out(self) -> int:
        """Channels of a restored image."""
        return 3 if self.colour else 1

    def variant(self, name: str | None = None) -> Variant:
        """A variant by name, the default one for None.

        Raises:
            ZooError: When the model has no such variant.
        """
        name = self.default if name is None else name
        if name not in self.variants:
            raise ZooError(
                f"{self.name} has no variant {name!r}{did_you_mean(name, self.variants)}; "
                f"choose one of {', '.join(self.variants)}"
            )
        return self.variants[name]

    def for_variant(self, name: str | None = None) -> ModelInfo:
        """The entry as it holds for one variant, the default one for None: with that variant's `size_multiple`."""
        own = self.variant(name).size_multiple
        return self if own is None else replace(self, size_multiple=own)

    def default_for(self, kind: str) -> str:
        """The name of the variant that a kind of data set (see `KINDS`) is met with unless one is named."""
        if kind not in KINDS:
            raise ZooError(
                f"unknown kind of data set {kind!r}{did_you_mean(kind, KINDS)}; take one of {', '.join(KINDS)}"
            )
        return self.defaults.get(kind, self.default)


@dataclass(frozen=True)
class _Entry:
    info: ModelInfo
    builder: Builder


_ENTRIES: dict[str, _Entry] = {}


def register(info: ModelInfo) -> Callable[[Builder], Builder]:
    """A decorator that adds a builder to the table, of this zoo or of anybody's own.

    The builder takes the input tensor (batch, height, width, frames x channels), then the blur step (batch, 1) or the
    point spread functions (batch, rows, columns, 1) if the model takes them, and the variant's options as annotated
    keyword-only arguments. It returns the output tensor, or a list of them where the model has several.

    Args:
        info: The model's entry.

    Raises:
        ZooError: When the name is taken, or the entry speaks of variants, options or kinds that there are not.

    >>> from zoo.entries import stranger
    >>> entry = stranger("brighter", "image", frames=1)
    >>> @register(entry)
    ... def build(inputs, *, gain: float = 1.1):
    ...     return gain * inputs
    >>> create("brighter", gain=1.2).name, unregister("brighter")
    ('brighter.image', None)
    """

    def decorate(builder: Builder) -> Builder:
        if info.name in _ENTRIES:
            raise ZooError(f"model {info.name!r} is registered twice; rename one of them, or unregister the first")
        for variant in (info.default, *info.defaults.values()):
            info.variant(variant)
        for kind in info.defaults:
            info.default_for(kind)
        for variant, facts in info.variants.items():
            check_options(f"{info.name}.{variant}", builder, facts.options)
        _ENTRIES[info.name] = _Entry(info, builder)
        return builder

    return decorate


def unregister(name: str) -> None:
    """Takes a model out of the table.

    Raises:
        ZooError: When there is no such model.

    >>> from zoo.entries import stranger
    >>> _ = register(stranger("mine", "image", frames=1))(lambda inputs: inputs)
    >>> unregister("mine")
    >>> list_models("mine")
    []
    """
    info(name)
    del _ENTRIES[name]


def list_models(pattern: str = "*") -> list[str]:
    """The sorted names of the models that match a shell wildcard.

    >>> import zoo
    >>> zoo.list_models("unet*")
    ['unet1', 'unet2', 'unet3']
    """
    return sorted(name for name in _ENTRIES if fnmatch.fnmatchcase(name, pattern))


def matching(text: str) -> tuple[str, ...]:
    """The models of this zoo that a command line may mean by one text, as `name` or `name/variant`.

    Args:
        text: `all`, a shell wildcard of names (`unet*`), or one of names and one of variants (`*/tiny`). A text without
            wildcard is one model's name, known or not.

    Raises:
        ZooError: When nothing matches a wildcard.

    >>> matching("unet*"), matching("*net*/tiny")[:2], matching("atrous/tiny")
    (('unet1', 'unet2', 'unet3'), ('indexnet/tiny', 'mprnet/tiny'), ('atrous/tiny',))
    """
    if not is_wildcard(text):
        return (text,)
    names, _, variants = ("*" if text == ALL else text).partition("/")
    infos = [own for own in map(info, list_models(names)) if own.own is None]
    if not variants:
        found = [own.name for own in infos]
    else:
        found = [f"{own.name}/{each}" for own in infos for each in own.variants if fnmatch.fnmatchcase(each, variants)]
    if not found:
        raise ZooError(f"no model matches {text!r}; choose of {', '.join(list_models())}, like unet* or */tiny")
    return tuple(found)


def is_wildcard(text: str) -> bool:
    """Whether a text for models means all that match it.

    >>> is_wildcard("*/tiny"), is_wildcard("all"), is_wildcard("nafnet")
    (True, True, False)
    """
    return text == ALL or any(sign in text for sign in "*?[")


def info(name: str) -> ModelInfo:
    """The entry of a model.

    Raises:
        ZooError: When there is no such model; the message names the nearest one.

    >>> import zoo
    >>> zoo.info("carlo").title, zoo.info("carlo").variant("tiny").frames
    ('CARLO_NET', 1)
    """
    return _entry(name).info


def _entry(name: str) -> _Entry:
    if not isinstance(name, str):
        raise ZooError(f"a model's name is expected, like 'atrous', not {one_line(name)}; zoo.list_models() has all")
    if name not in _ENTRIES:
        raise ZooError(
            f"unknown model {name!r}{did_you_mean(name, _ENTRIES)}; choose one of {', '.join(list_models())}"
        )
    return _ENTRIES[name]


def options_of(name: str) -> dict[str, Any]:
    """What the builder of a model may be told, with the defaults.

    Raises:
        ZooError: When there is no such model.
    """
    return defaults_of(_entry(name).builder)


def create(name: str, variant: str | None = None, dtype: str | None = None, **options: Any) -> keras.Model:
    """Builds a model with fresh weights.

    Args:
        name: Name in the registry.
        variant: One of the model's variants; None takes the default one.
        dtype: Keras dtype policy of all layers (`"float32"`, `"float64"`, `"mixed_bfloat16"`, ...); None takes
            the global one. Weights, and so the output, keep the policy's variable dtype.
        **options: Arguments of the builder that replace those of the variant, e.g. `slope=0.2`.

    Returns:
        A functional model from (batch, height, width, frames x channels) in [0, 1], and the blur step (batch, 1) or the
        point spread functions (batch, rows, columns, 1) where the model takes them, to (batch, height, width, 3 or
        1), or a list of such; its name is `"<name>.<variant>"`.

    Raises:
        ZooError: For unknown names and options, options of a wrong type, and values that give no model.

    >>> import zoo
    >>> zoo.create("carlo", "tiny", filters=4).name
    'carlo.tiny'
    """
    entry = _entry(name)
    chosen, contract = entry.info.variant(variant), entry.info.for_variant(variant)
    check_options(name, entry.builder, options)
    told = {**chosen.options, **options}
    with global_policy(dtype):
        inputs = _inputs(contract, chosen, told.get(IMAGE_CHANNELS, contract.channels))
        try:
            outputs = entry.builder(_checked(inputs[0], contract), *inputs[1:], **told)
        except (TypeError, ValueError) as error:
            if isinstance(error, ZooError) or not options:
                raise
            said = next(iter(str(error).splitlines()), type(error).__name__)
            shown = ", ".join(f"{option}={value!r}" for option, value in options.items())
            raise ZooError(f"{name} cannot be built with {shown}: {said}") from error
        full_name = f"{name}.{variant or entry.info.default}"
        model = keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs, name=full_name)
    fresh.remember(model)
    return model


def _inputs(entry_info: ModelInfo, variant: Variant, channels: int) -> list[Tensor]:
    """The symbolic inputs of a model, the images first, each of so many channels."""
    full = keras.config.dtype_policy().variable_dtype
    sides = variant.fixed_size or (None, None)
    inputs = [keras.Input((*sides, variant.frames * channels), dtype=full, name="blurry")]
    if entry_info.takes_blur_step:
        inputs.append(keras.Input((1,), dtype=full, name="blur_step"))
    if entry_info.takes_psf:
        inputs.append(keras.Input((None, None, 1), dtype=full, name="psf"))
    return inputs


def spoken(model: keras.Model) -> str:
    """A model's name and variant as messages and tables write them, `atrous/tiny`; Keras allows no slash in names."""
    return str(model.name).replace(".", "/", 1)


def parted(text: str) -> tuple[str, str | None]:
    """Name and variant of what a command line calls a model; None for the usual variant.

    >>> parted("atrous/tiny"), parted("atrous")
    (('atrous', 'tiny'), ('atrous', None))
    """
    name, _, variant = text.partition("/")
    return name, variant or None


def _checked(inputs: Any, entry_info: ModelInfo) -> Any:
    """The input behind a layer that refuses sides which the model cannot divide."""
    if entry_info.size_multiple == 1:
        return inputs
    from zoo.layers.size_multiple import SizeMultiple

    full = keras.config.dtype_policy().variable_dtype
    return SizeMultiple(entry_info.size_multiple, entry_info.name, dtype=full, name="size")(inputs)
