"""Keys: ten hexadecimal digits that are equal for runs, or trainings, that would compute the same.

Hashed from numbers and choices only, never from prose: a full stop in a citation changes no key. `VERSION` is one of
the numbers; whoever changes what keys are made of raises it, and says in `benchmarks.run.earlier` how records and
trainings of the version before are found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

VERSION = 2


def key_of(choices: Mapping[str, object]) -> str:
    """The key of a run or a training.

    Args:
        choices: Plain values by name, nested as JSON allows. None stands for what is not used, and is left out.

    >>> key_of({"model": "atrous", "seed": 42}) == key_of({"seed": 42, "model": "atrous", "start": None})
    True
    """
    return digest({"version": VERSION, **used(choices)})


def used(choices: Mapping[str, object]) -> dict[str, object]:
    """The choices without those that are None, at the first level."""
    return {name: value for name, value in choices.items() if value is not None}


def digest(parts: Mapping[str, object]) -> str:
    """Ten hexadecimal digits of SHA-256 over plain values, whatever their order."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]
