"""Images cut into tiles of equal size that lie along the batch axis, and put together again.

Tile (row r, column c) of image b has the position (b x rows + r) x columns + c along the batch. With this order
`Untile(1, columns)` joins the tiles of a grid to whole rows, and `Untile(rows, 1)` joins those to images. Cutting
into rows and joining rows moves no data.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor


class _Grid(keras.layers.Layer):
    """Holds the numbers of rows and columns of tiles.

    Args:
        rows: Tiles below each other, at least 1.
        columns: Tiles side by side, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When a number is below 1.
    """

    def __init__(self, rows: int, columns: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if min(rows, columns) < 1:
            raise ValueError(f"rows and columns must be at least 1, not {rows} and {columns}")
        self.rows, self.columns = rows, columns

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "rows": self.rows, "columns": self.columns}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class Tiles(_Grid):
    """Cuts images into rows x columns tiles along the batch axis.

    Input shape: (batch, height, width, channels), height a multiple of rows, width of columns.
    Output shape: (batch x rows x columns, height / rows, width / columns, channels).

    Args:
        rows: Tiles below each other, at least 1.
        columns: Tiles side by side, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When a number is below 1, or a known side cannot be divided.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """The tiles."""
        batch, height, width, channels = ops.shape(inputs)
        side, across = height // self.rows, width // self.columns
        if self.columns == 1:
            return ops.reshape(inputs, (batch * self.rows, side, width, channels))
        strips = ops.reshape(inputs, (batch * self.rows, side, self.columns, across, channels))
        tiles = ops.transpose(strips, (0, 2, 1, 3, 4))
        return ops.reshape(tiles, (batch * self.rows * self.columns, side, across, channels))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the tiles."""
        batch, height, width, channels = input_shape
        for name, side, parts in (("height", height, self.rows), ("width", width, self.columns)):
            if side is not None and side % parts:
                raise ValueError(f"{name} {side} cannot be cut into {parts} equal tiles")
        return (
            _times(batch, self.rows * self.columns),
            None if height is None else height // self.rows,
            None if width is None else width // self.columns,
            channels,
        )


@keras.saving.register_keras_serializable(package="deblur_zoo")
class Untile(_Grid):
    """Puts the tiles that `Tiles` of the same grid has cut together again.

    Input shape: (batch x rows x columns, height, width, channels).
    Output shape: (batch, rows x height, columns x width, channels).

    Args:
        rows: Tiles below each other, at least 1.
        columns: Tiles side by side, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When a number is below 1.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """The images."""
        count, height, width, channels = ops.shape(inputs)
        shape = (count // (self.rows * self.columns), height * self.rows, width * self.columns, channels)
        if self.columns == 1:
            return ops.reshape(inputs, shape)
        tiles = ops.reshape(inputs, (count // self.columns, self.columns, height, width, channels))
        return ops.reshape(ops.transpose(tiles, (0, 2, 1, 3, 4)), shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the images."""
        count, height, width, channels = input_shape
        batch = None if count is None else count // (self.rows * self.columns)
        return (batch, _times(height, self.rows), _times(width, self.columns), channels)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class GateTile(keras.layers.Layer):
    """Multiplies features by a gate on one tile of every image and leaves the other tiles as they are.

    Input shapes: features and gate (batch x tiles, height, width, channels).
    Output shape: that of the features.

    Args:
        tiles: Tiles of each image.
        index: Number of the gated tile, row by row, from 0.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When there is no such tile.
    """

    def __init__(self, tiles: int, index: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= index < tiles:
            raise ValueError(f"index must be from 0 to {tiles - 1}, not {index}")
        self.tiles, self.index = tiles, index

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Gates `inputs` = [features, gate]."""
        features, gate = inputs
        numbers = ops.arange(ops.shape(features)[0]) % self.tiles
        return ops.where(ops.reshape(numbers == self.index, (-1, 1, 1, 1)), features * gate, features)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the features."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "tiles": self.tiles, "index": self.index}


def _times(side: int | None, factor: int) -> int | None:
    """A side times a factor, None where it is unknown."""
    return None if side is None else side * factor
