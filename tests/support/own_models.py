"""Models of a user's own, in files: Python sources as users write them, and small ONNX graphs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import zoo

GOOD = """
import keras

def build(blurry):
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(blurry)
    return keras.layers.Add()([blurry, keras.layers.Conv2DTranspose(3, 4, strides=2, padding="same")(x)])

def build_video(blurry):
    return keras.layers.Conv2D(3, 3, padding="same")(blurry)

build_video.frames = 3

def shrinks(blurry):
    return keras.layers.Conv2D(3, 3)(blurry)

def halves(blurry):
    return keras.layers.Conv2D(3, 3, strides=2, padding="same")(blurry)

def three_outputs(blurry):
    return [blurry, blurry, blurry]

def four_channels(blurry):
    return keras.layers.Conv2D(4, 3, padding="same")(blurry)

def five_frames(blurry):
    return blurry

five_frames.frames = 5

def nothing(blurry):
    pass

def raises(blurry):
    raise RuntimeError("first line\\nsecond line")

def code(blurry):
    return keras.layers.Lambda(lambda x: x)(blurry)

class Mine(keras.layers.Layer):
    def call(self, x):
        return x

@keras.saving.register_keras_serializable("tests")
class Known(Mine):
    def macs(self, input_shape):
        return 7

def unknown_layer(blurry):
    return Mine()(blurry)

def known_layer(blurry):
    return Known()(keras.layers.Conv2D(3, 1)(blurry))

width = 3
"""


def write(folder: Path, text: str = GOOD, name: str = "mine.py") -> Path:
    """Writes a Python file."""
    path = folder / name
    path.write_text(text)
    return path


@contextmanager
def registered(source: str):
    """Registers a model of one's own while the block runs."""
    info = zoo.register_own(str(source))
    try:
        yield info
    finally:
        zoo.unregister(info.name)


def write_onnx(path: Path, shape, channels_out=3, outputs=1, stride=1, kind=1) -> Path:
    """Writes a 3x3 convolution with the weights `kernel()`, channels first unless they come last in the shape.

    Args:
        path: The file.
        shape: Of the input; a text is a side of any length.
        channels_out: Channels of the output.
        outputs: How often it is given.
        stride: Of the convolution.
        kind: ONNX's number of the input's type.
    """
    from onnx import TensorProto, helper, numpy_helper, save

    last = shape[3] in (3, 9)
    weights = kernel(shape[3] if last else shape[1], channels_out)
    nodes = [
        helper.make_node(
            "Conv", ["planes", "kernel"], ["changed"], pads=[1, 1, 1, 1], kernel_shape=[3, 3], strides=[stride, stride]
        )
    ]
    if last:
        nodes = [
            helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
            *nodes,
            helper.make_node("Transpose", ["changed"], ["sharp0"], perm=[0, 2, 3, 1]),
        ]
    else:
        nodes = [
            helper.make_node("Identity", ["image"], ["planes"]),
            *nodes,
            helper.make_node("Identity", ["changed"], ["sharp0"]),
        ]
    names = [f"sharp{number}" for number in range(outputs)]
    nodes += [helper.make_node("Identity", ["sharp0"], [name]) for name in names[1:]]
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4) for name in names]
    graph = helper.make_graph(
        nodes,
        "own",
        [helper.make_tensor_value_info("image", kind, list(shape))],
        infos,
        [numpy_helper.from_array(weights.transpose(3, 2, 0, 1).copy(), "kernel")],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def kernel(channels, channels_out=3):
    """The weights (3, 3, channels, channels_out) of `write_onnx`: the last image and a little more."""
    import numpy as np

    weights = np.random.default_rng(0).normal(0, 0.02, (3, 3, channels, channels_out)).astype(np.float32)
    for channel in range(min(3, channels_out)):
        weights[1, 1, channels - 3 + channel, channel] += 0.8
    return weights
