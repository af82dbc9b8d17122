"""Samples with camera shake: GoPro, HIDE, REDS and Köhler in small, filmed from photographs.

The sharp image is the middle sub-frame of the exposure, developed like the blurry one and with its own sensor noise
(our choice). GoPro and HIDE average noisy 8-bit video frames as those data sets do; REDS and Köhler are one exposure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from common.cores import cores
from datasets.blur.camera import Curve, Sensor, add_noise, average, develop, to_light
from datasets.blur.trajectory import Clock, Motion, film, plan
from datasets.samples.base import Recipe, register
from datasets.samples.photographs import TEST, TRAIN, photograph, stream, write_image

SIZE = (256, 320)
"""Height and width of the images; Köhler's are `KOHLER_SIZE`."""

GOPRO_CLOCK = Clock(period=11, exposure=11)
"""Eleven consecutive video frames make a blurry one; the next one follows without a gap."""

GOPRO_FRAMES = {"train": 6, "test": 5}
REDS_VIDEOS = {"train": TRAIN[:6], "val": TEST[:2]}
REDS_FRAMES = {"train": 12, "val": 10}
REDS_JPEG_QUALITY = 25

HIDE_SCALES = {"train": 1.0, "test/test-close-ups": 1.0, "test/test-long-shot": 0.75}
"""Folder -> by how much the photographs are scaled: in a long shot everything is smaller."""

HIDE_COUNTS = {"train": 16, "test/test-close-ups": 4, "test/test-long-shot": 4}

KOHLER_SIZE = (176, 176)
"""At least 161 pixels a side, which the five scales of the Köhler score need."""

KOHLER_CLOCK = Clock(period=45, exposure=45)
KOHLER_STEP = 4
"""Every fourth sub-frame is a ground-truth frame: 12 of 45."""

KOHLER_KERNELS = 2
KOHLER_MOTION = Motion(sway=9, pan=0)
MAT_PAIR = (4, 2)
"""The pair whose ground truth is a MATLAB file."""

MAT_HEADER = b"MATLAB 5.0 MAT-file, built-in sample of deblur-zoo".ljust(116)
"""Replaces SciPy's header text, which holds the time of writing."""

SENSOR = Sensor()


def make_gopro(folder: Path, seed: int) -> None:
    """Writes four training and two test sequences with `blur`, `blur_gamma` and `sharp`."""
    photographs = [("train", name) for name in TRAIN[:4]] + [("test", name) for name in TEST[:2]]
    _side_by_side(partial(_gopro_sequence, folder, seed), [(9000 + i, *one) for i, one in enumerate(photographs)])


