"""Deblurring models: `list_models`, `info`, `create`, `load`, `restore`, `export`.

Importing this package does not import Keras; building the first model does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.lazy import lazy
from zoo import models  # noqa: F401  importing the models puts them into the registry
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.export import export
from zoo.inference.batches import pad_to_fit, restore_batch, shrink_of
from zoo.inference.compare import compare
from zoo.inference.modes import inference_mode
from zoo.inference.restore import restore
from zoo.loading import load, load_weights
from zoo.own.register import register_own
from zoo.registry import ModelInfo, Variant, create, info, list_models, register, unregister
from zoo.saving import read_member, read_notes, save

if TYPE_CHECKING:
    from zoo.analysis.macs import count_macs
    from zoo.analysis.receptive_field import receptive_field

__all__ = [
    "ModelInfo",
    "Variant",
    "ZooError",
    "compare",
    "count_macs",
    "create",
    "export",
    "identify",
    "inference_mode",
    "info",
    "list_models",
    "load",
    "load_weights",
    "pad_to_fit",
    "read_member",
    "read_notes",
    "receptive_field",
    "register",
    "register_own",
    "restore",
    "restore_batch",
    "save",
    "shrink_of",
    "unregister",
]

# What needs Keras' classes cannot be imported ahead.
__getattr__, __dir__ = lazy(
    __name__,
    __all__,
    {"count_macs": "analysis.macs", "receptive_field": "analysis.receptive_field"},
    ("analysis", "layers", "losses", "patchgan"),
)
