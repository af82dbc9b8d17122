"""What a camera does to light: response curves, sensor noise, rounding to 8 bit, and averaging over an exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Curve = Literal["srgb", "gamma"]
"""Response curves: that of sRGB (IEC 61966-2-1), or the plain power 1/2.2 with which GoPro's authors linearise."""

GAMMA = 2.2


@dataclass(frozen=True)
class Sensor:
    """Noise of a sensor, for light between 0 and 1: the variance is `shot * light + read**2`.

    The defaults are a well-lit scene (our choice): about one 8-bit level in the shadows and in the middle tones.

    Attributes:
        shot: One over the number of electrons of a full pixel.
        read: Standard deviation of the noise without light.
    """

    shot: float = 5e-5
    read: float = 2e-4


def to_light(values: np.ndarray, curve: Curve) -> np.ndarray:
    """Turns a camera's values (uint8, or float between 0 and 1) into linear light, float32 between 0 and 1."""
    if values.dtype == np.uint8:
        result: np.ndarray = to_light(np.arange(256, dtype=np.float32) / 255, curve)[values]
        return result
    values = values.astype(np.float32)
    if curve == "gamma":
        return values**GAMMA
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def to_values(light: np.ndarray, curve: Curve) -> np.ndarray:
    """Turns linear light into a camera's values between 0 and 1, float32; light beyond 0 and 1 is clipped."""
    light = np.clip(light.astype(np.float32), 0, 1)
    if curve == "gamma":
        return light ** np.float32(1 / GAMMA)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** np.float32(1 / 2.4) - 0.055)


def develop(light: np.ndarray, curve: Curve) -> np.ndarray:
    """Turns linear light into an image: response curve, then rounding to uint8."""
    result: np.ndarray = np.rint(to_values(light, curve) * 255).astype(np.uint8)
    return result


def add_noise(light: np.ndarray, sensor: Sensor, generator: np.random.Generator) -> np.ndarray:
    """Adds shot and read noise to linear light; both are Gaussian and independent for each value."""
    deviation = np.sqrt(sensor.shot * np.maximum(light, 0) + sensor.read**2)
    result: np.ndarray = light + deviation * generator.standard_normal(light.shape, np.float32)
    return result


def average(images: np.ndarray, curve: Curve | None) -> np.ndarray:
    """Averages video frames into one blurry image.

    With a curve the images are turned into light, averaged, and turned back; without one their values are
    averaged as they are. The GoPro data set offers both: `blur_gamma` with the power 2.2, `blur` without.

    Args:
        images: uint8 array (count, height, width, channels).
        curve: The response curve to undo, or None.

    Returns:
        uint8 array (height, width, channels).
    """
    if curve is None:
        result: np.ndarray = np.rint(images.mean(axis=0)).astype(np.uint8)
        return result
    return develop(to_light(images, curve).mean(axis=0), curve)
