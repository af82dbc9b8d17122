"""A check of what comes into a model."""

from __future__ import annotations

from typing import Any

import keras

from zoo.backend import Tensor
from zoo.errors import ZooError


@keras.saving.register_keras_serializable(package="deblur_zoo")
class SizeMultiple(keras.layers.Layer):
    """Passes images through and refuses those whose sides the model cannot divide.

    Sides that are not known while a graph is traced are not checked.

    Input shape: (batch, height, width, channels).
    Output shape: that of the input.

    Args:
        multiple: Height and width must be multiples of this, at least 1.
        network: Name of the network, for the message.
        **kwargs: Keras' layer arguments.

    Raises:
        ZooError: When a known side of the images is not a multiple.
        ValueError: When the multiple is below 1.
    """

    def __init__(self, multiple: int, network: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if multiple < 1:
            raise ValueError(f"multiple must be at least 1, not {multiple}")
        self.multiple, self.network = multiple, network

    def call(self, inputs: Tensor) -> Tensor:
        """The input."""
        self._check(tuple(inputs.shape))
        return inputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        self._check(tuple(input_shape))
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "multiple": self.multiple, "network": self.network}

    def _check(self, shape: tuple[Any, ...]) -> None:
        """Raises ZooError for a side that is known and not a multiple."""
        for name, side in zip(("height", "width"), shape[1:3], strict=True):
            if isinstance(side, int) and side % self.multiple:
                error = ZooError(
                    f"{self.network}: {name} {side} is not a multiple of {self.multiple}; "
                    "pad the image or use zoo.restore"
                )
                # Keeps Keras from adding lines about the call to a message that says it all.
                error._keras_call_info_injected = True  # type: ignore[attr-defined]
                raise error
