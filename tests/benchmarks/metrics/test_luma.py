"""PSNR and SSIM of the luma: against the published matrix, worked out anew, and other libraries."""

import math

import cv2
import numpy as np
import pytest
from skimage import color, data
from skimage.metrics import structural_similarity

from benchmarks import metrics
from benchmarks.metrics.luma import luma


def slowly(pixel):
    """The luma of a pixel of whole numbers, in exact arithmetic; halves are rounded up."""
    red, green, blue = map(int, pixel)
    thousandths = 16 * 255 * 1000 + 65481 * red + 128553 * green + 24966 * blue
    return (2 * thousandths + 255_000) // 510_000


@pytest.fixture(scope="module")
def photograph():
    sharp = np.ascontiguousarray(data.astronaut()[:120, :151])
    return sharp, cv2.GaussianBlur(sharp, (0, 0), 1.5)


def test_the_luma_in_exact_arithmetic():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    expected = [[slowly(pixel) for pixel in row] for row in pixels]
    np.testing.assert_array_equal(luma(pixels)[..., 0], expected)


def test_the_luma_of_scikit_image(photograph):
    expected = np.floor(color.rgb2ycbcr(photograph[0])[..., 0] + 0.5)
    np.testing.assert_array_equal(luma(photograph[0])[..., 0], expected)


def test_grey_images_are_three_equal_channels():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    np.testing.assert_array_equal(luma(grey), luma(grey.repeat(3, axis=-1)))
    assert (luma(grey).min(), luma(grey).max()) == (16, 235)


def test_psnr_by_hand():
    """All pixels 10 apart: the lumas are 16 and round(16 + 219 * 10 / 255) = 25 apart by 9."""
    black, dark = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 10, np.uint8)
    assert metrics.psnr_y(black, dark) == pytest.approx(20 * math.log10(255 / 9), abs=1e-12)


def test_both_on_a_photograph(photograph):
    first, second = (np.array([[slowly(pixel) for pixel in row] for row in each]) for each in photograph)
    error = np.mean((first - second) ** 2)
    assert metrics.psnr_y(*photograph) == pytest.approx(10 * math.log10(255**2 / error), abs=1e-12)
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = structural_similarity(first.astype(float), second.astype(float), data_range=255, **window)
    assert metrics.ssim_y(*photograph) == pytest.approx(expected, abs=1e-10)
    assert metrics.psnr_y(*photograph) - metrics.psnr(*photograph) > 1
