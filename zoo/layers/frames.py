"""The middle frame of a stack of frames."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="deblur_zoo")
class MiddleFrame(keras.layers.Layer):
    """Takes the current frame out of frames stacked along the channels.

    Input shape: (batch, height, width, frames x channels), frames odd.
    Output shape: (batch, height, width, channels).

    Args:
        channels: Channels of one frame.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the input does not hold an odd number of whole frames.
    """

    def __init__(self, channels: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks the number of channels."""
        frames, rest = divmod(input_shape[-1] or 0, self.channels)
        if rest or frames % 2 == 0:
            raise ValueError(f"{input_shape[-1]} channels are not an odd number of frames of {self.channels} channels")
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Returns the middle `channels` channels."""
        start = inputs.shape[-1] // (2 * self.channels) * self.channels
        return inputs[..., start : start + self.channels]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the input's shape with the channels of one frame."""
        return (*input_shape[:-1], self.channels)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the layer."""
        return {**super().get_config(), "channels": self.channels}
