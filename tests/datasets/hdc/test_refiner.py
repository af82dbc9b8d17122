"""The small pages that the refiner sees."""

import cv2
import numpy as np
import pytest

import datasets
from datasets import DataError
from datasets.hdc import refiner


def page(ink=0.2, seed=0):
    """Returns an uneven small page (208, 337) with a bar of ink, and the ground alone."""
    y, x = np.meshgrid(np.linspace(-1, 1, 208), np.linspace(-1, 1, 337), indexing="ij")
    ground = 0.8 - 0.05 * x + 0.03 * y**2 - 0.06 * np.hypot(x, y)
    noise = 0.003 * np.random.default_rng(seed).standard_normal(ground.shape)
    inked = ground + noise
    inked[90:110, 100:240] = ink
    return inked.astype(np.float32), ground


def test_photographs_shrink_by_seven_as_means():
    photograph = np.random.default_rng(0).integers(0, 65536, (1460, 2360, 1), dtype=np.uint16)
    small = refiner.shrink(photograph)
    assert small.shape == (208, 337)
    assert small.dtype == np.float32
    assert small.mean() == pytest.approx(photograph.mean() / 65535, abs=1e-3)
    exact = refiner.shrink(photograph[:1456, :2359])
    expected = photograph[:1456, :2359, 0].reshape(208, 7, 337, 7).mean(axis=(1, 3)) / 65535
    np.testing.assert_allclose(exact, expected, atol=1e-6)
    as_float = (photograph / 65535).astype(np.float32)
    np.testing.assert_allclose(refiner.shrink(as_float), small, atol=1e-5)


def test_small_pages_return_to_the_official_size():
    small, _ = page()
    large = refiner.enlarge(small, (1460, 2360))
    assert large.shape == (1460, 2360)
    np.testing.assert_allclose(refiner.shrink(large), small, atol=0.12)


def test_the_ground_is_found_from_the_border_alone():
    inked, ground = page()
    np.testing.assert_allclose(refiner.ground(inked), ground, atol=0.008)


def test_the_worst_tenth_of_the_border_does_not_count():
    inked, ground = page()
    stained = inked.copy()
    stained[:14, :80] = 0.0
    inner = np.s_[40:-40, 60:-60]
    assert np.abs(refiner.ground(stained) - ground)[inner].max() < 0.05


def test_even_pages_are_paper_with_the_same_ink():
    inked, _ = page()
    evened = refiner.even(inked)
    empty = np.ones_like(evened, bool)
    empty[85:115, 95:245] = False
    assert evened[empty].mean() == pytest.approx(refiner.PAPER, abs=0.002)
    assert evened[empty].std() < 0.006
    assert evened[95:105, 150:200].mean() < 0.4


def test_targets_are_white_but_near_ink():
    inked, _ = page(ink=0.1)
    white = refiner.whiten(refiner.even(inked))
    assert (white == 1).mean() > 0.74
    assert (white[:80] == 1).all()
    assert (white[120:] == 1).all()
    assert white[100, 170] < 0.4


def test_channels_are_the_page_and_its_medians():
    inked, _ = page()
    found = refiner.channels(refiner.even(inked))
    assert found.shape == (208, 337, 5)
    first = found[..., 0]
    for place, width in enumerate(refiner.MEDIANS, 1):
        np.testing.assert_array_equal(found[10:-10, 10:-10, place], cv2.medianBlur(first, width)[10:-10, 10:-10])


@pytest.fixture(scope="module")
def pairs(small_text):
    return datasets.load("hdc", small_text, "train", steps=[1, 10])


def test_preparation_packs_medians_step_and_target_once(pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path))
    prepared = refiner.prepare(pairs)
    assert [pair.metadata["step"] for pair in prepared] == [1, 1]
    for pair, source in zip(prepared, pairs, strict=False):
        first, second = (frame.read() for frame in pair.blurry)
        evened = refiner.even(refiner.shrink(source.blurry[0].read()))
        np.testing.assert_array_equal(np.concatenate([first, second[..., :2]], axis=-1), refiner.channels(evened))
        assert (second[..., 2] == 1).all()
        target = refiner.whiten(refiner.even(refiner.shrink(source.sharp[0].read())))
        np.testing.assert_allclose(pair.sharp[0].read()[..., 0] / 255, target, atol=0.5 / 255 + 1e-6)
    (file,) = (tmp_path / "hdc").iterdir()
    before = file.stat().st_mtime_ns
    refiner.prepare(pairs)
    assert file.stat().st_mtime_ns == before


def test_steps_that_the_refiner_is_not_trained_on_are_refused(pairs):
    later = pairs.select([index for index, pair in enumerate(pairs) if pair.metadata["step"] == 10])
    with pytest.raises(DataError, match="trained on blur steps 0 to 9; none of them"):
        refiner.prepare(later)
