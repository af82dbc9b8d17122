"""Readers: one official layout per file. Importing a file enters its data sets into the registry."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
