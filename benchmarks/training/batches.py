"""From batches of colour crops to what a model takes in training: grey planes, noise, copies, medians, blur steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

import zoo
from benchmarks.recipes.recipe import Recipe
from benchmarks.training.state import Options
from datasets import pipeline
from datasets.hdc import refiner
from datasets.pairs import Pairs
from zoo.backend import Tensor

# Crops that the validation loss is taken over at most; the whole split would cost more than the training.
VALIDATION_CROPS = 256


if TYPE_CHECKING:
    import tensorflow as tf

# Keeps the random numbers of this module apart from those that place the crops.
_CHANNEL_STREAM, _NOISE_STREAM = 11, 12


def prepared(
    batches: tf.data.Dataset,
    info: zoo.ModelInfo,
    seed: int,
    first_step: int = 0,
    noise: float = 0.0,
    shrink: int = 0,
    share: tuple[int, int] = pipeline.WHOLE,
) -> tf.data.Dataset:
    """The batches as a model takes them; those of models for colour images stay as they are.

    A model for grey images sees one colour channel of each crop, drawn at random (our choice: so that every channel
    of a colour image can be restored by itself). Everything random depends on seed and step only.

    Args:
        batches: (input, target), float32 in [0, 1], (batch, height, width, channels).
        info: The model's contract.
        seed: Seed of channels and noise.
        first_step: Number of the first batch.
        noise: Standard deviation of the Gaussian noise on the input; the same for all copies of the grey channel, and
            not clipped.
        shrink: Pixels by which each side of the model's output is smaller; the target is cropped at its centre.
        share: (which, of how many) equal parts of the batches these are; what is drawn at random is that of the part.

    Images that were prepared for the refiner (`datasets.hdc.refiner`) bring their medians and their blur step along.

    Returns:
        Batches (input, target), or ((input, blur step), target) for models that take one; the blur step is 0 where
        the images carry none.
    """
    import tensorflow as tf

    if info.colour and not noise:
        return batches

    def prepare(step: Tensor, pair: tuple[Tensor, Tensor]) -> tuple[Tensor | tuple[Tensor, Tensor], Tensor]:
        blurry, sharp = pair
        blur_step = tf.zeros((tf.shape(blurry)[0], 1))
        packed = bool(info.medians) and blurry.shape[-1] == 3 * refiner.PACKED
        if packed:
            blurry, blur_step = blurry[..., :-1], tf.round(blurry[:, 0, 0, -1:] * 255.0)
            sharp = sharp[..., :1]
        elif not info.colour:
            blurry, sharp = _one_channel(blurry, sharp, (seed, step), share)
        if noise:
            key = tf.stack([tf.cast(seed * 100 + _NOISE_STREAM, tf.int64), step])
            drawn = tf.random.stateless_normal(_whole(tf.shape(blurry), share), key)
            blurry += noise * _part(drawn, share)
        inputs = blurry if info.colour or packed else _model_input(blurry, info)
        if shrink:
            sharp = sharp[:, shrink // 2 : -(shrink - shrink // 2), shrink // 2 : -(shrink - shrink // 2)]
        if info.takes_blur_step:
            return (inputs, blur_step), sharp
        return inputs, sharp

    return batches.enumerate(first_step).map(prepare, num_parallel_calls=2, deterministic=True).prefetch(2)


def _whole(shape: Tensor, share: tuple[int, int]) -> Tensor:
    """The shape of the whole batches that these are a share of."""
    import tensorflow as tf

    return tf.concat([shape[:1] * share[1], shape[1:]], axis=0)


def _part(drawn: Tensor, share: tuple[int, int]) -> Tensor:
    """The share of what was drawn for a whole batch."""
    import tensorflow as tf

    index, count = share
    rows = tf.shape(drawn)[0] // count
    return drawn[index * rows : (index + 1) * rows]


def _one_channel(
    blurry: Tensor, sharp: Tensor, key: tuple[int, Tensor], share: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """One random channel of each pair, (batch, height, width, 1)."""
    import tensorflow as tf

    seed, step = key
    stream = tf.stack([tf.cast(seed * 100 + _CHANNEL_STREAM, tf.int64), step])
    shape = _whole(tf.stack([tf.shape(blurry)[0], 1]), share)
    chosen = _part(tf.random.stateless_uniform(shape, stream, 0, 3, tf.int32), share)

    def picked(images: Tensor) -> Tensor:
        return tf.gather(images, chosen, axis=3, batch_dims=1)

    return picked(blurry), picked(sharp)


def _model_input(grey: Tensor, info: zoo.ModelInfo) -> Tensor:
    """Copies of the grey channel, or the channel and its medians."""
    import tensorflow as tf

    if not info.medians:
        return tf.repeat(grey, info.channels, axis=-1)
    medians = tf.numpy_function(lambda planes: _medians(planes, info.medians), [grey], tf.float32)
    medians.set_shape((*grey.shape[:-1], len(info.medians)))
    return tf.concat([grey, medians], axis=-1)


def _medians(planes: np.ndarray, widths: tuple[int, ...]) -> np.ndarray:
    """The median-filtered versions of grey images of 8 bit."""
    rounded = np.rint(planes[..., 0] * 255.0).astype(np.uint8)
    return np.stack([refiner.medians(plane, widths) for plane in rounded]) * np.float32(1 / 255)


def training_batches(
    pairs: Pairs, recipe: Recipe, model: keras.Model, options: Options, first_step: int
) -> tf.data.Dataset:
    """The endless training batches from a step on, as the model takes them; of several hosts, this one's share."""
    share = options.devices.share
    batches = pipeline.training(
        pairs,
        recipe.data.crop,
        recipe.data.batch,
        recipe.data.augmentation,
        options.seed,
        first_step,
        store=options.store,
        share=share,
    )
    info, _ = zoo.identify(model)
    return prepared(batches, info, options.seed, first_step, recipe.data.noise, zoo.shrink_of(model), share)


def validation_batches(pairs: Pairs, recipe: Recipe, model: keras.Model, seed: int) -> tf.data.Dataset | None:
    """The validation batches: one seeded crop of each of at most `VALIDATION_CROPS` spread pairs."""
    if not pairs:
        return None
    count = min(len(pairs), VALIDATION_CROPS)
    spread = pairs.select([index * len(pairs) // count for index in range(count)])
    batches = pipeline.evaluation(spread, crop=recipe.data.crop, batch=recipe.data.batch, seed=seed)
    info, _ = zoo.identify(model)
    return prepared(batches, info, seed, shrink=zoo.shrink_of(model))
