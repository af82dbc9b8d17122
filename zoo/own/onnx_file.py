"""An ONNX file of a user's own as a builder: one layer that runs it in ONNX Runtime; it restores and is not trained."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from zoo.backend import Tensor
from zoo.errors import ZooError
from zoo.export.base import EXTRA
from zoo.own.source import Source
from zoo.registry import Builder
from zoo.shapes import Size, smallest_multiple

if TYPE_CHECKING:
    from zoo.own.onnx_graph import OnnxFile

_NEEDED = ("onnxruntime", "onnx")

Shape = tuple[int | None, int | None, int]


def builder_of(source: Source) -> tuple[Shape, Builder]:
    """The input's shape without the batch, and what builds the layer that runs the file.

    Raises:
        ZooError: Without ONNX Runtime, and for a file that cannot be read or is no model of one image.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ZooError(f"{source.text}: an ONNX file needs {' and '.join(missing)}, not installed here; {EXTRA}")
    from zoo.own.onnx_graph import OnnxGraph, opened_file

    file = opened_file(str(source.path))
    multiple = _multiple(source, file)

    def build(inputs: Tensor) -> Any:
        return OnnxGraph(str(source.path), multiple, name="onnx")(inputs)

    return (*(file.size or (None, None)), file.channels), build


def _multiple(source: Source, file: OnnxFile) -> int:
    """What the sides of images must be multiples of, found by restoring small ones; 1 for a file of one fixed size."""
    keeps = _keeper(file)
    found = smallest_multiple(keeps) if file.size is None else 1 if keeps(file.size) else None
    if found is None:
        raise ZooError(f"{source.text}: gives back no image in the size that it has; an own model must keep the size")
    return found


def _keeper(file: OnnxFile) -> Callable[[Size], bool]:
    import numpy as np

    def keeps(size: Size) -> bool:
        try:
            return file.run(np.zeros((1, *size, file.channels), np.float32)).shape == (1, *size, 3)
        except ZooError:
            return False

    return keeps
