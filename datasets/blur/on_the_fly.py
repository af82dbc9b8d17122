"""Blur made on the fly: a sharp photograph goes in, a blurry crop of it comes out, new at every visit.

A crop is blurred by a hand that shakes the camera in six degrees of freedom, by an object that moves before the scene,
by defocus, or by several of them. Sub-frames are averaged in linear light, as a sensor does, or as the values of a
video's frames, as the GoPro data set does. Sensor noise and JPEG come last. Some crops are hardly blurred and some not
at all, so that a model learns to leave sharp photographs alone.

The sharp image of a crop is the crop of the photograph itself: the pose in the middle of the exposure is the identity.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from datasets.blur.camera import Sensor, to_light, to_values
from datasets.blur.defocus import aperture
from datasets.blur.exposure import USUAL_SHAKE, Path, Shake, draw_path, expose, soft_mask
from datasets.image import Window, cut

VERSION = 1
"""Raise it whenever the same random numbers give another crop: fingerprints of data made here hold it."""

_WHITE = 65535

_SPARE = 3
"""Pixels around what a crop is made of, for the interpolation."""


@dataclass(frozen=True)
class Distribution:
    """How often each kind of blur occurs, and how strong it is. All of it is our choice.

    Ranges are (least, greatest). Lengths are drawn as least + (greatest - least) x u^`length_power` of uniform u, those
    of the others uniformly, noise and smoothness uniformly on a logarithmic scale.

    Attributes:
        sharp: Share of crops without motion and defocus; noise and JPEG are as in the others.
        length: Length of the camera's path over the exposure, in pixels.
        length_power: How much short paths are preferred.
        smoothness: Time scale of a motion as a share of the exposure.
        roll: Rotation about the line of sight beside the other rotations, see `Shake`.
        object: Share of crops in which an object moves before the scene.
        object_cells: Waves of its outline across the crop.
        defocus: Share of crops out of focus.
        radius: Radius of the aperture's image, in pixels.
        linear: Share of crops that are averaged in linear light; the others are averages of the values as they are.
        noisy: Share of crops with sensor noise.
        shot: One over the number of electrons of a full pixel.
        read: Standard deviation of the noise without light.
        jpeg: Share of crops that are compressed as JPEG.
        quality: JPEG quality.
    """

    sharp: float = 0.1
    length: tuple[float, float] = (0.5, 30.0)
    length_power: float = 1.5
    smoothness: tuple[float, float] = (0.25, 1.5)
    roll: tuple[float, float] = (0.0, 0.5)
    object: float = 0.25
    object_cells: tuple[int, int] = (3, 6)
    defocus: float = 0.15
    radius: tuple[float, float] = (0.5, 3.5)
    linear: float = 0.5
    noisy: float = 0.5
    shot: tuple[float, float] = (1e-5, 5e-4)
    read: tuple[float, float] = (5e-5, 5e-4)
    jpeg: float = 0.25
    quality: tuple[int, int] = (60, 98)

    def as_dict(self) -> dict[str, Any]:
        """Its numbers with the generator's version, as fingerprints need them."""
        return {"version": VERSION, **asdict(self)}


DEFAULT = Distribution()

STRAIGHT = Distribution(
    sharp=0.05,
    length=(2.0, 16.0),
    length_power=1.0,
    smoothness=(2.0, 4.0),
    roll=(0.0, 0.1),
    object=0.0,
    defocus=0.0,
    noisy=0.0,
    jpeg=0.0,
)
"""Short, nearly straight motion of the camera alone, without noise: what a small model learns first."""

MOTION = Distribution(length=(1.0, 36.0), defocus=0.0, noisy=0.0, jpeg=0.0)
"""Motion of every kind, of the camera and of objects, without defocus, noise and JPEG: what a model learns second."""

DISTRIBUTIONS = MappingProxyType({"usual": DEFAULT, "motion": MOTION, "straight": STRAIGHT})
"""What can be chosen by name."""


