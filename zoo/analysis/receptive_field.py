"""How far a model sees: the receptive field, measured on the model itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo import registry
from zoo.analysis.macs import COUNTED_SIDE
from zoo.backend import input_gradient
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.inference.batches import margin_to_fit, shrink_of
from zoo.start import caught_errors

# More draws find what a maximum or a negative half-line hid in the first one.
_DRAWS = 3
_FIRST_WIDTH = 128
_HEIGHT = 32


NOT_MEASURED = "not measured"

# Multiply-accumulates that a field of unknown size is worth.
_MOST_MACS = 5e11
_LIMIT = 1024


def measured_field(name: str, variant: str) -> str:
    """The receptive field of a registered model in words, measured if that does not take long.

    Args:
        name: Name in the registry.
        variant: Its variant.
    """
    info = registry.info(name).for_variant(variant)
    facts = info.variant(variant)
    widest = _HEIGHT * 2 * _LIMIT * (1 + _DRAWS * info.size_multiple)
    if 3 * widest * facts.macs / COUNTED_SIDE**2 > _MOST_MACS or facts.fixed_size is not None:
        return NOT_MEASURED
    try:
        # TensorFlow tells there of kernels that it has not in double precision.
        with caught_errors():
            side = receptive_field(name, variant, _LIMIT)
    except Exception:
        # A user's layers need not have gradients, or compute in double precision.
        return NOT_MEASURED
    return f"over {_LIMIT} px" if side is None else f"{side} px"


def receptive_field(
    model: str | keras.Model, variant: str | None = None, limit: int = 1024, **options: Any
) -> int | None:
    """Measures the side of the square of the input that decides a pixel of the output.

    The gradient of a column of the output says which columns of the input it depends on. Where a model pools, this
    differs from pixel to pixel; the widest one counts. Every layer's full reach counts, however little its border
    weighs. (JAX computes in single precision unless told otherwise, where the border of a deep model vanishes.)

    Args:
        model: Name in the registry, or a model; its layers count, its weights do not.
        variant: With a name, one of the model's variants; None takes the default one.
        limit: Widest field in pixels that is searched for.
        **options: With a name, arguments of the builder; fewer filters see as far and are quicker.

    Raises:
        ZooError: For an unknown name or option, and for a variant or options beside a model.

    Returns:
        The side in pixels; None when it is more than `limit`, as with pooling or normalisation over the whole image.

    >>> receptive_field("identity")
    1
    """
    # The border's slope is a product of one weight per layer, too small for single precision in a deep model.
    if isinstance(model, keras.Model):
        if variant is not None or options:
            raise ZooError("a variant and options are for a model's name; leave them out beside a model")
        info, shrink = identify(model)[0], shrink_of(model)
        model = _in_double(model)
    else:
        info = registry.info(model).for_variant(variant)
        shrink = info.variant(variant).shrink
        model = registry.create(model, variant, dtype="float64", **options)
    multiple = info.size_multiple
    height, width = (side + margin_to_fit(side, info, shrink) for side in (_HEIGHT, _FIRST_WIDTH))
    while True:
        first, last = _seen(model, multiple, height, width, [0], draws=1)[0]
        # The other pixels of a cell may see as much more as the cell is wide.
        if first > 2 * multiple and last < width - 1 - 2 * multiple:
            spans = _seen(model, multiple, height, width, range(multiple), _DRAWS)
            widest = max(last - first + 1 for first, last in spans)
            return widest if widest <= limit else None
        if width > 2 * limit:
            return None
        width *= 2


def _in_double(model: keras.Model) -> keras.Model:
    """A model of the same layers in double precision, with fresh weights."""

    def doubled(node: Any) -> Any:
        if isinstance(node, dict):
            if node.get("class_name") == "DTypePolicy":
                return {**node, "config": {**node["config"], "name": "float64"}}
            return {
                key: "float64" if key == "dtype" and isinstance(value, str) else doubled(value)
                for key, value in node.items()
            }
        return type(node)(doubled(each) for each in node) if isinstance(node, (list, tuple)) else node

    return type(model).from_config(doubled(model.get_config()))


def _seen(
    model: keras.Model, multiple: int, height: int, width: int, offsets: Sequence[int], draws: int
) -> list[tuple[int, int]]:
    """The first and the last column of the input that columns near the output's middle depend on.

    Args:
        model: The model; its blur step or point spread function is 1.
        multiple: Width of a cell, what the input's sides must be multiples of.
        height: Height of the input.
        width: Width of the input.
        offsets: Columns of the output, counted from the middle cell's first one.
        draws: Random images that are tried.
    """
    rng = np.random.default_rng(0)
    restoring = keras.Model(model.inputs if len(model.inputs) > 1 else model.inputs[0], model.outputs[0])
    others = [
        ops.ones([len(offsets), *(side or 1 for side in tensor.shape[1:])], "float64") for tensor in model.inputs[1:]
    ]
    used = np.zeros((len(offsets), width), bool)
    for _ in range(draws):
        images = rng.random((len(offsets), height, width, model.inputs[0].shape[-1]))

        def total(images: Any) -> Any:
            output = restoring([images, *others] if others else images, training=False)
            start = output.shape[2] // 2 // multiple * multiple
            return sum(ops.sum(output[index, :, start + offset]) for index, offset in enumerate(offsets))

        slopes = input_gradient(total, ops.convert_to_tensor(images, "float64"))
        used |= (ops.convert_to_numpy(slopes) != 0).any(axis=(1, 3))
    columns = [np.flatnonzero(row) for row in used]
    return [(int(found[0]), int(found[-1])) for found in columns]
