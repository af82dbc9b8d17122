"""Keras' weights: `.h5` of Keras 2, whole models among them, `.weights.h5` of Keras 3, and its `.keras` archives.

Names are `layer/weight` (`conv2d_3/kernel`). Keras 3 numbers the weights of a layer instead of naming them
(`conv2d_3/0`, the kernel), and calls layers by their class.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from zoo.errors import ZooError
from zoo.weights.formats.base import Flat, native, reading

if TYPE_CHECKING:
    import h5py

WHAT = "a Keras weight file"
_MAGIC = b"\x89HDF\r\n\x1a\n"
_WEIGHTS = "model.weights.h5"
_MOST_EXPANSION = 20
_VARIABLES = "vars"


def is_format(path: Path) -> bool:
    """Whether a file is of HDF5, or an archive of Keras 3 with such a file in it."""
    with path.open("rb") as stream:
        start = stream.read(len(_MAGIC))
    if start == _MAGIC:
        return True
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return _WEIGHTS in archive.namelist()


def read(path: Path) -> Flat:
    """The weights of a file by layer and weight; the optimiser's state beside them is left out.

    Raises:
        ZooError: When the file is damaged, leads to other files, or unpacks to far more than it is.
    """
    import h5py

    with reading(path, WHAT), _opened(path) as stream, h5py.File(stream, "r") as file:
        flat = Flat()
        root = file.get("model_weights", file)
        if "layer_names" in root.attrs:
            _read_keras2(path, root, flat)
        else:
            _read_keras3(path, file.get("layers", file), "", flat)
        if not flat:
            raise ZooError(f"{path}: holds no weights; give a file that Keras wrote with save_weights or save")
        return flat


def _opened(path: Path) -> IO[bytes]:
    """The HDF5 file, out of its archive where it is in one."""
    if not zipfile.is_zipfile(path):
        return path.open("rb")
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(_WEIGHTS)
        there = path.stat().st_size
        if info.file_size > _MOST_EXPANSION * there:
            raise ZooError(f"{path}: would unpack {there:,} bytes to {info.file_size:,}; refused, as weights never do")
        return io.BytesIO(archive.read(info))


def _read_keras2(path: Path, root: Any, flat: Flat) -> None:
    """One group for each layer, whose attribute lists its weights: `conv2d/kernel:0`."""
    for layer in map(_text, root.attrs["layer_names"]):
        group = _inside(path, root, layer)
        for weight in map(_text, group.attrs["weight_names"]):
            leaf = weight.rpartition("/")[2].partition(":")[0]
            flat[f"{layer}/{leaf}"] = _array(path, _inside(path, group, weight))


def _read_keras3(path: Path, group: Any, name: str, flat: Flat) -> None:
    """Groups within groups, with numbered weights in each one's `vars`."""
    for key in group:
        inner = _inside(path, group, key)
        if hasattr(inner, "shape"):
            flat[f"{name}/{key}"] = _array(path, inner)
        elif name or key not in ("optimizer", _VARIABLES):
            _read_keras3(path, inner, name if key == _VARIABLES else f"{name}/{key}".lstrip("/"), flat)


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _inside(path: Path, group: Any, name: str) -> Any:
    """A member of a group that lies in this very file."""
    import h5py

    for place in _places(name):
        if isinstance(group.get(place, getlink=True), (h5py.ExternalLink, h5py.SoftLink)):
            raise ZooError(f"{path}: {name} leads to another place; refused, as a weight file has no need to")
    return group[name]


def _places(name: str) -> list[str]:
    """A path in a file and all above it.

    >>> _places("conv2d/kernel:0")
    ['conv2d', 'conv2d/kernel:0']
    """
    parts = name.split("/")
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _array(path: Path, dataset: h5py.Dataset) -> np.ndarray:
    """The numbers of a data set, after a look at how many bytes of the file they take."""
    if dataset.external or dataset.is_virtual:
        raise ZooError(f"{path}: {dataset.name} lies in other files; refused, as a weight file has no need to")
    claimed, there = dataset.nbytes, dataset.id.get_storage_size()
    if claimed > _MOST_EXPANSION * max(there, 64):
        raise ZooError(f"{path}: {dataset.name} would unpack {there:,} bytes to {claimed:,}; refused")
    return native(np.asarray(dataset[()]))
