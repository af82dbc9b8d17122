"""Pictures and training curves of a run."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.evaluation import evaluate, panels
from benchmarks.evaluation.panels import Chosen, choose
from benchmarks.protocols import PROTOCOLS
from benchmarks.records import curves
from datasets.image import ArrayFrame
from tests.support.fakes import picture_pairs

FULL = PROTOCOLS["full"]


def test_the_choice_is_spread_from_worst_to_best():
    values = [3.0, None, 1.0, 5.0, 4.0, 2.0]
    assert choose(values, 3) == [Chosen(2, "worst", 1.0), Chosen(0, "median", 3.0), Chosen(3, "best", 5.0)]
    assert choose(values, 3, higher_is_better=False)[0] == Chosen(3, "worst", 5.0)
    assert choose(values, 1) == [Chosen(0, "median", 3.0)]
    assert [each.role for each in choose(values, 5)] == ["worst", "p25", "median", "p75", "best"]
    assert choose(values, 0) == choose([None, None], 3) == []


def test_no_image_is_chosen_twice():
    assert len(choose([1.0, 2.0], 9)) == 2
    assert choose([7.0], 3) == [Chosen(0, "worst", 7.0)]


def strip(path):
    """Returns the four panels of a file, float RGB."""
    picture = cv2.imread(str(path))[..., ::-1].astype(np.float32) / 255
    return np.split(picture, 4, axis=1)


def alike(one, other):
    """Whether two pictures of noise are the same but for what WebP makes of their colours."""
    return np.corrcoef(one.mean(axis=-1).ravel(), other.mean(axis=-1).ravel())[0, 1] > 0.5


@pytest.mark.parametrize(
    ("size", "panel", "detail"),
    [((32, 32), (128, 128), None), ((300, 400), (300, 400), None), ((800, 1280), (400, 640), (240, 320))],
)
def test_the_panels_show_what_they_should(tmp_path, size, panel, detail):
    pairs = picture_pairs(size=size).select([0, 1, 2])
    scores = evaluate.Scores(tuple(pair.name for pair in pairs), {"psnr": [20.0, 30.0, 25.0]})

    def darker(inputs, batch):
        assert len(inputs) == len(batch) == 1
        return inputs * 0.5

    found = panels.save(tmp_path, "run", darker, pairs, FULL, scores, 3)
    expected = [(0, "worst", 20.0), (2, "median", 25.0), (1, "best", 30.0)]
    kept = [(each["image"], each["role"], each["score"]) for each in found]
    assert kept == [(pairs[place].name, role, score) for place, role, score in expected]
    files = found[0]["files"]
    assert files[0] == "pictures/run/worst.webp" and len(files) == 1 + (detail is not None)
    blurred, restored, sharp, error = strip(tmp_path / files[0])
    assert blurred.shape == (*panel, 3)
    assert alike(restored, blurred) and restored.mean() == pytest.approx(blurred.mean() / 2, rel=0.03)
    expected = cv2.resize(pairs[0].sharp[0].pixels, panel[::-1], interpolation=cv2.INTER_AREA) / 255
    assert alike(sharp, expected) and not alike(sharp, blurred[::-1])
    assert np.ptp(error) > 0.2
    if detail is not None:
        assert strip(tmp_path / files[1])[0].shape == (*detail, 3)
    assert all((tmp_path / file).stat().st_size <= panels.LARGEST_FILE for each in found for file in each["files"])


def test_the_detail_is_where_the_blur_changed_most(tmp_path):
    pairs = picture_pairs(size=(600, 900)).select([0])
    grey = np.full((600, 900, 3), 128, np.uint8)
    changed = grey.copy()
    changed[400:500, 100:250] = 255
    pair = replace(pairs[0], blurry=(ArrayFrame("blurry", grey),), sharp=(ArrayFrame("sharp", changed),))
    pairs = replace(pairs, items=(pair,))
    scores = evaluate.Scores((pair.name,), {"psnr": [20.0]})
    (found,) = panels.save(tmp_path, "run", lambda inputs, _: inputs, pairs, FULL, scores, 1)
    sharp = strip(tmp_path / found["files"][1])[2]
    assert (sharp > 0.9).mean() == pytest.approx(100 * 150 / (240 * 320), rel=0.05)


def test_files_stay_small_even_for_noise(tmp_path, monkeypatch):
    monkeypatch.setattr(panels, "LARGEST_FILE", 20_000)
    noise = np.random.default_rng(0).random((200, 800, 3)).astype(np.float32)
    panels._write(tmp_path / "a.webp", noise)
    fine = np.clip(noise * 0.02 + 0.5, 0, 1)
    panels._write(tmp_path / "b.webp", fine)
    assert (tmp_path / "b.webp").stat().st_size <= 20_000
    assert cv2.imread(str(tmp_path / "a.webp")) is not None


LOG = "epoch,loss,psnr,val_loss,val_psnr\n0,0.5,20.0,0.6,19.0\n1,0.4,21.0,,\n2,0.3,22.0,0.5,20.0\n"


def test_curves_are_kept_as_numbers(tmp_path):
    training = tmp_path / "checkpoints"
    training.mkdir()
    assert curves.save(tmp_path, "run", training) is None
    (training / "log.csv").write_text(LOG)
    assert curves.save(tmp_path, "run", training) == "curves/run.csv"
    assert (tmp_path / "curves" / "run.csv").read_text() == LOG
    assert curves.read(tmp_path / "curves" / "run.csv")["loss"]["validation"] == [(1, 0.6), (3, 0.5)]


@pytest.mark.parametrize("text", ["", "epoch\n0\n", "no log", "epoch,loss\nNA,NA\n", "\x00\x01"])
def test_a_log_without_numbers_has_no_curves(tmp_path, text):
    (tmp_path / "log.csv").write_text(text)
    assert curves.read(tmp_path / "log.csv") == {}
    assert curves.read(tmp_path / "gone.csv") == {}


def test_epochs_without_validation_have_no_point():
    """Keras writes NA between two validations, and for what is no number."""
    rows = [
        {"epoch": str(epoch), "loss": "0.5", "val_loss": value} for epoch, value in enumerate(("NA", "nan", "0.25"))
    ]
    assert curves.series(rows) == {"loss": {"training": [(1, 0.5), (2, 0.5), (3, 0.5)], "validation": [(3, 0.25)]}}
    assert curves.series([{"epoch": "0", "loss": "1"}]) == {"loss": {"training": [(1, 1.0)]}}
