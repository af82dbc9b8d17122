"""Heavy modules that are imported at their first use.

Listing networks and refusing bad arguments must not wait several seconds for a deep-learning framework.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """Stands for a module and imports it when one of its attributes is first read.

    It is not put into `sys.modules` (as importlib's LazyLoader would do), where it would get in the way of the real
    import.
    """

    def __getattr__(self, name: str) -> Any:
        """Returns the real module's attribute."""
        return getattr(importlib.import_module(self.__name__), name)


def lazy_module(name: str) -> LazyModule:
    """Returns a stand-in for module `name`."""
    return LazyModule(name)
