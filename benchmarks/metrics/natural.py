"""What natural images have in common: normalised light, its distribution, and the model of sharp photographs.

After Mittal, Soundararajan and Bovik, "Making a 'completely blind' image quality analyzer", IEEE Signal Processing
Letters 20 (3), 2013. Light is normalised by local mean and deviation; in sharp natural images what is left follows a
generalised normal distribution, and so do products of neighbours. Its parameters at two scales are 36 numbers for each
patch of 96x96 pixels.
"""

from __future__ import annotations

from functools import cache

import numpy as np

PATCH = 96
"""Side of a patch in pixels."""

FEATURES = 36
"""Numbers that describe a patch: 18 at each of two scales."""

_SHARPEST = 0.75
_SCALES = 2
_WINDOW, _SIGMA = 7, 7 / 6
# The first row of the inverse of the matrix from RGB to YIQ, as MATLAB's rgb2gray has it.
_GREY = (0.298936021293775, 0.587043074451121, 0.114020904255103)
# (down, right) of the neighbours whose products are described.
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))


def patch_features(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What describes every patch of an image; what is left over at the right and bottom does not count.

    Args:
        image: uint8 array (height, width, 1 or 3), both sides at least `PATCH`.

    Returns:
        Features (patches, 36), column by column of patches, and the patches' sharpness: their mean local deviation.
    """
    light = grey(image)
    height, width = (side // PATCH * PATCH for side in light.shape)
    light = light[:height, :width]
    described, sharpness = [], np.empty(0)
    for scale in range(_SCALES):
        if scale:
            light = halved(light)
        normalised, deviation = _normalised(light)
        side = PATCH >> scale
        described.append(_described(_patches(normalised, side)))
        if not scale:
            sharpness = _patches(deviation, side).mean(axis=(1, 2))
    return np.concatenate(described, axis=1), sharpness


def sharp_patches(image: np.ndarray) -> np.ndarray:
    """The features of those patches of a sharp photograph that have more than 0.75 of the largest sharpness.

    Args:
        image: uint8 array (height, width, 1 or 3), both sides at least `PATCH`.

    Returns:
        Features (patches, 36); patches without any variation, whose features are not numbers, are left out.
    """
    features, sharpness = patch_features(image)
    kept = features[sharpness > _SHARPEST * sharpness.max()]
    return kept[np.isfinite(kept).all(axis=1)]


def grey(image: np.ndarray) -> np.ndarray:
    """The light of an image as MATLAB's `rgb2gray` gives it, rounded to whole numbers, float64 (height, width)."""
    if image.shape[-1] == 1:
        return image[..., 0].astype(np.float64)
    return np.floor(sum(image[..., channel] * weight for channel, weight in enumerate(_GREY)) + 0.5)


def halved(light: np.ndarray) -> np.ndarray:
    """Half the size with the cubic kernel of Keys, widened against aliasing and mirrored at borders, as MATLAB's.

    Args:
        light: float64 (height, width), both even.

    >>> halved(np.full((6, 8), 3.0)).round(12).tolist()[0]
    [3.0, 3.0, 3.0, 3.0]
    """
    for axis in (0, 1):
        padded = np.pad(light, [(3, 3) if each == axis else (0, 0) for each in (0, 1)], mode="symmetric")
        size = light.shape[axis] // 2
        taps = [np.take(padded, range(start, start + 2 * size, 2), axis=axis) for start in range(8)]
        light = np.tensordot(_halving(), taps, axes=1)
    return light


@cache
def _halving() -> tuple[float, ...]:
    """The eight weights of `halved`: the cubic kernel with a = -1/2, twice as wide."""
    distance = np.abs(np.arange(8) - 3.5) / 2
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance <= 1, near, far)
    return tuple(float(weight) for weight in weights / weights.sum())


def _normalised(light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Light without its local mean, in units of the local deviation and one; and that deviation."""
    import cv2

    line = cv2.getGaussianKernel(_WINDOW, _SIGMA, cv2.CV_64F)

    def local_mean(values: np.ndarray) -> np.ndarray:
        return cv2.sepFilter2D(values, cv2.CV_64F, line, line, borderType=cv2.BORDER_REPLICATE)

    mean = local_mean(light)
    deviation = np.sqrt(np.abs(local_mean(light * light) - mean * mean))
    return (light - mean) / (deviation + 1), deviation


def _patches(values: np.ndarray, side: int) -> np.ndarray:
    """The patches (count, side, side) of an image, column by column as MATLAB counts them."""
    rows, columns = (length // side for length in values.shape)
    return values.reshape(rows, side, columns, side).transpose(2, 0, 1, 3).reshape(-1, side, side)


def _described(patches: np.ndarray) -> np.ndarray:
    """The 18 numbers (count, 18) of normalised patches at one scale."""
    shape, left, right = _asymmetric(patches)
    numbers = [shape, (left + right) / 2]
    for shift in _NEIGHBOURS:
        # A patch is a torus here: its first row is the neighbour of its last one.
        shape, left, right = _asymmetric(patches * np.roll(patches, shift, axis=(1, 2)))
        mean = (right - left) * _gamma_ratio(shape)
        numbers += [shape, mean, left, right]
    return np.stack(numbers, axis=1)


def _asymmetric(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shape, left and right scale of an asymmetric generalised normal distribution, fitted to each patch's moments."""
    values = patches.reshape(len(patches), -1)
    squares = values * values
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = (np.sqrt((squares * side).sum(axis=1) / side.sum(axis=1)) for side in (values < 0, values > 0))
        ratio = left / right
        moment = np.abs(values).mean(axis=1) ** 2 / squares.mean(axis=1)
        moment *= (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    shapes, expected, scales = _shapes()
    # The nearest of the tabulated moments, which rise with the shape.
    place = np.clip(np.searchsorted(expected, moment), 1, len(expected) - 1)
    place -= (moment - expected[place - 1]) <= (expected[place] - moment)
    # A patch without variation has no moment; the authors' search then ends at the first shape, and so counts it.
    place = np.where(np.isfinite(moment), place, 0)
    return shapes[place], left * scales[place], right * scales[place]


@cache
def _shapes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shapes from 0.2 to 10, the squared first over the second moment of each, and scale over deviation."""
    from scipy.special import gamma

    shapes = np.arange(200, 10_001) / 1000
    one, two, three = (gamma(number / shapes) for number in (1, 2, 3))
    return shapes, two**2 / (one * three), np.sqrt(one / three)


def _gamma_ratio(shape: np.ndarray) -> np.ndarray:
    from scipy.special import gamma

    ratio: np.ndarray = gamma(2 / shape) / gamma(1 / shape)
    return ratio
