"""Sharp material for the built-in samples: the photographs that scikit-image ships, and samples made of them alone.

Only files inside scikit-image's own package are read; nothing is downloaded. Training and test samples share no
photograph.
"""

from __future__ import annotations

import pickle
import zlib
from pathlib import Path

import numpy as np

from datasets.errors import DataError
from datasets.image import read_image
from datasets.samples.base import Recipe, register

TRAIN = (
    "coffee.png",
    "motorcycle_left.png",
    "rocket.jpg",
    "ihc.png",
    "motorcycle_right.png",
    "coins.png",
    "brick.png",
    "grass.png",
)
TEST = ("astronaut.png", "camera.png", "chelsea.png", "gravel.png", "text.png")

PNG_LEVEL = 3
"""zlib level: files a little larger than at OpenCV's best, written several times faster."""

CIFAR_SIDE = 32
CIFAR_BATCH = 200
CIFAR_CROPS = (96, 256)
"""Least and greatest side of the squares that are scaled down to CIFAR-10's size, in pixels."""

CIFAR_TRIES = 4
"""Squares drawn for each image; the one with most contrast is kept, because an empty sky shows no blur."""


def stream(seed: int, *key: object) -> np.random.Generator:
    """The random numbers of one part of a sample, which depend on `seed` and on the part's name only."""
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, key)).encode())])


def photograph(name: str) -> np.ndarray:
    """A photograph of `TRAIN` or `TEST` as uint8 array (height, width, 3); grey ones get equal channels.

    Raises:
        DataError: When the installed scikit-image does not ship the file.
    """
    import skimage.data

    path = Path(skimage.data.__file__).parent / name
    if not path.is_file():
        raise DataError(f"{path}: this release of scikit-image ships no {name}; install the locked version")
    pixels = read_image(path)
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def write_image(path: Path, pixels: np.ndarray, quality: int | None = None) -> None:
    """Writes a PNG, TIFF or (with a quality) JPEG file; the same pixels always give the same bytes.

    Args:
        path: The file; its folder is made if it is missing.
        pixels: Array (height, width) or (height, width, 3) in RGB order, uint8, or uint16 for PNG and TIFF.
        quality: JPEG quality, 0 to 100.

    Raises:
        OSError: When the disk is full or the folder cannot be written.
    """
    import cv2

    # TIFF's usual compression makes noisy 16-bit photographs larger.
    options = {".png": [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL], ".tif": [cv2.IMWRITE_TIFF_COMPRESSION, 1]}.get(
        path.suffix, []
    )
    if quality is not None:
        options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(path.suffix, pixels, options)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded.tobytes())


def make_div2k(folder: Path, seed: int) -> None:
    """Writes photographs whole; the seed changes nothing."""
    for split, first, names in (("train", 1, TRAIN[:4]), ("valid", 801, TEST[:2])):
        for number, name in enumerate(names, first):
            write_image(folder / f"DIV2K_{split}_HR" / f"{number:04d}.png", photograph(name))


def make_synthetic(folder: Path, seed: int) -> None:
    """Writes photographs whole, those to train on and those to score apart; the seed changes nothing."""
    for split, names in (("train", TRAIN), ("test", TEST)):
        for name in names:
            write_image(folder / split / f"{Path(name).stem}.png", photograph(name))


def make_cifar10(folder: Path, seed: int) -> None:
    """Writes five training batches and a test batch of squares cut from the photographs and scaled down."""
    for number in range(1, 6):
        _write_batch(folder / f"data_batch_{number}", TRAIN, f"training batch {number} of 5", seed)
    _write_batch(folder / "test_batch", TEST, "testing batch 1 of 1", seed)
    names = [Path(name).stem.encode() for name in TRAIN]
    meta = {b"num_cases_per_batch": CIFAR_BATCH, b"label_names": names, b"num_vis": 3 * CIFAR_SIDE**2}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))


def _square(pixels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A random square of a photograph."""
    side = int(generator.integers(CIFAR_CROPS[0], min(CIFAR_CROPS[1], *pixels.shape[:2]) + 1))
    top, left = (int(generator.integers(length - side + 1)) for length in pixels.shape[:2])
    return pixels[top : top + side, left : left + side]


def _write_batch(path: Path, names: tuple[str, ...], title: str, seed: int) -> None:
    """Writes one batch; a square has no class, so its label is its photograph's place in the list."""
    import cv2

    generator = stream(seed, "cifar10", path.name)
    photographs = [photograph(name) for name in names]
    labels = [int(label) for label in generator.integers(len(names), size=CIFAR_BATCH)]
    data = np.empty((CIFAR_BATCH, 3, CIFAR_SIDE, CIFAR_SIDE), np.uint8)
    for index, label in enumerate(labels):
        squares = [_square(photographs[label], generator) for _ in range(CIFAR_TRIES)]
        small = [cv2.resize(s, (CIFAR_SIDE, CIFAR_SIDE), interpolation=cv2.INTER_AREA) for s in squares]
        data[index] = max(small, key=np.std).transpose(2, 0, 1)
    batch = {
        b"batch_label": title.encode(),
        b"labels": labels,
        b"data": data.reshape(CIFAR_BATCH, -1),
        b"filenames": [f"{Path(names[label]).stem}_{i:06d}.png".encode() for i, label in enumerate(labels)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(batch, protocol=2))


register(
    Recipe(
        "cifar10",
        CIFAR_SIDE,
        CIFAR_SIDE,
        "squares of photographs, scaled down; the label is the photograph",
        make_cifar10,
    )
)
register(Recipe("div2k", None, None, "sharp photographs", make_div2k))
register(Recipe("synthetic", None, None, "sharp photographs, blurred when they are read", make_synthetic))
