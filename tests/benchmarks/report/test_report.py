"""The report: its pages, and what a real browser makes of them."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import cv2
import msgspec
import numpy as np
import pytest

from benchmarks.records import record as records_record
from benchmarks.records import store
from benchmarks.report import __main__, build, charts
from benchmarks.report.charts import Axis, Point
from tests.support.browser import chromium, needs_browser
from tests.support.records import TRAINING, failed, put, put_pages


def with_pictures(record, folder, missing=False):
    """Gives a run a picture, three epochs of training, and its record the names of both."""
    stem = record.path.stem
    file = f"pictures/{stem}/best.webp"
    panels = np.concatenate([np.full((90, 160, 3), value, np.uint8) for value in (40, 120, 200, 250)], axis=1)
    if not missing:
        (folder / file).parent.mkdir(parents=True)
        cv2.imwrite(str(folder / file), panels)
        (folder / "curves").mkdir(exist_ok=True)
        (folder / "curves" / f"{stem}.csv").write_text("epoch,loss,val_loss\n0,3,4\n1,2,3\n2,1,2\n")
    panel = records_record.Panel(image="000/00000000", role="best", score=30.0, files=(file,))
    run = msgspec.structs.replace(record.result, curve=f"curves/{stem}.csv", panels=(panel,))
    return store.write(folder, run)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Runs on two data sets, one with pictures, one whose pictures are gone, one by blur step, one that failed."""
    folder = tmp_path_factory.mktemp("results")
    with_pictures(put(folder, "atrous", 28.0, training=TRAINING), folder)
    with_pictures(put(folder, "kaist", [29.0, 29.5], training=TRAINING), folder, missing=True)
    put(folder, "identity", 26.0)
    put(folder, "carlo", 24.0, dataset="gopro", mark="bb")
    put_pages(folder)
    put_pages(folder, "identity")
    store.write(folder, failed("no memory", model="fcn"))
    return folder


@pytest.fixture(scope="module")
def site(results):
    assert __main__.main(["--results", str(results)]) == 0
    return results / "report"


