"""A user's own model in the registry, with what can be measured of it; then it has all that the zoo's models have."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from zoo import registry
from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.own import source as own_source
from zoo.own.source import Source
from zoo.registry import OWN, Builder, ModelInfo, Own, Variant
from zoo.shapes import FRAMES, fixed_size, frames_and_multiple
from zoo.start import quiet_backend

_ATTRIBUTE = "frames"
_KEEPING = (
    "an own model takes images (batch, height, width, 3), or 9 for three frames, and gives back sharp ones; sides "
    "may have to be multiples of a power of two up to 128"
)


def register_own(source: str) -> ModelInfo:
    r"""Puts a model of one's own into the registry, where `create`, `restore` and `benchmarks.run` find it by its name.

    It has one variant, `own`. Its parameters, multiply-accumulates and what sides it takes are measured. A user's own
    model that was registered under its name before is replaced: a file can be changed and registered again.

    The file's hash tells it from others; modules that the file imports have no part in it.

    Args:
        source: `path/to/file.py:function` or `package.module:function`, a function from the input tensor (batch,
            height, width, 3) in [0, 1] to the output tensor of the same shape; with an attribute `frames = 3` it takes
            previous, current and next frame along 9 channels. Or a `.keras` file, which is read in safe mode and
            brings its weights along, a file of others' weights such as a `.pth`, which is recognised (see `zoo.load`),
            or an `.onnx` file, which can be restored with but not trained.

    Returns:
        The model's entry.

    Raises:
        ZooError: When there is no such file or function, it raises an error, is no such model, or a model of this zoo
            has its name.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import zoo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "half.py"
    ...     _ = file.write_text("def build(blurry):\n    return 0.5 * blurry\n")
    ...     entry = register_own(f"{file}:build")
    >>> entry.name, zoo.create("half-build").name, zoo.unregister("half-build")
    ('half-build', 'half-build.own', None)
    """
    found = own_source.find(source)
    name = found.name
    if name in registry.list_models() and registry.info(name).own is None:
        raise ZooError(f"{source}: would be called {name}, as a model of this zoo is; rename the file or the function")
    quiet_backend()
    model, builder = _built(found)
    info = _measured(found, model)
    if name in registry.list_models():
        registry.unregister(name)
    registry.register(info)(builder)
    try:
        # Once as everybody will build it, since names of layers may meet those that the registry adds.
        with own_source.running(found, "building the model fails"):
            registry.create(name)
    except ZooError:
        registry.unregister(name)
        raise
    return info


def _built(source: Source) -> tuple[keras.Model, Builder]:
    """A model with its first weights, and what builds others like it on an input tensor."""
    if source.path.suffix == ".onnx" and not source.function:
        from zoo.own.onnx_file import builder_of
    elif not source.function:
        from zoo.own.keras_file import builder_of
    else:
        builder_of = _of_function
    shape, build = builder_of(source)

    def builder(inputs: Tensor) -> Any:
        return _full_precision(build(inputs))

    inputs = keras.Input(shape)
    return keras.Model(inputs, builder(inputs)), builder


def _of_function(source: Source) -> tuple[tuple[int | None, int | None, int], Builder]:
    """The input's shape without the batch, and what builds a model by the user's function."""
    function = own_source.function_of(source)
    frames = getattr(function, _ATTRIBUTE, 1)
    channels = next((channels for channels, number in FRAMES.items() if number == frames), None)
    if channels is None:
        raise ZooError(f"{source.text}: {source.function}.{_ATTRIBUTE} is {frames!r}; a model takes 1 or 3 frames")

    def build(inputs: Tensor) -> Tensor:
        with own_source.running(source, "building the model fails"):
            outputs = function(inputs)
        return _checked(source, outputs)

    return (None, None, channels), build


def _checked(source: Source, outputs: Any) -> Tensor:
    """The one tensor that a function must return."""
    if isinstance(outputs, (list, tuple, dict)):
        raise ZooError(f"{source.text}: returns {len(outputs)} outputs, not one; return the restored image alone")
    if not isinstance(outputs, keras.KerasTensor):
        raise ZooError(
            f"{source.text}: returns {type(outputs).__name__}, not a Keras tensor; return what the last layer gives "
            "for the tensor that comes in"
        )
    return outputs


def _full_precision(outputs: Any) -> Any:
    """The output in the type of the weights, as every model gives it; mixed precision has another inside."""
    full = keras.config.dtype_policy().variable_dtype
    if not isinstance(outputs, keras.KerasTensor) or keras.backend.standardize_dtype(outputs.dtype) == full:
        return outputs
    return keras.layers.Identity(dtype=full, name="sharp")(outputs)


def _measured(source: Source, model: keras.Model) -> ModelInfo:
    """The entry of a model, by what it is."""
    from zoo.analysis.macs import count_macs, count_parameters

    try:
        frames, multiple = frames_and_multiple(model)
    except ZooError as error:
        raise ZooError(f"{source.text}: {error}; {_KEEPING}") from error
    _check_layers(source, model)
    with own_source.running(source, "its layers cannot be built again from their get_config"):
        macs = count_macs(model)
    parameters = count_parameters(model)
    variant = Variant(
        parameters=parameters,
        frames=frames,
        macs=macs,
        statistics=sum(math.prod(each.shape) for each in model.non_trainable_weights),
        fixed_size=fixed_size(model),
        note="a user's own",
    )
    return ModelInfo(
        name=source.name,
        title=f"{source.name} (a user's own)",
        paper="none: a user's own model",
        summary=f"Built by {source.text}.",
        variants={OWN: variant},
        default=OWN,
        size_multiple=multiple,
        minimum_size=multiple,
        licence="its owner's",
        own=Own(source.text, source.sha256, weighted=not source.function),
    )


def _check_layers(source: Source, model: keras.Model) -> None:
    """Refuses layers that no checkpoint could be read with: those of nobody that Keras knows, and code in Lambdas."""
    if not source.function:
        return
    from zoo.saving import refuse_foreign

    with own_source.running(source, "its layers cannot be saved"):
        config: Mapping[str, Any] = json.loads(model.to_json())
    try:
        refuse_foreign(config, source.text)
    except ZooError as error:
        raise ZooError(
            f"{error}, and no checkpoint of it could be; write layers as classes under "
            "@keras.saving.register_keras_serializable()"
        ) from error
