"""Batches for training and evaluation."""

import logging
import os
import threading
import time
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from datasets import frame_store, pipeline
from datasets.augment import BOLOGNA, NONE
from datasets.errors import DataError
from datasets.image import ArrayFrame, cut
from datasets.loading import load
from datasets.pairs import Pair, Pairs
from datasets.pipeline import TrainingBatches, evaluation, training

SIZE = (20, 26)


def numbered(count, size=SIZE, scenes=1):
    """Pairs in memory: every sharp pixel is the pair's number, the blurry ones are noise."""
    rng = np.random.default_rng(0)
    items = []
    for number in range(count):
        noise = rng.integers(0, 256, (*size, 3), np.uint8)
        sharp = np.full((*size, 3), number, np.uint8)
        pair = Pair(
            "reds", "train", f"{number % scenes}", f"{number}", (ArrayFrame("b", noise),), (ArrayFrame("s", sharp),)
        )
        items.append(pair)
    return Pairs("reds", "train", Path("nowhere"), tuple(items), "sample", "0" * 16)


@pytest.fixture
def video(layouts):
    """Five frames of a REDS training video, read from PNG files in triplets."""
    for number in range(5):
        for kind in ("blur", "sharp"):
            layouts.image(f"train/train_{kind}/000/{number:08d}.png", SIZE)
    return load("reds", layouts.root, "train", frames=3)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keeps the user's own frame store out of the tests."""
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path / "cache"))


def take(dataset, count):
    return list(islice(dataset.as_numpy_iterator(), count))


def same(first, second):
    return len(first) == len(second) and all(
        np.array_equal(a, b)
        for ours, theirs in zip(first, second, strict=True)
        for a, b in zip(ours, theirs, strict=True)
    )


def orders(pairs, batch, passes, seed=0):
    """The numbers of the pairs in the order of the targets, one row for each pass."""
    batches = TrainingBatches(pairs, 4, batch, seed=seed)
    steps = -(-passes * len(pairs) // batch)
    numbers = np.concatenate([batches(step)[1][:, 0, 0, 0] for step in range(steps)])
    return numbers[: passes * len(pairs)].reshape(passes, len(pairs))


@pytest.mark.parametrize("batch", [1, 3, 4, 12, 30])
def test_every_pass_sees_every_pair_once_in_an_order_of_its_own(batch):
    seen = orders(numbered(12), batch, 6)
    assert np.array_equal(np.sort(seen, axis=1), np.tile(np.arange(12), (6, 1)))
    assert len({tuple(order) for order in seen}) == 6
    assert tuple(range(12)) not in {tuple(order) for order in seen}


def test_steps_per_pass_reach_every_pair():
    assert [TrainingBatches(numbered(12), 4, batch).steps_per_pass for batch in (1, 5, 6, 12, 13)] == [12, 3, 2, 1, 1]


def test_the_order_depends_on_the_seed_and_not_on_the_batch_size():
    pairs = numbered(12)
    assert np.array_equal(orders(pairs, 3, 2), orders(pairs, 5, 2))
    assert not np.array_equal(orders(pairs, 3, 2, seed=0), orders(pairs, 3, 2, seed=1))


def test_equal_seeds_give_equal_batches_and_other_seeds_others(video):
    first, second, other = (take(training(video, 12, 2, BOLOGNA, seed), 6) for seed in (7, 7, 8))
    assert same(first, second)
    assert not any(same([ours], [theirs]) for ours, theirs in zip(first, other, strict=True))
    assert len({inputs.tobytes() for inputs, _ in first}) == 6


@pytest.mark.parametrize("first_step", [1, 4, 1000])
def test_a_run_goes_on_with_the_batches_it_would_have_seen(video, first_step):
    batches = TrainingBatches(video, 12, 2, BOLOGNA, 3)
    resumed = take(training(video, 12, 2, BOLOGNA, 3, first_step=first_step), 3)
    for step, (inputs, targets) in enumerate(resumed, start=first_step):
        expected_inputs, expected_targets = batches(step)
        assert np.array_equal(np.rint(inputs * 255), expected_inputs)
        assert np.array_equal(np.rint(targets * 255), expected_targets)
    if first_step < 10:
        assert same(take(training(video, 12, 2, BOLOGNA, 3), first_step + 3)[first_step:], resumed)


@pytest.mark.parametrize("augmentation", [NONE, BOLOGNA])
def test_training_batches_have_the_stated_form(video, augmentation):
    dataset = training(video, 12, 3, augmentation)
    inputs, targets = dataset.element_spec
    assert (inputs.shape, inputs.dtype) == ((3, 12, 12, 9), "float32")
    assert (targets.shape, targets.dtype) == ((3, 12, 12, 3), "float32")
    for inputs, targets in take(dataset, 4):
        assert inputs.shape == (3, 12, 12, 9)
        assert targets.shape == (3, 12, 12, 3)
        assert inputs.dtype == targets.dtype == np.float32
        assert 0 <= inputs.min() < 0.1
        assert 0.9 < inputs.max() <= 1


@pytest.mark.parametrize("hosts", [2, 3])
def test_shares_of_hosts_are_together_what_one_host_sees(video, hosts):
    whole = take(training(video, crop=8, batch=6, augmentation=BOLOGNA, seed=3, first_step=4), 3)
    shares = [
        take(training(video, crop=8, batch=6, augmentation=BOLOGNA, seed=3, first_step=4, share=(host, hosts)), 3)
        for host in range(hosts)
    ]
    for step, batch in enumerate(whole):
        for place, images in enumerate(batch):
            np.testing.assert_array_equal(np.concatenate([share[step][place] for share in shares]), images)


def test_a_batch_without_equal_parts(video):
    with pytest.raises(
        DataError, match=r"^a batch of 4 images has no part 0 of 3 equal ones; take another batch size$"
    ):
        training(video, crop=8, batch=4, share=(0, 3))


def test_eight_bits_become_the_same_floats_in_training_and_evaluation():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=-1)
    image = (ArrayFrame("x", values),)
    pairs = Pairs("reds", "train", Path("nowhere"), (Pair("reds", "train", "0", "0", image, image),), "sample", "0")
    ((trained, _),) = take(training(pairs, 16, 1), 1)
    ((scored, _),) = take(evaluation(pairs), 1)
    assert trained.min() == 0
    assert trained.max() == 1
    assert np.abs(trained - scored).max() <= 6e-8
    assert np.array_equal(scored[0], values.astype(np.float32) / 255)


