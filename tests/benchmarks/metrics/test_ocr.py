"""The challenge's OCR score."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.metrics import METRICS, MetricError, ocr
from benchmarks.protocols import PROTOCOLS
from datasets.hdc import simulation

# Real data sets, where there are any: beside the checkout, or where DEBLUR_ZOO_DATA says.
DATA = Path(os.environ.get("DEBLUR_ZOO_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
EXAMPLE = DATA / "hdc" / "ocr_example"
LINES = ["VrkQCAeNBZ", "RcsijkFLTX", "GgceTmrxD2"]


@pytest.fixture(scope="module")
def page():
    """Returns a photograph of `LINES`, in focus, uint8."""
    light = simulation.show(LINES, "Verdana")
    return (simulation.photograph(light, None, None, np.random.default_rng(0)) >> 8).astype(np.uint8)


@needs_tesseract
@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the challenge's example photograph is not here")
def test_the_official_example_scores_90():
    text = (EXAMPLE / "example_TrueText.txt").read_text(encoding="utf-8")
    image = ocr.read_file(EXAMPLE / "example.png")
    assert image.shape == (1460, 2360)
    assert ocr.read_lines(image)[1] == "ResijkFLTX"
    assert ocr.ocr_score(image, text) == 90
    assert ocr.ocr_scores([EXAMPLE / "example.png"], [text], "indel") == [90]


@pytest.mark.parametrize(
    ("first", "second", "difflib", "indel"),
    [
        ("ababab", "aaaaab", 33, 67),
        ("A L I E N S", "A S A L", 33, 44),
        ("RcsijkFLTX", "ResijkFLTX", 90, 90),
        ("RcsijkFLTX", "RcsijkFLT", 95, 95),
        ("same", "same", 100, 100),
        ("", "something", 0, 0),
        ("something", "", 0, 0),
    ],
)
def test_both_ratios_by_name(first, second, difflib, indel):
    assert ocr.difflib_ratio(first, second) == difflib
    assert ocr.indel_ratio(first, second) == indel


@needs_tesseract
def test_a_photograph_in_focus_is_read(page):
    assert ocr.ocr_score(page, LINES) >= 80
    assert ocr.ocr_score(page, "\n".join(LINES)) == ocr.ocr_score(page, LINES)
    as_float = page[..., np.newaxis].astype(np.float32) / 255
    assert ocr.ocr_score(as_float, LINES) == ocr.ocr_score(page, LINES)
    assert ocr.ocr_score(np.repeat(as_float, 3, axis=-1), LINES) == ocr.ocr_score(page, LINES)


@needs_tesseract
def test_an_empty_page_scores_nothing():
    assert ocr.ocr_score(np.full((300, 400), 200, np.uint8), LINES) == 0


@pytest.mark.parametrize("read", [[], ["one"], ["one", "RcsijkFLTX"], ["one", "RcsijkFLTX", "three", "four"]])
def test_another_number_of_lines_scores_nothing(read):
    assert ocr.compare(read, LINES) == 0


def test_truth_is_stripped_on_the_right_only():
    assert ocr.compare(["a", "Xy", "b"], ["a", "Xy  ", "b"]) == 100
    assert ocr.compare(["a", "Xy", "b"], ["a", "  Xy", "b"]) == 67


def test_stretch_by_the_official_formula():
    image = np.full((40, 120), 200, np.uint8)
    image[:, 60:] = 40
    image[0, 0] = 180
    seen = np.asarray(ocr.prepare(image))
    assert seen.shape == (20, 60)
    # (200 - 40) x 255 / 180 = 226.67, truncated; the least value becomes black.
    assert seen[10, 10] == 226
    assert seen[10, 50] == 0


def test_a_zero_on_the_left_makes_everything_else_white_as_the_official_division_by_zero_does():
    image = np.full((40, 120), 30, np.uint8)
    image[0, 0] = 0
    seen = np.asarray(ocr.prepare(image))
    assert seen[10, 10] == 255
    assert seen[0, 0] < 255


@needs_tesseract
def test_many_are_scored_in_their_order_with_one_thread_each(page, monkeypatch):
    limits, original = [], subprocess.Popen

    def spy(*given, **options):
        limits.append((options.get("env") or os.environ).get("OMP_THREAD_LIMIT"))
        return original(*given, **options)

    ocr.check_tesseract()
    monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    monkeypatch.setattr(subprocess, "Popen", spy)
    empty = np.full((300, 400), 200, np.uint8)
    scores = ocr.ocr_scores([page, empty, page], [LINES] * 3)
    assert scores[0] == scores[2] >= 80
    assert scores[1] == 0
    assert limits == ["1"] * 3
    assert "OMP_THREAD_LIMIT" not in os.environ


@needs_tesseract
def test_a_limit_of_the_user_stays(monkeypatch):
    monkeypatch.setenv("OMP_THREAD_LIMIT", "2")
    ocr.ocr_scores([np.full((60, 80), 200, np.uint8)], [LINES])
    assert os.environ["OMP_THREAD_LIMIT"] == "2"


def test_16_bit_files_are_read_as_8_bit(page, tmp_path):
    cv2.imwrite(str(tmp_path / "page.tif"), page.astype(np.uint16) * 257)
    np.testing.assert_array_equal(ocr.read_file(tmp_path / "page.tif"), page)


def test_step_means_gate_and_stop_step():
    standing = ocr.standing([90, 100, 70, 70, 0, 100, 80], [0, 0, 1, 1, 2, 2, 3])
    assert standing.means == {0: 95.0, 1: 70.0, 2: 50.0, 3: 80.0}
    assert standing.stop_step == 1
    assert ocr.standing([10], [4]).stop_step is None


def test_a_missing_tesseract_is_one_line(page, monkeypatch):
    import pytesseract

    ocr.check_tesseract.cache_clear()
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", "no-such-tesseract")
    with pytest.raises(MetricError, match=r"^Tesseract is not installed.*apt-get install tesseract-ocr"):
        ocr.ocr_score(page, LINES)
    ocr.check_tesseract.cache_clear()


def test_an_old_tesseract_is_one_line(monkeypatch):
    import pytesseract
    from packaging.version import Version

    ocr.check_tesseract.cache_clear()
    monkeypatch.setattr(pytesseract, "get_tesseract_version", lambda: Version("3.5.2"))
    with pytest.raises(MetricError, match=r"^Tesseract 3\.5\.2 is too old, OCR scores need 4\.0 or newer; install"):
        ocr.check_tesseract()
    monkeypatch.setattr(pytesseract, "get_tesseract_version", lambda: Version("5.3.0"))
    monkeypatch.setattr(pytesseract, "get_languages", lambda: ["osd"])
    with pytest.raises(MetricError, match="English model"):
        ocr.check_tesseract()
    ocr.check_tesseract.cache_clear()


def fake_tesseract(folder, monkeypatch, version, languages):
    """Puts a command in Tesseract's place that only knows its version and its languages."""
    import pytesseract

    command = folder / "tesseract"
    command.write_text(f"#!/bin/sh\ncase $1 in --version) echo '{version}';; *) echo '{languages}';; esac\n")
    command.chmod(0o755)
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", str(command))
    ocr.check_tesseract.cache_clear()
    ocr.engine.cache_clear()


