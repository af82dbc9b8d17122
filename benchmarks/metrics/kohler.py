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

from benchmarks.metrics.base import PEAK, MetricError, quantise, quantised_picture
from benchmarks.metrics.ms_ssim import SMALLEST, Scale, compare, luminance, require_rgb, scales


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
    """Channel sum less its mean: the mean moves no peak, but would cost digits, and on a flat picture all of them."""
    import cv2

    total = cv2.transform(values, np.ones((1, 3)))
    return total - total.mean()


def _signed(position: int, size: int) -> int:
    return position - size if 2 * position >= size else position


def _overlap(shift: tuple[int, int], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a frame that a picture of the same shape still covers after it was moved."""
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
        frames: Ground-truth pictures of the same shape, in the order of the trajectory. They are drawn one at a
            time, so a generator that reads files keeps memory independent of their number.

    Yields:
        One score per frame.

    Raises:
        MetricError: When a picture has another shape, is too small or has a wrong type or value.
    """
    pixels = quantised_picture(estimate, SMALLEST)
    require_rgb(pixels)
    prepared = _Estimate(pixels)
    for number, frame in enumerate(frames):
        if np.shape(frame) != pixels.shape:
            raise MetricError(
                f"ground-truth frame {number} has shape {np.shape(frame)}, the restoration {pixels.shape}; "
                "restore to the size of the blurred picture"
            )
        yield _score_frame(prepared, quantise(frame))


def kohler(estimate: np.ndarray, frames: Iterable[np.ndarray]) -> KohlerScore:
    """Scores a restoration by its best ground-truth frame; see `kohler_frames` for the rules.

    The benchmark's number is the mean of this over its 48 pictures.

    Args:
        estimate: Restoration (height, width, 3), RGB, uint8 or float in [0, 1], both sides at least 161 pixels.
        frames: Ground-truth pictures of the same shape, drawn one at a time.

    Returns:
        Best PSNR and best MSSIM, each over all frames.

    Raises:
        MetricError: When there is no frame, or as `kohler_frames`.
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
    """Returns the PSNR of `kohler` alone, in dB."""
    return kohler(estimate, frames).psnr


def kohler_mssim(estimate: np.ndarray, frames: Iterable[np.ndarray]) -> float:
    """Returns the MSSIM of `kohler` alone."""
    return kohler(estimate, frames).mssim
