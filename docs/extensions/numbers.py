"""How far numbers lie apart that bear one name: from the records in `results`, and measured on the built-in sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np

import datasets
from benchmarks import metrics
from benchmarks.records import store
from benchmarks.records.record import Finished
from benchmarks.tables.markup import RST
from datasets.samples.build import sample_root
from datasets.samples.photographs import photograph
from extensions.tables import table

RESULTS = Path(__file__).parents[2] / "results"
# Weights that somebody published, and the blurred image: what is known well. Models that a laptop trained come after.
_SHOWN = ("maxim", "identity", "atrous")
_PHOTOGRAPH = "astronaut.png"


@cache
def _runs() -> tuple[Finished, ...]:
    """The records of photographs whose images were scored one by one, one for each data set and model."""
    found: dict[tuple[str, str, str], Finished] = {}
    for record in store.read_all(RESULTS).done:
        run = record.run
        if isinstance(run, Finished) and run.model in _SHOWN and "ssim_matlab3d" in run.scores.means:
            found.setdefault((run.dataset, run.model, run.evaluation.coverage), run)
    return tuple(sorted(found.values(), key=lambda run: (run.dataset, _SHOWN.index(run.model))))


def _called(run: Finished) -> list[str]:
    """The first cells of a record's line."""
    return [RST.code(f"{run.model}/{run.variant}"), RST.code(run.dataset), run.evaluation.coverage]


def ssim_forms() -> str:
    """Both forms of SSIM, of the same images."""
    lines = []
    for run in _runs():
        flat, volume = (run.scores.means[name].mean for name in ("ssim", "ssim_matlab3d"))
        lines.append([*_called(run), f"{flat:.4f}", f"{volume:.4f}", f"{volume - flat:+.4f}"])
    return table(["model", "data set", "images", "``ssim``", "``ssim_matlab3d``", "difference"], lines)


def mean_error() -> str:
    """The mean of the images' PSNR beside the PSNR of their mean error."""
    lines = []
    for run in _runs():
        pairs = zip(run.scores.values["psnr"], run.scores.values["mse"], strict=True)
        kept = [(value, error) for value, error in pairs if value is not None and error is not None]
        mean = float(np.mean([value for value, _ in kept]))
        pooled = -10 * math.log10(float(np.mean([error for _, error in kept])))
        lines.append([*_called(run), f"{mean:.2f}", f"{pooled:.2f}", f"{pooled - mean:+.2f}"])
    return table(["model", "data set", "images", "mean PSNR (dB)", "PSNR of the mean error (dB)", "difference"], lines)


def intervals() -> str:
    """How much a mean depends on which images were scored."""
    lines = []
    for run in _runs():
        psnr = run.scores.means["psnr"]
        lines.append([*_called(run), f"{psnr.mean:.2f}", f"{psnr.low:.2f} to {psnr.high:.2f}"])
    return table(["model", "data set", "images", "PSNR (dB)", "95 % interval over the images"], lines)


def rounding() -> str:
    """PSNR before and after rounding to 8 bit, of errors of several sizes on one photograph."""
    sharp = photograph(_PHOTOGRAPH)
    truth, generator = sharp / 255.0, np.random.default_rng(0)
    lines = []
    for wanted in (25, 30, 35, 40, 45, 50, 60):
        restored = truth + generator.normal(0, 10 ** (-wanted / 20), truth.shape)
        as_is, clipped = (_psnr(image, truth) for image in (restored, np.clip(restored, 0, 1)))
        rounded = metrics.psnr(np.clip(restored, 0, 1), sharp)
        cells = [f"{as_is:.2f}", f"{clipped:.2f}", f"{rounded:.2f}", f"{clipped - as_is:+.2f}"]
        lines.append([*cells, f"{rounded - clipped:+.2f}"])
    return table(["floats as they are", "clipped", "clipped and rounded", "by clipping", "by rounding"], lines)


def _psnr(restored: np.ndarray, truth: np.ndarray) -> float:
    return -10 * math.log10(float(np.mean((restored - truth) ** 2)))


def gopro_blurs() -> str:
    """The two kinds of blur that GoPro comes with, on the built-in sample."""
    root = sample_root("gopro")
    blurs = {name: datasets.load(name, root) for name in ("gopro", "gopro-gamma")}
    lines = []
    for name, pairs in blurs.items():
        lines.append([RST.code(name), "the sharp image", _mean(_compared(pairs))])
    crossed = zip(*blurs.values(), strict=True)
    between = (metrics.psnr(a.blurry[0].read(), b.blurry[0].read()) for a, b in crossed)
    lines.append([RST.code("gopro"), "the same image of ``gopro-gamma``", _mean(between)])
    return table(["blurred images of", "compared with", "PSNR (dB)"], lines)


def _compared(pairs: datasets.Pairs) -> Iterator[float]:
    return (metrics.psnr(pair.blurry[0].read(), pair.sharp[0].read()) for pair in pairs)


def _mean(values: Iterator[float]) -> str:
    return f"{np.mean(list(values)):.2f}"


MADE: Mapping[str, Callable[[], str]] = {
    "ssim_forms": ssim_forms,
    "mean_error": mean_error,
    "intervals": intervals,
    "rounding": rounding,
    "gopro_blurs": gopro_blurs,
}
"""Name in the directive -> what makes its text."""