@pytest.fixture
def forgets():
    """What was found of Tesseract is forgotten afterwards."""
    yield
    ocr.check_tesseract.cache_clear()
    ocr.engine.cache_clear()


@pytest.mark.usefixtures("forgets")
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("tesseract 3.04.01", r"^Tesseract 3\.04\.01 is too old, OCR scores need 4\.0 or newer; install it"),
        ("tesseract 3.05.02", r"^Tesseract 3\.5\.2 is too old"),
        ("something else", r"^what is called tesseract here names no version of its own; install it"),
        ("tesseract 5.3.0", r"^Tesseract lacks its English model"),
    ],
)
def test_a_tesseract_that_cannot_score_is_not_called_missing(tmp_path, monkeypatch, said, words):
    fake_tesseract(tmp_path, monkeypatch, said, "osd")
    with pytest.raises(MetricError, match=words) as raised:
        ocr.check_tesseract()
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("forgets")
def test_the_engine_is_its_version_and_its_model(tmp_path, monkeypatch):
    (tmp_path / "eng.traineddata").write_bytes(b"a model")
    languages = f'List of available languages in "{tmp_path}/" (1):\neng'
    fake_tesseract(tmp_path, monkeypatch, "tesseract 5.3.4", languages)
    digest = hashlib.sha256(b"a model").hexdigest()[:16]
    assert ocr.engine() == {"tesseract": "5.3.4", "eng.traineddata": digest}
    assert PROTOCOLS["ocr"].engine() == ocr.engine()


@pytest.mark.usefixtures("forgets")
def test_the_model_of_a_tesseract_that_names_no_folder(tmp_path, monkeypatch):
    (tmp_path / "tessdata").mkdir()
    (tmp_path / "tessdata" / "eng.traineddata").write_bytes(b"a model")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    fake_tesseract(tmp_path, monkeypatch, "tesseract 4.1.1", "List of available languages (1):\neng")
    assert ocr.engine()["eng.traineddata"] == hashlib.sha256(b"a model").hexdigest()[:16]


@needs_tesseract
def test_the_real_engine_is_found():
    found = ocr.engine()
    assert set(found) == {"tesseract", "eng.traineddata"}
    assert re.fullmatch(r"[0-9a-f]{16}", found["eng.traineddata"])


def test_bad_input_is_one_line(page, tmp_path):
    with pytest.raises(MetricError, match="no ratio 'other'; choose one of difflib, indel"):
        ocr.compare(["a"] * 3, LINES, "other")
    with pytest.raises(MetricError, match="2 lines instead of 3"):
        ocr.compare(["a"] * 3, "one\ntwo")
    with pytest.raises(MetricError, match="pass one grey or RGB image"):
        ocr.prepare(np.zeros((4, 4, 2), np.uint8))
    with pytest.raises(MetricError, match="pass one grey or RGB image"):
        ocr.prepare(np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(MetricError, match="floats from 0 to 255 are not in"):
        ocr.prepare(np.array([[0.0, 255.0], [0.0, 1.0]]))
    with pytest.raises(MetricError, match="no agreed range"):
        ocr.prepare(np.zeros((4, 4), np.int32))
    with pytest.raises(MetricError, match="1 images and 2 texts"):
        ocr.ocr_scores([page], [LINES, LINES])
    with pytest.raises(MetricError, match="pass one step for each"):
        ocr.standing([1.0], [])
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(MetricError, match=r"broken\.png: cannot be read as an image"):
        ocr.read_file(tmp_path / "broken.png")


def test_the_cards_of_both_forms_are_in_the_table():
    assert METRICS["ocr"].bounds == METRICS["ocr_indel"].bounds == (0.0, 100.0)
    assert METRICS["ocr"].higher_is_better
