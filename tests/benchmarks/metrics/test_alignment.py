"""Alignment by fractions of a pixel before scoring."""

import cv2
import numpy as np
import pytest
from scipy import ndimage

from benchmarks import metrics
from benchmarks.metrics import MetricError
from benchmarks.metrics.alignment import BORDER, aligned, offset
from benchmarks.protocols import PROTOCOLS

SHIFTS = [(0.0, 0.0), (0.3, -0.6), (1.6, 0.25), (-2.5, 3.1), (0.5, 0.5), (9.0, -7.3)]


@pytest.fixture(scope="module")
def sharp():
    """A smooth image of 160x200 with detail at all scales but the finest, which no interpolation can move."""
    noise = np.random.default_rng(3).random((160, 200, 3))
    image = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.2, 2.5, 5, 12))
    return ((image - image.min()) / np.ptp(image)).astype(np.float64)


def moved(image, shift):
    return ndimage.shift(image, (*shift, 0), order=5, mode="mirror").clip(0, 1)


@pytest.mark.parametrize("shift", SHIFTS)
def test_known_shifts_are_found(sharp, shift):
    assert offset(moved(sharp, shift), sharp) == pytest.approx(shift, abs=0.02)


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_blurred_or_noisy_image_is_found_as_well(sharp, shift):
    noise = np.random.default_rng(1).normal(0, 0.01, sharp.shape)
    blurred = cv2.GaussianBlur(moved(sharp, shift), (0, 0), 1.5) + noise
    assert offset(blurred.clip(0, 1), sharp) == pytest.approx(shift, abs=0.06)


@pytest.mark.parametrize("shift", SHIFTS[1:])
def test_what_is_moved_back_is_what_it_was(sharp, shift):
    image = moved(sharp, shift)
    first, second = aligned(image, sharp)
    assert first.shape == second.shape == (160 - 2 * BORDER, 200 - 2 * BORDER, 3)
    assert metrics.psnr(first, second) > 42 > metrics.psnr(image, sharp) + 8


def test_types_and_ranges_agree(sharp):
    bytes_ = (sharp * 255).round().astype(np.uint8)
    image = moved(sharp, (0.4, 0.2))
    assert offset((image * 255).round().astype(np.uint8), bytes_) == offset(image, sharp)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_nothing_to_align_leaves_the_image(sharp, value):
    flat = np.full_like(sharp, value)
    assert offset(flat, sharp) == (0.0, 0.0)
    assert (np.round(aligned(flat, sharp)[0] * 255) == np.rint(value * 255)).all()


def test_what_is_too_small_or_of_another_shape_is_refused(sharp):
    with pytest.raises(MetricError, match="alignment needs images of at least 64 pixels a side"):
        offset(sharp[:63], sharp[:63])
    with pytest.raises(MetricError):
        offset(sharp[:100], sharp)


def test_the_protocol_scores_what_it_says(sharp):
    image = moved(sharp, (0.3, -0.6)).astype(np.float32)
    protocol = PROTOCOLS["aligned"]
    values = protocol.score(None, image, sharp.astype(np.float32), image)
    first, second = aligned(image, sharp.astype(np.float32))
    assert values == {name: metrics.METRICS[name].function(first, second) for name in protocol.metrics}
    assert values["psnr"] > PROTOCOLS["full"].score(None, image, sharp.astype(np.float32), image)["psnr"] + 8
    same = sharp.astype(np.float32)
    assert protocol.score(None, same, same, same)["psnr"] is None


def test_real_pairs_of_other_exposures(real_data):
    """The sharp image is a neighbour of the middle frame: by these pixels."""
    folder = real_data / "misaligned_pairs"
    if not folder.is_dir():
        pytest.skip("no misaligned pairs here")
    found = {}
    for path in sorted((folder / "blur").glob("*.png")):
        blurry, sharp = (cv2.imread(str(folder / kind / path.name)) for kind in ("blur", "sharp"))
        found[path.stem] = np.hypot(*offset(blurry, sharp))
        assert metrics.psnr(*aligned(blurry, sharp)) > metrics.psnr(blurry[16:-16, 16:-16], sharp[16:-16, 16:-16])
    assert all(0.1 < distance < 2.5 for distance in found.values()), found
