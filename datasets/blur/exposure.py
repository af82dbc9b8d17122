"""One exposure of a photograph: a camera, and an object before the scene, that move while the shutter is open.

What moves is a plane under the homographies of a shaking camera (`datasets.blur.trajectory`). The pose in the middle of
the exposure is the identity, so that the sharp image is the photograph itself and nothing of it is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.blur.trajectory import FOCAL, corners, hand_motion, homographies, move
from datasets.image import Window

KNOTS = 17
"""Times at which a motion is drawn; between them it goes on straight."""

_HALF_WAY = np.array([-1, 9, 9, -1], np.float32) / 16
"""Cubic interpolation half-way between two pixels."""

_ONE = np.ones(1, np.float32)


@dataclass(frozen=True)
class Shake:
    """What kind of motion is drawn; the sizes are relative, as the motion is scaled to a length.

    Attributes:
        smoothness: Time scale of the motion as a share of the exposure: small for a crooked path, large for a straight
            one.
        roll: Rotation about the line of sight, as motion of the photograph's corners; turning up and sideways moves
            them by 1.
        drift: Sideways and vertical translation.
        approach: Translation along the line of sight, as motion of the corners.
    """

    smoothness: float = 0.7
    roll: float = 0.25
    drift: float = 0.3
    approach: float = 0.15


USUAL_SHAKE = Shake()


@dataclass(frozen=True)
class Path:
    """Where a plane is during an exposure.

    Attributes:
        maps: Homographies (sub-frames, 3, 3) from pixels of the sharp image to those of a sub-frame; the middle one is
            the identity.
    """

    maps: np.ndarray

    def sees(self, window: Window) -> np.ndarray:
        """The least and the greatest x and y of what a window shows of the plane at any time, (2, 2)."""
        seen = move(_corners(window), np.linalg.inv(self.maps))
        return np.stack([seen.min(axis=(0, 1)), seen.max(axis=(0, 1))])

    def within(self, part: Window) -> Path:
        """The same path in the pixels of a part of the photograph."""
        there, back = np.eye(3), np.eye(3)
        there[:2, 2] = -part.left, -part.top
        back[:2, 2] = part.left, part.top
        return Path(there @ self.maps @ back)


STILL = Path(np.eye(3)[np.newaxis])
"""A plane that does not move."""


def draw_path(
    shape: tuple[int, int], window: Window, length: float, shake: Shake, rng: np.random.Generator, frames: int = 0
) -> Path:
    """Draws the motion of a plane of a photograph.

    Args:
        shape: Height and width of the photograph, all of which the camera sees.
        window: The part of it whose blur counts.
        length: Length of the path in pixels, the mean of the window's corners.
        shake: Kind of motion.
        rng: Source of randomness.
        frames: Sub-frames, odd; 0 takes about one for each pixel of the path.

    Returns:
        The path. Its middle sub-frame, which is in the middle in time, is the sharp image.
    """
    frames = frames or 2 * int(np.ceil(length / 2)) + 1
    focal, radius = FOCAL * max(shape), np.hypot(*shape) / 2
    sizes = np.array([1, 1, shake.roll * focal / radius, shake.drift, shake.drift, shake.approach * focal / radius])
    knots = sizes / focal * hand_motion(KNOTS, shake.smoothness * KNOTS, 6, rng)
    times = np.linspace(0, KNOTS - 1, max(frames, 3))
    poses = np.stack([np.interp(times, np.arange(KNOTS), axis) for axis in knots.T], axis=1)
    poses -= poses[len(poses) // 2]
    # Motions of some pixels are so small beside the focal length that their path grows with them.
    poses *= length / max(travel(homographies(poses, shape, shape), window), 1e-9)
    return STILL if frames == 1 else Path(homographies(poses, shape, shape))


def expose(
    pixels: np.ndarray, window: Window, camera: Path, thing: Path = STILL, mask: np.ndarray | None = None
) -> np.ndarray:
    """Averages what a window sees of a photograph while camera and object move.

    The object is a part of the photograph itself that moves by a path of its own before the rest: at the middle of the
    exposure it is where it is, and before and after it uncovers what the photograph shows there.

    The photograph is interpolated once, to half pixels by a cubic kernel, and a sub-frame takes the nearest of these.
    That is some five times faster than a linear interpolation for each sub-frame, and smooths less.

    Args:
        pixels: The photograph, or all of it that is seen, float32 (height, width, channels). Beyond its border it goes
            on as its mirror image (our choice).
        window: What to return of it.
        camera: Motion of the scene before the camera.
        thing: Motion of the object, with as many sub-frames as the camera's.
        mask: How much of each pixel is the object, float32 (height, width) in [0, 1]; None for no object.

    Returns:
        The mean over the sub-frames, float32 (window.height, window.width, channels), in the units of `pixels`.
    """
    import cv2

    fine = on_half_pixels(pixels)
    channels = pixels.shape[2:] if pixels.shape[2] > 1 else ()  # as OpenCV returns it
    total = np.zeros((window.height, window.width, *channels), np.float32)
    if mask is None:
        for view in _views(camera, window):
            cv2.accumulate(_seen(fine, view, window), total)
        return (total / len(camera.maps)).reshape(window.height, window.width, -1)
    cover = on_half_pixels(mask[..., np.newaxis])
    for view, own in zip(_views(camera, window), _views(thing, window), strict=True):
        share = _seen(cover, own, window)
        cv2.accumulate(cv2.blendLinear(_seen(fine, own, window), _seen(fine, view, window), share, 1 - share), total)
    return (total / len(camera.maps)).reshape(window.height, window.width, -1)


def on_half_pixels(pixels: np.ndarray) -> np.ndarray:
    """Interpolates an image to twice its sides; every second row and column are those of the image itself.

    Args:
        pixels: float32 (height, width, channels).

    Returns:
        float32 (2 height, 2 width, channels): row 2 i is row i, row 2 i + 1 lies half-way to the next.
    """
    import cv2

    def between(image: np.ndarray, across: bool) -> np.ndarray:
        kernel_x, kernel_y = (_HALF_WAY, _ONE) if across else (_ONE, _HALF_WAY)
        anchor = (1, 0) if across else (0, 1)
        made = cv2.sepFilter2D(image, -1, kernel_x, kernel_y, anchor=anchor, borderType=cv2.BORDER_REFLECT_101)
        return made.reshape(pixels.shape)

    height, width, channels = pixels.shape
    right, below = between(pixels, True), between(pixels, False)
    fine = np.empty((2 * height, width, 2 * channels), np.float32)
    # Written in place: fresh memory costs more than what is computed.
    cv2.merge([pixels, right], fine[::2])
    cv2.merge([below, between(right, False)], fine[1::2])
    return fine.reshape(2 * height, 2 * width, channels)


def soft_mask(shape: tuple[int, int], window: Window, cells: int, rng: np.random.Generator) -> np.ndarray:
    """A random region with soft, wavy edges that covers some of a window.

    Args:
        shape: Height and width of the photograph.
        window: Where the region shall be.
        cells: Size of the region's waves: so many cells across the window.
        rng: Source of randomness.

    Returns:
        float32 (height, width) in [0, 1]; 0 outside the window.
    """
    import cv2

    coarse = rng.standard_normal((cells, cells), np.float32)
    waves = cv2.resize(coarse, (window.width, window.height), interpolation=cv2.INTER_CUBIC)
    # A third of the window or so is covered; the edge is a few pixels wide.
    steepness = min(window.height, window.width) / cells
    mask = np.zeros(shape, np.float32)
    region = np.clip((waves - rng.uniform(0.0, 0.8)) * steepness + 0.5, 0, 1)
    mask[window.top : window.top + window.height, window.left : window.left + window.width] = region
    return mask


def travel(maps: np.ndarray, window: Window) -> float:
    """The length of a window's path in pixels, the mean over its corners, under homographies (sub-frames, 3, 3)."""
    steps = np.diff(move(_corners(window), maps), axis=0)
    return float(np.hypot(steps[..., 0], steps[..., 1]).sum(axis=0).mean())


def _views(path: Path, window: Window) -> np.ndarray:
    """The maps (sub-frames, 3, 3) from pixels of the window to half pixels of the photograph."""
    from_window = np.eye(3)
    from_window[:2, 2] = window.left, window.top
    result: np.ndarray = np.diag([2.0, 2.0, 1.0]) @ np.linalg.inv(path.maps) @ from_window
    return result


def _seen(fine: np.ndarray, view: np.ndarray, window: Window) -> np.ndarray:
    """One sub-frame (height, width, channels)."""
    import cv2

    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    size = (window.width, window.height)
    seen: np.ndarray = cv2.warpPerspective(fine, view, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return seen


def _corners(window: Window) -> np.ndarray:
    return corners((window.height, window.width)) + np.array([window.left, window.top])
