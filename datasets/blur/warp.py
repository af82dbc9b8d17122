"""Polynomial warp that lays one photograph over another, taken by a second camera of the same scene.

The forward model of Germer, Uelwer and Harmeling for the Helsinki Deblur Challenge: both coordinates of the place to
look at are polynomials of third degree of the place to fill. Coordinates run from -1 to 1, from the centre of the
first pixel to the centre of the last ("corner-aligned"). Images are sampled with the bicubic kernel of a = -0.75,
beyond the border they go on as their edge.
"""

from __future__ import annotations

import numpy as np

from datasets.errors import DataError

POWERS = ((1, 0), (0, 1), (0, 0), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3))
"""Powers of x and y that the ten weights of each row belong to, in the authors' order; row 0 gives x, row 1 gives y."""

DEGREE = 3

# Scales at which a warp is fitted: text is laid over text roughly, then to a fraction of a pixel. Full size gains
# nothing on blurred photographs, and scales finer than an eighth of the blur nothing either.
_SCALES = (16, 8, 4, 2)
_FINE = 8
_ITERATIONS = 200
# A pixel aside costs strongly blurred photographs a hundred-thousandth of their correlation.
_FLAT = 1e-8
# Standard deviations in pixels of the Gaussians that stand in for a blur of unknown shape.
_GAUSSIANS = (0.0, 3.0, 6.0, 12.0, 20.0, 32.0, 48.0, 72.0)
# Share of each half side, from the edge, on which the unevenness of the light is fitted.
_BORDER = 0.28
# Half of the distance in pixels over which a slope is measured. Bicubic surfaces of this kernel are half as steep again
# at the pixels as on average, which would mislead a search that begins there; over a whole pixel this evens out.
_REACH = 0.5
# Places on each axis at which an inverse is fitted.
_SAMPLES = 41


def identity() -> np.ndarray:
    """The weights (2, 10), float64, that leave an image as it is."""
    weights = np.zeros((2, len(POWERS)))
    weights[0, POWERS.index((1, 0))] = weights[1, POWERS.index((0, 1))] = 1
    return weights


def warp(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Warps an image.

    Args:
        image: Float array (height, width) or (height, width, channels), 2x2 pixels at least.
        weights: Array (2, 10), see `POWERS`.

    Returns:
        float32 array of the image's shape.

    Raises:
        DataError: When the weights have another shape or are not finite, or the image is too small.
    """
    return sample(image.astype(np.float32), *Grid(image.shape).places(check(weights)))


def check(weights: np.ndarray) -> np.ndarray:
    """Weights as float64; DataError unless they are (2, 10) and finite."""
    array = np.asarray(weights, np.float64)
    if array.shape != (2, len(POWERS)) or not np.isfinite(array).all():
        raise DataError(f"warp weights of shape {array.shape}; give 2x{len(POWERS)} finite numbers")
    return array


def displacement(weights: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """By how many pixels (x, y) every place looks aside, float64 array (2, height, width)."""
    grid = Grid(shape)
    result: np.ndarray = np.stack(grid.places(check(weights), np.float64)) - np.stack(
        grid.places(identity(), np.float64)
    )
    return result


def moved(weights: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The warp that looks, at every place, where `weights` look at the place that is `shift` further.

    Args:
        weights: Array (2, 10).
        shift: x and y in corner-aligned coordinates.
    """
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-1, 1, DEGREE + 1)] * 2))
    here = _terms(x, y)
    there = check(weights) @ _terms(x + shift[0], y + shift[1])
    # Polynomials of one degree stay so when they are shifted, so these few places give all weights exactly.
    result: np.ndarray = np.linalg.lstsq(here.T, there.T, rcond=None)[0].T
    return result


def inverse(weights: np.ndarray) -> np.ndarray:
    """The warp that undoes `weights`, as nearly as a polynomial of third degree can.

    Raises:
        DataError: As `warp`.
    """
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-1, 1, _SAMPLES)] * 2))
    places = check(weights) @ _terms(x, y)
    result: np.ndarray = np.linalg.lstsq(_terms(*places).T, np.stack([x, y]).T, rcond=None)[0].T
    return result


