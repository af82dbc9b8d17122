"""Modules of the checkout, rewritten for the wheel."""

import ast
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name):
    """A module of the build, which is no package."""
    found = importlib.util.spec_from_file_location(name, ROOT / "packaging" / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


REWRITING = load("rewriting")
FILES = [path for package in REWRITING.PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import zoo", "from deblur_zoo import zoo"),
        ("import zoo.layers", "import deblur_zoo.zoo.layers; from deblur_zoo import zoo"),
        ("import zoo.layers as made", "import deblur_zoo.zoo.layers as made"),
        ("import os, datasets", "import os; from deblur_zoo import datasets"),
        ("from benchmarks import metrics", "from deblur_zoo.benchmarks import metrics"),
        ("from zoo.models import *", "from deblur_zoo.zoo.models import *"),
        (
            "if a:\n    from common.cli import (\n        b,\n    )\nc",
            "if a:\n    from deblur_zoo.common.cli import b\n\n\nc",
        ),
        ("load('zoo.layers')", "load('deblur_zoo.zoo.layers')"),
        ("é = 'zoo.layers', 1", "é = 'deblur_zoo.zoo.layers', 1"),
        ("# python -m zoo list", "# deblur-zoo list"),
        ("f'`python -m benchmarks.run --model {x}`'", "f'`deblur-zoo run --model {x}`'"),
        ("'python -m datasets list; python -m benchmarks'", "'deblur-zoo datasets list; deblur-zoo'"),
        ("'''\n>>> from zoo import info\n'''", "'''\n>>> from deblur_zoo.zoo import info\n'''"),
        ("'''\n    >>> import datasets\n'''", "'''\n    >>> from deblur_zoo import datasets\n'''"),
    ],
)
def test_what_changes(source, expected):
    assert REWRITING.rewritten(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "import zoology",
        "from .zoo import a",
        "zoo = 1",
        "'a zoo.layers b'",
        "f'zoo.layers{x}'",
        "load('datasets')",
        "import os",
    ],
)
def test_what_stays(source):
    assert REWRITING.rewritten(source) == source


def test_every_module_compiles_and_imports_nothing_from_the_top():
    assert len(FILES) > 250
    for path in FILES:
        source = path.read_text(encoding="utf-8")
        made = REWRITING.rewritten(source)
        assert made.count("\n") == source.count("\n"), path
        assert "python -m " not in made.replace("python -m pip", ""), path
        for node in ast.walk(ast.parse(made)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.partition(".")[0] in REWRITING.PACKAGES for name in names), path
