"""A file in ONNX Runtime, and a Keras layer around it, so that whatever takes a Keras model takes the file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from common.errors import first_line
from zoo.backend import Tensor
from zoo.errors import ZooError
from zoo.export.onnx import opened
from zoo.shapes import FRAMES, Size

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
# What is counted, with how many multiply-accumulates for each number of the first input or of the output.
_COUNTED = ("Conv", "ConvTranspose", "MatMul", "Gemm")
# Four times less to hold at once than 256, where a pixel costs the same.
_COUNTED_SIDE = 128


@cache
def _at(path: str, changed: int) -> OnnxFile:
    return OnnxFile(Path(path))


def opened_file(path: str) -> OnnxFile:
    """The file at a path in ONNX Runtime, opened once as long as it does not change."""
    return _at(path, Path(path).stat().st_mtime_ns)


class OnnxFile:
    """An ONNX file that restores images.

    Args:
        path: The file.

    Attributes:
        channels: 3 for one image, 9 for three frames.
        channels_last: Whether images are (batch, height, width, channels) there, not (batch, channels, height, width).
        size: Height and width of the only images that it takes; None for any.

    Raises:
        ZooError: When it cannot be read, has several inputs or outputs, or takes no images.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._session = opened(path)
        except Exception as error:
            raise ZooError(f"{path}: ONNX Runtime cannot open it: {first_line(error)}; export it again") from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ZooError(
                f"{path}: has {len(inputs)} inputs and {len(outputs)} outputs; export it with one of each, the blurred "
                "and the restored image"
            )
        self._input, self._output = inputs[0], outputs[0]
        if self._input.type not in _TYPES:
            raise ZooError(f"{path}: takes {self._input.type}; export it with float images in [0, 1]")
        shape = [side if isinstance(side, int) else None for side in self._input.shape]
        if len(shape) != 4 or not (shape[1] in FRAMES or shape[3] in FRAMES):
            raise ZooError(
                f"{path}: takes {self._input.shape}, not images of 3 channels, or of 9 for three frames, last or after "
                "the batch; export it with that number of channels written out"
            )
        self.channels_last = shape[3] in FRAMES
        self.channels = (shape[3] if self.channels_last else shape[1]) or 0
        height, width = shape[1:3] if self.channels_last else shape[2:4]
        if (height is None) != (width is None):
            raise ZooError(f"{path}: takes images of one fixed side; export it with both sides fixed, or with none")
        self.size: Size | None = None if height is None or width is None else (height, width)
        self._batch = shape[0]

    def run(self, images: np.ndarray) -> np.ndarray:
        """Restores images (batch, height, width, channels); gives (batch, height, width, 3), float32.

        Raises:
            ZooError: When ONNX Runtime cannot.
        """
        if self._batch is not None and len(images) != self._batch:
            return np.concatenate([self._run(np.repeat(image[None], self._batch, 0))[:1] for image in images])
        return self._run(images)

    def _run(self, images: np.ndarray) -> np.ndarray:
        given = images.astype(_TYPES[self._input.type])
        given = given if self.channels_last else np.ascontiguousarray(np.moveaxis(given, -1, 1))
        try:
            (restored,) = self._session.run([self._output.name], {self._input.name: given})
        except Exception as error:
            size = f"{images.shape[1]}x{images.shape[2]}"
            raise ZooError(f"{self.path}: fails on images of {size}: {first_line(error)}") from error
        if restored.ndim != 4:
            raise ZooError(f"{self.path}: gives {restored.shape}, not images (batch, height, width, 3)")
        # Some files take channels first and give them last, or the other way round.
        last = restored.shape[-1] == 3 and (self.channels_last or restored.shape[1] != 3)
        first = not last and restored.shape[1] == 3
        return np.asarray(np.moveaxis(restored, 1, -1) if first else restored, np.float32)

    @cached_property
    def parameters(self) -> int:
        """Numbers in the file's arrays of weights; single numbers and lists of sizes are none."""
        return sum(
            math.prod(tensor.dims)
            for tensor in self._read().graph.initializer
            if tensor.data_type in (1, 10, 11, 16) and tensor.dims
        )

    @cached_property
    def macs_of_a_pixel(self) -> float:
        """Multiply-accumulates of convolutions and matrix products for a pixel, counted on an image of 128x128.

        Shapes inside a graph that takes any size are seen only when it is run: with all of them as further outputs.
        """
        from onnx import ValueInfoProto

        model = self._read()
        nodes = [node for node in model.graph.node if node.op_type in _COUNTED]
        shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
        wanted = sorted({name for node in nodes for name in (*node.input[:2], node.output[0])} - set(shapes))
        wanted = [name for name in wanted if name not in (self._input.name, self._output.name)]
        model.graph.output.extend(ValueInfoProto(name=name) for name in wanted)
        size = self.size or (_COUNTED_SIDE, _COUNTED_SIDE)
        image = np.zeros((self._batch or 1, *size, self.channels), _TYPES[self._input.type])
        image = image if self.channels_last else np.moveaxis(image, -1, 1)
        try:
            found = opened(model.SerializeToString()).run(None, {self._input.name: image})
        except Exception as error:
            raise ZooError(f"{self.path}: cannot be looked into: {first_line(error)}; export it again") from error
        names = [self._output.name, *wanted]
        shapes |= {self._input.name: image.shape, **{name: each.shape for name, each in zip(names, found, strict=True)}}
        return sum(_macs(node, shapes) for node in nodes) / math.prod((self._batch or 1, *size))

    def _read(self) -> Any:
        from onnx import load

        return load(str(self.path))


