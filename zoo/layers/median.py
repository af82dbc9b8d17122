"""Median filters of widths 3, 5, 7 and 9."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.backend import Tensor
from zoo.layers.median_networks import EXCHANGE_WIDTHS, TILES, Program, Value, shared_program, window_program
from zoo.layers.whole_numbers import ceil_divide

PADDINGS = ("reflect", "symmetric", "constant")
# Images are filtered in chunks, so that what the instructions pass on stays in the processor's cache: bytes of one
# intermediate result. Where every operation is called from Python, the calls cost more than the cache saves.
ARRAY_BYTES = {"graph": 2**17, "xla": 2**17, "eager": 2**21}
# Strips side by side fill whole units of this many bytes, TensorFlow's alignment: shifting by a pixel copies nothing.
LANE_BYTES = 64


@keras.saving.register_keras_serializable(package="deblur_zoo")
class MedianFilter(keras.layers.Layer):
    """Replaces every pixel by the median of the square around it, every channel on its own.

    Equal to the median filter of tensorflow-addons, and to OpenCV's and SciPy's away from the border, bit by bit;
    values must be finite. The result is found by minima and maxima of shifted views of the image (see
    `zoo.layers.median_networks`), band by band, so that the neighbourhoods are never held in memory. The gradient goes
    to the pixels that equal the median, in equal shares.

    Input and output shape: (batch, height, width, channels).

    Args:
        width: Width of the square in pixels: 3, 5, 7 or 9.
        padding: How the image goes on beyond its border: `"reflect"` (mirrored, the outermost pixel not repeated),
            `"symmetric"` (mirrored with it) or `"constant"` (zeros). Images smaller than the margin are mirrored
            again and again.
        sharing: Whether windows share work. False runs one exchange network per window, 19 exchanges for width 3 and 99
            for width 5; it gives the same result by more, simpler instructions.
        sorting: Whether every window is gathered and sorted instead. It gives the same result by four operations in
            place of hundreds, takes several times as long and the memory of all windows: for graphs that other
            runtimes shall run, since converters take minutes to read hundreds of operations.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: For another width or padding, and for `sharing=False` with widths 7 and 9.
    """

    def __init__(
        self, width: int = 3, padding: str = "reflect", sharing: bool = True, sorting: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if width not in TILES:
            raise ValueError(f"width must be one of {', '.join(map(str, TILES))}, not {width}")
        if padding not in PADDINGS:
            raise ValueError(f"padding must be one of {', '.join(PADDINGS)}, not {padding!r}")
        if not sharing and width not in EXCHANGE_WIDTHS:
            raise ValueError(f"there is no exchange network for width {width}; leave sharing on")
        self.width = width
        self.padding = padding
        self.sharing = sharing
        self.sorting = sorting

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks that there are images and pixels."""
        if len(input_shape) != 4 or 0 in input_shape[1:] or input_shape[-1] is None:
            raise ValueError(f"the input must be images (batch, height, width, channels), not {tuple(input_shape)}")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Filters images."""
        width, program = self.width, None if self.sorting else _program(self.width, self.sharing)

        @ops.custom_gradient
        def filtered(padded: Tensor) -> Tensor:
            medians = _sorted_medians(padded, width) if program is None else _medians(padded, width, program)

            def gradient(*args: Any, upstream: Tensor = None) -> Tensor:
                return _to_padded(padded, medians, args[0] if upstream is None else upstream, width)

            return medians, gradient

        return filtered(_padded(inputs, width // 2, self.padding))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        own = {"width": self.width, "padding": self.padding, "sharing": self.sharing, "sorting": self.sorting}
        return {**super().get_config(), **own}


@lru_cache
def _program(width: int, sharing: bool) -> Program:
    return shared_program(width) if sharing else window_program(width)


def _padded(image: Tensor, radius: int, padding: str) -> Tensor:
    """The image with a margin of `radius` pixels."""
    if padding == "constant":
        return ops.pad(image, [[0, 0], [radius, radius], [radius, radius], [0, 0]])
    repeated = int(padding == "symmetric")
    for axis in (1, 2):
        side = ops.shape(image)[axis]
        # Mirrored pixels recur after twice the side, less the two that are not repeated; a single pixel at once.
        period = 2 * side if repeated else 2 * side - 2 + 1 // side
        margins = []
        for start in (-radius, side):
            # Whole periods are added, so that no negative number is divided: ONNX rounds those the other way.
            place = ops.mod(start + radius * period + ops.arange(radius, dtype="int32"), period)
            margins.append(ops.take(image, ops.minimum(place, period - repeated - place), axis))
        image = ops.concatenate([margins[0], image, margins[1]], axis)
    return image


def _medians(padded: Tensor, width: int, program: Program) -> Tensor:
    """The medians of all whole windows of images, each side smaller by width - 1."""
    mode = _mode()
    layout = _Layout(padded, width, program.tile, ARRAY_BYTES[mode])
    evaluate = _in_a_loop if mode == "xla" else _one_by_one

    def chunk(index: Any) -> Any:
        return layout.images(evaluate(program, layout.tiles(index), layout.across))

    if mode == "eager":
        return layout.joined(ops.stack([chunk(index) for index in range(layout.groups * layout.bands)]))
    numbers = ops.arange(layout.groups * layout.bands)
    if keras.backend.backend() != "tensorflow":
        return layout.joined(ops.map(chunk, numbers))
    import tensorflow as tf

    # Keras' map would put a second copy of the thousands of operations into the graph to learn their type, and
    # AutoGraph look at each of them for nothing.
    chunk = tf.autograph.experimental.do_not_convert(chunk)
    return layout.joined(tf.map_fn(chunk, numbers, fn_output_signature=padded.dtype))


def _sorted_medians(padded: Tensor, width: int) -> Tensor:
    """The same as `_medians` by sorting every window."""
    batch, rows, columns, channels = ops.shape(padded)
    count = width**2
    # A convolution whose every filter takes one pixel of the window: a sum of zeros and that pixel is the pixel.
    one_pixel_each = np.eye(count).reshape(width, width, 1, count).repeat(channels, axis=2)
    windows = ops.depthwise_conv(padded, ops.convert_to_tensor(one_pixel_each, padded.dtype))
    windows = ops.reshape(windows, (-1, count))
    largest, _ = ops.top_k(windows, count // 2 + 1)
    return ops.reshape(largest[:, -1], (batch, rows - width + 1, columns - width + 1, channels))


class _Layout:
    """Cuts images into chunks and lays out a chunk so that shifting by a tile is shifting along a single axis.

    A chunk is a band of an image, or of a group of images if they are small. It is cut into overlapping vertical
    strips. Its pixels are given as one array for each pixel of a tile, of shape (tiles, strips x channels), the tiles
    of a strip row by row. All strips lie side by side in it, so that a shift moves whole rows of the array.

    Args:
        padded: Images (batch, rows, columns, channels).
        width: Width of the windows.
        tile: Rows and columns of pixels in a tile.
        array_bytes: About how large an array may be.
    """

    def __init__(self, padded: Tensor, width: int, tile: tuple[int, int], array_bytes: int) -> None:
        self.batch, self.rows, columns, self.channels = ops.shape(padded)
        self.height, self.breadth = self.rows - width + 1, columns - width + 1
        self.tile = tile
        self.lines = ops.reshape(padded, (-1, columns, self.channels))
        item_bytes = _bytes_of(padded.dtype)
        self.strips = max(LANE_BYTES // item_bytes, 1)
        # Tiles beside those of its windows that a strip or a band needs because the windows reach into them.
        below, beside = (ceil_divide(width - 1, side) for side in tile)
        self.inner = ceil_divide(self.breadth, self.strips * tile[1])
        self.across = self.inner + beside
        row_bytes = self.across * self.strips * self.channels * item_bytes
        self.bands = ceil_divide(self.height, (1 + array_bytes // row_bytes) * tile[0])
        self.shown = ceil_divide(self.height, self.bands * tile[0])
        self.down = self.shown + below
        self.groups = ceil_divide(self.batch, 1 + array_bytes // (2 * self.down * row_bytes))
        self.together = ceil_divide(self.batch, self.groups)
        right = tile[1] * ops.arange(self.across, dtype="int32")[:, None]
        strip = tile[1] * self.inner * ops.arange(self.strips, dtype="int32")
        places = [ops.minimum(right + strip + column, columns - 1) for column in range(tile[1])]
        self.columns = ops.reshape(ops.stack(places), (-1,))

    def tiles(self, index: Any) -> list[Tensor]:
        """The pixels of the chunk with a number from 0 to groups x bands - 1."""
        rows, columns = self.tile
        group, band = index // self.bands, index % self.bands
        image = ops.minimum(group * self.together + ops.arange(self.together, dtype="int32"), self.batch - 1)
        place = (band * self.shown + ops.arange(self.down, dtype="int32")) * rows
        places = ops.stack([ops.minimum(place + row, self.rows - 1) for row in range(rows)])[:, None]
        lines = ops.take(self.lines, ops.reshape(image[:, None] * self.rows + places, (-1,)), axis=0)
        down, lanes = self.together * self.down, self.strips * self.channels
        pixels = ops.reshape(ops.take(lines, self.columns, axis=1), (rows, down, columns, self.across, lanes))
        flat = (down * self.across, lanes)
        return [ops.reshape(pixels[row, :, column], flat) for row in range(rows) for column in range(columns)]

    def images(self, medians: list[Tensor]) -> Tensor:
        """A chunk, (images, band height, width, channels), from the medians of its tiles."""
        rows, columns = self.tile
        tiles = ops.reshape(
            ops.stack(medians),
            (rows, columns, self.together, self.down, self.across, self.strips, self.channels),
        )
        tiles = ops.transpose(tiles[:, :, :, : self.shown, : self.inner], (2, 3, 0, 5, 4, 1, 6))
        chunk = ops.reshape(tiles, (self.together, rows * self.shown, -1, self.channels))
        return chunk[:, :, : self.breadth]

    def joined(self, chunks: Any) -> Any:
        """The images (batch, height, width, channels) from all chunks."""
        height = self.shown * self.tile[0]
        chunks = ops.reshape(chunks, (self.groups, self.bands, self.together, height, self.breadth, self.channels))
        images = ops.transpose(chunks, (0, 2, 1, 3, 4, 5))
        return ops.reshape(images, (-1, self.bands * height, self.breadth, self.channels))[: self.batch, : self.height]


def _one_by_one(program: Program, tiles: list[Tensor], across: Any) -> list[Tensor]:
    """Runs a program as one operation per instruction.

    Args:
        program: The program.
        tiles: The pixels of the tiles, arrays (tiles, lanes).
        across: Tiles in a row.

    Returns:
        Arrays (tiles, lanes), one for each window of a tile. Where a window leaves the tiles, they hold anything.
    """
    native = _native()
    count, lanes = ops.shape(tiles[0])
    # A result has an entry for every tile from which the pixels it depends on can be reached: all but the last ones.
    slots: dict[int, tuple[Any, int, int]] = {slot: (tile, 0, 0) for slot, tile in enumerate(tiles)}

    # Few shifts serve thousands of slices: in a graph each is made once.
    pack = native.stack if _mode() == "graph" else tuple
    place = cache(lambda down, right: pack((down * across + right, 0)))
    size = cache(lambda down, right: pack((count - down * across - right, lanes)))

    def shifted(value: Value, down: int, right: int) -> Any:
        tensor, own_down, own_right = slots[program.slots[value.node]]
        if (value.down, value.right, own_down, own_right) == (0, 0, down, right):
            return tensor
        return ops.slice(tensor, place(value.down, value.right), size(down, right))

    for node, (maximum, first, second) in enumerate(program.instructions, len(tiles)):
        a, b = slots[program.slots[first.node]], slots[program.slots[second.node]]
        down = max(a[1] + first.down, b[1] + second.down)
        right = max(a[2] + first.right, b[2] + second.right)
        operation = native.maximum if maximum else native.minimum
        result = operation(shifted(first, down, right), shifted(second, down, right))
        slots[program.slots[node]] = (result, down, right)
    results = []
    for value in program.outputs:
        tensor, down, right = slots[program.slots[value.node]]
        start, missing = value.down * across + value.right, (down + value.down) * across + right + value.right
        part = ops.slice(tensor, (start, 0), (count - missing, lanes))
        results.append(ops.pad(part, [[0, missing], [0, 0]]))
    return results


def _in_a_loop(program: Program, tiles: list[Tensor], across: Any) -> list[Tensor]:
    """Does the same as `_one_by_one` by a loop over the instructions.

    XLA would put the operations of all instructions into one piece of code, in which shared work is done again by all
    that share it, and take minutes to compile it.
    """
    native = _native()
    count, lanes = ops.shape(tiles[0])
    slots = program.slots
    table = np.array(
        [
            (maximum, slots[a.node], a.down, a.right, slots[b.node], b.down, b.right, out)
            for (maximum, a, b), out in zip(program.instructions, slots[len(tiles) :], strict=True)
        ],
        np.int32,
    )
    maxima, a_slots, a_down, a_right, b_slots, b_down, b_right, out_slots = table.T
    a_shift, b_shift = a_down * across + a_right, b_down * across + b_right
    # Of zeros, because XLA wants all indices of a slice in one integer type.
    zeros = np.zeros_like(maxima)
    columns = (maxima, a_slots, a_shift, b_slots, b_shift, out_slots, zeros)
    codes = ops.stack([ops.convert_to_tensor(column) for column in columns], axis=1)
    reads = [value for _, *operands in program.instructions for value in operands] + list(program.outputs)
    spare = max(value.down for value in reads) * across + max(value.right for value in reads)
    state = ops.pad(ops.stack(tiles), [[0, max(slots) + 1 - len(tiles)], [0, spare], [0, 0]])

    def step(index: Any, state: Any) -> Any:
        maximum, a, a_shift, b, b_shift, out, zero = (codes[index, column] for column in range(len(columns)))
        first = ops.slice(state, (a, a_shift, zero), (1, count, lanes))
        second = ops.slice(state, (b, b_shift, zero), (1, count, lanes))
        result = native.where(maximum == 1, native.maximum(first, second), native.minimum(first, second))
        return ops.slice_update(state, (out, zero, zero), result)

    state = ops.fori_loop(0, len(table), step, state)
    starts = [value.down * across + value.right for value in program.outputs]
    return [
        state[slots[value.node], start : start + count] for value, start in zip(program.outputs, starts, strict=True)
    ]


def _mode() -> str:
    """What runs the operations: `"graph"` (a TensorFlow function), `"xla"` or `"eager"` (Python)."""
    if keras.backend.backend() != "tensorflow":
        return "xla" if keras.backend.backend() == "jax" else "eager"
    import tensorflow as tf

    if tf.executing_eagerly():
        return "eager"
    return "graph" if tf.__internal__.get_enclosing_xla_context() is None else "xla"


def _native() -> Any:
    """The backend's own minimum, maximum and where: Keras' round float64 to float32 on JAX and PyTorch."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow

        return tensorflow
    if backend == "jax":
        import jax.numpy

        return jax.numpy
    if backend == "torch":
        import torch

        return torch
    return ops


