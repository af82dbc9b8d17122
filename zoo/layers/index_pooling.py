"""Pooling and unpooling that are told by learnt indices what to take from each cell of 2x2 pixels.

Source: Lu et al., "Indices matter: learning to index for deep image matting" (ICCV 2019), and the authors' code. There,
four maps at half size are stacked, normalised, shuffled to full size and multiplied with the features. Here they stay
four tensors, one per pixel of a cell in the order upper left, upper right, lower left, lower right, and full size is
built once, where it is needed.
"""

from __future__ import annotations

import keras
from keras import ops

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class IndexedPooling(keras.layers.Layer):
    """Weights the pixels of each cell with the softmax of the cell's four indices, and sums them.

    Input shapes: features (batch, 2 height, 2 width, channels), then four maps of indices in [0, 1], after their
    sigmoid, (batch, height, width, channels).
    Output shapes: the sums (batch, height, width, channels), then the weighted features in the shape of the features.

    Raises:
        ValueError: When there are not four maps, or their shapes are not half that of the features.
    """

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Checks the shapes."""
        features, *maps = input_shape
        _check_maps(maps)
        halves = (*(None if side is None else side / 2 for side in features[1:3]), features[3])
        if any(_differ(side, half) for side, half in zip(maps[0][1:], halves, strict=True)):
            raise ValueError(f"index maps {tuple(maps[0])} must have half the sides of the features {tuple(features)}")
        self.built = True

    def call(self, inputs: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Pools `inputs` = [features, four maps]."""
        features, *maps = inputs
        # Exponentials of numbers in [0, 1] cannot overflow, so the softmax needs no maximum.
        exponentials = [ops.exp(indices) for indices in maps]
        scale = 1.0 / sum(exponentials[1:], exponentials[0])
        weighted = features * _from_cells([exponential * scale for exponential in exponentials])
        return 4.0 * ops.average_pool(weighted, 2, 2), weighted

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[tuple[int | None, ...], ...]:
        """The shapes of the sums and of the weighted features."""
        return tuple(input_shape[1]), tuple(input_shape[0])


@keras.saving.register_keras_serializable(package="deblur_zoo")
class IndexedUnpooling(keras.layers.Layer):
    """Spreads each pixel over a cell of 2x2 pixels, each of them times its own index.

    Input shapes: features, then four maps of indices, each (batch, height, width, channels).
    Output shape: (batch, 2 height, 2 width, channels).

    Raises:
        ValueError: When there are not four maps, or their shapes are not that of the features.
    """

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Checks the shapes."""
        features, *maps = input_shape
        _check_maps(maps)
        if any(_differ(side, wanted) for side, wanted in zip(maps[0][1:], features[1:], strict=True)):
            raise ValueError(f"index maps {tuple(maps[0])} must have the shape of the features {tuple(features)}")
        self.built = True

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Unpools `inputs` = [features, four maps]."""
        features, *maps = inputs
        return _from_cells([features * indices for indices in maps])

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the features with twice the sides."""
        batch, *sides, channels = input_shape[0]
        return (batch, *(None if side is None else 2 * side for side in sides), channels)


def _from_cells(maps: list[Tensor]) -> Tensor:
    """The full-size map whose cells hold the values of four maps row by row."""
    batch, height, width, channels = ops.shape(maps[0])
    rows = [ops.concatenate(maps[start : start + 2], axis=-1) for start in (0, 2)]
    # In memory a row of (upper left, upper right) pairs is a row of pixels, and the lower row follows it.
    return ops.reshape(ops.concatenate(rows, axis=2), (batch, 2 * height, 2 * width, channels))


def _check_maps(shapes: list[tuple[int | None, ...]]) -> None:
    """Raises ValueError when there are not four maps of one shape."""
    if len(shapes) != 4 or len({tuple(shape) for shape in shapes}) != 1:
        raise ValueError(f"index maps must be four of one shape, not {[tuple(shape) for shape in shapes]}")


def _differ(side: float | None, wanted: float | None) -> bool:
    """Whether two sides are known and differ."""
    return side is not None and wanted is not None and side != wanted
