"""Options of builders: their names, defaults and types, read from the builder itself."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Annotated, Any, NamedTuple

from common.errors import did_you_mean
from zoo.errors import ZooError

INFERENCE_MODES = ("local", "global")
"""Where a model that goes by means may take them: over windows as large as training has seen, or over the image."""


class Least(NamedTuple):
    """Beside a whole number's type, the least that it may be; without it that is 1."""

    number: int


Count = Annotated[int, Least(0)]
"""The type of an option that counts what a model may also do without."""


def defaults_of(builder: Callable[..., Any]) -> dict[str, Any]:
    """The options of a builder, its keyword-only arguments, with their defaults."""
    return dict(builder.__kwdefaults__ or {})


def check_options(name: str, builder: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Refuses options that a builder does not take, or not of that type.

    Args:
        name: Name of the model, for the message.
        builder: The function; the annotations of its keyword-only arguments say what they take.
        options: What is asked for.

    Raises:
        ZooError: The message names the option, its value, and what is expected.
    """
    known = defaults_of(builder)
    for option in options:
        if option not in known:
            raise ZooError(
                f"{name} has no option {option!r}{did_you_mean(option, known)}; it takes {', '.join(known) or 'none'}"
            )
    if not options:
        return
    wanted = typing.get_type_hints(builder, include_extras=True)
    for option, value in options.items():
        if not fits(value, wanted.get(option, Any)):
            raise ZooError(
                f"{name}: option {option}={value!r} must be {described(wanted[option])}, not {type(value).__name__}; "
                f"the default is {known[option]!r}"
            )
        least = _least(wanted.get(option, Any))
        if least is not None and value < least:
            raise ZooError(
                f"{name}: option {option}={value!r} must be at least {least}; the default is {known[option]!r}"
            )


def _least(wanted: Any) -> int | None:
    """The least that an option of an annotated type may be; None for what is no whole number."""
    if wanted is int:
        return 1
    return next((each.number for each in getattr(wanted, "__metadata__", ()) if isinstance(each, Least)), None)


def fits(value: Any, wanted: Any) -> bool:
    """Whether a value is of an annotated type; whole numbers are numbers, lists are tuples, True is no number.

    >>> fits(5, int), fits("5", int), fits(5, float), fits(True, int), fits([1, 2], tuple[int, ...])
    (True, False, True, False, True)
    """
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if wanted is Any:
        return True
    if origin is Annotated:
        return fits(value, arguments[0])
    if wanted is None or wanted is type(None):
        return value is None
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, each) for each in arguments)
    if origin is typing.Literal:
        return value in arguments
    if wanted in (int, float):
        return isinstance(value, Integral if wanted is int else Real) and not isinstance(value, bool)
    if origin in (tuple, list, Sequence):
        return _fits_sequence(value, origin, arguments)
    return isinstance(value, origin or wanted)


def _fits_sequence(value: Any, origin: Any, arguments: tuple[Any, ...]) -> bool:
    if not isinstance(value, (tuple, list)):
        return False
    if origin is tuple and Ellipsis not in arguments:
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    return all(fits(each, arguments[0]) for each in value)


def described(wanted: Any) -> str:
    """A type in words.

    >>> described(tuple[int, ...])
    'a sequence, each a whole number'
    """
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    words = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", type(None): "None"}
    if wanted in words:
        return words[wanted]
    if origin is Annotated:
        return described(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(described(each) for each in arguments)
    if origin is typing.Literal:
        return " or ".join(map(repr, arguments))
    if origin is tuple and Ellipsis not in arguments:
        return f"a sequence of {len(arguments)} ({', '.join(described(each) for each in arguments)})"
    if origin in (tuple, list, Sequence):
        return f"a sequence, each {described(arguments[0])}"
    return str(getattr(wanted, "__name__", wanted))
