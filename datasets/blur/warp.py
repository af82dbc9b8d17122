"""Polynomial warp that lays one photograph over another, taken by a second camera of the same scene.

The forward model of Germer, Uelwer and Harmeling for the Helsinki Deblur Challenge: both coordinates of the place to
look at are polynomials of third degree of the place to fill. Coordinates run from -1 to 1, from the centre of the
first pixel to the centre of the last ("corner-aligned"). Pictures are sampled with the bicubic kernel of a = -0.75,
beyond the border they go on as their edge.
"""

from __future__ import annotations

import numpy as np

from datasets.errors import DataError

POWERS = ((1, 0), (0, 1), (0, 0), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3))
"""Powers of x and y that the ten weights of each row belong to, in the authors' order; row 0 gives x, row 1 gives y."""

DEGREE = 3

# The coarsest and the finest scale at which a warp is fitted: text is laid over text roughly, then to a fraction of
# a pixel. Full size gains nothing on blurred photographs.
_SCALES = (16, 8, 4, 2)
_ITERATIONS = 200
# Half of the distance in pixels over which a slope is measured. Bicubic surfaces of this kernel are half as steep again
# at the pixels as on average, which would mislead a search that begins there; over a whole pixel this evens out.
_REACH = 0.5
# Places on each axis at which an inverse is fitted.
_SAMPLES = 41


def identity() -> np.ndarray:
    """Returns the weights (2, 10), float64, that leave a picture as it is."""
    weights = np.zeros((2, len(POWERS)))
    weights[0, POWERS.index((1, 0))] = weights[1, POWERS.index((0, 1))] = 1
    return weights


