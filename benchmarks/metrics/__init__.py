"""Image quality metrics, every convention under its own name.

All follow one order of operations: clip to [0, 1], round to 8 bit, compute in float64, per image; the mean over
images comes last. The type of an array decides its range (uint8 0..255, float [0, 1]); the values never do.
"""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.metrics.base import METRICS, Metric, MetricError, quantise, register, unregister
from benchmarks.metrics.bootstrap import Interval, mean_interval, paired_difference

# The order of these imports is that of the table, and so of every list of metrics.
# isort: split
from benchmarks.metrics.psnr import psnr

# isort: split
from benchmarks.metrics.ssim import ssim, ssim_matlab3d

# isort: split
from benchmarks.metrics.mse import mse

# isort: split
from benchmarks.metrics.kohler import FrameScore, KohlerScore, kohler, kohler_frames, kohler_mssim, kohler_psnr
from benchmarks.metrics.ms_ssim import mssim_luminance
from benchmarks.metrics.ocr import ocr_score

# isort: split
from benchmarks.metrics.luma import psnr_y, ssim_y

# isort: split
from benchmarks.metrics.niqe import niqe

# isort: split
from benchmarks.metrics.lpips import lpips

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
    "lpips",
    "mean_interval",
    "mse",
    "mssim_luminance",
    "niqe",
    "ocr_score",
    "paired_difference",
    "psnr",
    "psnr_y",
    "quantise",
    "register",
    "ssim",
    "ssim_matlab3d",
    "ssim_y",
    "unregister",
]

# Every file of this folder may register metrics; a new one is found without being named here.
for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

# `metrics.NAME(a, b)` for every one of them, also where its file has the same name.
globals().update({name: card.function for name, card in METRICS.items() if name != "ocr"})