@dataclass(frozen=True)
class Blur:
    """What happens to one crop.

    Attributes:
        length: Length of the camera's path in pixels; 0 for a still camera.
        object_length: That of the object's; None without an object.
        shake: Kind of motion of both.
        object_cells: Waves of the object's outline.
        radius: Radius of the aperture's image in pixels; 0 for none.
        blades: Blades of the aperture; 0 for a disk.
        linear: Whether sub-frames are averaged in linear light.
        sensor: The sensor's noise; None for none.
        quality: JPEG quality; None for none.
    """

    length: float = 0.0
    object_length: float | None = None
    shake: Shake = USUAL_SHAKE
    object_cells: int = 4
    radius: float = 0.0
    blades: int = 0
    linear: bool = True
    sensor: Sensor | None = None
    quality: int | None = None


def draw(rng: np.random.Generator, distribution: Distribution = DEFAULT) -> Blur:
    """Draws what happens to a crop."""
    sharp, moving, unsharp, linear, noisy, compressed = rng.uniform(size=6)
    blurred = sharp >= distribution.sharp
    # Every number is drawn whether it is used or not, so that a share can be changed without changing the rest.
    length, object_length = (_length(rng, distribution) for _ in range(2))
    shake = Shake(smoothness=_log_uniform(rng, distribution.smoothness), roll=rng.uniform(*distribution.roll))
    cells = int(rng.integers(distribution.object_cells[0], distribution.object_cells[1] + 1))
    radius, blades = rng.uniform(*distribution.radius), int(rng.choice((0, 5, 6, 7, 8)))
    sensor = Sensor(_log_uniform(rng, distribution.shot), _log_uniform(rng, distribution.read))
    quality = int(rng.integers(distribution.quality[0], distribution.quality[1] + 1))
    return Blur(
        length=length if blurred else 0.0,
        object_length=object_length if blurred and moving < distribution.object else None,
        shake=shake,
        object_cells=cells,
        radius=radius if blurred and unsharp < distribution.defocus else 0.0,
        blades=blades,
        linear=linear < distribution.linear,
        sensor=sensor if noisy < distribution.noisy else None,
        quality=quality if compressed < distribution.jpeg else None,
    )


def blurred_crop(
    pixels: np.ndarray, window: Window, rng: np.random.Generator, distribution: Distribution = DEFAULT
) -> np.ndarray:
    """Draws a blurry crop of a sharp photograph.

    Args:
        pixels: uint8 array (height, width, channels), RGB or grey.
        window: The crop; it must lie in the photograph.
        rng: The source of every random choice.
        distribution: How blur is drawn.

    Returns:
        uint8 array (window.height, window.width, channels).
    """
    return apply(draw(rng, distribution), pixels, window, rng)


def apply(blur: Blur, pixels: np.ndarray, window: Window, rng: np.random.Generator) -> np.ndarray:
    """Blurs a crop of a photograph.

    Args:
        blur: What happens to it.
        pixels: uint8 array (height, width, channels).
        window: The crop.
        rng: Source of the paths, the object's outline and the noise.

    Returns:
        uint8 array (window.height, window.width, channels).
    """
    if not (blur.length or blur.object_length or blur.radius):
        return _recorded(cut(pixels, window, "photograph"), blur, rng)
    return _recorded(_exposed(blur, pixels, window, rng), blur, rng)


