"""The first of a tensor's channels."""

from __future__ import annotations

from typing import Any

import keras

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class FirstChannels(keras.layers.Layer):
    """Takes the first channels, e.g. the grey image out of its copies.

    Input shape: (batch, height, width, at least `count`).
    Output shape: (batch, height, width, count).

    Args:
        count: Channels to take, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the count is below 1, or the input has fewer channels.
    """

    def __init__(self, count: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if count < 1:
            raise ValueError(f"count must be at least 1, not {count}")
        self.count = count

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks the number of channels."""
        if (input_shape[-1] or 0) < self.count:
            raise ValueError(f"the input must have at least {self.count} channels, not {input_shape[-1]}")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """The first `count` channels."""
        return inputs[..., : self.count]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with `count` channels."""
        return (*input_shape[:-1], self.count)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "count": self.count}


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

    def call(self, inputs: Tensor) -> Tensor:
        """The middle `channels` channels."""
        start = inputs.shape[-1] // (2 * self.channels) * self.channels
        return inputs[..., start : start + self.channels]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with the channels of one frame."""
        return (*input_shape[:-1], self.channels)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "channels": self.channels}