def warp(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Warps a picture.

    Args:
        image: Float array (height, width) or (height, width, channels), 2x2 pixels at least.
        weights: Array (2, 10), see `POWERS`.

    Returns:
        float32 array of the image's shape.

    Raises:
        DataError: When the weights have another shape or are not finite, or the picture is too small.
    """
    return sample(image.astype(np.float32), *Grid(image.shape).places(check(weights)))


def check(weights: np.ndarray) -> np.ndarray:
    """Returns weights as float64; DataError unless they are (2, 10) and finite."""
    array = np.asarray(weights, np.float64)
    if array.shape != (2, len(POWERS)) or not np.isfinite(array).all():
        raise DataError(f"warp weights of shape {array.shape}; give 2x{len(POWERS)} finite numbers")
    return array


def displacement(weights: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Returns by how many pixels (x, y) every place looks aside, float64 array (2, height, width)."""
    grid = Grid(shape)
    return np.stack(grid.places(check(weights), np.float64)) - np.stack(grid.places(identity(), np.float64))


def moved(weights: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Returns the warp that looks, at every place, where `weights` look at the place that is `shift` further.

    Args:
        weights: Array (2, 10).
        shift: x and y in corner-aligned coordinates.
    """
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-1, 1, DEGREE + 1)] * 2))
    here = _terms(x, y)
    there = check(weights) @ _terms(x + shift[0], y + shift[1])
    # Polynomials of one degree stay so when they are shifted, so these few places give all weights exactly.
    return np.linalg.lstsq(here.T, there.T, rcond=None)[0].T


def inverse(weights: np.ndarray) -> np.ndarray:
    """Returns the warp that undoes `weights`, as nearly as a polynomial of third degree can.

    Raises:
        DataError: As `warp`.
    """
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-1, 1, _SAMPLES)] * 2))
    places = check(weights) @ _terms(x, y)
    return np.linalg.lstsq(_terms(*places).T, np.stack([x, y]).T, rcond=None)[0].T


def _terms(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns the ten terms at some places, (10, places)."""
    return np.stack([x**power_x * y**power_y for power_x, power_y in POWERS])


def fit(sharp: np.ndarray, blurry: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Finds the warp that lays the blurry photograph over the sharp one.

    Minimises the centred mean squared error (means taken off both) by L-BFGS with the analytic gradient in the
    weights, from a coarse scale to a fine one. The authors descend along random coordinates instead.

    Args:
        sharp: Float array (height, width).
        blurry: Float array of the same shape.
        start: Weights to begin with; None begins with the identity.

    Returns:
        float64 array (2, 10).

    Raises:
        DataError: When the two are not grey photographs of one size, at least 64x64.
    """
    from scipy.optimize import minimize

    if sharp.ndim != 2 or sharp.shape != blurry.shape or min(sharp.shape) < 64:
        raise DataError(
            f"cannot align photographs of {sharp.shape} and {blurry.shape}; "
            "give two grey ones of one size, 64x64 at least"
        )
    weights = identity() if start is None else check(start)
    for scale in (scale for scale in _SCALES if min(sharp.shape) // scale >= 32):
        unit = Grid(sharp.shape).unit
        found = minimize(
            _Misfit(sharp, blurry, scale), (weights * unit).ravel(), jac=True, method="L-BFGS-B",
            options={"maxiter": _ITERATIONS},
        )  # fmt: skip
        weights = found.x.reshape(2, -1) / unit
    return weights


def centred_error(sharp: np.ndarray, blurry: np.ndarray, weights: np.ndarray) -> float:
    """Returns the mean squared error between the sharp and the warped blurry picture, their means taken off."""
    difference = warp(blurry, weights).astype(np.float64) - sharp
    return float(difference.var())


class Grid:
    """The places of a picture, or of one that was scaled down, in the corner-aligned coordinates of the full picture.

    Polynomials are evaluated and integrated as products with the powers of each axis, never with ten planes.

    Args:
        shape: Height and width of the full picture.
        scale: Full pixels per pixel; the picture is scaled down by the mean over squares of so many.
        margin: Pixels on each side that are left out.

    Attributes:
        unit: (2, 1) array; weights times it are displacements in full pixels.
    """

    def __init__(self, shape: tuple[int, ...], scale: int = 1, margin: int = 0) -> None:
        height, width = shape[:2]
        if min(height, width) < 2:
            raise DataError(f"a picture of {height}x{width} cannot be warped; give 2x2 pixels at least")
        self.unit = np.array([[(width - 1) / 2], [(height - 1) / 2]])
        self._scale = scale
        self._powers = [
            np.stack([_coordinates(side, scale, margin) ** power for power in range(DEGREE + 1)])
            for side in (height, width)
        ]

    def places(self, weights: np.ndarray, kind: type = np.float32) -> list[np.ndarray]:
        """Returns where to look, x and y in pixels of the scaled picture."""
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
        """Returns the sums over all places of `values` times each of the ten terms."""
        powers_y, powers_x = self._powers
        sums = powers_y @ (values @ powers_x.T)
        return np.array([sums[power_y, power_x] for power_x, power_y in POWERS])


def _coordinates(side: int, scale: int, margin: int) -> np.ndarray:
    """Returns the corner-aligned coordinates of the pixels of one axis, -1 to 1 where nothing is scaled."""
    pixels = np.arange(margin, side // scale - margin)
    return (scale * pixels + (scale - 1) / 2) / (side - 1) * 2 - 1


class _Misfit:
    """Centred mean squared error, as a share of the sharp picture's variance, as a function of displacements."""

    def __init__(self, sharp: np.ndarray, blurry: np.ndarray, scale: int) -> None:
        import cv2

        self._grid, self._scale = Grid(sharp.shape, scale), scale
        rows, columns = (side // scale for side in sharp.shape)
        self._sharp, self._blurry = (
            cv2.resize(
                side[: rows * scale, : columns * scale].astype(np.float32),
                (columns, rows),
                interpolation=cv2.INTER_AREA,
            )
            for side in (sharp, blurry)
        )
        self._variance = float(self._sharp.var(dtype=np.float64)) or 1.0

    def __call__(self, displaced: np.ndarray) -> tuple[float, np.ndarray]:
        """Returns the error and its gradient at weights times `Grid.unit`."""
        x, y = self._grid.places(displaced.reshape(2, -1) / self._grid.unit)
        difference = sample(self._blurry, x, y) - self._sharp
        difference -= difference.mean()
        gradient = np.stack([self._grid.moments(difference * slope) for slope in slopes(self._blurry, x, y)])
        # A pixel of the full picture is 1 / scale of this one's.
        gradient *= 2 / (difference.size * self._variance * self._scale)
        return float(np.mean(difference.astype(np.float64) ** 2)) / self._variance, gradient.ravel()


def slopes(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns how the picture's bicubic surface rises along x and y at places in pixels."""
    step = np.float32(_REACH)
    return (
        (sample(image, x + step, y) - sample(image, x - step, y)) / (2 * step),
        (sample(image, x, y + step) - sample(image, x, y - step)) / (2 * step),
    )


def sample(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns a float32 picture at places in pixels, bicubic (a = -0.75), border clamped."""
    import cv2

    return cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
