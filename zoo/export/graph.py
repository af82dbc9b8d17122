"""What an exported file computes: any image in, the restored image out, as `zoo.restore` does it.

Everything that `zoo.restore` does around a model with NumPy is part of the graph: padding by reflection to sides that
the model takes, medians or copies of a grey image, the choice of the restored image among several outputs, cropping,
clipping to [0, 1]. So a file has no rules that its user must know.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from weakref import finalize

from zoo.backend import Tensor, keras, layers_within
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.inference.batches import model_frames, shrink_of
from zoo.inference.inputs import with_medians
from zoo.registry import ModelInfo, spoken

BLURRY, BLUR_STEP, PSF, SHARP = "blurry", "blur_step", "psf", "sharp"
"""Names of inputs and of the output, the same in every format."""

SIGNATURE = "serving_default"
"""Name under which files of TensorFlow hold the graph; TensorFlow Serving looks for this one."""

Size = tuple[int, int]


@dataclass(frozen=True)
class Graph:
    """A traced graph of TensorFlow.

    Attributes:
        module: What holds the function, as `module.restore`, and its variables.
        compute: What the function computes, of its arguments and, for others than the model's own, of its trainable
            and its other weights.
        signature: The function's arguments, TensorFlow's specifications of tensors.
        model: The float32 model inside.
        info: The model's contract.
        size: Height and width of the one image that it takes; None for any number of images of any size.
        half: Whether weights are to be stored in half precision.
    """

    module: Any
    compute: Callable[..., dict[str, Tensor]]
    signature: tuple[Any, ...]
    model: keras.Model
    info: ModelInfo
    size: Size | None
    half: bool

    @property
    def names(self) -> list[str]:
        """The inputs' names."""
        return [str(spec.name) for spec in self.signature]

    @property
    def concrete(self) -> Any:
        """The traced function."""
        return self.module.restore.get_concrete_function()

    @cached_property
    def source(self) -> Path:
        """A SavedModel of the graph in a folder that goes with this object, for converters that read one."""
        import tensorflow as tf

        folder = Path(tempfile.mkdtemp(prefix="deblur-zoo-"))
        finalize(self, shutil.rmtree, folder, ignore_errors=True)
        tf.saved_model.save(self.module, str(folder), signatures={SIGNATURE: self.concrete})
        return folder


def graph_of(model: keras.Model, size: Size | None = None, half: bool = False) -> Graph:
    """Traces what a file of a model shall hold.

    Args:
        model: A model of this zoo; it stays as it is.
        size: Height and width of the only image that the file will take; None leaves number and size open.
        half: Whether weights are to be stored in half precision.

    Raises:
        ZooError: When another backend than TensorFlow runs, or the model is not of this zoo.
    """
    if keras.backend.backend() != "tensorflow":
        raise ZooError(
            f"export needs Keras on TensorFlow, and it runs on {keras.backend.backend()}; unset KERAS_BACKEND"
        )
    import tensorflow as tf

    info, variant = identify(model)
    info = info.for_variant(variant)
    model = exportable(model)
    shrink = shrink_of(model)
    channels = 3 * model_frames(model, info) if info.colour else 1
    signature = [tf.TensorSpec((1 if size else None, *(size or (None, None)), channels), tf.float32, BLURRY)]
    if info.takes_blur_step:
        signature.append(tf.TensorSpec((1 if size else None, 1), tf.float32, BLUR_STEP))
    if info.takes_psf:
        signature.append(tf.TensorSpec((1 if size else None, None, None, 1), tf.float32, PSF))

    def compute(inputs: Sequence[Tensor], weights: Sequence[Sequence[Tensor]] = ()) -> dict[str, Tensor]:
        return {SHARP: _restored(model, info, shrink, inputs, weights)}

    @tf.function(input_signature=signature, autograph=False)
    def restore(*inputs: Tensor) -> dict[str, Tensor]:
        return compute(inputs)

    module = tf.Module(name="deblur_zoo")
    module.variables_of_model = [variable.value for variable in model.variables]
    module.restore = restore
    return Graph(module, compute, tuple(signature), model, info, size, half)


