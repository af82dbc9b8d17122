"""How each paper trained each model on each data set, and what a laptop can do in minutes."""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.recipes.registry import register, unregister

__all__ = ["register", "unregister"]

# Every file of this folder may register recipes; a new model's file is found without being named here.
for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
