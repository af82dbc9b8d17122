"""tf.data pipelines from pairs to batches: shuffled, cropped, augmented, seeded, resumable at any step."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import one_line
from datasets import frame_store, image
from datasets.augment import NONE, Augmentation, random_window, training_crop
from datasets.errors import DataError
from datasets.image import Window
from datasets.pairs import Pair, Pairs, check_pairs
from datasets.sizes import pair_size, sizes

if TYPE_CHECKING:
    import tensorflow as tf

_LOG = logging.getLogger(__name__)
# Batches made at the same time; more than the cores of a workstation gain nothing.
_PARALLEL_BATCHES = 4
# Keeps the random numbers of evaluation crops apart from those of training.
_EVALUATION_STREAM = 0x5EED

WHOLE = (0, 1)
"""The share of whoever makes whole batches: the first of one."""


class TrainingBatches:
    """The batches of a training run as a function of the step, without any state.

    Batch k is the same whenever and wherever it is asked for, so a run that stopped goes on with the batches it would
    have seen. Every pass visits each pair once in a new order.

    Args:
        pairs: Training pairs.
        crop: Side of the crops in pixels.
        batch: Images per batch.
        augmentation: What is done to the crops.
        seed: Seed of order, crops and augmentation.
        share: (which, of how many) equal parts of every batch to make, where several hosts share one.

    Raises:
        DataError: When there are no pairs, the crop does not fit in an image, or batches have no such equal parts.
    """

    def __init__(
        self,
        pairs: Pairs,
        crop: int,
        batch: int,
        augmentation: Augmentation = NONE,
        seed: int = 0,
        share: tuple[int, int] = WHOLE,
    ) -> None:
        _check_request(pairs, batch, seed)
        if not pairs:
            raise DataError(f"{pairs.dataset} {pairs.split}: no training pairs; check the data root")
        check_crop(pairs, crop)
        self.rows = rows_of(batch, share)
        self.pairs, self.crop, self.batch = pairs, crop, batch
        self.augmentation, self.seed = augmentation, seed
        self._order = lru_cache(maxsize=4)(self._shuffled)

    @property
    def steps_per_pass(self) -> int:
        """Steps until every pair has been seen once."""
        return -(-len(self.pairs) // self.batch)

    def __call__(self, step: int | np.integer) -> tuple[np.ndarray, np.ndarray]:
        """Makes inputs (rows, crop, crop, frames x 3) and targets (rows, crop, crop, 3), uint8, of one step."""
        crops = [self._crop_at(int(step) * self.batch + row) for row in self.rows]
        return np.stack([crop[0] for crop in crops]), np.stack([crop[1] for crop in crops])

    def _crop_at(self, position: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws the crop at a position of the endless sequence of passes."""
        pass_number, index = divmod(position, len(self.pairs))
        pair = self.pairs[int(self._order(pass_number)[index])]
        return training_crop(pair, self.crop, self.augmentation, np.random.default_rng([self.seed, position]))

    def _shuffled(self, pass_number: int) -> np.ndarray:
        """Shuffles the pairs in a pass."""
        return np.random.default_rng([self.seed, pass_number, len(self.pairs)]).permutation(len(self.pairs))


