"""Safetensors: a length, a JSON header with every tensor's type, shape and place, then the numbers.

The format is three lines long, so it is read here instead of by one more dependency; every number of the header is
checked against the file.

Source: the format's description at github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ZooError
from zoo.weights.formats.base import BFLOAT16, Flat, native, reading, widened

WHAT = "a safetensors file"
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": BFLOAT16,
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
_LENGTH = 8
_LONGEST_HEADER = 100_000_000
_METADATA = "__metadata__"


def is_format(path: Path) -> bool:
    """Whether a file begins as the format does."""
    with path.open("rb") as stream:
        start = stream.read(_LENGTH + 1)
    return len(start) == _LENGTH + 1 and start[_LENGTH:] == b"{"


def read(path: Path) -> Flat:
    """The tensors of a file by name.

    Raises:
        ZooError: When the file is damaged or its header does not fit its numbers.
    """
    with reading(path, WHAT):
        content = np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.zeros(0, np.uint8)
        length = int.from_bytes(content[:_LENGTH].tobytes(), "little")
        if len(content) < _LENGTH or length > min(_LONGEST_HEADER, len(content) - _LENGTH):
            raise ZooError(f"{path}: its header of {length:,} bytes is longer than the file; fetch it again")
        header = json.loads(content[_LENGTH : _LENGTH + length].tobytes(), object_pairs_hook=_once)
        numbers = content[_LENGTH + length :]
        flat = Flat()
        taken = 0
        places = [(name, entry) for name, entry in header.items() if name != _METADATA]
        for name, entry in sorted(places, key=lambda place: place[1]["data_offsets"]):
            begin, end = entry["data_offsets"]
            if begin < taken or end < begin or end > len(numbers):
                raise ZooError(f"{path}: {name} lies outside the file or upon another tensor; fetch it again")
            taken = end
            flat[name] = _array(path, name, entry, numbers[begin:end])
            if entry["dtype"] == "BF16":
                flat.stored[name] = BFLOAT16
        return flat


def _array(path: Path, name: str, entry: dict[str, Any], content: np.ndarray) -> np.ndarray:
    if entry["dtype"] not in _TYPES:
        raise ZooError(f"{path}: {name} is of type {entry['dtype']}; known are {', '.join(_TYPES)}")
    kind, shape = _TYPES[entry["dtype"]], entry["shape"]
    dtype = np.dtype("<u2" if kind == BFLOAT16 else kind)
    sound = all(type(side) is int and side >= 0 for side in shape)
    if not sound or math.prod(shape) * dtype.itemsize != len(content):
        raise ZooError(f"{path}: {name} of shape {shape} does not fit its {len(content):,} bytes; fetch it again")
    # A copy: the file may go away, and a view at an odd place would be slow.
    array = native(np.frombuffer(content.tobytes(), dtype)).reshape(shape)
    return widened(array) if kind == BFLOAT16 else array


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are each there once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in the header")
    return found
