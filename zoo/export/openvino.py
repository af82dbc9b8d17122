"""OpenVINO: processors and graphics of Intel, and ARM. A folder with `model.xml` and `model.bin`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zoo.export.base import Format, Runtime
from zoo.export.graph import SHARP, Graph, described
from zoo.export.limits import uses_transforms

_CONTENT = "model.xml"


def write(graph: Graph, path: Path) -> None:
    """Writes OpenVINO's two files into a folder."""
    import openvino

    converted = openvino.convert_model(graph.source)
    converted.set_rt_info(json.dumps(described(graph)), "deblur_zoo")
    openvino.save_model(converted, path / _CONTENT, compress_to_fp16=graph.half)


def load(path: Path) -> Runtime:
    """Loads such a folder in OpenVINO, on the processor, in float32 also where bfloat16 would be faster."""
    import openvino

    options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(path / _CONTENT, "CPU", options)

    def run(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.asarray(compiled(dict(inputs))[SHARP])

    return run


def refuses(graph: Graph) -> str:
    """Why OpenVINO cannot run a graph rightly: measured, 5e-5 off for images of 100 pixels, 6e-4 for 720x1280."""
    return "OpenVINO's Fourier transform loses digits in large images" if uses_transforms(graph.model) else ""


FORMAT = Format("openvino", "OpenVINO", "", _CONTENT, {"openvino": "openvino"}, write, load, refuses)