def exportable(model: keras.Model) -> keras.Model:
    """A model that every converter understands and that computes in float32, whatever precision the model has.

    Args:
        model: The model; it stays as it is.

    Returns:
        The model itself, one that shares its layers but for some without weights, or a copy with its weights.
    """
    all_float32 = {layer.dtype_policy.name for layer in layers_within(model)} == {"float32"}
    if all_float32 and not any(_loses_channels(layer) for layer in layers_within(model)):
        return model

    def form(layer: keras.layers.Layer) -> keras.layers.Layer:
        if all_float32 and not _loses_channels(layer):
            return layer
        kind = _nearest_upsampling() if _loses_channels(layer) else type(layer)
        return kind.from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(model, clone_function=form)
    if not all_float32:
        copy.set_weights(model.get_weights())
    return copy


def _loses_channels(layer: keras.layers.Layer) -> bool:
    """Whether a layer's graph does not tell how many channels come out, which LiteRT's convolutions must know."""
    return isinstance(layer, keras.layers.UpSampling2D) and layer.interpolation == "nearest"


@cache
def _nearest_upsampling() -> type[keras.layers.Layer]:
    """Keras' UpSampling2D with a graph that tells the number of channels."""

    class NearestUpsampling(keras.layers.UpSampling2D):
        def call(self, inputs: Tensor) -> Tensor:
            batch, height, width, channels = keras.ops.shape(inputs)
            sides = (height * self.size[0], width * self.size[1])
            return keras.ops.reshape(super().call(inputs), (batch, *sides, channels))

    return NearestUpsampling


def _restored(
    model: keras.Model, info: ModelInfo, shrink: int, inputs: Sequence[Tensor], weights: Sequence[Sequence[Tensor]]
) -> Tensor:
    """The restored images, (batch, height, width, 3 or 1) in [0, 1]; for the arguments see `Graph.compute`."""
    ops = keras.ops
    blurry, *known = inputs
    height, width = ops.shape(blurry)[1:3]
    images, top = _mirrored_to_fit(blurry, 1, info, shrink)
    images, left = _mirrored_to_fit(images, 2, info, shrink)
    if info.medians:
        images = with_medians(images, info.medians, sorting=True)
    elif not info.colour:
        images = ops.concatenate([images] * info.channels, axis=-1)
    given = [images, *known] if known else images
    outputs = model.stateless_call(*weights, given, training=False)[0] if weights else model(given, training=False)
    sharp = outputs[0] if isinstance(outputs, (list, tuple)) else outputs
    return ops.clip(sharp[:, top : top + height, left : left + width], 0.0, 1.0)


def _mirrored_to_fit(images: Tensor, axis: int, info: ModelInfo, shrink: int) -> tuple[Tensor, Any]:
    """Images padded by reflection along an axis, and where the original starts in the output; as `zoo.pad_to_fit`.

    Images that are smaller than the margin are mirrored again and again, as NumPy does and TensorFlow's own padding
    does not.
    """
    from zoo.layers.whole_numbers import missing_to_multiple

    ops = keras.ops
    if info.size_multiple == info.minimum_size == 1 and not shrink:
        return images, 0
    side = ops.shape(images)[axis]
    larger = max if isinstance(side, int) else ops.maximum
    wanted = larger(side + shrink, info.minimum_size)
    wanted = wanted + missing_to_multiple(wanted, info.size_multiple)
    before = (wanted - side) // 2
    if isinstance(side, int) and wanted == side:
        return images, 0
    # Mirrored pixels recur after twice the side less the two that are not repeated; a single pixel at once.
    period = larger(2 * side - 2, 1)
    place = ops.abs(ops.arange(wanted, dtype="int32") - before) % period
    return ops.take(images, ops.minimum(place, period - place), axis=axis), before - shrink // 2


def described(graph: Graph) -> dict[str, str]:
    """What a file says of itself: model, inputs and output, licence."""
    info = graph.info
    grey = "" if info.colour else "; restore the channels of a colour image one by one"
    frames = model_frames(graph.model, info)
    stacked = "previous, current and next frame along the channels" if frames > 1 else "RGB" if info.colour else "grey"
    return {
        "model": spoken(graph.model),
        BLURRY: f"float32 (batch, height, width, {graph.signature[0].shape[-1]}) in [0, 1], {stacked}{grey}",
        **({BLUR_STEP: "float32 (batch, 1), at least 0"} if info.takes_blur_step else {}),
        **({PSF: "float32 (batch, rows, columns, 1), odd sides"} if info.takes_psf else {}),
        SHARP: f"float32 (batch, height, width, {info.channels_out}) in [0, 1]",
        "size": f"{graph.size[0]}x{graph.size[1]}" if graph.size else "any",
        "weights": "float16" if graph.half else "float32",
        "licence of the authors' code": info.licence,
        "made by": "deblur-zoo",
    }
