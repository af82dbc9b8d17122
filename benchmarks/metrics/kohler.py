"""Scoring of the Koehler benchmark: one restoration against every ground-truth frame of a camera shake.

A restoration is sharp at some moment of the exposure, and nobody can say at which; so each of the about 200 sharp
frames that were photographed along the trajectory is tried, after equalising brightness and position, and the best
counts. The rules follow the evaluation code of Koehler et al. 2012.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.metrics.base import PEAK, Metric, MetricError, quantise, quantised_image, register
from benchmarks.metrics.ms_ssim import SMALLEST, Scale, compare, luminance, require_rgb, scales
from benchmarks.metrics.psnr import EXACT


@dataclass(frozen=True)
class FrameScore:
    """A restoration against one ground-truth frame.

    Attributes:
        scale: Factor that the restoration's intensities were multiplied by.
        shift: Rows and columns by which the restoration was moved, whole pixels, down and right positive.
        mse: Mean squared difference of luminance on the 0..255 scale, over the whole frame.
        psnr: 10 log10(255² / mse) in dB; infinite when mse is 0.
        mssim: Five-scale SSIM of luminance, 0 to 1.
    """

    scale: float
    shift: tuple[int, int]
    mse: float
    psnr: float
    mssim: float


@dataclass(frozen=True)
class KohlerScore:
    """The best that a restoration reaches over all ground-truth frames; each index has its own best frame.

    Attributes:
        psnr: Highest PSNR in dB.
        mssim: Highest five-scale SSIM.
        frame_psnr: Position, from 0, of the frame with the highest PSNR (the first of equals).
        frame_mssim: Position of the frame with the highest MSSIM.
        shift: Rows and columns by which the restoration was moved for the best PSNR.
        frames: How many frames were tried.
    """

    psnr: float
    mssim: float
    frame_psnr: int
    frame_mssim: int
    shift: tuple[int, int]
    frames: int


class _Estimate:
    """A restoration with everything that does not depend on the frame that it is compared with."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.values = pixels.astype(np.float64)
        self.energy = float(np.vdot(self.values, self.values))
        self.luminance = luminance(self.values)
        self.spectrum = np.conj(np.fft.rfft2(_centred(self.values)))
        self._moved: tuple[tuple[int, int], list[Scale]] | None = None

    def factor(self, frame: np.ndarray) -> float:
        """Least-squares intensity factor; a black restoration stays black (our choice, the rule divides by 0)."""
        return float(np.vdot(frame, self.values)) / self.energy if self.energy else 1.0

    def shift(self, frame: np.ndarray) -> tuple[int, int]:
        """Whole-pixel motion from the peak of the circular cross-correlation of the channel means."""
        height, width = self.luminance.shape
        correlation = np.fft.irfft2(np.fft.rfft2(_centred(frame)) * self.spectrum, s=(height, width))
        row, column = np.unravel_index(int(np.argmax(correlation)), correlation.shape)
        return _signed(int(row), height), _signed(int(column), width)

    def moved(self, shift: tuple[int, int]) -> list[Scale]:
        """Scales of the moved, unscaled luminance; kept for the next frame, which mostly has the same shift."""
        if self._moved is None or self._moved[0] != shift:
            shape = self.luminance.shape
            values = np.zeros_like(self.luminance)
            values[_overlap(shift, shape)] = self.luminance[_overlap((-shift[0], -shift[1]), shape)]
            self._moved = (shift, scales(values))
        return self._moved[1]


def _centred(values: np.ndarray) -> np.ndarray:
    """Channel sum less its mean: the mean moves no peak, but would cost digits, and on a flat image all of them."""
    import cv2

    total: np.ndarray = cv2.transform(values, np.ones((1, 3)))
    total -= total.mean()
    return total


def _signed(position: int, size: int) -> int:
    return position - size if 2 * position >= size else position


