"""A file of a user's own as a builder, `.keras` or weights of others: its layers on another input, with its weights."""

from __future__ import annotations

from typing import Any

from zoo import saving
from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.own.source import Source, running
from zoo.registry import Builder, list_models
from zoo.shapes import fixed_size
from zoo.weights.given import given_file

Shape = tuple[int | None, int | None, int]


def builder_of(source: Source) -> tuple[Shape, Builder]:
    """The input's shape without the batch, and what builds the file's model on an input tensor.

    A model of one fixed size is built for any size. The layers compute in the global dtype policy.

    Raises:
        ZooError: When the file cannot be loaded, or is no model of one image.
    """
    loaded = saving.load(given_file(source.path))
    inputs: list[Tensor] = getattr(loaded, "inputs", None) or []
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise ZooError(f"{source.text}: is no functional model that takes images alone; save one that is")
    # Of a sequence of layers, too, the graph; of a model of this zoo the restored image, which comes first.
    first = len(loaded.outputs) == 1 or loaded.name.partition(".")[0] in list_models()
    loaded = keras.Model(inputs[0], loaded.outputs[0] if first else loaded.outputs)
    free = (None, None, loaded.inputs[0].shape[-1])

    def build(inputs: Tensor) -> Any:
        with running(source, "its layers cannot be built on images of other sizes"):
            return rebuilt(loaded, inputs)

    if fixed_size(loaded) is not None:
        _check_other_sizes(source, loaded)
    return free, build


def rebuilt(model: keras.Model, inputs: Tensor) -> Any:
    """A model's outputs on another input tensor, by new layers in the global dtype policy that have its weights."""
    copies: dict[int, keras.layers.Layer] = {}

    def copied(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.Layer):
            # An operation on tensors, which has neither weights nor a precision.
            return layer
        if id(layer) not in copies:
            # A name that no layer has which the registry puts before or behind them.
            own: dict[str, Any] = {"name": f"own_{layer.name}"}
            if not isinstance(layer, keras.Model):
                own["dtype"] = keras.config.dtype_policy().name
            copies[id(layer)] = type(layer).from_config({**layer.get_config(), **own})
        return copies[id(layer)]

    outputs = model._run_through_graph(inputs, operation_fn=copied)
    for layer in model.layers:
        if layer.weights and id(layer) in copies:
            copies[id(layer)].set_weights(layer.get_weights())
    return outputs


def _check_other_sizes(source: Source, model: keras.Model) -> None:
    """Refuses a model of one fixed size that computes something else when it is built for any size."""
    import numpy as np

    height, width = model.inputs[0].shape[1:3]
    image = np.random.default_rng(0).random((1, height, width, model.inputs[0].shape[-1]), np.float32)
    with running(source, f"takes images of {height}x{width} alone; save it with an input of (None, None, channels)"):
        inputs = keras.Input((None, None, image.shape[-1]))
        free = keras.Model(inputs, rebuilt(model, inputs))
        before, after = (keras.ops.convert_to_numpy(each(image)) for each in (model, free))
        np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-4)
