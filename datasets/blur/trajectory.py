"""Camera shake: a hand-held pinhole camera that moves smoothly in six degrees of freedom before a flat scene.

The scene is a photograph on a plane at distance 1. A pose holds three rotations (radian, about the image's x, y
and z axis) and the camera's place (x, y, z; unit: the plane's distance). With rotation matrix R, place C, plane
normal n = (0, 0, 1) and camera matrix K, the photograph reaches the sensor through the homography
K R (I - C n^T) K0^-1, which is K (R - t n^T / d) K0^-1 with t = R C and d = 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from datasets.errors import DataError

FOCAL = 1.2
"""Focal length over the image's longer side, that of a moderate wide angle (our choice)."""

TREMOR_SIZE, TREMOR_TIME = 0.03, 0.15
"""The hand's fast tremor relative to its slow sway, in amplitude and in time (our choice)."""

BORDER = 3
"""Pixels kept between the camera's view and the photograph's edge, for the interpolation."""


@dataclass(frozen=True)
class Clock:
    """How time is divided.

    The default is REDS's exposure, 0.8 of the frame period, with half its number of sub-frames.

    Attributes:
        period: Time steps from one frame to the next.
        exposure: Sub-frames in one exposure, odd, so that one is in the middle; they span `exposure - 1` steps.
    """

    period: int = 40
    exposure: int = 33


@dataclass(frozen=True)
class Motion:
    """How the camera moves; lengths in pixels of the image, root mean square over time for each axis.

    Attributes:
        sway: Motion that the rotations about x and y cause.
        roll: Motion of the image's corners by rotation about the line of sight.
        drift: Motion by sideways and vertical translation.
        approach: Motion of the image's corners by translation along the line of sight.
        smoothness: Time scale of the motion in frame periods.
        pan: Steady motion over the scene in pixels per frame period, as far as the photograph reaches.
    """

    sway: float = 4.0
    roll: float = 1.0
    drift: float = 1.5
    approach: float = 0.7
    smoothness: float = 1.2
    pan: float = 7.0


def hand_motion(steps: int, time_scale: float, axes: int, generator: np.random.Generator) -> np.ndarray:
    """Smooth random motions of unit variance.

    White noise is smoothed by a Gaussian in time, which gives a stationary motion with continuous speed and
    acceleration: slow sway plus a small fast tremor.

    Args:
        steps: Time steps.
        time_scale: Standard deviation of the smoothing of the sway, in time steps.
        axes: Independent motions.
        generator: Source of randomness.

    Returns:
        float64 array (steps, axes).
    """
    from scipy.ndimage import gaussian_filter1d

    total = np.zeros((steps, axes))
    for size, scale in ((1.0, time_scale), (TREMOR_SIZE, TREMOR_TIME * time_scale)):
        margin = int(np.ceil(4 * scale)) + 1
        noise = generator.standard_normal((steps + 2 * margin, axes))
        smooth = gaussian_filter1d(noise, scale, axis=0)[margin : margin + steps]
        # The smoothed noise has the variance of the kernel's sum of squares, 1 / (2 sqrt(pi) scale).
        total += size * smooth * np.sqrt(2 * np.sqrt(np.pi) * scale)
    result: np.ndarray = total / np.hypot(1, TREMOR_SIZE)
    return result


def homographies(poses: np.ndarray, scene: tuple[int, int], image: tuple[int, int]) -> np.ndarray:
    """The maps from photograph pixels to image pixels.

    Args:
        poses: Array (steps, 6), see the module's text; zeros look at the photograph's centre.
        scene: Height and width of the photograph.
        image: Height and width of the image.

    Returns:
        float64 array (steps, 3, 3).
    """
    from scipy.spatial.transform import Rotation

    place = np.tile(np.eye(3), (len(poses), 1, 1))
    place[:, :, 2] -= poses[:, 3:]
    rotation = Rotation.from_rotvec(poses[:, :3]).as_matrix()
    focal = FOCAL * max(image)
    result: np.ndarray = _camera_matrix(focal, image) @ rotation @ place @ np.linalg.inv(_camera_matrix(focal, scene))
    return result