def _terms(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The ten terms at some places, (10, places)."""
    return np.stack([x**power_x * y**power_y for power_x, power_y in POWERS])


def fit(sharp: np.ndarray, blurry: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Finds the warp that lays the blurry photograph over the sharp one.

    Maximises the correlation between the warped blurry photograph and the sharp one behind a Gaussian, by L-BFGS with
    the analytic gradient in the weights, from a coarse scale to a fine one; the Gaussian is the one that correlates
    best at the coarsest scale. Uneven light, a quadratic polynomial on the border, is taken off both first, as it stays
    with the camera and not with the scene. The authors minimise the centred mean squared error to the sharp photograph
    as it is, along random coordinates. With a strong blur that error is least in a wrong place: 16 to 45 pixels aside
    in simulated photographs of steps 6 to 9, where this fit is about one pixel aside.

    Args:
        sharp: Float array (height, width).
        blurry: Float array of the same shape.
        start: Weights to begin with; None begins with the identity.

    Returns:
        float64 array (2, 10).

    Raises:
        DataError: When the two are not grey photographs of one size, at least 64x64.
    """
    if sharp.ndim != 2 or sharp.shape != blurry.shape or min(sharp.shape) < 64:
        raise DataError(
            f"cannot align photographs of {sharp.shape} and {blurry.shape}; "
            "give two grey ones of one size, 64x64 at least"
        )
    weights = identity() if start is None else check(start)
    sharp, blurry = _even(sharp), _even(blurry)
    coarsest, *finer = [scale for scale in _SCALES if min(sharp.shape) // scale >= 32]
    fits = [(_search(sharp, blurry, coarsest, sigma, weights), sigma) for sigma in _GAUSSIANS]
    (weights, _), sigma = min(fits, key=lambda found: found[0][1])
    for scale in finer:
        if sigma <= _FINE * scale:
            weights, _ = _search(sharp, blurry, scale, sigma, weights)
    return weights


def _even(photograph: np.ndarray) -> np.ndarray:
    """A photograph, float32, without the quadratic polynomial in x and y that fits its border best."""
    rows, columns = (np.linspace(-1, 1, side) for side in photograph.shape)
    # A few thousand places say as much as all.
    steps = [slice(None, None, max(1, side // 128)) for side in photograph.shape]
    y, x = (axis.ravel() for axis in np.meshgrid(rows[steps[0]], columns[steps[1]], indexing="ij"))
    outer = np.maximum(np.abs(x), np.abs(y)) > 1 - _BORDER
    powers = [(i, j) for i in range(3) for j in range(3 - i)]
    terms = np.stack([x[outer] ** i * y[outer] ** j for i, j in powers], axis=-1)
    values = photograph[steps[0], steps[1]].astype(np.float64).ravel()[outer]
    weights = np.linalg.lstsq(terms, values, rcond=None)[0]
    light = sum(weight * np.multiply.outer(rows**j, columns**i) for weight, (i, j) in zip(weights, powers, strict=True))
    result: np.ndarray = (photograph - light).astype(np.float32)
    return result


def _search(
    sharp: np.ndarray, blurry: np.ndarray, scale: int, sigma: float, weights: np.ndarray
) -> tuple[np.ndarray, float]:
    """The weights that L-BFGS reaches at one scale from the given ones, and one minus the correlation."""
    from scipy.optimize import minimize

    unit = Grid(sharp.shape).unit
    misfit = _Misfit(sharp, blurry, scale, sigma)
    options = {"maxiter": _ITERATIONS, "ftol": _FLAT, "gtol": _FLAT}
    found = minimize(misfit, (weights * unit).ravel(), jac=True, method="L-BFGS-B", options=options)
    return found.x.reshape(2, -1) / unit, float(found.fun)


class Grid:
    """The places of an image, or of one that was scaled down, in the corner-aligned coordinates of the full image.

    Polynomials are evaluated and integrated as products with the powers of each axis, never with ten planes.

    Args:
        shape: Height and width of the full image.
        scale: Full pixels per pixel; the image is scaled down by the mean over squares of so many.
        margin: Pixels on each side that are left out.

    Attributes:
        unit: (2, 1) array; weights times it are displacements in full pixels.
    """

    def __init__(self, shape: tuple[int, ...], scale: int = 1, margin: int = 0) -> None:
        height, width = shape[:2]
        if min(height, width) < 2:
            raise DataError(f"an image of {height}x{width} cannot be warped; give 2x2 pixels at least")
        self.unit = np.array([[(width - 1) / 2], [(height - 1) / 2]])
        self._scale = scale
        self._powers = [
            np.stack([_coordinates(side, scale, margin) ** power for power in range(DEGREE + 1)])
            for side in (height, width)
        ]

    def places(self, weights: np.ndarray, kind: type = np.float32) -> list[np.ndarray]:
        """Where to look, x and y in pixels of the scaled image."""
        powers_y, powers_x = self._powers
        found = []
        for row, unit in zip(weights, self.unit[:, 0], strict=True):
            coefficients = np.zeros((DEGREE + 1, DEGREE + 1))
            for (power_x, power_y), weight in zip(POWERS, row, strict=True):
                coefficients[power_y, power_x] = weight
            full = (powers_y.T @ coefficients @ powers_x + 1) * unit
            found.append(((full - (self._scale - 1) / 2) / self._scale).astype(kind))
        return found

    def moments(self, values: np.ndarray) -> np.ndarray:
        """The sums over all places of `values` times each of the ten terms."""
        powers_y, powers_x = self._powers
        sums = powers_y @ (values @ powers_x.T)
        return np.array([sums[power_y, power_x] for power_x, power_y in POWERS])


def _coordinates(side: int, scale: int, margin: int) -> np.ndarray:
    """The corner-aligned coordinates of the pixels of one axis, -1 to 1 where nothing is scaled."""
    pixels = np.arange(margin, side // scale - margin)
    return (scale * pixels + (scale - 1) / 2) / (side - 1) * 2 - 1


class _Misfit:
    """One minus the correlation of a warped image with a smoothed sharp one, as a function of displacements."""

    def __init__(self, sharp: np.ndarray, blurry: np.ndarray, scale: int, sigma: float) -> None:
        import cv2

        self._grid, self._scale = Grid(sharp.shape, scale), scale
        rows, columns = (side // scale for side in sharp.shape)
        target, self._blurry = (
            cv2.resize(
                side[: rows * scale, : columns * scale].astype(np.float32),
                (columns, rows),
                interpolation=cv2.INTER_AREA,
            )
            for side in (sharp, blurry)
        )
        if sigma:
            target = cv2.GaussianBlur(target, (0, 0), sigma / scale, borderType=cv2.BORDER_REPLICATE)
        target = target - target.mean()
        self._target = target / (float(np.sqrt(np.mean(target.astype(np.float64) ** 2))) or 1.0)

    def __call__(self, displaced: np.ndarray) -> tuple[float, np.ndarray]:
        """The misfit and its gradient at weights times `Grid.unit`."""
        x, y = self._grid.places(displaced.reshape(2, -1) / self._grid.unit)
        found = sample(self._blurry, x, y)
        found -= found.mean()
        spread = float(np.sqrt(np.mean(found.astype(np.float64) ** 2))) or 1.0
        correlation = float(np.mean(found * self._target, dtype=np.float64)) / spread
        slope = (correlation * found / spread - self._target) / (spread * found.size)
        gradient = np.stack([self._grid.moments(slope * each) for each in slopes(self._blurry, x, y)])
        # A pixel of the full image is 1 / scale of this one's.
        return 1 - correlation, gradient.ravel() / self._scale


def slopes(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How the image's bicubic surface rises along x and y at places in pixels."""
    step = np.float32(_REACH)
    return (
        (sample(image, x + step, y) - sample(image, x - step, y)) / (2 * step),
        (sample(image, x, y + step) - sample(image, x, y - step)) / (2 * step),
    )


def sample(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A float32 image at places in pixels, bicubic (a = -0.75), border clamped."""
    import cv2

    return cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
