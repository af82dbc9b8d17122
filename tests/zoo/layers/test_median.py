"""The median filter: proofs of its networks, equality with other median filters, gradients, graphs and errors."""

from __future__ import annotations

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from tests.support import golden
from zoo.layers import median
from zoo.layers.median import PADDINGS, MedianFilter
from zoo.layers.median_networks import TILES, shared_program, window_exchanges, window_program

WIDTHS = tuple(TILES)
# Width and whether windows share work.
FORMS = [*((width, True) for width in WIDTHS), (3, False), (5, False)]


def filtered(images, width, padding="reflect", sharing=True):
    """Returns the filtered images; called from Python, which needs no tracing."""
    return np.asarray(MedianFilter(width, padding, sharing, dtype=images.dtype.name)(images))


def plain(images, width, padding="reflect"):
    """Returns the medians by sorting, in NumPy."""
    radius = width // 2
    padded = np.pad(images, [(0, 0), (radius, radius), (radius, radius), (0, 0)], mode=padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (width, width), axis=(1, 2))
    return np.sort(windows.reshape(*images.shape, width**2), axis=-1)[..., width**2 // 2]


def random(*shape, dtype=np.float32):
    return np.random.default_rng(sum(shape)).random(shape).astype(dtype)


# --- The networks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "count"), [(3, 19), (5, 99)])
def test_exchange_networks_find_the_median_of_all_zeros_and_ones(width, count):
    """By the zero-one principle, a network that is right for all zeros and ones is right for all numbers.

    Bit i of the words stands for one of the inputs, so that 64 of them pass an exchange at once.
    """
    exchanges = window_exchanges(width)
    assert len(exchanges) == count
    step = 2 ** min(width**2, 20)
    for start in range(0, 2**width**2, step):
        inputs = np.arange(start, start + step, dtype=np.uint32)
        expected = np.packbits(np.bitwise_count(inputs) > width**2 // 2)
        places = [np.packbits((inputs >> place & 1).astype(bool)) for place in range(width**2)]
        for low, high in exchanges:
            places[low], places[high] = places[low] & places[high], places[low] | places[high]
        assert np.array_equal(places[width**2 // 2], expected)


def run(program, image):
    """Runs a program on an image with as many rows and columns as whole tiles; beyond the border it starts anew."""
    rows, columns = program.tile
    nodes = [image[row::rows, column::columns] for row in range(rows) for column in range(columns)]

    def read(value):
        return np.roll(nodes[value.node], (-value.down, -value.right), (0, 1))

    for maximum, first, second in program.instructions:
        nodes.append((np.maximum if maximum else np.minimum)(read(first), read(second)))
    result = np.empty_like(image)
    for index, value in enumerate(program.outputs):
        result[index // columns :: rows, index % columns :: columns] = read(value)
    return result


PROGRAMS = [
    *((width, shared_program(width)) for width in WIDTHS),
    *((width, shared_program(width, (1, 1))) for width in WIDTHS),
    *((5, shared_program(5, tile)) for tile in [(1, 2), (3, 2), (2, 5), (4, 4)]),
    (3, window_program(3)),
    (5, window_program(5)),
]


@pytest.mark.parametrize(("width", "program"), PROGRAMS)
def test_programs_find_the_medians_of_zeros_and_ones(width, program):
    """Most windows of random zeros and ones hold nearly as many of both: the hardest case."""
    image = np.random.default_rng(width).integers(0, 2, (480, 480), np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, (0, width - 1), "wrap"), (width, width))
    expected = windows.sum((2, 3)) > width**2 // 2
    assert np.array_equal(run(program, image), expected)


def test_every_window_of_width_3_that_there_is():
    """All zeros and ones in the pixels of a tile's windows, one tile after the other."""
    program = shared_program(3)
    rows, columns = program.tile
    height, width = rows + 2, columns + 2
    inputs = np.arange(2 ** (height * width))
    pixels = np.stack([inputs >> place & 1 for place in range(height * width)]).reshape(height, width, -1)
    # Side by side, as far apart as their windows reach.
    image = np.zeros((2 * rows, columns + 3, inputs.size), np.uint8)
    image[:height, :width] = pixels
    strip = image.transpose(0, 2, 1).reshape(2 * rows, -1)
    result = run(program, strip).reshape(2 * rows, inputs.size, -1)
    for row in range(rows):
        for column in range(columns):
            expected = pixels[row : row + 3, column : column + 3].sum((0, 1)) > 4
            assert np.array_equal(result[row, :, column], expected)


def test_the_instructions_are_as_few_as_promised():
    def per_pixel(program):
        return len(program.instructions) / (program.tile[0] * program.tile[1])

    assert [per_pixel(shared_program(width)) for width in WIDTHS] == [17, 57, 129, 186]
    # Without sharing, the exchanges that columns have in common and the halves that nothing needs are left out.
    assert [per_pixel(window_program(width)) for width in (3, 5)] == [18, 102]


@pytest.mark.parametrize(("_width", "program"), PROGRAMS)
def test_results_stay_until_they_are_used(_width, program):
    pixels = program.tile[0] * program.tile[1]
    held = dict(zip(program.slots[:pixels], range(pixels), strict=True))
    for node, (_, first, second) in enumerate(program.instructions, pixels):
        for value in (first, second):
            assert held[program.slots[value.node]] == value.node
            assert program.slots[value.node] != program.slots[node]
        held[program.slots[node]] = node
    assert all(held[program.slots[value.node]] == value.node for value in program.outputs)
    assert max(program.slots) < 130


# --- The layer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(("width", "sharing"), FORMS)
def test_equals_tensorflow_addons(width, sharing, padding):
    recording = golden.read("tfa_ops").arrays
    expected = recording[f"median_{width}_{padding}"]
    assert np.array_equal(filtered(recording["input"], width, padding, sharing), expected)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("width", WIDTHS)
def test_equals_sorting_for_all_sizes(width, padding):
    """Also for sides smaller than the margin, for one pixel, for odd sides, and for batches."""
    for size in [(1, 1), (1, 2), (2, 1), (3, 9), (8, 16), (17, 33), (40, 61), (130, 20)]:
        images = random(3, *size, 2)
        assert np.array_equal(filtered(images, width, padding), plain(images, width, padding)), size


@pytest.mark.parametrize("width", WIDTHS)
def test_sorting_gives_the_same(width):
    layer = MedianFilter.from_config(MedianFilter(width, sorting=True).get_config())
    function = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 2))])
    for size in [(1, 1), (3, 9), (40, 61)]:
        images = random(3, *size, 2)
        assert np.array_equal(layer(images), plain(images, width)), size
        assert np.array_equal(function(images), plain(images, width)), size