def _bytes_of(dtype: Any) -> int:
    """The size of a number."""
    return int("".join(filter(str.isdigit, keras.backend.standardize_dtype(dtype)))) // 8


def _to_padded(padded: Tensor, medians: Tensor, upstream: Tensor, width: int) -> Tensor:
    """The gradient of the padded images.

    Args:
        padded: Images with their margin.
        medians: The medians of their windows.
        upstream: The gradient of the medians.
        width: Width of the windows.
    """

    # Loops, not 81 expressions side by side: an executor that runs whatever is ready would hold all views at once.
    def count(index: Any, total: Any) -> Any:
        return total + ops.cast(_view(padded, index // width, index % width, medians) == medians, total.dtype)

    shares = upstream / ops.fori_loop(0, width**2, count, ops.zeros_like(medians))
    margin = [[0, 0], [width - 1, width - 1], [width - 1, width - 1], [0, 0]]
    medians, shares = ops.pad(medians, margin), ops.pad(shares, margin)

    def collect(index: Any, total: Any) -> Any:
        row, column = index // width, index % width
        equal = ops.cast(padded == _view(medians, row, column, padded), total.dtype)
        return total + equal * _view(shares, row, column, padded)

    return ops.fori_loop(0, width**2, collect, ops.zeros_like(padded))


def _view(image: Tensor, top: Any, left: Any, like: Tensor) -> Tensor:
    """The part of `image` that starts at (top, left) and is as large as `like`."""
    # Zeros of the same integer type, as XLA wants it.
    return ops.slice(image, (0 * top, top, left, 0 * top), ops.shape(like))
