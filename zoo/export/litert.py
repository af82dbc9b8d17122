"""LiteRT (TensorFlow Lite): phones, boards, browsers. The graph keeps to the kernels of the plain runtime."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from common.cores import cores
from zoo.export.base import Format, Runtime
from zoo.export.graph import SHARP, SIGNATURE, Graph, described
from zoo.export.limits import uses_transforms

_NOTES = "deblur_zoo.json"


def write(graph: Graph, path: Path) -> None:
    """Writes a `.tflite` file."""
    import tensorflow as tf

    # From a SavedModel, because only so names of inputs and outputs come into the file.
    converter = tf.lite.TFLiteConverter.from_saved_model(str(graph.source), signature_keys=[SIGNATURE])
    if graph.half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    path.write_bytes(converter.convert())
    # Behind a model may stand an archive with files that belong to it; runtimes do not read so far.
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(_NOTES, json.dumps(described(graph), indent=2))


def load(path: Path) -> Runtime:
    """Loads a `.tflite` file in LiteRT's interpreter, on as many threads as there are processors."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=cores())
    runner = interpreter.get_signature_runner(SIGNATURE)

    def run(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        # By name: the converter reorders inputs and outputs.
        return np.asarray(runner(**inputs)[SHARP])

    return run


def refuses(graph: Graph) -> str:
    """Why LiteRT cannot run a graph."""
    return "LiteRT has no Fourier transform of complex numbers" if uses_transforms(graph.model) else ""


FORMAT = Format("litert", "LiteRT", ".tflite", "", {"ai_edge_litert": "ai-edge-litert"}, write, load, refuses)
