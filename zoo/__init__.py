"""Deblurring models: `list_models`, `info`, `create`, `load`, `restore`, `export`.

Importing this package does not import Keras; building the first model does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo import models  # noqa: F401  importing the models puts them into the registry
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.export import export
from zoo.inference.modes import inference_mode
from zoo.inference.restore import pad_to_fit, restore, restore_batch, shrink_of
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


def __getattr__(name: str) -> Any:
    """Imports what needs Keras' classes, and so cannot be imported ahead, at its first use."""
    if name == "count_macs":
        from zoo.analysis.macs import count_macs

        return count_macs
    if name == "receptive_field":
        from zoo.analysis.receptive_field import receptive_field

        return receptive_field
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