def test_prepared_and_decoded_images_give_the_same_batches(video, caplog):
    with caplog.at_level(logging.WARNING):
        decoded = take(training(video, 12, 2, BOLOGNA, 5), 6)
        (record,) = caplog.records
        assert record.name == "datasets.pipeline"
        assert record.getMessage() == (
            "reds train is not prepared: 10 images are decoded again for every crop; "
            f"`python -m datasets prepare --dataset reds --root {video.root}` makes training faster"
        )
        caplog.clear()
        frame_store.prepare(video)
        assert same(take(training(video, 12, 2, BOLOGNA, 5), 6), decoded)
        assert caplog.records == []


def test_the_warning_names_the_folder_of_the_store(video, tmp_path, caplog):
    store = tmp_path / "my store"
    training(video, 12, 2, store=store)
    assert f"--root {video.root} --out {store}`" in caplog.messages[0]
    frame_store.prepare(video, store)
    caplog.clear()
    take(training(video, 12, 2, store=store), 1)
    take(training(video.select([3, 1]), 12, 2, store=store), 1)
    assert caplog.records == []


def test_the_batches_come_from_the_store_and_not_from_the_files(video):
    before = take(training(video, 12, 2), 3)
    frame_store.prepare(video)
    for pair in video:
        # The same size and time, so that the store counts, but no image any more.
        path = pair.sharp[0].path
        stamp = path.stat()
        path.write_bytes(bytes(stamp.st_size))
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert same(take(training(video, 12, 2), 3), before)