def _overlap(shift: tuple[int, int], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a frame that an image of the same shape still covers after it was moved."""
    rows, columns = (slice(max(step, 0), size + min(step, 0)) for step, size in zip(shift, shape, strict=True))
    return rows, columns


def _score_frame(estimate: _Estimate, pixels: np.ndarray) -> FrameScore:
    frame = pixels.astype(np.float64)
    factor, shift = estimate.factor(frame), estimate.shift(frame)
    moved = [scale.times(factor) for scale in estimate.moved(shift)]
    covered = _overlap(shift, frame.shape[:2])
    target = np.zeros_like(estimate.luminance)
    target[covered] = luminance(frame)[covered]
    error = float(np.mean((target - moved[0].values) ** 2))
    return FrameScore(
        scale=factor,
        shift=shift,
        mse=error,
        psnr=10.0 * math.log10(PEAK**2 / error) if error > 0.0 else math.inf,
        mssim=compare(scales(target), moved),
    )


def kohler_frames(estimate: np.ndarray, frames: Iterable[np.ndarray]) -> Iterator[FrameScore]:
    """Scores a restoration against each ground-truth frame in turn.

    Per frame x and restoration z, 8 bit, in float64: z times sum(x z) / sum(z z); whole-pixel registration by the
    peak of the circular cross-correlation of the channel means; z moved with zero fill, x set to zero where z does not
    reach; luminance of both; PSNR with peak 255 over the whole frame, and five-scale SSIM.

    Args:
        estimate: Restoration (height, width, 3), RGB, uint8 or float in [0, 1], both sides at least 161 pixels.
        frames: Ground-truth images of the same shape, in the order of the trajectory. They are drawn one at a
            time, so a generator that reads files keeps memory independent of their number.

    Yields:
        One score per frame.

    Raises:
        MetricError: When an image has another shape, is too small or has a wrong type or value.

    >>> frame = np.linspace(0, 1, 168 * 168 * 3).reshape(168, 168, 3)
    >>> [score.shift for score in kohler_frames(frame, [frame, np.roll(frame, 2, axis=0)])]
    [(0, 0), (2, 0)]
    """
    pixels = quantised_image(estimate, SMALLEST)
    require_rgb(pixels)
    prepared = _Estimate(pixels)
    for number, frame in enumerate(frames):
        if np.shape(frame) != pixels.shape:
            raise MetricError(
                f"ground-truth frame {number} has shape {np.shape(frame)}, the restoration {pixels.shape}; "
                "restore to the size of the blurred image"
            )
        yield _score_frame(prepared, quantise(frame))


def kohler(estimate: np.ndarray, frames: Iterable[np.ndarray]) -> KohlerScore:
    """Scores a restoration by its best ground-truth frame; see `kohler_frames` for the rules.

    The benchmark's number is the mean of this over its 48 images.

    Args:
        estimate: Restoration (height, width, 3), RGB, uint8 or float in [0, 1], both sides at least 161 pixels.
        frames: Ground-truth images of the same shape, drawn one at a time.

    Returns:
        Best PSNR and best MSSIM, each over all frames.

    Raises:
        MetricError: When there is no frame, or as `kohler_frames`.

    >>> frame = np.linspace(0, 1, 168 * 168 * 3).reshape(168, 168, 3)
    >>> best = kohler(frame**1.1, [frame**2, frame])
    >>> best.frame_psnr, best.frames
    (1, 2)
    """
    scores = list(kohler_frames(estimate, frames))
    if not scores:
        raise MetricError("no ground-truth frame to compare with; check that the folder of frames is complete")
    by_psnr = max(range(len(scores)), key=lambda number: scores[number].psnr)
    by_mssim = max(range(len(scores)), key=lambda number: scores[number].mssim)
    return KohlerScore(
        psnr=scores[by_psnr].psnr,
        mssim=scores[by_mssim].mssim,
        frame_psnr=by_psnr,
        frame_mssim=by_mssim,
        shift=scores[by_psnr].shift,
        frames=len(scores),
    )


def kohler_psnr(estimate: np.ndarray, frames: Iterable[np.ndarray]) -> float:
    """The PSNR of `kohler` alone, in dB.

    >>> frame = np.linspace(0, 1, 168 * 168 * 3).reshape(168, 168, 3)
    >>> kohler_psnr(frame, [frame])
    inf
    """
    return kohler(estimate, frames).psnr


def kohler_mssim(estimate: np.ndarray, frames: Iterable[np.ndarray]) -> float:
    """The MSSIM of `kohler` alone.

    >>> frame = np.linspace(0, 1, 168 * 168 * 3).reshape(168, 168, 3)
    >>> round(kohler_mssim(frame, [frame**2, frame]), 4)
    1.0
    """
    return kohler(estimate, frames).mssim


register(
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
        truth="frames",
        limit=EXACT,
    )
)
register(
    Metric(
        name="kohler_mssim",
        title="MSSIM (Koehler)",
        convention="best frame as kohler_psnr, five-scale SSIM of luminance, contrast and structure averaged apart",
        unit="",
        higher_is_better=True,
        bounds=(0.0, 1.0),
        function=kohler_mssim,
        truth="frames",
    )
)
