"""SavedModel, TensorFlow's own: TensorFlow Serving, TensorFlow in any language, and a source for other converters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from common.files import write_text
from zoo.backend import Tensor
from zoo.export.base import Format, Runtime
from zoo.export.graph import SHARP, SIGNATURE, Graph, described

# The folder of a SavedModel that TensorFlow leaves to others.
_NOTES = "assets.extra/deblur_zoo.json"


def write(graph: Graph, path: Path) -> None:
    """Writes a SavedModel into a folder."""
    import tensorflow as tf

    if graph.half:
        module = _in_half(graph)
        function = module.restore.get_concrete_function()
        tf.saved_model.save(module, str(path), signatures={SIGNATURE: function})
    else:
        shutil.copytree(graph.source, path, dirs_exist_ok=True)
    write_text(path / _NOTES, json.dumps(described(graph), indent=2) + "\n")


def load(path: Path) -> Runtime:
    """Loads a SavedModel in TensorFlow."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures[SIGNATURE]

    def run(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        # The variables live as long as `loaded` does.
        assert loaded is not None
        tensors = {name: tf.constant(array) for name, array in inputs.items()}
        return np.asarray(function(**tensors)[SHARP])

    return run


def _in_half(graph: Graph) -> Any:
    """The module with kernels in float16 variables, which its function widens."""
    import tensorflow as tf

    model = graph.model
    kinds = (model.trainable_variables, model.non_trainable_variables)
    stored = [[_stored(variable.value) for variable in kind] for kind in kinds]

    @tf.function(input_signature=list(graph.signature), autograph=False)
    def restore(*inputs: Tensor) -> dict[str, Tensor]:
        wide = [[tf.cast(each, tf.float32) if each.dtype == tf.float16 else each for each in kind] for kind in stored]
        return graph.compute(inputs, wide)

    module = tf.Module(name="deblur_zoo")
    module.variables_of_model = stored
    module.restore = restore
    return module


def _stored(value: Any) -> Any:
    """A variable with the value, in float16 where that pays."""
    import tensorflow as tf

    # Biases and statistics are few, and some are beyond float16's range.
    return tf.Variable(tf.cast(value, tf.float16) if len(value.shape) > 1 and value.dtype == tf.float32 else value)


FORMAT = Format("savedmodel", "SavedModel", "", "saved_model.pb", {}, write, load)
