"""ONNX: ONNX Runtime, OpenVINO, TensorRT, CoreML converters and many more."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from common.cores import cores
from zoo.errors import ZooError
from zoo.export.base import Format, Runtime
from zoo.export.graph import SHARP, Graph, described
from zoo.export.limits import uses_transforms

# From 18 on the axes of a reduction are an input, which tf2onnx forgets when it moves a transposition past one: means
# over height and width become means over channels, in silence.
_OPSET = 17
# Smaller arrays stay in float32: biases, and numbers that are indices or sizes.
_HALVED_FROM = 64


def write(graph: Graph, path: Path) -> None:
    """Writes an `.onnx` file."""
    import tf2onnx
    from onnx import save

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    converted, _ = tf2onnx.convert.from_function(graph.module.restore, list(graph.signature), opset=_OPSET)
    unknown = sorted({node.op_type for node in converted.graph.node if node.domain not in ("", "ai.onnx.ml")})
    if unknown:
        raise ZooError(f"ONNX has no {', '.join(unknown)}")
    if graph.half:
        _halve(converted)
    for key, text in described(graph).items():
        converted.metadata_props.add(key=key, value=text)
    save(converted, str(path))


def opened(model: Path | bytes) -> Any:
    """A session of ONNX Runtime for a file or its content, on as many threads as there are processors."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    # Errors become exceptions anyway; warnings are of no use to who exports.
    options.log_severity_level = 4
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def load(path: Path) -> Runtime:
    """Loads an `.onnx` file in ONNX Runtime."""
    session = opened(path)

    def run(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.asarray(session.run([SHARP], dict(inputs))[0])

    return run


def _halve(converted: Any) -> None:
    """Stores large float32 arrays of a model in float16 and widens them when the model is loaded."""
    from onnx import TensorProto, helper, numpy_helper

    graph = converted.graph
    widened = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < _HALVED_FROM:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}__float16"))
        widened.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*widened, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def refuses(graph: Graph) -> str:
    """Why ONNX cannot hold a graph."""
    return "ONNX has no complex numbers, which its Fourier transform needs" if uses_transforms(graph.model) else ""


FORMAT = Format(
    "onnx",
    "ONNX",
    ".onnx",
    "",
    {"tf2onnx": "tf2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"},
    write,
    load,
    refuses,
)