def move(points: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Maps points (count, 2), x before y, through homographies (steps, 3, 3); returns (steps, count, 2)."""
    mapped = np.einsum("sij,pj->spi", maps, np.column_stack([points, np.ones(len(points))]))
    result: np.ndarray = mapped[..., :2] / mapped[..., 2:]
    return result


def corners(image: tuple[int, int]) -> np.ndarray:
    """The centres of an image's corner pixels, (4, 2), x before y."""
    height, width = image
    return np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], float)


def plan(
    scene: tuple[int, int],
    image: tuple[int, int],
    frames: int,
    motion: Motion,
    clock: Clock,
    generator: np.random.Generator,
) -> np.ndarray:
    """Draws a camera's path so that its view never leaves the photograph.

    A shake too large for the photograph is made smaller, a pan too long is made shorter.

    Args:
        scene: Height and width of the photograph.
        image: Height and width of the image.
        frames: Frames of the video.
        motion: How the camera moves.
        clock: How time is divided.
        generator: Source of randomness.

    Returns:
        Poses, float64 array (steps, 6), one for each time step up to the end of the last exposure.

    Raises:
        DataError: When the photograph is smaller than the image.
    """
    steps = (frames - 1) * clock.period + clock.exposure
    focal, radius = FOCAL * max(image), np.hypot(*image) / 2
    sizes = np.array([motion.sway, motion.sway, 0, motion.drift, motion.drift, 0]) / focal
    sizes[[2, 5]] = motion.roll / radius, motion.approach / radius
    poses = sizes * hand_motion(steps, motion.smoothness * clock.period, 6, generator)
    heading = generator.uniform(0, 2 * np.pi)
    start = generator.uniform(size=2)
    for _ in range(20):
        low, high = _room(poses, scene, image)
        if (low <= high).all():
            break
        poses *= 0.8
    else:
        raise DataError(f"a photograph of {scene} is too small for images of {image}; use a larger one")
    travel = motion.pan * (steps / clock.period) * np.array([np.cos(heading), np.sin(heading)])
    travel = np.clip(travel, low - high, high - low)
    first = low + np.maximum(-travel, 0) + start * (high - low - np.abs(travel))
    poses[:, 3:5] += (first + np.linspace(0, 1, steps)[:, None] * travel) / focal
    result: np.ndarray = poses
    return result


def film(light: np.ndarray, poses: np.ndarray, image: tuple[int, int], clock: Clock) -> Iterator[np.ndarray]:
    """Films a photograph.

    Args:
        light: The photograph in linear light, float32 array (height, width, 3).
        poses: The camera's path from `plan`.
        image: Height and width of the image.
        clock: How time is divided.

    Yields:
        For each frame its sub-frames in linear light, float32 array (exposure, height, width, 3); their mean is the
        blurry frame, the middle one (index `exposure // 2`) the sharp one.
    """
    import cv2

    maps = homographies(poses, light.shape[:2], image)
    for start in range(0, len(poses) - clock.exposure + 1, clock.period):
        yield np.stack(
            [
                cv2.warpPerspective(light, matrix, image[::-1], flags=cv2.INTER_CUBIC)
                for matrix in maps[start : start + clock.exposure]
            ]
        )


def _camera_matrix(focal: float, size: tuple[int, int]) -> np.ndarray:
    """The matrix of a pinhole camera whose line of sight meets the centre of an image of `size`."""
    height, width = size
    return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])


def _room(poses: np.ndarray, scene: tuple[int, int], image: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest shift (x, y), in pixels, that keeps the view on the photograph.

    A sideways step of the camera shifts its view of the plane by exactly that step, whatever the rotation.
    """
    views = move(corners(image), np.linalg.inv(homographies(poses, scene, image)))
    size = np.array(scene[::-1], float)
    return BORDER - views.min(axis=(0, 1)), size - 1 - BORDER - views.max(axis=(0, 1))
