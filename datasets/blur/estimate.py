"""Estimates how a camera blurs, from a sharp and a blurry photograph of the same scene.

The forward model of Germer, Uelwer and Harmeling (Helsinki Deblur Challenge): the blurry photograph, warped onto the
sharp one, is the sharp one convolved with one point spread function, plus an offset (stray light). Point spread
function, offset and warp are found together by L-BFGS; the loss is the mean squared error over the region that the
convolution knows wholly, plus a penalty on the mean absolute value of the point spread function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from datasets.blur import warp as blur_warp
from datasets.errors import DataError
from datasets.files import read_arrays, write_arrays

EVALUATIONS = 300
"""How often the loss is computed, as in the authors' code; the last line searches may add a few."""

# Steps that L-BFGS remembers.
_HISTORY = 20
# The search begins anew after each of these shares of it, with the point spread function back in the middle.
_SHARES = (0.3, 0.3, 0.3, 0.1)
# Standard deviation in pixels of the Gaussian that smooths both photographs. Between pixels, interpolation evens noise
# out and lowers the loss, so that without it the warp of a strong blur goes where the noise is least: over text that
# lies 1.3 pixels from the truth at step 5, with it 0.15.
_SMOOTHING = 1.0

Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Schedule:
    """What one blur step of the challenge is estimated with (the authors' code).

    Attributes:
        side: Side of the point spread function in pixels, odd.
        penalty: Weight of its mean absolute value.
        offset: Offset to begin with.
    """

    side: int
    penalty: float
    offset: float


SCHEDULES = {
    0: Schedule(31, 1, 0.135),
    1: Schedule(31, 1, 0.135),
    2: Schedule(51, 2, 0.2),
    3: Schedule(71, 5, 0.3),
    4: Schedule(101, 5, 0.33),
    5: Schedule(121, 5, 0.4),
    6: Schedule(141, 10, 0.4),
    7: Schedule(161, 30, 0.4),
    8: Schedule(181, 40, 0.4),
    9: Schedule(221, 80, 0.4),
    10: Schedule(261, 100, 0.4),
    11: Schedule(341, 120, 0.4),
}
"""Blur step -> schedule."""


@dataclass(frozen=True)
class Blur:
    """How a camera blurs.

    Attributes:
        psf: Point spread function, float32 (side, side), nowhere negative.
        offset: Light added everywhere, of 1.
        warp: Weights (2, 10) that lay its photographs over the sharp camera's, see `datasets.blur.warp`.
        losses: Least mean squared error so far at every evaluation; empty for a blur that was not estimated.
    """

    psf: np.ndarray
    offset: float
    warp: np.ndarray = field(default_factory=blur_warp.identity)
    losses: tuple[float, ...] = ()


def estimate(
    sharp: np.ndarray,
    blurry: np.ndarray,
    side: int,
    penalty: float = 0.0,
    evaluations: int = EVALUATIONS,
    progress: Progress | None = None,
) -> Blur:
    """Estimates the blur between two photographs.

    Begins with the warp of `warp.fit` and a flat point spread function; the best offset for a point spread function
    is known, so it is not searched for. The authors let the point spread function have any sign; here it is kept from
    becoming negative, which light is not, and which makes the penalty smooth. They stop where they come to; here the
    point spread function's centroid is its middle, because a shift of it is the same as one of the warp. Both
    photographs are smoothed alike first, which leaves the blur between them as it is.

    Args:
        sharp: Grey photograph, float array (height, width) in [0, 1].
        blurry: The same scene blurred, same shape.
        side: Side of the point spread function in pixels, odd; it must hold the blur.
        penalty: Weight of the mean absolute value of the point spread function. The authors' values (`SCHEDULES`)
            make it smaller and the offset larger than they are (by 0.07 at step 3), so the default is none.
        evaluations: How often the loss is computed; the last line searches may add a few.
        progress: Called with the evaluations done and the loss.

    Returns:
        The blur.

    Raises:
        DataError: When the photographs are not two grey ones of one size, or the side does not fit.
    """
    _check(sharp, blurry, side, penalty, evaluations)
    problem = Problem(sharp, blurry, side, penalty, progress)
    psf, weights = np.full((side, side), 1 / side**2), blur_warp.fit(sharp, blurry)
    for share in _SHARES:
        psf, weights = _minimise(problem, *_centred(psf, weights, problem.unit), round(share * evaluations))
    return Blur(psf.astype(np.float32), problem.offset(psf, weights), weights, tuple(problem.losses))


