"""Image deblurring with Keras 3: models, data sets in their official layouts, benchmarks.

`deblur_zoo.zoo` holds the models, `deblur_zoo.datasets` the pairs, `deblur_zoo.benchmarks` training, scores and
leaderboards. What is used most is here:

    import deblur_zoo

    model = deblur_zoo.load("photo-small")
    sharp = deblur_zoo.restore(model, "photo.jpg")
"""

import importlib
from importlib.metadata import version
from types import ModuleType

from deblur_zoo import zoo
from deblur_zoo.zoo import create, info, list_models, load, restore

__version__ = version("deblur-zoo")

__all__ = ["__version__", "benchmarks", "create", "datasets", "info", "list_models", "load", "restore", "zoo"]  # noqa: F822


def __getattr__(name: str) -> ModuleType:
    """Imports a package at its first use."""
    if name in ("benchmarks", "datasets"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
