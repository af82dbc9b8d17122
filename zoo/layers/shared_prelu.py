"""A PReLU with one slope for everything."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor, at_least_float32


@keras.saving.register_keras_serializable(package="deblur_zoo")
class SharedPReLU(keras.layers.Layer):
    """X above zero and alpha x x below, with a single trainable number alpha.

    One instance called in many places shares its slope among them. The backward pass needs the input and the slope
    only, where the plain formula would keep three tensors of the input's size for every call.

    Input shape: any. Output shape: that of the input.

    Source: He et al., "Delving deep into rectifiers" (ICCV 2015), the channel-shared form.

    Args:
        alpha: Slope at the start.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, alpha: float = 0.25, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start = alpha

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the slope."""
        self.alpha = self.add_weight(shape=(), initializer=keras.initializers.Constant(self.start), name="alpha")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """The rectified input."""

        @ops.custom_gradient
        def rectified(x: Tensor, slope: Tensor) -> Tensor:
            def gradient(*args: Any, upstream: Tensor = None) -> tuple[Tensor, Tensor]:
                upstream = args[0] if upstream is None else upstream
                # The slope's gradient sums millions of products: in float32 at least.
                full = at_least_float32(x.dtype)
                below = ops.cast(upstream * ops.minimum(x, 0), full)
                return _rectified(upstream, x, slope), ops.cast(ops.sum(below), slope.dtype)

            return _rectified(x, x, slope), gradient

        # TensorFlow wants the gradient's variables as tensors, which a product is.
        return rectified(inputs, self.alpha * 1.0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "alpha": self.start}


def _rectified(values: Tensor, x: Tensor, slope: Tensor) -> Tensor:
    """The values where x is above zero, slope times the values elsewhere."""
    return ops.where(x > 0, values, slope * values)