def training(
    pairs: Pairs,
    crop: int = 256,
    batch: int = 4,
    augmentation: Augmentation = NONE,
    seed: int = 0,
    first_step: int = 0,
    store: Path | None = None,
    share: tuple[int, int] = WHOLE,
) -> tf.data.Dataset:
    """Makes the endless training batches from `first_step` on.

    Uses the frame store where the pairs are prepared; otherwise decodes files at every crop, and says so.

    Args:
        pairs: Training pairs.
        crop: Side of the crops in pixels.
        batch: Images per batch.
        augmentation: What is done to the crops, see `datasets.augment`.
        seed: Seed of order, crops and augmentation.
        first_step: The step to go on with.
        store: Folder of the frame store; None takes the default one.
        share: See `TrainingBatches`; crops depend on their place in the whole batch alone.

    Returns:
        Batches (input, target): float32 in [0, 1], (rows, crop, crop, frames x 3) and (rows, crop, crop, 3), with
        all rows of the batch or those of the share.

    Raises:
        DataError: See `TrainingBatches`.

    Examples:
        >>> from datasets.image import ArrayFrame
        >>> frame = ArrayFrame("a", np.zeros((32, 32, 3), np.uint8))
        >>> pair = Pair("reds", "val", "000", "a", (frame,), (frame,))
        >>> pairs = Pairs("reds", "val", Path("."), (pair,) * 4, "sample", "0123456789abcdef")
        >>> blurry, sharp = next(iter(training(pairs, crop=16, batch=2)))
        >>> tuple(blurry.shape), tuple(sharp.shape), blurry.dtype.name
        ((2, 16, 16, 3), (2, 16, 16, 3), 'float32')
    """
    import tensorflow as tf

    _check_request(pairs, batch, seed)
    attached, undecoded = frame_store.attach(pairs, store)
    if undecoded:
        _LOG.warning(
            "%s %s is not prepared: %d images are decoded again for every crop; "
            "`python -m datasets prepare --dataset %s --root %s%s` makes training faster",
            pairs.dataset,
            pairs.split,
            undecoded,
            pairs.dataset,
            ",".join(map(str, pairs.within or (pairs.root,))),
            f" --out {store}" if store else "",
        )
    batches = TrainingBatches(attached, crop, batch, augmentation, seed, share)
    channels, rows = 3 * len(pairs[0].blurry), len(batches.rows)
    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    return _mapped(
        steps, batches, [(tf.uint8, (rows, crop, crop, channels)), (tf.uint8, (rows, crop, crop, 3))]
    ).prefetch(_PARALLEL_BATCHES)


