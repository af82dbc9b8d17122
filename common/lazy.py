"""A package that imports some of its names and modules at their first use, and shows them before."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy(
    package: str, public: Sequence[str], names: Mapping[str, str], modules: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package.

    Args:
        package: Its `__name__`.
        public: Its `__all__`.
        names: For each public name that is imported late, the module inside the package that defines it.
        modules: Modules inside the package that are imported late.

    Returns:
        The two functions. The second shows the public names and the late modules, so that a notebook completes them and
        `help` describes them, and nothing that the package's own file merely imported.

    >>> load, show = lazy("common", ["one_line"], {}, ["console"])
    >>> show()
    ['console', 'one_line']
    >>> load("console").__name__
    'common.console'
    """

    def load(name: str) -> Any:
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        if name in names:
            return getattr(importlib.import_module(f"{package}.{names[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load, lambda: sorted({*public, *modules})
