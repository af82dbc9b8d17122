"""CIFAR-10 (Krizhevsky 2009), python version: pickled batches of 10,000 images of 32x32, blurred here.

The sharp images come from the files; the blurry ones are made from them as in the Bologna report (see
`datasets.blur.gaussian`), with one random sigma for each image, drawn for the training images first and then for the
test images. The draws of the test images therefore depend on how many training images are there.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from common.references import Reference
from datasets.errors import DataError
from datasets.image import ArrayFrame
from datasets.readers.base import Found, Member, Reader
from datasets.registry import NOT_STATED, DatasetInfo, register

BATCHES = {"train": tuple(f"data_batch_{n}" for n in range(1, 6)), "test": ("test_batch",)}
BATCH_SIZE = 10_000
SIDE = 32
CLASSES = 10
BLUR_SEED = 42
"""Seed of the report's code."""


class Batch(NamedTuple):
    """One batch file.

    Attributes:
        images: uint8 array (count, 32, 32, 3), RGB.
        labels: int64 array (count,), 0 to 9.
    """

    images: np.ndarray
    labels: np.ndarray


class Blurred(NamedTuple):
    """The images of one split.

    Attributes:
        sharp: uint8 array (count, 32, 32, 3), RGB.
        blurred: The same images, blurred.
        sigmas: Standard deviation of each image's blur, in pixels.
        labels: int64 array (count,).
    """

    sharp: np.ndarray
    blurred: np.ndarray
    sigmas: np.ndarray
    labels: np.ndarray


def _encode(text: str, encoding: str) -> bytes:
    """Stands in for `_codecs.encode`, with which Python 3 writes bytes into Python 2's pickle protocols."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r}")
    return text.encode("latin1")


def _admitted() -> Mapping[tuple[str, str], Callable[..., Any]]:
    """The only names that a batch file may call: those that put an array together."""
    from numpy._core.multiarray import _reconstruct

    return {
        ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): _encode,
    }


class BatchUnpickler(pickle.Unpickler):
    """An unpickler that can build lists, dicts, strings, numbers and arrays, and calls nothing else.

    Args:
        stream: The open batch file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream, encoding="bytes")

    def find_class(self, module: str, name: str) -> Any:
        """An admitted name; a DataError for any other, before it is imported."""
        try:
            return _admitted()[module, name]
        except KeyError:
            raise DataError(f"refuses to load {module}.{name}") from None


def read_batch(path: Path) -> Batch:
    """Reads one batch file.

    Raises:
        DataError: When the file is unreadable, wants to call anything, or is not a CIFAR-10 batch.
    """
    try:
        with path.open("rb") as stream:
            content = BatchUnpickler(stream).load()
    except DataError as error:
        raise DataError(f"{path}: {error}, which a CIFAR-10 batch does not need; fetch this file again") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check the data root") from error
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise DataError(f"{path}: damaged or not a CIFAR-10 batch; fetch this file again") from error
    return _checked(content, path)


def _checked(content: Any, path: Path) -> Batch:
    """The batch that unpickled content holds, or raises DataError."""
    data = content.get(b"data") if isinstance(content, dict) else None
    if not (isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.ndim == 2):
        raise DataError(f"{path}: no b'data' array of uint8, so not a CIFAR-10 batch; fetch this file again")
    if data.shape[1] != 3 * SIDE * SIDE or not len(data):
        raise DataError(f"{path}: images of shape {data.shape}, expected (count, 3072); fetch this file again")
    labels = content.get(b"labels")
    numbers = isinstance(labels, list) and all(type(label) is int and 0 <= label < CLASSES for label in labels)
    if not numbers or len(labels) != len(data):
        raise DataError(f"{path}: expected {len(data)} labels from 0 to 9 in b'labels'; fetch this file again")
    images = data.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return Batch(np.ascontiguousarray(images), np.array(labels, np.int64))


def has(root: Path, split: str) -> bool:
    """Whether `root` holds a batch file of a split."""
    return any((root / batch).is_file() for batch in BATCHES[split])


def find(root: Path, split: str) -> list[Member]:
    """The images of a split, batch by batch, with their blurry versions."""
    files = _files(root, split)
    if not files:
        return []
    skip = sum(_count(*_stamp(file)) for file in _files(root, "train")) if split == "test" else 0
    content = _blurred(tuple(_stamp(file) for file in files), skip)
    places = [(file, index) for file in files for index in range(_count(*_stamp(file)))]
    return [
        Member(
            scene=file.name,
            frame=f"{index:05d}",
            blurry=(ArrayFrame(f"{file.name}[{index}] blurred", content.blurred[at]),),
            sharp=(ArrayFrame(f"{file.name}[{index}]", content.sharp[at]),),
            files=(file,),
            metadata={"label": int(content.labels[at]), "sigma": float(content.sigmas[at])},
        )
        for at, (file, index) in enumerate(places)
    ]


def complete(split: str, members: Sequence[Member]) -> bool:
    """Whether every batch has 10,000 images."""
    return set(Counter(member.scene for member in members).values()) == {BATCH_SIZE}


def _files(root: Path, split: str) -> list[Found]:
    """The batch files of a split that are there, in the official order."""
    paths = [root / batch for batch in BATCHES[split] if (root / batch).is_file()]
    return [Found(path.name, path, path.stat().st_size) for path in paths]


def _stamp(file: Found) -> tuple[Path, int]:
    """A key under which a file's content may be kept in memory."""
    return file.path, file.path.stat().st_mtime_ns


@lru_cache(maxsize=16)
def _count(path: Path, modified: int) -> int:
    """The number of images in a batch file."""
    return len(read_batch(path).labels)


@lru_cache(maxsize=2)
def _blurred(files: tuple[tuple[Path, int], ...], skip: int) -> Blurred:
    """Reads and blurs the batches of one split; `skip` draws belong to the images before them."""
    from datasets.blur.gaussian import blur_like_bologna

    batches = [read_batch(path) for path, _ in files]
    sharp = np.concatenate([batch.images for batch in batches])
    blurred, sigmas = blur_like_bologna(sharp, seed=BLUR_SEED, skip=skip)
    for array in (sharp, blurred):
        array.flags.writeable = False  # every caller shares them
    return Blurred(sharp, blurred, sigmas, np.concatenate([batch.labels for batch in batches]))


INFO = DatasetInfo(
    name="cifar10",
    title="CIFAR-10, Gaussian blur (Krizhevsky 2009; blur of the Bologna report)",
    references=(
        Reference(
            ("Krizhevsky, Alex",),
            "Learning Multiple Layers of Features from Tiny Images",
            2009,
            "University of Toronto",
            "https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf",
            "techreport",
        ),
    ),
    summary="Small photographs, each blurred on loading by its own Gaussian of sigma up to 3 pixels, seeded.",
    source="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence=NOT_STATED,
    size="60,000 images of 32x32 (163 MB archive)",
    layout="""Unpack the python version:
cifar-10-batches-py/
  data_batch_1 ... data_batch_5
  test_batch""",
    splits={"train": 50_000, "test": 10_000},
    training_split="train",
    evaluation_split="test",
    protocols=("full",),
    video=False,
    folder="cifar-10-batches-py",
    frame_size=(32, 32),
    validation_unit="image",
    known_blur="sigma",
)

READER = Reader(has=has, find=find, complete=complete, fingerprint=(f"blur seed {BLUR_SEED}",))

register(INFO, READER)