def test_data_in_memory_is_not_complained_about(layouts, caplog):
    layouts.cifar("test_batch", 5)
    pairs = load("cifar10", layouts.root, "test")
    ((inputs, targets),) = take(training(pairs, 32, 5), 1)
    assert caplog.records == []
    order = np.argsort([pair.sharp[0].read().tobytes() for pair in pairs])
    got = np.rint(targets * 255).astype(np.uint8)
    assert sorted(image.tobytes() for image in got) == [pairs[int(i)].sharp[0].read().tobytes() for i in order]
    assert inputs.shape == (5, 32, 32, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda pairs: training(pairs, 21, 2), "crop 21 is larger than the frame 20x26; use --crop 20 or less"),
        (lambda pairs: training(pairs, 0, 2), "crop must be at least 1 pixel, not 0"),
        (lambda pairs: training(pairs, 8, 0), "batch size must be at least 1, not 0"),
        (lambda pairs: training(pairs, 8, 2, seed=-1), "seed must not be negative, but is -1"),
        (lambda pairs: training(pairs.select([]), 8, 2), "reds train: no training pairs; check the data root"),
        (lambda pairs: evaluation(pairs, 21), "crop 21 is larger than the frame 20x26; use --crop 20 or less"),
        (lambda pairs: evaluation(pairs, -3), "crop must be at least 1 pixel, not -3"),
        (lambda pairs: evaluation(pairs, 8, batch=0), "batch size must be at least 1, not 0"),
        (lambda pairs: evaluation(pairs, 8, seed=-2), "seed must not be negative, but is -2"),
        (lambda pairs: evaluation(pairs.select([])), "reds train: no pairs to score; check the data root"),
    ],
)
def test_what_cannot_be_is_refused_at_once(call, message):
    with pytest.raises(DataError) as caught:
        call(numbered(4, scenes=2))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_small_frame_in_the_second_scene_is_found():
    pairs = numbered(4, scenes=2)
    small = ArrayFrame("small", np.zeros((9, 9, 3), np.uint8))
    pairs = replace(pairs, items=(*pairs.items[:1], replace(pairs[1], sharp=(small,)), *pairs.items[2:]))
    with pytest.raises(DataError, match=r"reds 1/1: crop 10 is larger than the frame 9x9"):
        training(pairs, 10, 2)


def test_evaluation_yields_every_image_whole_and_in_order(video):
    batches = take(evaluation(video), 99)
    assert len(batches) == len(video)
    for pair, (inputs, targets) in zip(video, batches, strict=True):
        assert inputs.shape == (1, *SIZE, 9)
        assert inputs.dtype == targets.dtype == np.float32
        expected = np.concatenate([frame.read() for frame in pair.blurry], axis=-1).astype(np.float32) / 255
        assert np.array_equal(inputs[0], expected)
        assert np.array_equal(targets[0], pair.sharp[0].read().astype(np.float32) / 255)
        assert np.array_equal(pipeline.whole_input(pair), expected)


def test_the_last_evaluation_batch_may_be_smaller(video):
    assert [len(targets) for _, targets in take(evaluation(video, batch=2), 99)] == [2, 2, 1]
    assert [len(targets) for _, targets in take(evaluation(video, 8, batch=9), 99)] == [5]


def test_evaluation_crops_depend_on_seed_and_place_only(video):
    def crops(pairs, batch, seed):
        batches = take(evaluation(pairs, 8, batch, seed), 99)
        return [np.concatenate(part) for part in zip(*batches, strict=True)]

    inputs, targets = crops(video, 1, 4)
    for batch in (2, 5):
        again = crops(video, batch, 4)
        assert np.array_equal(again[0], inputs)
        assert np.array_equal(again[1], targets)
    assert np.array_equal(crops(video[:2], 1, 4)[0], inputs[:2])
    assert not np.array_equal(crops(video, 1, 5)[0], inputs)
    for pair, blurry, sharp in zip(video, inputs, targets, strict=True):
        whole, truth = pipeline.whole_input(pair), pipeline.as_float(pair.sharp[0].read())
        places = [
            (top, left)
            for top in range(SIZE[0] - 7)
            for left in range(SIZE[1] - 7)
            if np.array_equal(truth[top : top + 8, left : left + 8], sharp)
        ]
        ((top, left),) = places
        assert np.array_equal(whole[top : top + 8, left : left + 8], blurry)


