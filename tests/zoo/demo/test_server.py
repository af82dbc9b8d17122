"""The page as it is served: what can be reached, and how it works in a browser."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import skimage.data

import zoo
from tests.support.browser import chromium, needs_browser
from zoo.inference.image_files import Photograph, read_photograph
from zoo.inference.image_output import write_photograph

pytest.importorskip("gradio")

pytestmark = pytest.mark.slow

REMOVE = "button[aria-label='Remove Image']"
SECRET = "not for visitors"
ROOT = Path(zoo.__file__).resolve().parent.parent


@dataclass
class Page:
    """The page, served by a process of its own.

    Attributes:
        url: Where it is, without the slash at the end.
        folder: Where its files lie.
        home: The current folder of the process, with somebody's files.
    """

    url: str
    folder: Path
    home: Path


@pytest.fixture(scope="module")
def page(weight_files, tmp_path_factory):
    """The page, served by the command until it is asked to end."""
    home, scrap = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("scrap")
    (home / "secret.txt").write_text(SECRET)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(scrap),
        "DEBLUR_ZOO_CACHE": str(home / "cache"),
        "no_proxy": "127.0.0.1",
        # What must not count.
        "GRADIO_ALLOWED_PATHS": str(home),
        "GRADIO_SHARE": "true",
        "GRADIO_SERVER_NAME": "0.0.0.0",
    }
    weights = [f"--weights={weight_files[name]}" for name in ("unet3", "identity", "refiner")]
    command = [sys.executable, "-m", "zoo", "demo", *weights, "--max-megapixels=1", "--max-megabytes=1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=home
    ) as process:
        first, line = process.stdout.readline(), process.stdout.readline()
        try:
            assert first == "weights: unet3.keras, identity.keras, refiner.keras, photo-small\n"
            assert line.startswith("serving on http://127.0.0.1:") and line.endswith("/ (Ctrl-C ends it)\n")
            (folder,) = scrap.glob("deblur-zoo-demo-*")
            assert folder.stat().st_mode & 0o077 == 0
            yield Page(line.split()[2].rstrip("/"), folder, home)
        finally:
            process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        # Asked again while it cleans up.
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not folder.exists()
    assert sorted(each.name for each in home.iterdir()) == ["secret.txt"]


def ask(page, path, body=None, headers=None):
    """Status and content of an answer."""
    request = urllib.request.Request(page.url + path, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def upload(page, name, content):
    """Status of an upload, and the file's place on the server."""
    edge = uuid.uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
    status, said = ask(page, "/gradio_api/upload", body, {"Content-Type": f"multipart/form-data; boundary={edge}"})
    return status, json.loads(said)[0] if status == 200 else said.decode()


def press_restore(page, path, weights="unet3.keras"):
    """What the page is told at last when a file on the server is restored."""
    config = json.loads(ask(page, "/config")[1])
    number = next(each["id"] for each in config["dependencies"] if each["api_name"] == "restore")
    session = uuid.uuid4().hex
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [file, weights, "auto"], "fn_index": number, "session_hash": session}).encode()
    status, _ = ask(page, "/gradio_api/queue/join", body, {"Content-Type": "application/json"})
    assert status == 200
    _, events = ask(page, f"/gradio_api/queue/data?session_hash={session}")
    messages = [json.loads(line[6:]) for line in events.decode().splitlines() if line.startswith("data: ")]
    return next(each for each in messages if each["msg"] == "process_completed")


def test_a_photograph_goes_in_and_comes_out_as_zoo_restore_makes_it(page, tmp_path, weight_files):
    path = tmp_path / "my photo.png"
    write_photograph(path, Photograph(np.random.default_rng(0).integers(0, 256, (40, 56, 3)).astype(np.uint8)))
    status, place = upload(page, path.name, path.read_bytes())
    assert status == 200
    said = press_restore(page, place)
    assert said["success"], said
    shown, slider, download, _ = said["output"]["data"]
    assert "56 x 40 pixels in " in shown and "by unet3.keras" in shown
    assert len(slider) == 2
    assert download["label"].startswith("Download my photo-restored.png")
    status, content = ask(page, download["value"]["url"].removeprefix(page.url))
    assert status == 200
    (tmp_path / "result.png").write_bytes(content)
    expected = zoo.restore(zoo.load(weight_files["unet3"]), read_photograph(path).pixels)
    assert np.array_equal(read_photograph(tmp_path / "result.png").pixels, expected)


def test_no_path_of_the_machine_is_reachable(page):
    secret, cache = page.home / "secret.txt", page.folder
    for path in (
        "/etc/passwd",
        str(secret),
        "secret.txt",
        "./secret.txt",
        f"{cache}/../../../../../etc/passwd",
        f"{cache}/..%2f..%2f..%2fetc/passwd",
        f"{cache}/examples/../../../etc/passwd",
        "..%2f..%2f..%2f..%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "file:///etc/passwd",
        "https://example.com/",
        ".gradio/cached_examples/x",
        zoo.__file__,
        str(cache),
    ):
        status, said = ask(page, f"/gradio_api/file={path}")
        assert status in (403, 404), path
        assert b"root:" not in said and SECRET.encode() not in said
    for path in ("/static/../../../../etc/passwd", "/assets/..%2f..%2f..%2fetc/passwd", "/etc/passwd", "/docs"):
        status, said = ask(page, path)
        assert status in (403, 404), path
    assert ask(page, f"/gradio_api/file={cache}/examples/cat.png")[0] == 200


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/etc/passwd", "it was not uploaded by a user"),
        ("secret.txt", "it was not uploaded by a user"),
        ("https://example.com/a.png", "send a file, not an address"),
    ],
)
def test_only_what_was_sent_is_restored(page, path, words):
    said = press_restore(page, path)
    assert not said["success"] and words in said["output"]["error"]


