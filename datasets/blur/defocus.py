"""Defocus: the shape of the lens's aperture, spread over the image."""

from __future__ import annotations

import numpy as np

from datasets.errors import DataError

FINENESS = 16
"""Points per pixel and axis at which the aperture is sampled to smooth its edge."""

SMALLEST = 0.1
"""Least radius in pixels; a smaller aperture falls between the sampling points."""


def aperture(radius: float, blades: int = 0, angle: float = 0.0) -> np.ndarray:
    """The point spread function of an aperture out of focus.

    Args:
        radius: Radius of the disk, or of the circle through the corners of the polygon, in pixels.
        blades: Corners of the polygon that the blades form, at least 3; 0 for a disk.
        angle: Direction of one corner, in radian.

    Returns:
        float64 array (2 n + 1, 2 n + 1) with sum 1 and smooth edges, n the least that holds the aperture.

    Raises:
        DataError: When the radius is under `SMALLEST`, or there are one or two blades.
    """
    if radius < SMALLEST or blades < 0 or blades in (1, 2):
        raise DataError(
            f"aperture of radius {radius} with {blades} blades; use a radius from {SMALLEST} and 0, 3 or more blades"
        )
    reach = max(int(np.ceil(radius - 0.5)), 0)
    side = 2 * reach + 1
    fine = (np.arange(side * FINENESS) + 0.5) / FINENESS - side / 2
    x, y = np.meshgrid(fine, fine)
    if blades:
        # Inside a polygon no point is farther along any edge's normal than the edge itself.
        normals = angle + np.pi * (2 * np.arange(blades) + 1) / blades
        far = np.max([x * np.cos(n) + y * np.sin(n) for n in normals], axis=0)
        inside = far <= radius * np.cos(np.pi / blades)
    else:
        inside = np.hypot(x, y) <= radius
    psf = inside.reshape(side, FINENESS, side, FINENESS).mean(axis=(1, 3))
    result: np.ndarray = psf / psf.sum()
    return result


def defocus(image: np.ndarray, psf: np.ndarray, offset: float = 0.0) -> np.ndarray:
    """Convolves an image with a point spread function and adds stray light.

    Args:
        image: Float array (height, width) or (height, width, channels) in linear light.
        psf: Point spread function with odd sides; its sum is the share of the light that it passes.
        offset: Light added everywhere.

    Returns:
        float32 array of the image's shape. Beyond the border the image goes on as its edge (our choice).
    """
    import cv2

    kernel = psf[::-1, ::-1].astype(np.float32)  # filter2D correlates
    return cv2.filter2D(image.astype(np.float32), -1, kernel, borderType=cv2.BORDER_REPLICATE) + np.float32(offset)
