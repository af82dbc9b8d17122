"""Divisions of sides of maps that give the same in every runtime.

Python and TensorFlow round a quotient of whole numbers down, ONNX towards zero: they differ where one of them is
negative. So `-(-side // n)` and `-side % n` are not for numbers that are known only when a graph runs.
"""

from __future__ import annotations

from typing import Any


def ceil_divide(number: Any, divisor: Any) -> Any:
    """The quotient rounded up, for whole numbers or integer tensors: `number` from 0 on, `divisor` from 1 on.

    >>> ceil_divide(7, 3), ceil_divide(6, 3), ceil_divide(0, 3)
    (3, 2, 0)
    """
    return (number + divisor - 1) // divisor


def missing_to_multiple(number: Any, multiple: int) -> Any:
    """What a whole number or integer tensor from 0 on lacks to the next multiple of another number.

    >>> missing_to_multiple(7, 3), missing_to_multiple(6, 3)
    (2, 0)
    """
    return (multiple - number % multiple) % multiple
