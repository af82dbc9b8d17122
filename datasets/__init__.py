"""Blurry/sharp pairs: data sets in their official layouts, samples of them, and the input pipeline for models."""

from __future__ import annotations

import importlib
from typing import Any

from datasets.errors import DataError
from datasets.loading import load
from datasets.pairs import Pair, Pairs
from datasets.registry import DatasetInfo, info, list_datasets, reader, register, unregister
from datasets.verify import Report, verify

__all__ = [
    "DataError",
    "DatasetInfo",
    "Pair",
    "Pairs",
    "Report",
    "info",
    "list_datasets",
    "load",
    "reader",
    "register",
    "unregister",
    "verify",
]

# These bring OpenCV or TensorFlow along, so they are imported when first asked for.
_LAZY = ("frames", "pipeline", "samples")


def __getattr__(name: str) -> Any:
    """Imports a heavy submodule on first use."""
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
