"""Where a model takes the means that its blocks go by: the whole image, or windows as large as training has seen."""

from __future__ import annotations

from zoo.backend import keras
from zoo.errors import ZooError
from zoo.options import INFERENCE_MODES
from zoo.registry import info, options_of, spoken

# The builder's argument.
_OPTION = "inference"


def usual_mode(model: str, variant: str) -> str:
    """The mode that a variant is built in; empty for a model that has none.

    Raises:
        ZooError: When there is no such model or variant.

    >>> usual_mode("nafnet", "sidd-w32"), usual_mode("atrous", "tiny")
    ('global', '')
    """
    built = {**options_of(model), **info(model).variant(variant).options}
    return str(built.get(_OPTION, ""))


def inference_mode(model: keras.Model, mode: str) -> keras.Model:
    """A model in another inference mode, with the same weights.

    The mode is part of a model and is saved with it. It changes nothing on images that are as small as the training
    crops.

    Args:
        model: A model of this zoo whose blocks go by means, such as NAFNet; it stays as it is.
        mode: `"local"` for windows as large as training has seen, `"global"` for the whole image.

    Returns:
        The model itself where it has that mode already, else one that shares its layers, and so its weights: training
        one trains the other.

    Raises:
        ZooError: For a model that has no such modes, and for another mode.

    >>> import zoo
    >>> model = zoo.create("nafnet", "tiny")
    >>> inference_mode(inference_mode(model, "global"), "local").name
    'nafnet.tiny'
    """
    from zoo.layers.local_mean import LocalMean

    means = [layer for layer in model.layers if isinstance(layer, LocalMean)]
    if not means:
        raise ZooError(f"{spoken(model)} has no inference modes: nothing in it is a mean over a window; leave it out")
    if mode not in INFERENCE_MODES:
        raise ZooError(f"unknown inference mode {mode!r} of {spoken(model)}; take {' or '.join(INFERENCE_MODES)}")
    if all(layer.mode == mode for layer in means):
        return model

    def same_or_switched(layer: keras.layers.Layer) -> keras.layers.Layer:
        """The layer itself, but a new one for means, which have no weights."""
        return LocalMean.from_config({**layer.get_config(), "mode": mode}) if isinstance(layer, LocalMean) else layer

    return keras.models.clone_model(model, clone_function=same_or_switched)
