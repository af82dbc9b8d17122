"""A model of one's own: a function from the blurred image to the sharp one, trained and scored like a model of the zoo.

python -m benchmarks.run --model examples/own_model.py:build --dataset reds --sample
python -m benchmarks.run --model examples/own_model.py:build_video --dataset reds --sample
"""

import keras
from keras import layers


def build(blurry: keras.KerasTensor) -> keras.KerasTensor:
    """A small residual network that works at half the size.

    Args:
        blurry: Images (batch, height, width, 3) in [0, 1].

    Returns:
        The restored images, of the same shape. Sides may have to be multiples of a number (of 2 here), which is found
        out; other images are padded.
    """
    return layers.Add()([blurry, _change(blurry)])


def build_video(blurry: keras.KerasTensor) -> keras.KerasTensor:
    """The same network, which sees the previous, the current and the next frame.

    Args:
        blurry: Three frames along the channels (batch, height, width, 9).

    Returns:
        The restored middle frame (batch, height, width, 3).
    """
    return layers.Add()([blurry[..., 3:6], _change(blurry)])


build_video.frames = 3


def _change(blurry: keras.KerasTensor) -> keras.KerasTensor:
    """What is added to the blurred image."""
    x = layers.Conv2D(24, 5, strides=2, padding="same", activation="gelu")(blurry)
    for _ in range(3):
        x = layers.Add()([x, layers.Conv2D(24, 3, padding="same", activation="gelu")(x)])
    return layers.Conv2DTranspose(3, 4, strides=2, padding="same")(x)