def _minimise(
    problem: Problem, psf: np.ndarray, weights: np.ndarray, evaluations: int
) -> tuple[np.ndarray, np.ndarray]:
    """The point spread function and the warp that L-BFGS reaches from the given ones."""
    from scipy.optimize import minimize

    bounds = [(0, None)] * psf.size + [(None, None)] * weights.size
    options = {"maxfun": evaluations, "maxiter": evaluations, "maxcor": _HISTORY, "ftol": 0, "gtol": 0}
    start = problem.pack(psf, weights)
    found = minimize(problem, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return problem.unpack(found.x)


def _centred(psf: np.ndarray, weights: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moves the point spread function's centroid into its middle and the warp by as much the other way.

    The two together describe the same photographs: without this, nothing says which of them holds a shift.
    """
    middle = np.arange(len(psf)) - (len(psf) - 1) / 2
    aside = np.array([psf.sum(axis=0) @ middle, psf.sum(axis=1) @ middle]) / psf.sum()
    columns, rows = np.meshgrid(*(np.arange(len(psf)) + shift for shift in aside))
    moved = np.maximum(blur_warp.sample(psf.astype(np.float32), columns.astype(np.float32), rows.astype(np.float32)), 0)
    return moved * (psf.sum() / moved.sum()), blur_warp.moved(weights, aside / unit[:, 0])


class Problem:
    """The loss and its gradient as a function of one vector of comparable scale.

    The sharp photograph's mean is taken off first, which uncouples the sum of the point spread function from the
    offset; the best offset is then the mean of what is left.

    Args:
        sharp, blurry, side, penalty, progress: See `estimate`.
    """

    def __init__(
        self,
        sharp: np.ndarray,
        blurry: np.ndarray,
        side: int,
        penalty: float = 0.0,
        progress: Progress | None = None,
    ) -> None:
        from scipy import fft

        self._fft = fft
        sharp, blurry = _smoothed(sharp), _smoothed(blurry)
        self._side, self._penalty, self._progress = side, penalty, progress
        self._mean = float(sharp.mean(dtype=np.float64))
        self._shape = tuple(fft.next_fast_len(length, real=True) for length in sharp.shape)
        self._spectrum = self._forward(sharp - np.float32(self._mean))
        self._valid = tuple(slice(side - 1, length) for length in sharp.shape)
        self._blurry = blurry
        self._grid = blur_warp.Grid(sharp.shape, margin=side // 2)
        self.unit = self._grid.unit
        slope = max(float(np.sqrt(np.mean(np.diff(self._blurry, axis=1) ** 2))), 1e-6)
        self._warp_unit = self.unit * slope
        self.losses: list[float] = []
        self._calls = 0

    def pack(self, psf: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The vector of a point spread function and a warp."""
        return np.concatenate([(psf * self._side).ravel(), (weights * self._warp_unit).ravel()])

    def unpack(self, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The point spread function and the warp of a vector."""
        psf, weights = vector[: self._side**2], vector[self._side**2 :]
        return psf.reshape(self._side, self._side) / self._side, weights.reshape(2, -1) / self._warp_unit

    def offset(self, psf: np.ndarray, weights: np.ndarray) -> float:
        """The best offset."""
        residual, _ = self._residual(psf, weights)
        return -float(residual.mean(dtype=np.float64)) - self._mean * float(psf.sum())

    def __call__(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss and its gradient."""
        psf, weights = self.unpack(vector)
        residual, places = self._residual(psf, weights)
        residual -= residual.mean(dtype=np.float64)
        share = 2 / residual.size
        by_psf = share * self._correlated(residual) + self._penalty / self._side**2
        by_warp = [-share * self._grid.moments(residual * slope) for slope in blur_warp.slopes(self._blurry, *places)]
        error = float(np.mean(residual.astype(np.float64) ** 2))
        self._note(error)
        gradient = [by_psf.ravel() / self._side, (np.stack(by_warp) * self.unit / self._warp_unit).ravel()]
        return error + self._penalty * float(psf.mean()), np.concatenate(gradient)

    def _note(self, error: float) -> None:
        """Keeps the error where it is the lowest so far, and tells how far the search is."""
        self._calls += 1
        self.losses.append(min([error, *self.losses[-1:]]))
        if self._progress is not None:
            self._progress(self._calls, self.losses[-1])

    def _residual(self, psf: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """What is left without offset in the region that counts, and the places in the blurry photograph."""
        places = self._grid.places(weights)
        return self._convolved(psf) - blur_warp.sample(self._blurry, *places), places

    def _convolved(self, psf: np.ndarray) -> np.ndarray:
        """The centred sharp photograph convolved with the point spread function, valid region."""
        full = self._fft.irfft2(self._forward(psf.astype(np.float32)) * self._spectrum, self._shape, workers=-1)
        valid: np.ndarray = full[self._valid]
        return valid

    def _correlated(self, residual: np.ndarray) -> np.ndarray:
        """The gradient of half the squared residual's sum by the point spread function."""
        placed = np.zeros(self._shape, np.float32)
        placed[self._valid] = residual
        full = self._fft.irfft2(self._forward(placed) * self._spectrum.conj(), self._shape, workers=-1)
        gradient: np.ndarray = full[: self._side, : self._side].astype(np.float64)
        return gradient

    def _forward(self, array: np.ndarray) -> np.ndarray:
        spectrum: np.ndarray = self._fft.rfft2(array, self._shape, workers=-1)
        return spectrum


def _smoothed(photograph: np.ndarray) -> np.ndarray:
    """A photograph without the noise that is finer than a pixel, float32."""
    import cv2

    return cv2.GaussianBlur(photograph.astype(np.float32), (0, 0), _SMOOTHING, borderType=cv2.BORDER_REPLICATE)


def save(path: Path, blur: Blur) -> None:
    """Writes a blur as `.npz` (`psf`, `offset`, `warp`, `losses`), atomically.

    Raises:
        FileError: When the file cannot be written.
    """
    write_arrays(path, psf=blur.psf, offset=blur.offset, warp=blur.warp, losses=np.asarray(blur.losses))


def load(path: Path) -> Blur:
    """Reads what `save` wrote.

    Raises:
        DataError: When the file is none of those.
    """
    arrays = read_arrays(path, "an estimated blur; make it with `python -m datasets estimate-psf`")
    try:
        return Blur(arrays["psf"], float(arrays["offset"]), arrays["warp"], tuple(arrays["losses"].tolist()))
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path}: holds no estimated blur ({error}); make it with `python -m datasets estimate-psf`"
        ) from error


def _check(sharp: np.ndarray, blurry: np.ndarray, side: int, penalty: float, evaluations: int) -> None:
    """Raises DataError for photographs or numbers that cannot be."""
    if sharp.ndim != 2 or sharp.shape != blurry.shape:
        raise DataError(f"photographs of {sharp.shape} and {blurry.shape}; give two grey ones of one size")
    if side < 3 or side % 2 == 0 or 2 * side > min(sharp.shape):
        raise DataError(
            f"side {side}; a point spread function needs an odd side, from 3 to half of the photograph's "
            f"{min(sharp.shape)}"
        )
    if penalty < 0 or evaluations < 1:
        raise DataError(f"penalty {penalty}, {evaluations} evaluations; give 0 or more, and 1 or more")
