"""`python -m datasets prepare`."""

import errno
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from common import files
from datasets import frame_store
from datasets.__main__ import main
from datasets.loading import load
from datasets.samples.build import sample_root


@pytest.fixture
def videos(layouts):
    """Two videos of the training split of REDS."""
    layouts.reds("train", "000", range(4))
    layouts.reds("train", "001", range(3))
    return layouts.root


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The built-in REDS sample, as `--sample` finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        return sample_root("reds")


def test_the_sample_is_prepared_by_the_command(sample, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path / "cache"))
    arguments = ["prepare", "--dataset", "reds", "--root", str(sample)]
    counts = {split: len(load("reds", sample, split)) for split in ("train", "val")}
    scenes = {split: len(load("reds", sample, split).scenes) for split in counts}
    folder = frame_store.store_folder(sample / "REDS")

    def lines(written):
        return [
            f"reds {split}: {2 * counts[split]} images, {2 * counts[split] * size / 1e9:.2f} GB in {folder} "
            f"({2 * scenes[split] * written} files written, {2 * scenes[split] * (1 - written)} kept)"
            for split in counts
        ]

    size = int(np.prod(load("reds", sample, "train")[0].sharp[0].shape))
    assert main([*arguments, "--check"]) == 1
    assert capsys.readouterr().out.count("run prepare again") == 2
    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines() == lines(1)
    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines() == lines(0)
    assert main([*arguments, "--check"]) == 0
    assert capsys.readouterr().out == f"reds train: {folder} is sound\nreds val: {folder} is sound\n"
    pairs = load("reds", sample, "val", frames=3)
    stored, missing = frame_store.attach(pairs)
    assert missing == 0
    for ours, theirs in zip(stored, pairs, strict=True):
        for copy, source in zip((*ours.blurry, *ours.sharp), (*theirs.blurry, *theirs.sharp), strict=True):
            assert np.array_equal(copy.read(), source.read())


def test_check_by_the_command_goes_on_after_a_problem(videos, layouts, store, capsys):
    layouts.reds("val", "000", (0, 1))
    arguments = ["prepare", "--dataset", "reds", "--root", str(videos), "--out", str(store)]
    assert main(arguments) == 0
    damaged = store / "reds/train/001.sharp.u8"
    content = bytearray(damaged.read_bytes())
    content[0] ^= 128
    damaged.write_bytes(content)
    (store / "reds/val/000.blurry.json").unlink()
    capsys.readouterr()
    assert main([*arguments, "--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{damaged}: bytes differ from the index; delete it and run prepare again",
        f"reds val: 2 images are not in {store}, or older than their files; run prepare again",
    ]
    assert main([*arguments, "--check", "--split", "val"]) == 1
    assert "train" not in capsys.readouterr().out
    damaged.unlink()
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0


def test_the_command_refuses_a_split_with_a_flaw_rather_than_pass_over_it(videos, layouts, store, capsys):
    layouts.reds("val", "000", (0, 1))
    arguments = ["prepare", "--dataset", "reds", "--root", str(videos), "--out", str(store)]
    (videos / "val/val_blur/000/00000001.png").unlink()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: reds: ")
    assert "sharp image without a blurry one" in error
    assert error.count("\n") == 1
    assert main([*arguments, "--split", "train"]) == 0
    assert "(0 files written, 4 kept)" in capsys.readouterr().out


def test_the_command_on_data_in_memory(layouts, store, capsys):
    layouts.cifar("test_batch", 2)
    arguments = ["prepare", "--dataset", "cifar10", "--root", str(layouts.root), "--out", str(store)]
    for more in ([], ["--check"]):
        assert main([*arguments, *more]) == 0
        assert capsys.readouterr().out == "cifar10 test: read into memory as a whole, nothing to prepare\n"


def failure(root, store, capsys):
    """Returns the one line that the command says when it fails."""
    assert main(["prepare", "--dataset", "reds", "--root", str(root), "--out", str(store)]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.count("\n") == 1
    return streams.err


def test_a_disk_without_room_is_told_before_the_work(videos, store, monkeypatch, capsys):
    needed = sum(frame.read().nbytes for pair in load("reds", videos, "train") for frame in (*pair.blurry, *pair.sharp))

    def leave(free):
        monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=free, used=0, free=free))

    leave(needed - 1)
    assert "the store needs 0.0 GB and the disk has 0.0 GB free; choose another folder" in failure(
        videos, store, capsys
    )
    assert not store.exists()
    leave(needed)
    assert frame_store.prepare(load("reds", videos, "train"), store).written == 4
    leave(0)
    assert frame_store.prepare(load("reds", videos, "train"), store).kept == 4


def test_a_disk_that_fills_up_is_one_line_and_leaves_nothing(videos, store, monkeypatch, capsys):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    assert "000.blurry.u8: No space left on device; free disk space" in failure(videos, store, capsys)
    assert [path for path in store.rglob("*") if path.is_file()] == []


def test_a_store_below_a_file_is_one_line(videos, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert "Not a directory; free disk space or choose another folder" in failure(videos, tmp_path / "file", capsys)