def _exposed(blur: Blur, pixels: np.ndarray, window: Window, rng: np.random.Generator) -> np.ndarray:
    """What the sensor gets, as values: float32 between 0 and 255, not rounded."""
    import cv2

    shape = (pixels.shape[0], pixels.shape[1])
    longest = max(blur.length, blur.object_length or 0.0)
    frames = 2 * int(np.ceil(longest / 2)) + 1
    camera = draw_path(shape, window, blur.length, blur.shake, rng, frames)
    thing = camera
    if blur.object_length is not None:
        thing = draw_path(shape, window, blur.object_length, blur.shake, rng, frames)
    part = _around(shape, window, (camera, thing), int(np.ceil(blur.radius)))
    inner = Window(window.top - part.top, window.left - part.left, window.height, window.width)
    view = np.ascontiguousarray(cut(pixels, part, "photograph"))
    levels = cv2.LUT(view, _levels(blur.linear)).reshape(view.shape)
    if blur.radius:
        kernel = aperture(blur.radius, blur.blades, rng.uniform(0, 2 * np.pi))[::-1, ::-1].astype(np.float32)
        levels = cv2.filter2D(levels, -1, kernel, borderType=cv2.BORDER_REFLECT_101).reshape(view.shape)
    mask = None
    if blur.object_length is not None:
        mask = soft_mask((part.height, part.width), inner, blur.object_cells, rng)
    mean = expose(levels, inner, camera.within(part), thing.within(part), mask)
    return _values_of(mean) if blur.linear else mean


def _values_of(light: np.ndarray) -> np.ndarray:
    """Values between 0 and 255 of linear light, which is overwritten."""
    light *= _WHITE
    light += 0.5
    np.clip(light, 0, _WHITE, out=light)
    return np.take(_values_of_light(), light.astype(np.uint16))


def _around(shape: tuple[int, int], window: Window, paths: tuple[Path, ...], reach: int) -> Window:
    """The part of a photograph that a crop is made of."""
    seen = np.array([path.sees(window) for path in paths])
    spare = _SPARE + reach
    left, top = (max(int(np.floor(seen[:, 0, axis].min())) - spare, 0) for axis in (0, 1))
    right, bottom = (
        min(int(np.ceil(seen[:, 1, axis].max())) + spare + 1, side) for axis, side in ((0, shape[1]), (1, shape[0]))
    )
    return Window(top, left, bottom - top, right - left)


def _recorded(values: np.ndarray, blur: Blur, rng: np.random.Generator) -> np.ndarray:
    """Adds the sensor's noise to values between 0 and 255, rounds to 8 bit, and compresses."""
    import cv2

    if blur.sensor is not None:
        noise = rng.standard_normal(values.shape, np.float32)
        noise *= cv2.LUT(_rounded(values), _deviations(blur.sensor)).reshape(values.shape)
        values = values + noise
    values = _rounded(values)
    if blur.quality is None:
        return values
    flag = cv2.IMREAD_COLOR if values.shape[2] == 3 else cv2.IMREAD_GRAYSCALE
    # Red and blue change places and back, as OpenCV's own order would cost two conversions.
    encoded = cv2.imencode(".jpg", values[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, blur.quality])[1]
    decoded = np.asarray(cv2.imdecode(encoded, flag))
    return decoded[..., ::-1] if decoded.ndim == 3 else decoded[..., np.newaxis]


def _rounded(values: np.ndarray) -> np.ndarray:
    """Values as uint8."""
    return values if values.dtype == np.uint8 else np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _deviations(sensor: Sensor) -> np.ndarray:
    """The noise's standard deviation for each of the 256 values, in units of a value."""
    levels = np.arange(256, dtype=np.float32) / 255
    light = to_light(levels, "srgb")
    slope = np.gradient(levels, light)
    result: np.ndarray = (255 * slope * np.sqrt(sensor.shot * light + sensor.read**2)).astype(np.float32)
    return result


def _length(rng: np.random.Generator, distribution: Distribution) -> float:
    least, greatest = distribution.length
    return float(least + (greatest - least) * rng.uniform() ** distribution.length_power)


def _log_uniform(rng: np.random.Generator, ends: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(ends))))


@cache
def _levels(linear: bool) -> np.ndarray:
    """What is averaged of each of the 256 values, float32: linear light between 0 and 1, or the value itself."""
    values = np.arange(256, dtype=np.float32)
    return to_light(values / 255, "srgb").astype(np.float32) if linear else values


@cache
def _values_of_light() -> np.ndarray:
    """Values between 0 and 255 of each of 65,536 levels of linear light, float32."""
    light = np.arange(_WHITE + 1, dtype=np.float32) / _WHITE
    return to_values(light, "srgb").astype(np.float32) * np.float32(255)
