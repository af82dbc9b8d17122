"""Scores of restored files are those of the benchmarks."""

import math

import numpy as np
import pytest

from benchmarks import metrics
from zoo.inference import score


@pytest.mark.parametrize("size", [(11, 11, 3), (600, 20, 1), (1100, 30, 3)])
def test_scores_are_the_benchmarks(size):
    rng = np.random.default_rng(0)
    sharp = rng.integers(0, 256, size).astype(np.uint8)
    image = np.clip(sharp + rng.normal(0, 20, size), 0, 255).astype(np.uint8)
    assert score.psnr(image, sharp) == pytest.approx(metrics.psnr(image, sharp), abs=1e-9)
    assert score.ssim(image, sharp) == pytest.approx(metrics.ssim(image, sharp), abs=1e-5)
    deep = np.minimum(image.astype(np.uint32) * 257 + 100, 65535).astype(np.uint16)
    assert score.psnr(deep, sharp) == score.psnr(image, sharp)
    assert score.psnr(image, image) == math.inf


def test_panels_are_scaled_down_to_the_widest_row():
    panels = [np.full((40, 100, 1), 50, np.uint8), np.full((40, 100, 3), 65535, np.uint16)]
    row = score.side_by_side(panels, widest=100)
    assert row.shape == (20, 102, 3)
    assert (row[:, :50] == 50).all()
    assert (row[:, 50:] == 255).all()
