"""Blurry/sharp pairs: data sets in their official layouts, samples of them, and the input pipeline for models."""

from __future__ import annotations

from common.lazy import lazy
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

# These bring OpenCV or TensorFlow along.
__getattr__, __dir__ = lazy(__name__, __all__, {}, ("frames", "pipeline", "samples"))
