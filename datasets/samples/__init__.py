"""Small data sets in the official layouts, made from photographs and fonts that our dependencies ship."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)

from datasets.samples.base import list_samples as list_samples  # noqa: E402
from datasets.samples.base import options_for as options_for  # noqa: E402
from datasets.samples.base import register as register  # noqa: E402
from datasets.samples.build import build as build  # noqa: E402
