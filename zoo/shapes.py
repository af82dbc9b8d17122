"""What images a model takes that no registry tells of: how many frames, and which sides it gives back as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoo.backend import keras
from zoo.errors import ZooError

FRAMES = {3: 1, 9: 3}
"""Channels of an input -> images that lie along them."""

# Halvings. Multiply-accumulates are counted on a side that all of them divide.
_MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128)
# A multiple is tried with sides that are it times a prime, and so multiples of nothing else.
_PRIMES = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61)
_SMALLEST_SIDE = 48
_SHOWN_SIDE = 128

Size = tuple[int, int]


def frames_and_multiple(model: keras.Model) -> tuple[int, int]:
    """How many images a model takes along the channels, and what their sides must be multiples of.

    Args:
        model: A functional model.

    Returns:
        1 or 3 frames, and the smallest multiple of the sides; 1 for a model of one fixed size.

    Raises:
        ZooError: When it is no model that takes an image (batch, height, width, 3 or 9) and gives back one (batch,
            height, width, 3); the message begins with what it does instead.
    """
    inputs, outputs = (list(getattr(model, name, None) or []) for name in ("inputs", "outputs"))
    if len(inputs) != 1 or len(outputs) != 1:
        raise ZooError(f"has {_counted(len(inputs), 'input')} and {_counted(len(outputs), 'output')}, not one of each")
    taken, given = tuple(inputs[0].shape), tuple(outputs[0].shape)
    if len(taken) != 4 or taken[-1] not in FRAMES:
        raise ZooError(f"takes {_shown(taken)}, not images of 3 channels, or of 9 for three frames")
    if len(given) != 4 or given[-1] != 3:
        raise ZooError(f"gives {_shown(given)}, not images of 3 channels")
    if fixed_size(model) is not None:
        if taken[1:3] != given[1:3]:
            raise ZooError(f"gives images of {_sides(given[1:3])} for {_sides(taken[1:3])}, not of the same size")
        return FRAMES[taken[-1]], 1
    multiple = smallest_multiple(lambda size: _size_given(model, size) == size)
    if multiple is None:
        size = (_SHOWN_SIDE, _SHOWN_SIDE)
        found = _size_given(model, size)
        said = "no image" if found is None else f"images of {_sides(found)}"
        raise ZooError(f"gives {said} for {_sides(size)}, not of the same size")
    return FRAMES[taken[-1]], multiple


def fixed_size(model: keras.Model) -> Size | None:
    """Height and width of the only images that a model takes; None for one of many sizes."""
    height, width = model.inputs[0].shape[1:3]
    return None if height is None or width is None else (int(height), int(width))


def smallest_multiple(keeps: Callable[[Size], bool]) -> int | None:
    """The smallest power of two whose multiples a model gives back as they are; None where there is none up to 128.

    Args:
        keeps: Whether images of a height and a width come back in that size.

    >>> smallest_multiple(lambda size: size[0] % 8 == size[1] % 8 == 0)
    8
    """
    return next((multiple for multiple in _MULTIPLES if keeps(_probe(multiple))), None)


def _probe(multiple: int) -> Size:
    """A height and a width that are multiples of a number and of little else."""
    first = next(place for place, prime in enumerate(_PRIMES) if prime * multiple >= _SMALLEST_SIDE)
    return _PRIMES[first] * multiple, _PRIMES[first + 1] * multiple


def _size_given(model: keras.Model, size: Size) -> Size | None:
    """The size of what a model gives for images of a size, without computing them; None where it takes none such."""
    image = keras.KerasTensor((1, *size, model.inputs[0].shape[-1]), dtype=model.inputs[0].dtype)
    try:
        given: Any = model.compute_output_spec(image)
    except Exception:
        # Layers say in as many ways as there are that shapes do not fit.
        return None
    given = given[0] if isinstance(given, (list, tuple)) else given
    height, width = given.shape[1:3]
    return None if height is None or width is None else (int(height), int(width))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _shown(shape: tuple[Any, ...]) -> str:
    return f"({', '.join('any' if side is None else str(side) for side in shape)})"


def _sides(size: tuple[Any, ...]) -> str:
    return f"{size[0]}x{size[1]}"
