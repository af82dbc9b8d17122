"""The build of a sample: whole or not there, and never over what is not its own."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from datasets import samples
from datasets.errors import DataError
from datasets.samples import base, photographs
from datasets.samples.build import VERSION, _remove_scrap
from tests.support.fakes import digests, leftovers


@pytest.fixture
def small(monkeypatch):
    """Makes `div2k` a sample of two tiny files and counts its builds."""
    calls = []

    def make(folder, seed):
        calls.append(seed)
        for name in ("0001.png", "0002.png"):
            image = np.full((4, 4, 3), seed, np.uint8)
            photographs.write_image(folder / "DIV2K_train_HR" / name, image)

    monkeypatch.setitem(base.RECIPES, "div2k", base.RECIPES["div2k"]._replace(make=make))
    return calls


def test_other_seed_other_version_and_force_build_anew(small, tmp_path, monkeypatch):
    samples.build("div2k", tmp_path)
    samples.build("div2k", tmp_path)
    samples.build("div2k", tmp_path, seed=1)
    samples.build("div2k", tmp_path, seed=1, force=True)
    monkeypatch.setattr(sys.modules["datasets.samples.build"], "VERSION", VERSION + 1)
    samples.build("div2k", tmp_path, seed=1)
    assert small == [0, 1, 1, 1]
    assert not leftovers(tmp_path)


def test_a_sample_that_lost_a_file_is_built_anew(small, tmp_path):
    folder = samples.build("div2k", tmp_path)
    (folder / "DIV2K_train_HR" / "0001.png").unlink()
    samples.build("div2k", tmp_path)
    assert (folder / "DIV2K_train_HR" / "0001.png").is_file()


@pytest.mark.parametrize("marker", [None, "{", "[]", '{"dataset": "div2k"}'])
def test_a_foreign_folder_is_left_alone(small, tmp_path, marker):
    precious = tmp_path / "DIV2K" / "DIV2K_train_HR" / "0001.png"
    precious.parent.mkdir(parents=True)
    precious.write_bytes(b"the only copy")
    if marker is not None:
        (tmp_path / "DIV2K" / "SAMPLE.json").write_text(marker)
    for force in (False, True):
        with pytest.raises(DataError, match="left alone"):
            samples.build("div2k", tmp_path, force=force)
    assert precious.read_bytes() == b"the only copy"
    assert not small


def test_real_files_put_into_a_sample_are_left_alone(small, tmp_path):
    precious = samples.build("div2k", tmp_path) / "DIV2K_train_HR" / "0003.png"
    precious.write_bytes(b"the only copy")
    with pytest.raises(DataError, match="not the sample's"):
        samples.build("div2k", tmp_path, seed=1)
    assert precious.read_bytes() == b"the only copy"


def test_an_empty_folder_is_no_obstacle(small, tmp_path):
    (tmp_path / "DIV2K").mkdir()
    assert (samples.build("div2k", tmp_path) / "SAMPLE.json").is_file()


def test_a_file_in_the_way(small, tmp_path):
    (tmp_path / "root").write_text("not a folder")
    with pytest.raises(DataError, match="cannot build the sample"):
        samples.build("div2k", tmp_path / "root")


@pytest.mark.parametrize(
    ("name", "seed", "message"),
    [("redz", 0, "did you mean 'reds'"), ("zzz", 0, "cifar10, div2k"), ("reds", -1, "seed=-1")],
)
def test_bad_arguments(tmp_path, name, seed, message):
    with pytest.raises(DataError, match=message):
        samples.build(name, tmp_path, seed=seed)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(DataError, match="free disk space"):
            samples.build("div2k", tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_a_failed_build_keeps_the_old_sample(small, tmp_path, monkeypatch):
    folder = samples.build("div2k", tmp_path)
    before = digests(folder)

    def fail(folder, seed):
        raise KeyboardInterrupt

    monkeypatch.setitem(base.RECIPES, "div2k", base.RECIPES["div2k"]._replace(make=fail))
    with pytest.raises(KeyboardInterrupt):
        samples.build("div2k", tmp_path, force=True)
    assert digests(folder) == before
    assert not leftovers(tmp_path)


def test_a_killed_build_leaves_no_data_and_its_scrap_goes_later(small, tmp_path):
    code = f"from datasets.samples import build; build('hide', {str(tmp_path)!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=base.__file__.rpartition("/datasets/")[0])
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob(".tmp-*/new/**/*.png")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (scrap,) = tmp_path.iterdir()
    assert scrap.name.startswith(".tmp-HIDE_dataset-")
    foreign = shutil.copytree(scrap, tmp_path / ".tmp-other")
    for day in (0, 2):
        os.utime(scrap, (time.time() - day * 24 * 3600,) * 2)
        _remove_scrap(tmp_path, "HIDE_dataset")
        assert scrap.exists() == (day == 0)
    assert foreign.exists()


def test_two_builds_at_once(small, tmp_path, monkeypatch):
    target, rename, raced = tmp_path / "DIV2K", Path.rename, []

    def slow_rename(self, to):
        # The other process finishes just before this one moves its result into place.
        if to == target and not raced:
            raced.append(True)
            samples.build("div2k", tmp_path)
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", slow_rename)
    assert samples.build("div2k", tmp_path) == target
    assert small == [0, 0]
    assert len(digests(target)) == 3
    assert not leftovers(tmp_path)
