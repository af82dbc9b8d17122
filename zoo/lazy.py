"""Heavy modules that are imported at their first use.

Listing networks and refusing bad arguments must not wait several seconds for a deep-learning framework.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def lazy_module(name: str) -> ModuleType:
    """Returns module `name`, which is executed when one of its attributes is first read.

    Args:
        name: Absolute name of an installed top-level module.

    Raises:
        ModuleNotFoundError: When there is no such module.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module named {name!r}", name=name)
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module
