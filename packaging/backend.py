"""Builds the wheel: the three packages and what they share under one name, `deblur_zoo`.

A package called `datasets` at the top would overwrite Hugging Face's. So a wheel holds `deblur_zoo.zoo`,
`deblur_zoo.datasets`, `deblur_zoo.benchmarks` and `deblur_zoo.common`, made here by rewriting the imports, as Keras
does for its own wheel. A checkout, installed with `pip install -e .`, keeps its packages at the top.

This is the build backend that `pyproject.toml` names: setuptools' own, with another `build_wheel`.
"""

from __future__ import annotations

import configparser
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
)

sys.path.insert(0, str(Path(__file__).parent))
from rewriting import NAME, PACKAGES, rewritten

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
]

ROOT = Path(__file__).resolve().parents[1]

# What is read from `results`, and lies at the same place within the package.
_PUBLISHED = "results/published.csv"


def build_wheel(
    wheel_directory: str, config_settings: Mapping[str, Any] | None = None, metadata_directory: str | None = None
) -> str:
    """Builds the wheel from a rewritten copy of the packages; see PEP 517.

    Args:
        wheel_directory: Folder for the wheel.
        config_settings: Settings for setuptools.
        metadata_directory: Not used.

    Returns:
        The wheel's file name.
    """
    target = Path(wheel_directory).resolve()
    with tempfile.TemporaryDirectory() as folder, chdir(lay_out(Path(folder))):
        return str(build_meta.build_wheel(os.fspath(target), config_settings))


def lay_out(folder: Path) -> Path:
    """Writes what the wheel is built from into an empty folder, and gives the folder."""
    inside = folder / NAME
    for package in PACKAGES:
        shutil.copytree(ROOT / package, inside / package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for source in inside.rglob("*.py"):
        source.write_text(rewritten(source.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copy(ROOT / "packaging" / "package.py", inside / "__init__.py")
    (inside / "py.typed").touch()
    (inside / _PUBLISHED).parent.mkdir()
    shutil.copy(ROOT / _PUBLISHED, inside / _PUBLISHED)
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    with (folder / "setup.cfg").open("w", encoding="utf-8") as stream:
        _configuration().write(stream)
    return folder


def _configuration() -> configparser.ConfigParser:
    """`setup.cfg` for the packages under their common name."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    data = settings["options.package_data"]
    for package in list(data):
        data[f"{NAME}.{package}"] = data.pop(package)
    data[NAME] = f"py.typed\n{_PUBLISHED}"
    settings["options.packages.find"]["include"] = f"{NAME}*"
    scripts = settings["options.entry_points"]
    scripts["console_scripts"] = scripts["console_scripts"].replace("= ", f"= {NAME}.")
    return settings
