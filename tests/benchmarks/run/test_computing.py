"""Devices, hosts and parts of a batch on the command line: what is refused, and what keys and records say."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.records import store
from benchmarks.run import config, fitting
from benchmarks.run.__main__ import main
from benchmarks.run.parser import parsed
from tests.support.runs import planned, run

ROOT = Path(__file__).resolve().parents[3]
MODEL = ("--model", "atrous", "--dataset", "cifar10", "--sample")
HERE = "--hosts 127.0.0.1:9 --host-index 1 --host-count 2"

pytestmark = pytest.mark.usefixtures("samples")

MISTAKES = [
    ("--devices 3 --batch-size 6", "--devices 3: TensorFlow sees 1 (cpu) here; take at most as many"),
    ("--devices gpu", "--devices gpu: TensorFlow sees no GPU here; leave it out"),
    ("--devices 0", "argument --devices: must be auto, cpu, gpu or a number of devices, not '0'"),
    ("--devices tpu", "argument --devices: must be auto, cpu, gpu or a number of devices, not 'tpu'"),
    (
        "--devices 3 --batch-size 4",
        "the batch of 4 of atrous does not divide over 3 devices; take other --devices, or --batch-size 6",
    ),
    (
        "--devices 2 --accumulate 2 --batch-size 6",
        "does not divide over 2 devices in 2 parts (--accumulate); take other --devices, or --batch-size 8",
    ),
    ("--accumulate 3 --batch-size 4", "--accumulate 3 does not divide the batch of 4 of atrous; take a divisor"),
    ("--accumulate 2 --batch-size 4 --precision mixed_float16", "take --precision mixed_bfloat16"),
    ("--hosts 127.0.0.1:9", "--hosts needs --host-index (this host, from 0) and --host-count (how many there are)"),
    ("--host-index 1 --host-count 2", "give --hosts ADDRESS:PORT of host 0 too"),
    ("--hosts 127.0.0.1 --host-index 0 --host-count 2", "argument --hosts: must be ADDRESS:PORT of host 0, like"),
    ("--hosts 127.0.0.1:99999 --host-index 0 --host-count 2", "argument --hosts: must be ADDRESS:PORT of host 0"),
    ("--hosts 127.0.0.1:9 --host-index 2 --host-count 2", "--host-index 2 of --host-count 2: take 2 hosts or more"),
    (f"{HERE} --no-train --weights nafnet-gopro-w32", "--hosts is for training; leave it out with --no-train"),
    (f"{HERE} --batch-size auto", "--batch-size auto tries one host's memory; give a number with --hosts"),
    (f"{HERE} --batch-size 3", "the batch of 3 of atrous does not divide over 2 devices"),
    (f"{HERE} --batch-size 4", "--hosts is for KERAS_BACKEND=jax, not for tensorflow; set it on every host"),
    ("--batch-size some", "argument --batch-size: must be a whole number of at least 1, not 'some'"),
]


@pytest.mark.parametrize(("line", "message"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_one_line_and_nothing_written(tmp_path, refused, line, message):
    model = ("--model", "nafnet", *MODEL[2:]) if "nafnet" in line else MODEL
    assert message in refused(main, *model, *line.split(), "--results", tmp_path / "results")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("asked", ["--devices 2", HERE, "--accumulate 2"])
def test_a_critic_looks_at_whole_batches(tmp_path, refused, asked):
    model = ("--model", "deblurgan", *MODEL[2:])
    line = refused(main, *model, *asked.split(), "--batch-size", "8", "--results", tmp_path / "results")
    assert "deblurgan" in line and "critic" in line and "the batch as a whole" in line


def test_two_trainings_on_several_hosts(tmp_path, refused):
    asked = ("--model", "atrous,carlo", *MODEL[2:], *HERE.split())
    assert "--hosts is for one training; give one --model and one --dataset" in refused(main, *asked)


class TestKeys:
    def test_only_what_changes_numbers_is_in_them(self):
        usual = planned(*MODEL, "--batch-size", 4)
        for same in ("--devices auto", "--devices 2", "--tf32 off", "--deterministic", "--accumulate 1"):
            assert planned(*MODEL, "--batch-size", 4, *same.split()).key == usual.key
        other = planned(*MODEL, "--batch-size", 4, "--accumulate", 2)
        assert other.key != usual.key and other.training_key != usual.training_key

    def test_a_plain_recipe_says_nothing_of_parts(self):
        assert "accumulate" not in planned(*MODEL).recipe.choices()["optimiser"]


class TestABatchThatFits:
    def test_the_recipes_own_where_memory_is_enough(self, monkeypatch):
        monkeypatch.setattr(fitting, "free_memory", lambda: 2**50)
        asked = planned(*MODEL, "--batch-size", "auto")
        assert fitting.fitted(asked).recipe == planned(*MODEL).recipe

    def test_a_smaller_one_where_it_is_not(self, monkeypatch, capsys):
        asked = planned(*MODEL, "--batch-size", "auto")
        batch = asked.recipe.data.batch

        def training(recipe, model, pairs):
            return fitting.estimate.Estimate("training", 1, 1, recipe.data.batch)

        monkeypatch.setattr(fitting.estimate, "training", training)
        monkeypatch.setattr(fitting, "free_memory", lambda: batch // 2)
        found = fitting.fitted(asked)
        assert found.key == planned(*MODEL, "--batch-size", batch // 2).key
        assert f"batches of {batch // 2}, of {batch} in the recipe" in capsys.readouterr().out
        assert f"batch-size = {batch // 2}\n" in config.text_of(found)


def test_options_in_a_file(tmp_path):
    file = tmp_path / "options.toml"
    lines = ['model = "atrous"', 'dataset = "cifar10"', "sample = true", 'devices = "auto"', 'batch-size = "auto"']
    file.write_text("\n".join(lines))
    options = parsed(["--config", str(file)])
    assert (options.devices, options.batch_size) == ("auto", "auto")
    file.write_text("\n".join([*lines[:3], "devices = 2", "batch-size = 4"]))
    options = parsed(["--config", str(file)])
    assert (options.devices, options.batch_size) == ("2", 4)


@pytest.mark.usefixtures("toy")
def test_a_training_in_parts(tmp_path):
    """The record says so, and the file that repeats it does not say where it ran."""
    budget = ("--steps", 4, "--batch-size", 4, "--crop", 16, "--limit", 2, "--images", 0)
    model = ("--model", "toy", *MODEL[2:])
    asked = (*model, *budget, "--accumulate", 2, "--devices", "auto", "--tf32", "off")
    assert run(*asked, "--results", tmp_path) == 0
    (path,) = (tmp_path / "runs").glob("*--toy--*.json")
    found = store.read(path).run
    assert (found.training.steps, found.training.devices, found.training.hosts) == (4, 1, 1)
    assert (found.training.choice("accumulate"), found.training.choice("batch")) == (2, 4)
    assert found.machine.settings == {"tf32": "off"}
    (repeats,) = (tmp_path / "configs").glob("*--toy--*.toml")
    assert "accumulate = 2\n" in repeats.read_text() and "devices" not in repeats.read_text()
    (folder,) = (tmp_path / "checkpoints").iterdir()
    with (folder / "log.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 1


@pytest.mark.backends
def test_pytorch_trains_on_one_device(tmp_path):
    pytest.importorskip("torch")
    for asked, message in (
        ("--devices 2", "PyTorch trains on one device"),
        ("--accumulate 2", "for TensorFlow and JAX"),
    ):
        command = [sys.executable, "-m", "benchmarks.run", *MODEL, *asked.split(), "--results", str(tmp_path / "new")]
        environment = {**os.environ, "KERAS_BACKEND": "torch"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1, done.stderr