def evaluation(pairs: Pairs, crop: int | None = None, batch: int = 1, seed: int = 0) -> tf.data.Dataset:
    """Makes every pair once, in order, whole or by one seeded random crop each.

    Images are read as they are needed, so memory does not grow with their number.

    Args:
        pairs: The pairs to score.
        crop: Side of the random crops; None for whole images.
        batch: Images per batch; more than 1 needs images of one size. The last batch may be smaller.
        seed: Seed of the crop positions; they depend on nothing but it and the pair's place.

    Returns:
        Batches (input, target), float32 in [0, 1]; for Köhler the target is the first ground-truth frame.

    Raises:
        DataError: When there are no pairs, the crop does not fit, or images of different sizes shall be batched.

    Examples:
        >>> from datasets.image import ArrayFrame
        >>> frame = ArrayFrame("a", np.zeros((32, 32, 3), np.uint8))
        >>> pair = Pair("reds", "val", "000", "a", (frame,), (frame,))
        >>> pairs = Pairs("reds", "val", Path("."), (pair,) * 4, "sample", "0123456789abcdef")
        >>> blurry, sharp = next(iter(evaluation(pairs[:3], batch=3)))
        >>> tuple(blurry.shape)
        (3, 32, 32, 3)
    """
    import tensorflow as tf

    if not pairs:
        raise DataError(f"{pairs.dataset} {pairs.split}: no pairs to score; check the data root")
    _check_request(pairs, batch, seed)
    if crop is not None:
        check_crop(pairs, crop)
    elif batch > 1 and len(sizes(pairs)) > 1:
        raise DataError(f"{pairs.dataset} {pairs.split}: images differ in size; score them one by one (batch 1)")

    def read(index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pair = pairs[int(index)]
        window = None
        if crop is not None:
            rng = np.random.default_rng([_EVALUATION_STREAM, seed, int(index)])
            window = random_window(pair.sharp[0], crop, rng)
        return whole_input(pair, window), as_float(pair.sharp[0].read(window))

    channels = 3 * len(pairs[0].blurry)
    dataset = tf.data.Dataset.range(len(pairs))
    shape = (crop, crop)
    specification = [(tf.float32, (*shape, channels)), (tf.float32, (*shape, 3))]
    return _mapped(dataset, read, specification).batch(batch).prefetch(1)


def whole_input(pair: Pair, window: Window | None = None) -> np.ndarray:
    """Reads a pair's input (height, width, frames x 3), float32 in [0, 1].

    Raises:
        DataError: When the pair's images differ in size, or one cannot be read.

    Examples:
        >>> from datasets.image import ArrayFrame
        >>> frames = tuple(ArrayFrame(name, np.zeros((4, 5, 3), np.uint8)) for name in "abc")
        >>> whole_input(Pair("reds", "val", "000", "b", frames, frames[1:2])).shape
        (4, 5, 9)
    """
    pair_size(pair)
    return np.concatenate([as_float(frame.read(window)) for frame in pair.blurry], axis=-1)


def as_float(pixels: np.ndarray) -> np.ndarray:
    """Scales 8- or 16-bit pixels to float32 in [0, 1] with three channels; grey is repeated.

    Examples:
        >>> as_float(np.array([[[255]]], np.uint8)).tolist()
        [[[1.0, 1.0, 1.0]]]
    """
    scaled = pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    return image.as_colour(scaled)


def check_crop(pairs: Pairs, crop: int, what: str = "") -> None:
    """Refuses a crop that is not positive or larger than an image; one pair per scene is looked at.

    Args:
        pairs: What is to be cropped.
        crop: Side in pixels.
        what: How the message calls the crop where that is not `--crop`.

    Raises:
        DataError: See `datasets.image.check_crop`.

    Examples:
        >>> from datasets.image import ArrayFrame
        >>> frame = ArrayFrame("a", np.zeros((40, 50, 3), np.uint8))
        >>> pair = Pair("reds", "val", "000", "a", (frame,), (frame,))
        >>> check_crop(Pairs("reds", "val", Path("."), (pair,), "sample", "0123456789abcdef"), 32)
    """
    first_of_scene = {pair.scene: pair for pair in reversed(pairs)}
    for pair in reversed(first_of_scene.values()):
        image.check_crop(crop, pair.sharp[0].shape, f"{pairs.dataset} {pair.name}", what)


def rows_of(batch: int, share: tuple[int, int]) -> range:
    """The places within a batch that a share of it has.

    Args:
        batch: Images of the whole batch.
        share: (which, of how many) equal parts.

    Raises:
        DataError: When the batch has no so many equal parts.

    Examples:
        >>> list(rows_of(6, (1, 3)))
        [2, 3]
    """
    index, count = share
    if not 0 <= index < count or batch % count:
        raise DataError(f"a batch of {batch} images has no part {index} of {count} equal ones; take another batch size")
    part = batch // count
    return range(index * part, (index + 1) * part)


def _check_request(pairs: Any, batch: Any, seed: Any) -> None:
    """Raises DataError for what are no pairs, and for a batch size or a seed that cannot be."""
    check_pairs(pairs)
    for name, value in (("batch", batch), ("seed", seed)):
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise DataError(f"{name}={one_line(value)} must be a whole number")
    if batch < 1:
        raise DataError(f"batch size must be at least 1, not {batch}")
    if seed < 0:
        raise DataError(f"seed must not be negative, but is {seed}; use 0 or more")


def _mapped(dataset: Any, function: Callable[[Any], Any], specification: list[tuple[Any, Any]]) -> Any:
    """Maps a NumPy function over a data set of integers in parallel, in order; scales uint8 to [0, 1]."""
    import tensorflow as tf

    kinds = [kind for kind, _ in specification]

    def call(index: Any) -> tuple[Any, ...]:
        tensors = tf.numpy_function(function, [index], kinds)
        for tensor, (_, shape) in zip(tensors, specification, strict=True):
            tensor.set_shape(shape)
        return tuple(
            tf.cast(tensor, tf.float32) * (1.0 / 255.0) if tensor.dtype == tf.uint8 else tensor for tensor in tensors
        )

    options = tf.data.Options()
    # Nothing is left to TensorFlow's tuner, whose thread can hold up the end of an iterator for most of a minute.
    options.autotune.enabled = False
    return dataset.map(call, num_parallel_calls=_PARALLEL_BATCHES, deterministic=True).with_options(options)
