"""Older stored forms of records, brought up to the present one; the files stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.errors import RunError
from benchmarks.records.record import SCHEMA, Training

Stored = dict[str, Any]


def upgrade(stored: Stored) -> Stored:
    """The content of a stored record in the present schema.

    Args:
        stored: A record as JSON gives it, of one of `READABLE`.

    >>> upgrade({"schema": 1, "status": "failed", "error": "no memory"})["schema"]
    2
    """
    while stored["schema"] != SCHEMA:
        stored = _STEPS[stored["schema"]](stored)
    return stored


def _from_1(stored: Stored) -> Stored:
    """Schema 1 kept facts of the model and its weights as `network`, kept images as `pictures`."""
    new = {name: value for name, value in stored.items() if name not in ("network", "pictures")}
    new["schema"] = 2
    network = stored.get("network")
    if isinstance(network, dict):
        new["model_facts"] = {name: value for name, value in network.items() if name != "weights"}
        if "weights" in network:
            new["weights"] = network["weights"]
    if stored.get("pictures") is not None:
        new["panels"] = stored["pictures"]
    evaluation = stored.get("evaluation")
    if isinstance(evaluation, dict) and "blur_step" in evaluation:
        rest = {name: value for name, value in evaluation.items() if name != "blur_step"}
        new["evaluation"] = {**rest, "blind": evaluation["blur_step"] == "guessed"}
    return new


def training_of(notes: Mapping[str, Any], path: Path) -> Training | None:
    """How the weights of a file were trained, from the notes in it; None where they say nothing.

    Args:
        notes: The notes, see `zoo.read_notes`; any version of this project may have written them.
        path: The file, for errors.

    Raises:
        RunError: When the notes lack a field or have one of a wrong type.
    """
    if notes.get("training") is None:
        return None
    try:
        return msgspec.convert(notes["training"], Training)
    except msgspec.ValidationError as error:
        raise RunError(f"{path}: not valid notes of its training ({error}); save the weights anew") from error


_STEPS: dict[int, Callable[[Stored], Stored]] = {1: _from_1}

READABLE = (*_STEPS, SCHEMA)
"""Schemas that this version reads."""
