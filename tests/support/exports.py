"""What the tests of exported files share: models that are cheap to convert, or whose weights matter."""

from __future__ import annotations

from contextlib import contextmanager

import keras
import numpy as np

import zoo
from zoo.layers.padding import CropLike, PadToMultiple
from zoo.layers.pyramid_pooling import AdaptiveAveragePool, ResizeLike


def lively(name, variant):
    """Returns a model whose weights are moved by a tenth of their size, so that no correction is near zero."""
    model = zoo.create(name, variant)
    rng = np.random.default_rng(7)
    values = []
    for weight, value in zip(model.weights, model.get_weights(), strict=True):
        moved = value + rng.normal(0, 0.1 * value.std() + 0.02, value.shape).astype(np.float32)
        values.append(np.abs(moved) if weight.path.endswith("moving_variance") else moved)
    model.set_weights(values)
    return model


@contextmanager
def small_model():
    """Registers a model of a few layers that needs what is hard to convert, and gives one of it.

    It takes three frames and sides that are multiples of 6; its layers round sides up, divide them and fill in zeros.
    """
    info = zoo.ModelInfo(
        "small",
        "Small",
        "none",
        "For tests.",
        {"frames": zoo.Variant(parameters=17_643, frames=3)},
        "frames",
        outputs=("sharp", "half"),
        size_multiple=6,
        minimum_size=12,
    )

    @zoo.register(info)
    def build(inputs):
        layers = keras.layers
        x = layers.Conv2D(32, 5, padding="same", activation="relu", name="wide")(inputs)
        x = PadToMultiple(8, name="fit")(x)
        x = layers.Conv2D(32, 3, strides=2, padding="same", name="down")(x)
        bins = [
            ResizeLike(name=f"back{count}")([AdaptiveAveragePool(count, name=f"bins{count}")(x), x])
            for count in (2, 3, 5)
        ]
        x = layers.Add(name="sum")([x, *bins])
        half = layers.Conv2D(3, 1, name="half")(x)
        x = CropLike(name="crop")([layers.UpSampling2D(2, name="up")(x), inputs])
        return [layers.Conv2D(3, 1, bias_initializer=keras.initializers.Constant(0.5), name="sharp")(x), half]

    try:
        keras.utils.set_random_seed(3)
        yield zoo.create("small")
    finally:
        zoo.unregister("small")