@pytest.mark.parametrize("array_bytes", [0, 20_000])
def test_any_chunks(monkeypatch, array_bytes):
    """Pictures of several bands, and groups of images the last of which is not full."""
    monkeypatch.setitem(median.ARRAY_BYTES, "eager", array_bytes)
    for shape in [(1, 13, 40, 1), (2, 9, 11, 3), (7, 6, 5, 1), (3, 29, 3, 2)]:
        images = random(*shape)
        for width in (3, 9) if array_bytes else (3, 5):
            assert np.array_equal(filtered(images, width), plain(images, width)), shape


@pytest.mark.parametrize("width", WIDTHS)
def test_equals_opencv_and_scipy(width):
    image = np.random.default_rng(0).integers(0, 256, (61, 83, 3), np.uint8)
    result = filtered(image[np.newaxis].astype(np.float32), width)[0]
    inner = (slice(width // 2, -(width // 2)),) * 2
    assert np.array_equal(result[inner], cv2.medianBlur(image, width)[inner])
    assert np.array_equal(result, ndimage.median_filter(image, (width, width, 1), mode="mirror"))
    if width <= 5:
        fractions = random(61, 83, 3)
        result = filtered(fractions[np.newaxis], width)[0]
        assert np.array_equal(result[inner], cv2.medianBlur(fractions, width)[inner])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("width", [3, 9])
def test_number_types(width, dtype):
    images = random(1, 20, 21, 2, dtype=dtype)
    result = filtered(images, width)
    assert result.dtype == dtype
    assert np.array_equal(result, plain(images, width))


def test_bfloat16():
    images = tf.cast(random(1, 20, 21, 2), tf.bfloat16)
    result = MedianFilter(3, dtype="bfloat16")(images)
    assert result.dtype == tf.bfloat16
    assert np.array_equal(tf.cast(result, tf.float32), plain(tf.cast(images, tf.float32).numpy(), 3))


@pytest.mark.parametrize(("width", "sharing"), FORMS)
@pytest.mark.parametrize("jit_compile", [False, True])
def test_as_a_function(width, sharing, jit_compile):
    """Graphs, and what XLA compiles, run the instructions in other ways than Python does; sizes are unknown."""
    layer = MedianFilter(width, sharing=sharing)
    function = tf.function(layer, jit_compile=jit_compile, input_signature=[tf.TensorSpec((None, None, None, 1))])
    for shape in [(2, 37, 45, 1), (9, 5, 3, 1)]:
        images = random(*shape)
        assert np.array_equal(function(images).numpy(), plain(images, width))


def gradient_of(layer, image, upstream):
    """Returns the gradient of sum(upstream x result)."""
    image = tf.constant(image)
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = tf.reduce_sum(layer(image) * upstream)
    return tape.gradient(value, image).numpy()


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("width", [3, 7])
def test_gradient_equals_finite_differences(width, padding):
    image, upstream = random(2, 6, 5, 1, dtype=np.float64), random(2, 6, 5, 1, dtype=np.float64) - 0.5
    # Steps this small move a median without exchanging it for another pixel.
    expected = np.empty_like(image)
    for place in np.ndindex(image.shape):
        step = np.zeros_like(image)
        step[place] = 1e-7
        change = plain(image + step, width, padding) - plain(image - step, width, padding)
        expected[place] = (change * upstream).sum() / 2e-7
    layer = MedianFilter(width, padding, dtype="float64")
    np.testing.assert_allclose(gradient_of(layer, image, upstream), expected, atol=1e-7)


def test_equal_pixels_share_the_gradient():
    image = np.full((1, 9, 9, 1), 0.5, np.float32)
    upstream = np.zeros_like(image)
    upstream[0, 4, 4, 0] = 1
    expected = np.zeros_like(image)
    expected[0, 3:6, 3:6, 0] = 1 / 9
    np.testing.assert_allclose(gradient_of(MedianFilter(3), image, upstream), expected, rtol=1e-6)


def test_properties():
    """A constant stays, salt and pepper goes, brighter in is brighter out, every result is a value of the input."""
    flat = np.full((1, 12, 13, 1), 0.3, np.float32)
    spoilt = flat.copy()
    spoilt[0, ::4, ::5], spoilt[0, 2::4, 2::5] = 0, 1
    image = random(1, 30, 31, 1)
    for width in WIDTHS:
        assert np.array_equal(filtered(flat, width), flat)
        assert np.array_equal(filtered(spoilt, width), flat)
        result = filtered(image, width)
        assert np.isin(result, image).all()
        assert np.array_equal(filtered(np.exp(image), width), np.exp(result))
        assert np.array_equal(filtered(1 - image, width), 1 - result)
        turned = np.ascontiguousarray(image.swapaxes(1, 2)[:, ::-1])
        assert np.array_equal(filtered(turned, width), result.swapaxes(1, 2)[:, ::-1])


def test_in_a_network(tmp_path):
    inputs = keras.Input((None, None, 3))
    outputs = MedianFilter(3, "symmetric", sharing=False, name="median")(inputs)
    assert outputs.shape == (None, None, None, 3)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    config = again.get_layer("median").get_config()
    assert (config["width"], config["padding"], config["sharing"]) == (3, "symmetric", False)
    images = random(2, 20, 31, 3)
    expected = plain(images, 3, "symmetric")
    assert np.array_equal(again.predict_on_batch(images), expected)
    model.export(tmp_path / "exported", verbose=False)
    assert np.array_equal(tf.saved_model.load(str(tmp_path / "exported")).serve(images), expected)


def test_refuses():
    with pytest.raises(ValueError, match="one of 3, 5, 7, 9, not 4"):
        MedianFilter(4)
    with pytest.raises(ValueError, match="one of reflect, symmetric, constant, not 'edge'"):
        MedianFilter(3, "edge")
    with pytest.raises(ValueError, match="no exchange network for width 7"):
        MedianFilter(7, sharing=False)
    for shape in [(1, 0, 5, 3), (20, 31, 3)]:
        with pytest.raises(ValueError, match="must be images"):
            MedianFilter(3)(np.zeros(shape, np.float32))
