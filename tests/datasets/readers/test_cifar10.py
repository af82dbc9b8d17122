"""CIFAR-10: the restricted unpickler, the order of images and draws, and the report's baseline on real images."""

import os
import pickle
import random

import numpy as np
import pytest
from skimage.metrics import structural_similarity

import datasets
from datasets import DataError
from datasets.readers.cifar10 import read_batch


class Attack:
    """Pickles as a call of `os.system`."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_images_come_in_batch_order(layouts):
    second, first = layouts.cifar("data_batch_2", 3), layouts.cifar("data_batch_1", 2)
    pairs = datasets.load("cifar10", layouts.root, "train")
    assert pairs.coverage == "subset 5/50000"
    assert [pair.name for pair in pairs] == [
        "data_batch_1/00000",
        "data_batch_1/00001",
        "data_batch_2/00000",
        "data_batch_2/00001",
        "data_batch_2/00002",
    ]
    rows = np.concatenate([first, second])
    for pair, row in zip(pairs, rows, strict=True):
        # 1,024 red, then green, then blue values, row by row.
        np.testing.assert_array_equal(pair.sharp[0].read(), np.moveaxis(row.reshape(3, 32, 32), 0, 2))
        assert pair.blurry[0].shape == (32, 32, 3)
        assert 0 <= pair.metadata["label"] <= 9
    triplet = datasets.load("cifar10", layouts.root, "train", frames=3)[0].blurry
    assert triplet[0] is triplet[1] is triplet[2]


def test_sigmas_are_drawn_for_training_images_first(layouts):
    for batch, count in (("data_batch_1", 4), ("data_batch_3", 3), ("test_batch", 5)):
        layouts.cifar(batch, count)
    draws = random.Random(42)
    expected = [3 * draws.random() for _ in range(12)]
    train, test = (datasets.load("cifar10", layouts.root, split) for split in ("train", "test"))
    assert [pair.metadata["sigma"] for pair in (*train, *test)] == expected
    blurriest = max(test, key=lambda pair: pair.metadata["sigma"])
    assert blurriest.blurry[0].read().std() < 0.7 * blurriest.sharp[0].read().std()


def test_loaded_images_cannot_be_written_to(layouts):
    layouts.cifar("test_batch", 2)
    pair = datasets.load("cifar10", layouts.root)[0]
    for frame in (*pair.blurry, *pair.sharp):
        with pytest.raises(ValueError, match="read-only"):
            frame.read()[0, 0, 0] = 1


def test_a_pickle_that_runs_code_is_refused(layouts, tmp_path):
    marker = tmp_path / "executed"
    layouts.pickle("test_batch", {b"data": Attack(f"touch {marker}"), b"labels": []})
    with pytest.raises(DataError, match=r"test_batch: refuses to load (posix|nt)\.system") as error:
        datasets.load("cifar10", layouts.root)
    assert not marker.exists()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("module", "name"),
    [("builtins", "eval"), ("numpy", "load"), ("os", "system"), ("_codecs", "decode"), ("numpy.core.multiarray", "x")],
)
def test_no_other_name_is_admitted(tmp_path, module, name):
    path = tmp_path / "data_batch_1"
    path.write_bytes(f"c{module}\n{name}\n.".encode())
    with pytest.raises(DataError, match=f"refuses to load {module}.{name}"):
        read_batch(path)


def test_bytes_are_the_only_thing_that_may_be_encoded(tmp_path):
    path = tmp_path / "data_batch_1"
    path.write_bytes(b"c_codecs\nencode\n(Vabc\nVrot13\ntR.")
    with pytest.raises(DataError, match="damaged or not a CIFAR-10 batch") as error:
        read_batch(path)
    assert "rot13" in str(error.value.__cause__)


def test_numpy_names_of_both_ages_are_admitted(layouts):
    layouts.cifar("test_batch", 2)
    path = layouts.root / "test_batch"
    content = path.read_bytes()
    new, old = b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"
    assert new in content
    path.write_bytes(content.replace(new, old))
    assert len(datasets.load("cifar10", layouts.root)) == 2


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({b"data": [1, 2]}, "no b'data' array of uint8"),
        ({b"data": np.zeros((2, 3072))}, "no b'data' array of uint8"),
        ({b"data": np.zeros((2, 3071), np.uint8)}, r"images of shape \(2, 3071\)"),
        ({b"labels": [1, 2, 3]}, "expected 2 labels"),
        ({b"labels": [1, 10]}, "expected 2 labels"),
        ({b"labels": None}, "expected 2 labels"),
    ],
)
def test_wrong_content_is_named(layouts, changes, what):
    content = {b"data": np.zeros((2, 3072), np.uint8), b"labels": [0, 1]}
    layouts.pickle("test_batch", content | changes)
    with pytest.raises(DataError, match=f"test_batch: {what}.*fetch this file again"):
        datasets.load("cifar10", layouts.root)


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps([1, 2])[:-3], b"\x80\x02]q\x00.", b"\x80\x63."])
def test_a_damaged_batch_is_named(tmp_path, content):
    path = tmp_path / "data_batch_1"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"data_batch_1: .*fetch this file again"):
        read_batch(path)


def test_a_truncated_batch_is_named(layouts):
    layouts.cifar("test_batch", 20)
    path = layouts.root / "test_batch"
    path.write_bytes(path.read_bytes()[:-30_000])
    with pytest.raises(DataError, match="test_batch: damaged or not a CIFAR-10 batch"):
        datasets.load("cifar10", layouts.root)


def test_a_changed_batch_is_read_again(layouts):
    layouts.cifar("test_batch", 2)
    before = datasets.load("cifar10", layouts.root)
    layouts.cifar("test_batch", 3)
    after = datasets.load("cifar10", layouts.root)
    assert (len(before), len(after)) == (2, 3)
    assert before.fingerprint != after.fingerprint


def test_real_images_blur_like_the_report(real_data):
    pairs = datasets.load("cifar10", real_data)
    assert pairs.coverage == "subset 1017/10000"
    scores = []
    for pair in pairs:
        _, values = structural_similarity(
            pair.sharp[0].read(),
            pair.blurry[0].read(),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=255,
            channel_axis=-1,
            full=True,
        )
        scores.append(values[5:-5, 5:-5].mean())
    assert np.mean(scores) == pytest.approx(0.71, abs=0.02)  # the report's baseline: 0.7127
