"""What some formats cannot do."""

from __future__ import annotations

from zoo.backend import keras, layers_within


def uses_transforms(model: keras.Model) -> bool:
    """Whether a model computes Fourier transforms, which other runtimes than TensorFlow lack or do badly."""
    from zoo.layers.deconvolution import WienerDeconvolution

    return any(isinstance(layer, WienerDeconvolution) for layer in layers_within(model))