class Links(HTMLParser):
    """Collects everything that a page refers to, and checks that elements are closed."""

    def __init__(self):
        super().__init__()
        self.links, self.ids, self.open = [], set(), []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.links += [values[name] for name in ("href", "src") if values.get(name)]
        self.ids.add(values.get("id"))
        if tag not in ("meta", "link", "img", "input", "line", "circle", "rect", "polyline", "option"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        if tag not in ("option", "circle", "rect", "polyline"):
            assert self.open.pop() == tag


def test_every_link_leads_somewhere_inside(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        parser = Links()
        parser.feed(page.read_text())
        assert not parser.open, page
        for link in parser.links:
            assert link == "data:," or (page.parent / link).resolve().is_relative_to(site.resolve()), (page, link)
            assert link == "data:," or (page.parent / link).is_file(), (page, link)


def test_no_page_asks_for_anything_outside(site):
    for path in (*site.rglob("*.html"), *(site / "assets").iterdir()):
        text = path.read_text()
        assert not re.search(r"(src|href|url\(|@import|fetch\()\s*[=\"'(]*\s*(https?:)?//", text), path


def test_failed_runs_and_missing_pictures(site):
    assert "fcn" not in (site / "index.html").read_text().replace("fcn.html", "")
    (page,) = (site / "runs").glob("*--kaist--*.html")
    assert "this image is not kept here" in page.read_text()
    assert "<img" not in page.read_text()
    (page,) = (site / "runs").glob("*--atrous--*.html")
    assert page.read_text().count('loading="lazy"') == 2
    assert page.read_text().count('class="chart"') == 2


def test_blur_steps_have_the_line_at_seventy(site):
    assert 'class="limit"' in (site / "index.html").read_text()
    for page in (site / "runs").glob("*.html"):
        text = page.read_text()
        assert ('class="limit"' in text) == ("P95" in text) == ("ocr" in page.name)


def test_colours_come_again_hollow():
    drawn = str(charts.scatter([Point(x, x, colour=x) for x in range(1, 18)], Axis("x", 0, 18), Axis("y", 0, 18)))
    classes = re.findall(r'<circle class="([^"]*)"', drawn)
    assert len(set(classes[:16])) == 16
    assert classes[0] == classes[16]


def test_it_is_made_anew_in_one_step_and_nothing_else_is_overwritten(results, site, tmp_path, refused):
    marker = site / "stale.html"
    marker.write_text("")
    assert __main__.main(["--results", str(results)]) == 0
    assert not marker.exists()
    assert not list(results.glob(".tmp-*"))
    (tmp_path / "mine.txt").write_text("precious")
    assert "is there and no report" in refused(__main__.main, "--results", results, "--out", tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_without_runs(tmp_path):
    pages, problems = build.build(tmp_path, tmp_path / "report")
    assert pages > 20 and problems == ()
    assert "No finished run yet" in (tmp_path / "report" / "index.html").read_text()


@pytest.mark.slow
def test_two_at_once_leave_a_whole_site(results, tmp_path):
    command = [sys.executable, "-m", "benchmarks.report", "--results", str(results), "--out", str(tmp_path / "site")]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert (tmp_path / "site" / "index.html").read_text().rstrip().endswith("</html>")


class TestCharts:
    def test_a_histogram_of_nothing(self):
        assert charts.histogram([], "PSNR (dB)").startswith('<svg class="chart"')

    @pytest.mark.parametrize(
        ("axis", "expected"),
        [
            (Axis("x", 0, 105), [0, 50, 100]),
            (Axis("x", 0.002, 0.0101), [0.002, 0.004, 0.006, 0.008, 0.01]),
            (Axis("x", 0.01, 3, log=True), [0.01, 0.1, 1]),
            (Axis("x", 1, 40, log=True), [1, 3, 10, 30]),
            (Axis("x", 110_000, 280_000, log=True), [150_000, 200_000, 250_000]),
        ],
    )
    def test_ticks_are_round_and_inside(self, axis, expected):
        assert axis.ticks() == pytest.approx(expected)

    def test_one_value_and_none(self):
        assert Axis.over("x", [5.0]).low < 5 < Axis.over("x", [5.0]).high
        assert Axis.over("x", []).share(0.5) == pytest.approx(0.5, abs=0.1)

    def test_what_has_no_logarithm_is_left_out(self):
        axis = Axis.over("x", [1.0, 10.0], log=True)
        chart = charts.scatter([Point(0, 1), Point(3, 1)], axis, Axis("y", 0, 2))
        assert chart.count("<circle") == 1

    def test_labels_are_escaped(self):
        chart = charts.lines([("<b>", [Point(0, 1), Point(1, 2)])], Axis("x", 0, 1), Axis("a & b", 0, 2))
        assert "<b>" not in chart and "&lt;b&gt;" in chart and "a &amp; b" in chart


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window, its network off."""
    with chromium("window-size=1200,900") as driver:
        yield driver


def requests(browser):
    """Every address that was asked for since the last call."""
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]


def rows(browser, section=0):
    """The runs of a ranking in the order in which they are seen."""
    script = """const ranking = document.querySelectorAll("section.ranking")[arguments[0]];
        const shown = Array.from(ranking.querySelectorAll("tbody tr")).filter((row) => row.checkVisibility());
        return shown.map((row) => row.cells[1].textContent);"""
    return browser.execute_script(script, section)


@needs_browser
class TestInABrowser:
    def opened(self, browser, path):
        browser.get(path.resolve().as_uri())
        return browser

    def test_every_kind_of_page_opens_without_an_error_or_a_request_outside(self, browser, site):
        chosen = [
            "index.html",
            "papers.html",
            "cards.html",
            "papers/fcn.html",
            "models/atrous.html",
            "datasets/hdc.html",
        ]
        for path in [*(site / name for name in chosen), *sorted((site / "runs").glob("*.html"))]:
            self.opened(browser, path)
            assert browser.get_log("browser") == [], path
            asked = requests(browser)
            assert len(asked) >= 3, path
            assert all(name.startswith((site.resolve().as_uri(), "data:")) for name in asked), asked

    def test_sorting(self, browser, site):
        self.opened(browser, site / "index.html")
        titles = browser.find_elements("css selector", "section.ranking h2")
        place = next(index for index, title in enumerate(titles) if "reds" in title.text)
        assert rows(browser, place) == ["kaist/tiny", "atrous/tiny", "identity/tiny"]
        buttons = browser.find_elements("css selector", "section.ranking")[place].find_elements(
            "css selector", "th button"
        )
        buttons[2].click()
        assert rows(browser, place) == ["kaist/tiny", "atrous/tiny", "identity/tiny"]
        buttons[2].click()
        assert rows(browser, place) == ["identity/tiny", "atrous/tiny", "kaist/tiny"]
        assert buttons[2].find_element("xpath", "..").get_attribute("aria-sort") == "ascending"
        buttons[1].send_keys("\n")
        assert rows(browser, place) == ["atrous/tiny", "identity/tiny", "kaist/tiny"]

    def test_filters(self, browser, site):
        from selenium.webdriver.support.ui import Select

        self.opened(browser, site / "index.html")
        shown = browser.find_element("id", "shown")
        assert shown.text == "6 runs shown"
        Select(browser.find_element("name", "dataset")).select_by_visible_text("gopro")
        assert shown.text == "1 run shown"
        browser.find_element("css selector", "form.filters button").click()
        browser.find_element("name", "text").send_keys("identity")
        assert shown.text == "2 runs shown"
        Select(browser.find_element("name", "protocol")).select_by_visible_text("ocr")
        assert shown.text == "1 run shown"
        Select(browser.find_element("name", "fingerprint")).select_by_visible_text("bb")
        assert shown.text == "0 runs shown"

    def test_the_slider_by_pointer_and_by_keys(self, browser, site):
        from selenium.webdriver import ActionChains, Keys

        (page,) = (site / "runs").glob("*--atrous--*.html")
        self.opened(browser, page)
        view = browser.find_element("css selector", ".view")
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", view)
        figure = browser.find_element("css selector", "figure.slider")

        def cut():
            return float(browser.execute_script("return arguments[0].style.getPropertyValue('--cut')", figure)[:-1])

        assert cut() == 50
        width = view.size["width"]
        ActionChains(browser).move_to_element(view).click_and_hold().move_by_offset(width // 4, 0).release().perform()
        assert 70 <= cut() <= 80
        before = cut()
        view.find_element("css selector", "input[type=range]").send_keys(Keys.ARROW_LEFT * 5)
        assert cut() == before - 5
        size = browser.execute_script("return document.querySelector('.view img').naturalWidth")
        assert size == 640

    def test_the_other_side_of_the_slider_can_be_chosen(self, browser, site):
        (page,) = (site / "runs").glob("*--atrous--*.html")
        self.opened(browser, page)
        after = browser.find_element("css selector", ".after img")
        left = after.rect["x"]
        for index, choice in enumerate(browser.find_elements("css selector", "fieldset input")):
            choice.click()
            panel = browser.find_element("css selector", ".view").size["width"]
            assert after.rect["x"] == pytest.approx(left - index * panel, abs=2)

    def test_dark_and_narrow(self, browser, site):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
        )
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True}
        )
        try:
            for path in (
                site / "index.html",
                site / "papers" / "psfnn.html",
                *(site / "runs").glob("*--atrous--*.html"),
            ):
                self.opened(browser, path)
                wide, ground = browser.execute_script(
                    "return [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]"
                )
                assert wide <= 390, path
                assert max(int(value) for value in re.findall(r"\d+", ground)[:3]) < 60
        finally:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def test_fifty_runs_open(self, browser, tmp_path):
        for number in range(50):
            dataset = ("reds", "gopro")[number % 2]
            put(tmp_path, "atrous", 20 + number / 5, variant=f"v{number:02d}", dataset=dataset)
        build.build(tmp_path, tmp_path / "report")
        self.opened(browser, tmp_path / "report" / "index.html")
        assert browser.find_element("id", "shown").text == "50 runs shown"
        assert [len(rows(browser, section)) for section in range(2)] == [25, 25]


def test_a_damaged_record_is_named_and_left_out(tmp_path, capsys):
    put(tmp_path, "kaist")
    record = put(tmp_path)
    record.path.write_text("{")
    assert __main__.main(["--results", str(tmp_path)]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"left out: {record.path}: not a readable record")
    assert len(list((tmp_path / "report" / "runs").iterdir())) == 1
