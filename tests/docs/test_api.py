"""Every public name stands on a page of the API, says what it is, and shows how it is called."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
MODULES = (
    "zoo",
    "zoo.export",
    "zoo.layers",
    "datasets",
    "datasets.pipeline",
    "datasets.samples",
    "benchmarks",
    "benchmarks.metrics",
    "benchmarks.protocols",
    "benchmarks.recipes",
)
# What takes more than a second, or something that is not here; an example of the gallery shows it instead.
SHOWN_ELSEWHERE = {"zoo.export": "export.py", "zoo.export.export": "export.py"}
NEED_A_FILE = {"benchmarks.metrics.lpips": "AlexNet's weights", "datasets.samples.register": "a maker of files"}


def public(module):
    """The public names of a module: those that it says, or those that are defined there or shown on purpose."""
    found = importlib.import_module(module)
    if hasattr(found, "__all__"):
        return list(found.__all__)
    tree = Path(inspect.getfile(found)).read_text(encoding="utf-8")
    shown = re.findall(r"import (\w+) as \1\b", tree)
    own = [name for name, each in vars(found).items() if getattr(each, "__module__", None) == module]
    return [name for name in (*own, *shown) if not name.startswith("_") and callable(getattr(found, name))]


def directives():
    """What the pages of the API have asked Sphinx for: names of modules with all members, and of single objects."""
    whole, single = set(), set()
    asked = re.compile(r"^\.\. auto(module|function|class):: (\S+)\n((?:   :.*\n)*)", re.MULTILINE)
    for page in (DOCS / "api").glob("*.rst"):
        for kind, name, options in asked.findall(page.read_text(encoding="utf-8")):
            (whole if kind == "module" and ":no-members:" not in options else single).add(name)
    return whole, single


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_on_a_page(module):
    whole, single = directives()
    names = public(module)
    assert names
    for name in names:
        # `zoo.export` is the function for who imports zoo.
        documented = module in whole or f"{module}.{name}" in single or (module == "zoo.export" and name == "export")
        assert documented, f"{module}.{name}: put it on a page in docs/api"


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_described_and_every_function_shown(module):
    for name in public(module):
        found, full = getattr(importlib.import_module(module), name), f"{module}.{name}"
        if not callable(found):
            continue
        text = inspect.getdoc(found) or ""
        assert len(text.splitlines()[0]) > 10, f"{full} has no docstring"
        if inspect.isfunction(found) and full not in NEED_A_FILE:
            shown = (DOCS / "examples" / SHOWN_ELSEWHERE[full]).read_text() if full in SHOWN_ELSEWHERE else text
            assert (f".{name}(" if full in SHOWN_ELSEWHERE else ">>>") in shown, f"{full}: add an example that runs"


def test_what_is_excused_is_there_and_has_no_example():
    for full in NEED_A_FILE:
        module, _, name = full.rpartition(".")
        assert ">>>" not in (inspect.getdoc(getattr(importlib.import_module(module), name)) or "")