def _macs(node: Any, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Multiply-accumulates of a node of an ONNX graph."""
    first, second = (shapes[name] for name in node.input[:2])
    result = shapes[node.output[0]]
    if node.op_type == "Conv":
        return math.prod(result) // result[1] * math.prod(second)
    if node.op_type == "ConvTranspose":
        return math.prod(first) // first[1] * math.prod(second)
    transposed = any(each.name == "transA" and each.i for each in node.attribute)
    return math.prod(result) * first[-2 if transposed else -1]


class OnnxGraph(keras.layers.Layer):
    """Runs an ONNX file on images; nothing in it can be trained.

    Input shape: (batch, height, width, 3), or 9 channels for three frames.
    Output shape: (batch, height, width, 3).

    Args:
        path: The file.
        multiple: Height and width must be multiples of this.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, path: str, multiple: int = 1, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.source, self.multiple = path, multiple
        self._file = opened_file(path)

    @property
    def parameters_inside(self) -> int:
        """The file's parameters, which Keras does not see."""
        return self._file.parameters

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Multiply-accumulates for images of a shape."""
        return round(self._file.macs_of_a_pixel * math.prod(input_shape[:3]))

    def call(self, inputs: Tensor) -> Tensor:
        """The restored images."""
        backend, shape = keras.backend.backend(), (*inputs.shape[:3], 3)
        if backend == "tensorflow":
            import tensorflow as tf

            restored = tf.numpy_function(self._file.run, [inputs], tf.float32)
            restored.set_shape(shape)
            return restored
        if backend == "jax":
            import jax

            return jax.pure_callback(
                lambda images: self._file.run(np.asarray(images)), jax.ShapeDtypeStruct(shape, np.float32), inputs
            )
        return keras.ops.convert_to_tensor(self._file.run(keras.ops.convert_to_numpy(inputs)))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The images' shape with 3 channels; sides that the file does not take are refused."""
        if any(side is not None and side % self.multiple for side in input_shape[1:3]):
            raise ValueError(f"sides must be multiples of {self.multiple}")
        return (*input_shape[:3], 3)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "path": self.source, "multiple": self.multiple}