def test_nobody_goes_around_the_queue(page):
    config = json.loads(ask(page, "/config")[1])
    number = next(each["id"] for each in config["dependencies"] if each["api_name"] == "restore")
    body = json.dumps({"data": [None, "unet3.keras", "auto"], "fn_index": number}).encode()
    for name in ("restore", "predict"):
        status, _ = ask(page, f"/gradio_api/run/{name}", body, {"Content-Type": "application/json"})
        assert status in (401, 404)


def test_files_that_are_too_large_or_no_photographs_are_refused(page):
    status, said = upload(page, "large.png", bytes(1_000_001))
    assert status == 413 and "maximum allowed size" in said
    _, place = upload(page, "../../evil.png", b"no image")
    assert Path(place).is_relative_to(page.folder)
    said = press_restore(page, place)
    assert said["success"] and "evil.png: not an image that can be read" in said["output"]["data"][0]
    assert str(page.folder) not in said["output"]["data"][0]
    said = press_restore(page, place, "/etc/passwd")
    assert not said["success"] and "not in the list of choices" in said["output"]["error"]


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    with chromium() as driver:
        yield driver


class Visitor:
    """Somebody who uses the page in a browser."""

    def __init__(self, browser, page, width, scheme):
        self.browser = browser
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        dark = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
        browser.get_log("performance")
        browser.get(page.url)
        self.until(lambda: self.find("input[type=file]"))

    def find(self, selector, text=""):
        """The visible elements, or file inputs, that hold a text."""
        found = self.browser.find_elements("css selector", selector)
        return [each for each in found if text in each.text and (each.is_displayed() or each.tag_name == "input")]

    def until(self, condition):
        """What a condition gives when it holds."""
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        waiting = WebDriverWait(self.browser, 30, 0.2, ignored_exceptions=[StaleElementReferenceException])
        return waiting.until(lambda _: condition())

    def restore(self, path):
        """Sends a file and presses the button."""
        if clear := self.find(REMOVE):
            clear[0].click()
        self.until(lambda: self.find("input[type=file]"))[0].send_keys(str(path))
        self.until(lambda: self.find(REMOVE))
        self.press()

    def press(self):
        (button,) = self.find("button", "Restore")
        self.browser.execute_script("arguments[0].click()", button)

    def picture(self, path):
        """The whole page as a PNG file."""
        size = "return [document.documentElement.clientWidth, document.documentElement.scrollHeight]"
        width, height = self.browser.execute_script(size)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        options = {"clip": clip, "captureBeyondViewport": True}
        path.write_bytes(base64.b64decode(self.browser.execute_cdp_cmd("Page.captureScreenshot", options)["data"]))
        return read_photograph(path).pixels

    def asked(self):
        """Every address that was asked for."""
        messages = (json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance"))
        return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_in_a_browser(page, browser, tmp_path, width, scheme):
    visitor = Visitor(browser, page, width, scheme)
    photograph = tmp_path / "cat.jpg"
    write_photograph(photograph, read_photograph(f"{skimage.data.__path__[0]}/chelsea.png"))
    visitor.restore(photograph)
    visitor.until(lambda: visitor.find(".status", "451 x 300 pixels in "))
    visitor.until(lambda: visitor.find("a, button", "Download cat-restored.jpg"))
    sizes = "return [...document.querySelectorAll('[data-testid=imageslider-image]')].map((each) => each.naturalWidth)"
    visitor.until(lambda: browser.execute_script(sizes).count(451) == 2)
    shown = visitor.picture(tmp_path / f"page-{width}-{scheme}.png")
    assert shown.shape[1] == width
    # Nothing is wider than the screen; the ground is light or dark as asked.
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    corner = shown[-5:, :5].mean()
    assert corner > 200 if scheme == "light" else corner < 60
    # The restored side is not the blurred one: weights that nobody trained change everything.
    assert shown.std() > 10

    visitor.restore(_garbage(tmp_path))
    (line,) = visitor.until(lambda: visitor.find(".failed", "garbage.png: not an image that can be read"))
    assert "\n" not in line.text and str(page.folder) not in line.text
    assert not visitor.find("a, button", "Download")

    own = f"{page.url}/"
    asked = visitor.asked()
    assert any(name.startswith(f"{own}theme.css") for name in asked)
    assert all(name.startswith((own, "data:", "blob:")) for name in asked), asked
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def _garbage(folder):
    path = folder / "garbage.png"
    path.write_bytes(b"no image at all")
    return path


@needs_browser
def test_examples_and_the_choice_of_a_blur_step(page, browser):
    visitor = Visitor(browser, page, 1400, "light")
    assert not visitor.find("label, .container", "How blurred")
    visitor.until(lambda: visitor.find(".gallery-item, button.gallery-item"))[0].click()
    visitor.until(lambda: visitor.find(REMOVE))
    browser.find_element("css selector", "input[aria-label='Weights']").click()
    visitor.until(lambda: visitor.find("[role=option], ul.options li", "refiner.keras"))[0].click()
    visitor.until(lambda: visitor.find(".about", zoo.info("refiner").title))
    visitor.until(lambda: browser.find_element("css selector", "input[aria-label='How blurred']").is_displayed())
    browser.find_element("css selector", "input[aria-label='Weights']").click()
    visitor.until(lambda: visitor.find("[role=option], ul.options li", "identity.keras"))[0].click()
    visitor.until(lambda: not visitor.find("label, .container", "How blurred"))
    visitor.press()
    visitor.until(lambda: visitor.find(".status", "512 x 512 pixels in "))
