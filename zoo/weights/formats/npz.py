"""NumPy archives (`.npz`), as Flax checkpoints are published; archives with pickled objects are refused."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from zoo.errors import ZooError
from zoo.weights.formats.base import Flat, native, reading

WHAT = "a NumPy archive"
# Trained numbers hardly compress; the zeros of an optimiser's first state do.
_MOST_EXPANSION = 20
_SUFFIX = ".npy"


def is_format(path: Path) -> bool:
    """Whether a file is an archive of arrays only."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return bool(names) and all(name.endswith(_SUFFIX) for name in names)


def read(path: Path) -> Flat:
    """The arrays of an archive by name.

    Raises:
        ZooError: When the archive is damaged, holds pickled objects, or unpacks to far more than it is.
    """
    flat = Flat()
    with reading(path, WHAT), zipfile.ZipFile(path) as archive:
        claimed, there = sum(info.file_size for info in archive.infolist()), path.stat().st_size
        if claimed > _MOST_EXPANSION * there:
            raise ZooError(f"{path}: would unpack {there:,} bytes to {claimed:,}; refused, as weights never do")
        for info in archive.infolist():
            name = info.filename.removesuffix(_SUFFIX)
            with archive.open(info) as stream:
                flat[name] = _array(path, name, stream, info.file_size)
    return flat


def _array(path: Path, name: str, stream: IO[bytes], size: int) -> np.ndarray:
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ZooError(f"{path}: {name} is of NumPy's format {version}; save it with np.savez")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(stream)
    if dtype.hasobject or dtype.names:
        raise ZooError(f"{path}: {name} holds Python objects, not numbers; refused, as they could run a program")
    # The header is counted into the member's size.
    if math.prod(shape) * dtype.itemsize > size:
        raise ZooError(f"{path}: {name} of shape {shape} does not fit its {size:,} bytes; fetch it again")
    array = np.frombuffer(stream.read(), dtype, math.prod(shape))
    return native(array.reshape(shape, order="F" if fortran else "C"))
