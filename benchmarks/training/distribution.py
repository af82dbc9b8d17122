"""One training on several devices: every device has all weights and takes an equal part of every batch.

On TensorFlow by `tf.distribute.MirroredStrategy`, on JAX by `keras.distribution.DataParallel`, which knows several
hosts as well. What is computed is what one device computes, but for the order in which sums are rounded.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import keras

from benchmarks.training.devices import Devices
from zoo.backend import Tensor

if TYPE_CHECKING:
    import tensorflow as tf


@contextmanager
def scope(devices: Devices) -> Iterator[None]:
    """Whatever is made and trained inside the block is so on all devices.

    Args:
        devices: The devices; with one alone the block changes nothing.
    """
    if devices.count == 1:
        yield
    elif keras.backend.backend() == "tensorflow":
        with _mirrored(devices.names).scope():
            yield
    else:
        # Each host makes its share of a batch by itself.
        parallel = keras.distribution.DataParallel(devices=list(devices.names), auto_shard_dataset=False)
        with parallel.scope():
            yield


@contextmanager
def apart() -> Iterator[None]:
    """What is computed inside the block is computed on this host alone, which may save what others do not."""
    if keras.backend.backend() != "jax" or keras.distribution.distribution() is None:
        yield
        return
    shared = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(shared)


@cache
def _mirrored(names: tuple[str, ...]) -> tf.distribute.Strategy:
    """The strategy of these devices: one in a process, as a second one would number its exchanges like the first."""
    import tensorflow as tf

    # It says which devices it uses, which was said before.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return tf.distribute.MirroredStrategy(list(names))


def clip_sums(optimiser: keras.optimizers.Optimizer) -> None:
    """Lets an optimiser clip the gradient of the whole batch, inside the scope of several devices of TensorFlow.

    Keras clips what each device found before it adds that up, so that the norm of nothing that is applied is bounded.
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas == 1:
        return
    clipped = optimiser._clip_gradients

    def of_the_sum(gradients: Sequence[Tensor]) -> list[Tensor]:
        context = tf.distribute.get_replica_context()
        summed = context.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients))
        # Keras adds up over the devices what this returns.
        return [gradient / replicas for gradient in clipped(summed)]

    optimiser._clip_gradients = of_the_sum


def scale_sums(model: keras.Model, loss: keras.losses.Loss | str | None, parts: int, devices: Devices) -> None:
    """Lets a loss that adds up over its batch be that of the whole batch, where parts of one or copies are computed.

    Keras takes the mean over the parts of a batch that it accumulates, and the sum over devices, which all see the same
    images in a validation.

    Args:
        model: A compiled model.
        loss: Its loss, or that of each of its outputs.
        parts: Parts that a batch is accumulated from.
        devices: The devices.
    """
    if getattr(loss, "reduction", "") != "sum" or parts * devices.count == 1:
        return
    usual = model.compute_loss

    def compute_loss(
        x: Tensor = None, y: Tensor = None, y_pred: Tensor = None, sample_weight: Tensor = None, training: bool = True
    ) -> Tensor:
        factor = float(parts) if training else parts / devices.count
        return factor * usual(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)

    model.compute_loss = compute_loss


def fed(batches: tf.data.Dataset, parts: int, devices: Devices) -> tf.data.Dataset:
    """Training batches as `fit` takes them: cut into the parts that are accumulated, on one GPU ahead of time.

    Several devices are fed by the framework, and so is JAX, which copies ahead itself.

    Args:
        batches: This host's share of every batch.
        parts: Parts that a batch is accumulated from.
        devices: The devices.
    """
    import tensorflow as tf

    if parts > 1:
        batches = batches.rebatch(_rows(batches) // parts, drop_remainder=True)
    gpus = tf.config.list_logical_devices("GPU") if keras.backend.backend() == "tensorflow" else []
    if devices.count == 1 and gpus:
        batches = batches.apply(tf.data.experimental.prefetch_to_device(gpus[0].name))
    return batches


def validated(batches: tf.data.Dataset | None, images: int, parts: int, devices: Devices) -> tf.data.Dataset | None:
    """Validation batches as `evaluate` takes them: every device sees whole batches, and all the same ones.

    The last batch need not divide over the devices; the mean over equal values is what one device finds.

    Args:
        batches: Whole batches; None without a validation.
        images: How many images there are.
        parts: Parts that a training batch is accumulated from; memory would not hold a larger one here either.
        devices: The devices.
    """
    if batches is None:
        return None
    import tensorflow as tf

    if parts > 1:
        rows = -(-_rows(batches) // parts)
        # Keras complains of an end that it was not told of.
        counted = tf.data.experimental.assert_cardinality(-(-images // rows))
        batches = batches.unbatch().batch(rows).apply(counted)
    copies = devices.count // devices.hosts
    if devices.count == 1:
        return batches

    def copied(*batch: Tensor) -> tuple[Tensor, ...]:
        return tf.nest.map_structure(lambda each: tf.concat([each] * copies, axis=0), batch)

    return batches.map(copied)


def _rows(batches: tf.data.Dataset) -> int:
    """Images of a batch; those of the first one where the last may be smaller."""
    import tensorflow as tf

    first = tf.nest.flatten(batches.element_spec)[0].shape[0]
    return int(first if first is not None else tf.shape(tf.nest.flatten(next(iter(batches)))[0])[0])
