"""Grids on a Ray cluster of two nodes, one of which is lost in the middle."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from benchmarks.records import store
from tests.support import own_models

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
NODES = ROOT / "tests" / "benchmarks" / "cluster" / "two_nodes.py"
TWO_MODELS = """
import keras

def one(blurry):
    return keras.layers.Add()([blurry, keras.layers.Conv2D(3, 3, padding="same")(blurry)])

def two(blurry):
    return keras.layers.Conv2D(3, 1)(keras.layers.Conv2D(4, 3, padding="same")(blurry))
"""
# Two models of one's own with eleven seeds, and two baselines.
EXPERIMENTS = 24
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def environment(cache, **more):
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DEBLUR_ZOO_CACHE": str(cache),
        "RAY_USAGE_STATS_ENABLED": "0",
        **more,
    }


def start(command, stdin=subprocess.DEVNULL, **environment):
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def nodes(sample_cache):
    """The address of the cluster, that of its client server and the processes of its two nodes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start([NODES, port], subprocess.PIPE, **environment(sample_cache))
    found = json.loads(next(line for line in process.stdout if line.startswith("{")))
    yield {**found, "client": f"ray://127.0.0.1:{port}"}
    process.stdin.close()
    process.wait()
    process.stdout.close()


def family(pid):
    """A process and all that it started, sessions of their own included."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def records(results):
    """What the records say, by their file names, without what differs from run to run."""
    found = {}
    for record in store.read_all(results).records:
        content = msgspec.to_builtins(record.run)
        for name in ("created", "timing", "machine", "versions", "commit", "panels", "curve"):
            content.pop(name, None)
        if content.get("training"):
            content["training"].pop("seconds")
        found[record.path.name] = content
    return found


def grid(folder, results):
    models = own_models.write(folder, TWO_MODELS, "models.py")
    named = f"{models}:one,{models}:two,wiener"
    budget = ("--sample", "--steps", 5, "--batch-size", 2, "--crop", 16, "--limit", 2, "--images", 0)
    seeds = ",".join(map(str, range(11)))
    return [
        "-m",
        "benchmarks.run",
        "--model",
        named,
        "--dataset",
        "cifar10",
        *budget,
        "--seed",
        seeds,
        "--results",
        results,
    ]


def test_a_lost_node_loses_and_repeats_nothing(nodes, sample_cache, tmp_path):
    alone = start(grid(tmp_path, tmp_path / "alone"), **environment(sample_cache, **ONE_THREAD))
    assert "leaderboard" in alone.communicate()[0]
    expected = records(tmp_path / "alone")
    assert len(expected) == EXPERIMENTS

    results = tmp_path / "two"
    command = [*grid(tmp_path, results), "--cluster", "ray"]
    process = start(command, **environment(sample_cache, RAY_ADDRESS=nodes["address"]))
    said, lost = [], None
    for line in process.stdout:
        said.append(line)
        if lost is None and sum(each.startswith("done: ") for each in said) == 6:
            # In the middle of the next ones.
            time.sleep(3)
            lost = family(nodes["raylets"][1])
            assert len(lost) > 1
            for pid in lost:
                os.kill(pid, signal.SIGKILL)
    assert process.wait() == 0, "".join(said)
    process.stdout.close()
    assert lost is not None
    assert records(results) == expected
    ended = Counter(line.partition(" on vm")[0].partition(" (")[0] + line.partition(", seed")[2][:3] for line in said)
    assert {number for line, number in ended.items() if line.startswith("done: ")} == {1}
    assert sum(line.startswith("done: ") for line in said) == EXPERIMENTS
    assert not list((results / "logs").iterdir()), "logs of what went well are left"


def until_said(log, pattern, process):
    """Waits for a line in a log while a process runs."""
    text = ""
    while not re.search(pattern, text):
        assert process.poll() is None and log.exists(), text
        time.sleep(0.1)
        text = log.read_text()


def test_a_lost_training_goes_on_from_its_checkpoint(nodes, sample_cache, tmp_path):
    models = own_models.write(tmp_path, TWO_MODELS, "models.py")
    # A checkpoint after every 8 steps.
    command = ["-m", "benchmarks.run", "--model", f"{models}:one", "--dataset", "cifar10", "--sample", "--images", 0]
    command += ["--steps", 4000, "--batch-size", 100, "--crop", 16, "--limit", 2, "--results"]
    alone = start([*command, tmp_path / "alone"], **environment(sample_cache, **ONE_THREAD))
    assert "leaderboard" in alone.communicate()[0]

    results = tmp_path / "two"
    process = start([*command, results, "--cluster", "ray"], **environment(sample_cache, RAY_ADDRESS=nodes["address"]))
    while not any(results.glob("checkpoints/*/last.keras")):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.1)
    (log,) = (results / "logs").glob("*models-one*.log")
    trains = int(re.search(r"process (\d+)", log.read_text())[1])
    # The node alone: its process must see by itself that nobody waits for it any more.
    (raylet,) = (raylet for raylet in nodes["raylets"] if trains in family(raylet))
    for pid in family(raylet):
        if pid != trains:
            os.kill(pid, signal.SIGKILL)
    until_said(log, "stopped at step [1-9]", process)
    until_said(log, "resuming at step [1-9]", process)
    assert process.wait() == 0, process.stdout.read()
    process.stdout.close()
    assert records(results) == records(tmp_path / "alone")


def test_a_machine_that_does_not_share_the_folder_sends_everything_back(nodes, sample_cache, tmp_path, monkeypatch):
    """Through Ray's client, as from a laptop."""
    models = own_models.write(tmp_path, TWO_MODELS, "models.py")
    command = ["-m", "benchmarks.run", "--model", f"{models}:one", "--dataset", "cifar10", "--sample"]
    command += ["--steps", 5, "--batch-size", 2, "--crop", 16, "--limit", 2, "--results", tmp_path / "results"]
    program = tmp_path / "unshared.py"
    # A name that is never there is that of a folder which other machines do not see.
    program.write_text(
        "import sys\n"
        "from dataclasses import replace\n"
        "from benchmarks.cluster import engines\n"
        "from benchmarks.run.__main__ import main\n"
        "original = engines.engine\n"
        "engines.engine = lambda cluster, jobs, place, *more: "
        "original(cluster, jobs, replace(place, token='elsewhere'), *more)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    process = start([program, *command[2:], "--cluster", nodes["client"]], **environment(sample_cache))
    said = process.communicate()[0]
    assert process.returncode == 0, said
    results = tmp_path / "results"
    (record,) = (each for each in store.read_all(results).records if each.run.model != "identity")
    assert record.result.training.steps == 5
    assert (results / record.result.curve).is_file()
    assert all((results / file).is_file() for panel in record.result.panels for file in panel.files)
    assert len(list((results / "configs").glob("*.toml"))) == 2
    assert len(list(results.glob("checkpoints/*/best.keras"))) == 1
    assert str(results) in next((results / "configs").glob("*one*")).read_text()
    assert not (sample_cache / "grid").exists() or not list((sample_cache / "grid").iterdir())
