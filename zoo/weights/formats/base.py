"""What readers of weight files have in common: their result, number types, refusals in one line."""

from __future__ import annotations

import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from common.files import expand
from zoo.errors import ZooError

BFLOAT16 = "bfloat16"
"""The one number type of weight files that NumPy does not know; its upper half of a float32 is widened when read."""


class Flat(dict[str, np.ndarray]):
    """Arrays by flat name.

    Attributes:
        stored: Number type in the file of the arrays that were widened when they were read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[str, str] = {}


def widened(bits: np.ndarray) -> np.ndarray:
    """The float32 numbers whose upper halves are the given bits.

    Args:
        bits: uint16, as bfloat16 is stored.

    >>> widened(np.array([0x3F80, 0xC000], np.uint16)).tolist()
    [1.0, -2.0]
    """
    return (bits.astype(np.uint32) << 16).view(np.float32)


def native(array: np.ndarray) -> np.ndarray:
    """The array in this machine's byte order."""
    order = array.dtype.byteorder
    foreign = order == (">" if sys.byteorder == "little" else "<")
    return array.astype(array.dtype.newbyteorder("=")) if foreign else array


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turns whatever a damaged file makes a reader stumble over into one line.

    Args:
        path: The file.
        what: What it should be, with its article, for the message.

    Raises:
        ZooError: In place of the errors that damaged bytes cause.
    """
    try:
        yield
    except ZooError:
        raise
    except OSError as error:
        raise ZooError(f"{path}: {error.strerror or first_line(error)}; give an existing weight file") from error
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        NotImplementedError,
        ArithmeticError,
        LookupError,
        MemoryError,
        TypeError,
        ValueError,
    ) as error:
        raise ZooError(f"{path}: not {what}, or a damaged one ({first_line(error)}); fetch it again") from error


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def existing(path: Path | str) -> Path:
    """The path of a file or folder that is there.

    Raises:
        ZooError: When nothing is there.
    """
    path = expand(path)
    if not path.exists():
        raise ZooError(f"{path}: no such file or folder; give the weights as their owner offers them")
    return path