def _gopro_sequence(folder: Path, seed: int, number: int, split: str, name: str) -> None:
    """Writes one sequence."""
    sequence = folder / split / f"GOPR{number}_{GOPRO_CLOCK.exposure:02d}_00"
    generator = stream(seed, "gopro", number)
    videos = _film(photograph(name), SIZE, GOPRO_FRAMES[split], Motion(), GOPRO_CLOCK, generator)
    for index, exposure in enumerate(videos, 1):
        frames = _shoot(exposure, "gamma", generator)
        file = f"{index:06d}.png"
        write_image(sequence / "blur" / file, average(frames, None))
        write_image(sequence / "blur_gamma" / file, average(frames, "gamma"))
        write_image(sequence / "sharp" / file, frames[len(frames) // 2])


def make_hide(folder: Path, seed: int) -> None:
    """Writes single images, each with a shake of its own; HIDE's average is taken as GoPro's (our choice)."""
    jobs: list[tuple[int, str, str]] = []
    for where, count in HIDE_COUNTS.items():
        names = TRAIN[:6] if where == "train" else TEST[:2]
        jobs += [(len(jobs) + 1 + index, where, names[index % len(names)]) for index in range(count)]
    _side_by_side(partial(_hide_image, folder, seed), jobs)


def _hide_image(folder: Path, seed: int, number: int, where: str, name: str) -> None:
    """Writes one blurry image and its sharp one."""
    import cv2

    pixels, scale = photograph(name), HIDE_SCALES[where]
    if scale != 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    generator = stream(seed, "hide", number)
    (exposure,) = _film(pixels, SIZE, 1, Motion(), GOPRO_CLOCK, generator)
    frames = _shoot(exposure, "gamma", generator)
    write_image(folder / where / f"{number:04d}.png", average(frames, None))
    write_image(folder / "GT" / f"{number:04d}.png", frames[len(frames) // 2])


def make_reds(folder: Path, seed: int) -> None:
    """Writes videos with `sharp`, `blur` and, as JPEG files, `blur_jpeg`."""
    jobs = [(split, video, name) for split, names in REDS_VIDEOS.items() for video, name in enumerate(names)]
    _side_by_side(partial(_reds_video, folder, seed), jobs)


def _reds_video(folder: Path, seed: int, split: str, video: int, name: str) -> None:
    """Writes one video."""
    generator = stream(seed, "reds", split, video)
    exposures = _film(photograph(name), SIZE, REDS_FRAMES[split], Motion(), Clock(), generator)
    for index, exposure in enumerate(exposures):
        middle, mean = exposure[len(exposure) // 2], exposure.mean(axis=0)
        sharp, blurry = _shoot(np.stack([middle, mean]), "srgb", generator)
        place, file = folder / split, f"{video:03d}/{index:08d}"
        write_image(place / f"{split}_sharp" / f"{file}.png", sharp)
        write_image(place / f"{split}_blur" / f"{file}.png", blurry)
        write_image(place / f"{split}_blur_jpeg" / f"{file}.jpg", blurry, REDS_JPEG_QUALITY)


def make_kohler(folder: Path, seed: int) -> None:
    """Writes four photographs under the same two shakes, with the frames of each trajectory as ground truth."""
    for image, name in enumerate(TEST[:4], 1):
        for kernel in range(1, KOHLER_KERNELS + 1):
            shake = stream(seed, "kohler", kernel)
            noise = stream(seed, "kohler", kernel, image)
            (exposure,) = _film(photograph(name), KOHLER_SIZE, 1, KOHLER_MOTION, KOHLER_CLOCK, shake)
            blurry, *frames = _shoot(
                np.concatenate([exposure.mean(axis=0, keepdims=True), exposure[::KOHLER_STEP]]), "srgb", noise
            )
            write_image(folder / "BlurryImages" / f"Blurry{image}_{kernel}.png", blurry)
            truth = folder / f"Image{image}" / f"Kernel{kernel}"
            if (image, kernel) == MAT_PAIR:
                _write_mat(truth / f"GroundTruth{image}_{kernel}.mat", np.stack(frames, axis=-1))
                continue
            for index, frame in enumerate(frames, 1):
                write_image(truth / f"GroundTruth{image}_{kernel}_{index}.png", frame)


def _side_by_side(make: Callable[..., None], jobs: Sequence[tuple[object, ...]]) -> None:
    """Makes every part of a sample, in threads; each draws random numbers of its own, so their order is free."""
    with ThreadPoolExecutor(cores()) as pool:
        for _ in pool.map(lambda job: make(*job), jobs):
            pass


def _film(
    pixels: np.ndarray,
    size: tuple[int, int],
    frames: int,
    motion: Motion,
    clock: Clock,
    generator: np.random.Generator,
) -> Iterator[np.ndarray]:
    """Films a uint8 photograph along a random path; see `film`."""
    poses = plan(pixels.shape[:2], size, frames, motion, clock, generator)
    return film(to_light(pixels, "srgb"), poses, size, clock)


def _shoot(light: np.ndarray, curve: Curve, generator: np.random.Generator) -> np.ndarray:
    """Records light with the sensor's noise and develops it to 8 bit."""
    return develop(add_noise(light, SENSOR, generator), curve)


def _write_mat(path: Path, frames: np.ndarray) -> None:
    """Writes frames (height, width, 3, count) as a MATLAB file whose bytes do not depend on the time."""
    from io import BytesIO

    from scipy.io import savemat

    buffer = BytesIO()
    savemat(buffer, {"GroundTruth": frames})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(MAT_HEADER + buffer.getvalue()[len(MAT_HEADER) :])


_VIDEO = "photographs filmed by a shaking camera, 11 frames averaged"
register(Recipe("gopro", *SIZE, _VIDEO, make_gopro), variants=("gopro-gamma",))
register(Recipe("hide", *SIZE, _VIDEO, make_hide))
register(
    Recipe("reds", *SIZE, "photographs filmed by a shaking camera, exposure 0.8 of the frame period", make_reds),
    variants=("reds-jpeg",),
)
_SHAKE = "photographs under camera shake with the sharp frames of each trajectory"
register(Recipe("kohler", *KOHLER_SIZE, _SHAKE, make_kohler))
