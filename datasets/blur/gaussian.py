"""The random Gaussian blur of the Bologna report's CIFAR-10 experiment."""

from __future__ import annotations

import random

import numpy as np

from datasets.errors import DataError

LARGEST_SIGMA = 3.0


def psf(sigma: float) -> np.ndarray:
    """The Gaussian by which `blur_like_bologna` blurs.

    Args:
        sigma: Standard deviation in pixels; 0 leaves an image as it is.

    Returns:
        float64 array (side, side), side = round(6 sigma + 1), made odd; its sum is 1.
    """
    import cv2

    if not sigma:
        return np.ones((1, 1))
    line = cv2.getGaussianKernel(round(6 * sigma + 1) | 1, sigma, cv2.CV_64F)
    return line @ line.T


def blur_like_bologna(images: np.ndarray, seed: int = 42, skip: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Blurs every image with its own Gaussian, as the Bologna code prepares CIFAR-10.

    Each image draws sigma = 3 U(0, 1) pixels from Python's generator, train images before test images.
    OpenCV's GaussianBlur works on 8-bit values, chooses the kernel size itself (round(6 sigma + 1), made odd)
    and mirrors the border without repeating the edge pixel (reflect-101). OpenCV refuses sigma 0 with an
    automatic kernel size; such an image is returned unchanged (our choice).

    Args:
        images: uint8 array (count, height, width, 3).
        seed: Seed of the generator; the code uses 42.
        skip: Draws to discard first, e.g. 50,000 to blur the test images by themselves.

    Returns:
        The blurred images (uint8, the shape of `images`) and the sigmas (count,), float64, in pixels.

    Raises:
        DataError: When `images` is not such an array or `skip` is negative.
    """
    import cv2

    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8:
        raise DataError(
            f"Gaussian blur takes uint8 images (count, height, width, 3), not {images.dtype} {images.shape}; "
            "convert them first"
        )
    if skip < 0:
        raise DataError(f"skip={skip}: the number of draws to discard cannot be negative; use 0 or more")
    generator = random.Random(seed)
    for _ in range(skip):
        generator.random()
    sigmas = np.array([LARGEST_SIGMA * generator.random() for _ in range(len(images))], np.float64)
    blurred = images.copy()
    for index in np.flatnonzero(sigmas):
        blurred[index] = cv2.GaussianBlur(images[index], (0, 0), sigmas[index])
    return blurred, sigmas
