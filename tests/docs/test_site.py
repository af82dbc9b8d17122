"""The site is built without warnings, asks no server for anything, and can be read in a real browser."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import zoo
from datasets.registry import list_datasets
from tests.docs.test_api import MODULES, public
from tests.support.browser import chromium, needs_browser

ROOT = Path(__file__).resolve().parents[2]
# Attributes by which a page has something fetched while it is shown; `href` counts for links of styles and icons alone.
FETCHED = {"src", "srcset", "data", "poster"}
WIDTHS = (1400, 390)

SPHINX = importlib.util.find_spec("sphinx_gallery") and importlib.util.find_spec("furo")
PAGES = ("index", "metrics", "numbers", "datasets", "compute", "planning", "cards/models/nafnet", "gallery/train_tiny")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SPHINX, reason="what builds the site is missing: make docs-tools"),
]


class Page(HTMLParser):
    """What a page fetches and what it links to."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.links, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.fetched += [value for name, value in attributes if name in FETCHED and value]
        if tag == "link" and found.get("href"):
            self.fetched.append(found["href"])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if found.get("id"):
            self.ids.add(found["id"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` does from a copy of the sources: nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("docs")
    made = shutil.ignore_patterns("_build", "cards", "gallery", "__pycache__")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=made)
    for name in ("examples", "results", "common", "zoo", "datasets", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "default"}
    environment.pop("KERAS_BACKEND", None)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "docs", "html"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    found = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(found) > 50
    return found


def test_nothing_is_fetched_from_elsewhere(site, pages):
    for path, page in pages.items():
        outside = [each for each in page.fetched if re.match(r"(https?:)?//", each)]
        assert not outside, f"{path}: {outside}"
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//", text), path


def test_every_link_within_the_site_leads_somewhere(site, pages):
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), f"{path}: {link}"
            # What scripts make of their own pages has no place of its own there.
            if parts.fragment and target in pages and target.name not in ("search.html",):
                assert unquote(parts.fragment) in pages[target].ids, f"{path}: {link}"


def test_everything_has_its_card(site):
    for name in zoo.list_models():
        assert (site / "cards" / "models" / f"{name}.html").is_file()
    for name in list_datasets():
        assert (site / "cards" / "datasets" / f"{name}.html").is_file()
    own = (site / "cards" / "models" / "nafnet.html").read_text(encoding="utf-8")
    assert "photo-small" in own and "Where they fail" in own


def test_every_public_name_is_there(pages):
    ids = {each for page in pages.values() for each in page.ids}
    for module in MODULES:
        missing = [
            name for name in public(module) if not {f"{module}.{name}", f"{module.partition('.')[0]}.{name}"} & ids
        ]
        assert not missing, f"{module}: {missing}"


def test_formulas_are_mathml_and_numbers_are_measured(site):
    metrics = (site / "metrics.html").read_text(encoding="utf-8")
    assert metrics.count("<math") > 10
    numbers = (site / "numbers.html").read_text(encoding="utf-8")
    assert "gopro-gamma" in numbers and len(re.findall(r"[+-]\d\.\d+", numbers)) > 10


def test_examples_ran(site):
    restored = (site / "gallery" / "restore_photograph.html").read_text(encoding="utf-8")
    assert re.search(r"restored\s+\d+\.\d+ dB", restored)
    assert "sphx_glr_restore_photograph_001" in restored
    assert len(list((site / "gallery").glob("*.html"))) == len(list((ROOT / "docs" / "examples").glob("*.py"))) + 1


@needs_browser
def test_the_pages_in_a_browser(site):
    with chromium("force-color-profile=srgb") as driver:
        for width in WIDTHS:
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
            )
            for name in (
                "index",
                "metrics",
                "numbers",
                "datasets",
                "compute",
                "cards/models/nafnet",
                "gallery/train_tiny",
            ):
                driver.get((site / f"{name}.html").as_uri())
                widest = driver.execute_script("return document.documentElement.scrollWidth")
                assert widest <= width, f"{name} is {widest} pixels wide at {width}"
        for theme, dark in (("light", False), ("dark", True)):
            driver.execute_script("document.body.dataset.theme = arguments[0]", theme)
            colour = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
            red = int(re.search(r"\d+", colour)[0])
            assert (red < 80) is dark, (theme, colour)
        said = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        asked = [entry["message"] for entry in driver.get_log("performance") if "requestWillBeSent" in entry["message"]]
    assert not said
    assert not [each for each in asked if re.search(r'"url":"https?:', each)]