def test_evaluation_of_images_of_different_sizes(layouts):
    for name, size in (("a", (8, 12)), ("b", (20, 7))):
        for folder in ("input", "target"):
            layouts.image(f"test/{folder}/{name}.png", size)
    pairs = load("hide", layouts.root, "test")
    assert [targets.shape[1:3] for _, targets in take(evaluation(pairs), 9)] == [(8, 12), (20, 7)]
    assert [targets.shape for _, targets in take(evaluation(pairs, 7, batch=2), 9)] == [(2, 7, 7, 3)]
    with pytest.raises(DataError, match="hide test: images differ in size; score them one by one"):
        evaluation(pairs, batch=2)


def test_sixteen_bits_keep_their_precision_in_evaluation(layouts):
    layouts.hdc(3, "Times", (1, 2))
    pairs = load("hdc", layouts.root, "train")
    inputs, targets = take(evaluation(pairs), 1)[0]
    assert inputs.shape == targets.shape == (1, 8, 12, 3)
    expected = pairs[0].sharp[0].read().astype(np.float32) / 65535
    assert np.array_equal(targets[0], np.repeat(expected, 3, axis=-1))
    inputs, targets = take(training(pairs, 8, 2), 1)[0]
    assert np.array_equal(np.rint(targets * 255), np.rint(targets[..., :1] * 255).repeat(3, axis=-1))


@dataclass(frozen=True)
class SlowFrame:
    """An image of one grey value whose reading takes a while, and is counted."""

    name: str
    value: int
    seconds: float
    reads: list
    shape = (8, 8, 3)

    def read(self, window=None):
        self.reads.append((self.value, threading.get_ident()))
        time.sleep(self.seconds)
        return cut(np.full(self.shape, self.value, np.uint8), window, self.name)


def slow(count, seconds):
    reads: list = []
    items = []
    for number in range(count):
        shown = (SlowFrame(f"{number}", number, seconds[number % len(seconds)], reads),)
        items.append(Pair("reds", "val", "0", f"{number}", (ArrayFrame("b", np.zeros((8, 8, 3), np.uint8)),), shown))
    return Pairs("reds", "val", Path("nowhere"), tuple(items), "sample", "0"), reads


def test_parallel_reading_keeps_the_order_and_reads_only_a_little_ahead():
    pairs, reads = slow(60, (0.02, 0.0, 0.01, 0.0, 0.0))
    batches = evaluation(pairs, batch=2).as_numpy_iterator()
    shown = [int(value) for _ in range(10) for value in np.rint(next(batches)[1][:, 0, 0, 0] * 255)]
    time.sleep(0.1)
    assert shown == list(range(20))
    assert len({thread for _, thread in reads}) > 1
    assert len(reads) < 20 + 15
    rest = [int(value) for _, targets in batches for value in np.rint(targets[:, 0, 0, 0] * 255)]
    assert rest == list(range(20, 60))
    assert sorted(value for value, _ in reads) == list(range(60))


def _cut_short(path):
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("damage", "what"),
    [(_cut_short, "truncated PNG; fetch this file again"), (Path.unlink, "")],
    ids=["truncated", "removed"],
)
@pytest.mark.parametrize("way", [lambda pairs: training(pairs, 8, 5), evaluation], ids=["training", "evaluation"])
def test_a_file_damaged_during_the_run_is_named(video, way, damage, what):
    import tensorflow as tf

    batches = way(video)
    path = video[4].sharp[0].path
    damage(path)
    with pytest.raises(tf.errors.OpError) as caught:
        take(batches, 20)
    assert f"DataError: {path}: {what}" in str(caught.value)


def test_a_frame_that_is_smaller_than_its_scene_is_named(layouts):
    import tensorflow as tf

    for number, size in enumerate((SIZE, SIZE, (9, 9))):
        for kind in ("blur", "sharp"):
            layouts.image(f"train/train_{kind}/000/{number:08d}.png", size)
    batches = training(load("reds", layouts.root, "train"), 12, 3).as_numpy_iterator()
    with pytest.raises(tf.errors.OpError, match=r"DataError: .*00000002\.png: crop 12 is larger than the frame 9x9"):
        next(batches)
