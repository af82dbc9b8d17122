"""PyTorch's files since version 1.6 (`.pth`, `.pt`, `.pkl`, `.bin`): a zip archive of a pickle and raw numbers.

PyTorch is not needed, and the pickle is not run (see `pickled`). `torch.save` never compresses, so a member that is
compressed, or members that together claim more than the file has, are refused before anything is unpacked.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from zoo.errors import ZooError
from zoo.weights.formats import pickled
from zoo.weights.formats.base import BFLOAT16, Flat, native, reading, widened

WHAT = "a PyTorch file"
# Storage class -> number type of NumPy; bfloat16 is read as bits and widened.
_STORAGES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_MOST_VALUES = 1_000_000
_DEEPEST = 32
_ORDERS: dict[bytes, Literal["<", ">"]] = {b"little": "<", b"big": ">"}


@dataclass(frozen=True)
class _Kind:
    """The class of a storage, which a pickle only names."""

    dtype: str


@dataclass(frozen=True)
class _Tensor:
    """An array of a storage, and the storage's own number type."""

    array: np.ndarray
    dtype: str


def is_format(path: Path) -> bool:
    """Whether a file is an archive with a pickle as PyTorch names it."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(PurePosixPath(name).name == "data.pkl" for name in archive.namelist())


def is_old_format(path: Path) -> bool:
    """Whether a file begins as a bare pickle does, which is what PyTorch wrote before version 1.6."""
    with path.open("rb") as stream:
        start = stream.read(2)
    return len(start) == 2 and start[0] == 0x80 and start[1] <= 5


def refuse_old_format(path: Path) -> None:
    """Raises ZooError that says how to bring an old file into the present form."""
    raise ZooError(
        f"{path}: a PyTorch file of before version 1.6, a bare pickle; where PyTorch is installed, write it anew: "
        f"torch.save(torch.load({path.name!r}, map_location='cpu', weights_only=True), 'new.pth')"
    )


def read(path: Path) -> Flat:
    """The tensors of a file.

    Args:
        path: The file.

    Returns:
        Arrays by flat name; dicts and lists around the tensors' own dict are joined with `/`.

    Raises:
        ZooError: When the file is damaged, asks for anything but tensors and plain containers, or claims more than it
            holds.
    """
    with reading(path, WHAT), zipfile.ZipFile(path) as archive:
        content = _Content(archive, path)
        content.check_sizes()
        value = pickled.read(content.pickle(), content.known(), content.storage, str(path))
        flat = Flat()
        for name, tensor in _tensors(value, str(path)):
            if name in flat:
                raise ZooError(f"{path}: has two tensors called {name}; refused, as nobody can tell which is meant")
            flat[name] = tensor.array
            if tensor.dtype == BFLOAT16:
                flat.stored[name] = BFLOAT16
    return flat


class _Content:
    """An archive's members, and the tensors made of them."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self.archive = archive
        self.path = path
        self.members = {info.filename: info for info in archive.infolist()}
        roots = [name for name in self.members if PurePosixPath(name).name == "data.pkl"]
        if len(roots) != 1:
            raise ZooError(f"{path}: holds {len(roots)} pickles called data.pkl, not one; give a file of torch.save")
        self.root = roots[0].removesuffix("data.pkl")
        self._numbers: dict[tuple[str, str], np.ndarray] = {}

    def check_sizes(self) -> None:
        """Raises ZooError for members that are compressed or claim more bytes than the file has."""
        for info in self.members.values():
            if info.compress_type != zipfile.ZIP_STORED:
                raise ZooError(
                    f"{self.path}: its member {info.filename} is compressed to {info.compress_size:,} of "
                    f"{info.file_size:,} bytes, and torch.save never compresses; refused"
                )
        claimed, there = sum(info.file_size for info in self.members.values()), self.path.stat().st_size
        if claimed > there:
            raise ZooError(f"{self.path}: claims {claimed:,} bytes and has {there:,}; refused, fetch it again")

    def pickle(self) -> bytes:
        """The pickle that names the tensors."""
        return self.archive.read(f"{self.root}data.pkl")

    def known(self) -> dict[tuple[str, str], Any]:
        """What the pickle may ask for, and what stands for it."""
        known: dict[tuple[str, str], Any] = {("torch", name): _Kind(dtype) for name, dtype in _STORAGES.items()}
        known |= {
            ("torch._utils", "_rebuild_tensor_v2"): self._tensor,
            ("torch._utils", "_rebuild_parameter"): _parameter,
            ("torch", "Size"): tuple,
            ("collections", "OrderedDict"): _ordered,
        }
        return known

    def storage(self, identifier: Any) -> tuple[np.ndarray, str]:
        """The numbers that a persistent identifier names, as a flat array, and their type in the file."""
        word, kind, key, _device, count = identifier
        if word != "storage" or not isinstance(kind, _Kind):
            raise ValueError("an identifier of no storage")
        name = f"{self.root}data/{key}"
        if name not in self.members:
            raise ZooError(f"{self.path}: lacks {name}, the numbers of a tensor; fetch it again")
        if (name, kind.dtype) not in self._numbers:
            self._numbers[name, kind.dtype] = self._read(name, kind.dtype, count)
        return self._numbers[name, kind.dtype], kind.dtype

    def _read(self, name: str, dtype: str, count: int) -> np.ndarray:
        order = _ORDERS[self._member("byteorder", b"little").strip()]
        numbers = np.dtype("u2" if dtype == BFLOAT16 else dtype).newbyteorder(order)
        size = self.members[name].file_size
        if count * numbers.itemsize != size:
            raise ZooError(
                f"{self.path}: {name} should hold {count:,} numbers and has {size:,} bytes; refused, fetch it again"
            )
        array = native(np.frombuffer(self.archive.read(name), numbers))
        return widened(array) if dtype == BFLOAT16 else array

    def _member(self, name: str, default: bytes) -> bytes:
        name = f"{self.root}{name}"
        return self.archive.read(name) if name in self.members else default

    def _tensor(
        self, storage: tuple[np.ndarray, str], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
    ) -> _Tensor:
        """The view of a storage; never of what lies beyond it, nor of more numbers than it has."""
        numbers, dtype = storage
        if not all(type(each) is int and each >= 0 for each in (offset, *shape, *strides)):
            raise ValueError("a tensor with a negative size, stride or offset")
        if len(shape) != len(strides):
            raise ValueError("a tensor with more sizes than strides")
        last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
        count = math.prod(shape)
        if count and (last >= len(numbers) or count > len(numbers)):
            raise ZooError(
                f"{self.path}: a tensor of shape {tuple(shape)} reaches beyond its {len(numbers):,} numbers; refused"
            )
        if not count:
            return _Tensor(np.zeros(shape, numbers.dtype), dtype)
        steps = tuple(stride * numbers.itemsize for stride in strides)
        view = np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps, writeable=False)
        return _Tensor(view, dtype)


def _parameter(tensor: Any, *_: Any) -> Any:
    """The tensor that a parameter wraps."""
    return tensor


def _ordered(pairs: Any = ()) -> dict[Any, Any]:
    """An ordered dict."""
    return dict(pairs)


def _tensors(value: Any, where: str) -> Iterator[tuple[str, _Tensor]]:
    """Every tensor in nested containers with its flat name; numbers and texts beside them are left out."""
    todo: list[tuple[str, Any, int]] = [("", value, 0)]
    for seen in range(_MOST_VALUES):
        if not todo:
            return
        name, each, depth = todo.pop()
        if isinstance(each, _Tensor):
            yield name or "tensor", each
        elif isinstance(each, (dict, list, tuple)):
            if depth == _DEEPEST:
                break
            pairs = each.items() if isinstance(each, dict) else enumerate(each)
            inner = [(f"{name}/{key}" if name else str(key), part, depth + 1) for key, part in pairs]
            # The first is taken first.
            todo += reversed(inner)
            if len(todo) > _MOST_VALUES - seen:
                break
    raise ZooError(f"{where}: its containers are nested without end; refused")
