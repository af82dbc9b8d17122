"""Image quality metrics, every convention under its own name.

All follow one order of operations: clip to [0, 1], round to 8 bit, compute in float64, per image; the mean over
images comes last. The type of an array decides its range (uint8 0..255, float [0, 1]); the values never do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from benchmarks.metrics.base import Metric, MetricError, quantise
from benchmarks.metrics.bootstrap import Interval, mean_interval, paired_difference
from benchmarks.metrics.kohler import (
    FrameScore,
    KohlerScore,
    kohler,
    kohler_frames,
    kohler_mssim,
    kohler_psnr,
)
from benchmarks.metrics.ms_ssim import mssim_luminance
from benchmarks.metrics.ocr import ocr_score
from benchmarks.metrics.psnr import mse, psnr
from benchmarks.metrics.ssim import ssim, ssim_matlab3d

__all__ = [
    "METRICS",
    "FrameScore",
    "Interval",
    "KohlerScore",
    "Metric",
    "MetricError",
    "kohler",
    "kohler_frames",
    "kohler_mssim",
    "kohler_psnr",
    "mean_interval",
    "mse",
    "mssim_luminance",
    "ocr_score",
    "paired_difference",
    "psnr",
    "quantise",
    "ssim",
    "ssim_matlab3d",
]

_CARDS = (
    Metric(
        name="psnr",
        title="PSNR",
        convention="8 bit, 10 log10(255^2 / MSE over all pixels and channels), mean of the images' values",
        unit="dB",
        higher_is_better=True,
        bounds=(0.0, math.inf),
        function=psnr,
    ),
    Metric(
        name="ssim",
        title="SSIM",
        convention="8 bit, each channel alone, 2-D Gaussian 11x11 sigma 1.5, valid region, population covariance",
        unit="",
        higher_is_better=True,
        bounds=(-1.0, 1.0),
        function=ssim,
    ),
    Metric(
        name="ssim_matlab3d",
        title="SSIM 3-D",
        convention="8 bit, H x W x C as a volume, Gaussian 11x11x11 sigma 1.5, replicated border, full-size map",
        unit="",
        higher_is_better=True,
        bounds=(-1.0, 1.0),
        function=ssim_matlab3d,
    ),
    Metric(
        name="mse",
        title="MSE",
        convention="8 bit divided by 255, mean squared difference over all pixels and channels",
        unit="",
        higher_is_better=False,
        bounds=(0.0, 1.0),
        function=mse,
    ),
    Metric(
        name="kohler_psnr",
        title="PSNR (Koehler)",
        convention="best frame of the trajectory after intensity scaling and whole-pixel registration, 8-bit luminance",
        unit="dB",
        higher_is_better=True,
        # The least-squares factor keeps the restoration's energy below the frame's, so the squared error is at most
        # twice 3 x 255^2 per pixel, of which luminance takes up to 0.587: -5.5 dB.
        bounds=(-6.0, math.inf),
        function=kohler_psnr,
    ),
    Metric(
        name="kohler_mssim",
        title="MSSIM (Koehler)",
        convention="best frame as kohler_psnr, five-scale SSIM of luminance, contrast and structure averaged apart",
        unit="",
        higher_is_better=True,
        bounds=(0.0, 1.0),
        function=kohler_mssim,
    ),
    Metric(
        name="ocr",
        title="OCR",
        convention="official HDC2021 script: Tesseract's LSTM engine without dictionaries, second of three lines, "
        "difflib's ratio; 0 unless three lines are read",
        unit="%",
        higher_is_better=True,
        bounds=(0.0, 100.0),
        function=ocr_score,
    ),
    Metric(
        name="ocr_indel",
        title="OCR (Indel)",
        convention="as ocr, with the ratio that the script gives where python-Levenshtein is installed",
        unit="%",
        higher_is_better=True,
        bounds=(0.0, 100.0),
        function=partial(ocr_score, form="indel"),
    ),
)

METRICS: Mapping[str, Metric] = MappingProxyType({card.name: card for card in _CARDS})
"""The table of metrics by name. The two Koehler metrics take the frames of the trajectory as second argument, the
two of character recognition the true text."""
