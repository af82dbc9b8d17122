"""Many experiments at once by the run command: what is refused, what it leaves, and what it would do."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

import zoo
from benchmarks.cluster import engines
from benchmarks.errors import RunError
from benchmarks.records import store
from benchmarks.run import config, grid, worker
from benchmarks.run.__main__ import main
from benchmarks.run.asking import request_of
from benchmarks.run.parser import parsed
from benchmarks.run.plan import plan_all
from benchmarks.training.state import in_use
from tests.benchmarks.cluster.test_processes import WORKER
from tests.support import fakes, own_models
from tests.support.runs import run

ROOT = Path(__file__).resolve().parents[3]

REDS = "--model identity --dataset reds --sample"
MISTAKES = [
    ("--jobs 0", "argument --jobs: must be a whole number of at least 1, not '0'"),
    ("--jobs two", "argument --jobs: must be a whole number of at least 1"),
    ("--cluster rya", "unknown cluster 'rya'; take ray, ray://HOST:PORT or slurm"),
    ("--cpus 2", "--cpus and --gpus are what each experiment of --jobs or --cluster takes"),
    ("--jobs 2 --gpus 1.5", "argument --gpus: must be a whole number, or a part of 1 as 0.5 is"),
    ("--jobs 2 --gpus -1", "argument --gpus: must be a whole number, or a part of 1"),
    ("--jobs 2 --cpus 0", "argument --cpus: must be a whole number of at least 1"),
    ("--jobs 2 --gpus 1", "2 jobs with 1 GPUs each need more than the 0 here; use fewer --jobs"),
    ("--seed 1 x", "argument --seed: must be a whole number from 0 to"),
    ("--seed ,", "argument --seed: needs at least one whole number"),
]


def planned_all(*arguments):
    return plan_all(request_of(parsed([str(each) for each in arguments])))


@pytest.mark.parametrize(("line", "message"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_one_line_and_nothing_started(samples, tmp_path, refused, line, message):
    # Two data sets, as one experiment is one job.
    arguments = [*REDS.replace("reds", "reds,cifar10").split(), *line.split()]
    assert message in refused(main, *arguments, "--results", tmp_path / "results")
    assert not list(tmp_path.rglob("*.json"))
    assert not list(tmp_path.rglob(".grid-*"))


@pytest.mark.parametrize(("name", "extra"), [("ray", "ray"), ("ray://localhost:10001", "ray"), ("slurm", "slurm")])
def test_a_cluster_whose_package_is_not_there(refused, monkeypatch, name, extra):
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda package: None)
    line = refused(main, *REDS.split(), "--cluster", name)
    assert line.startswith(f"error: --cluster {extra} needs ") and line.endswith(f": pip install -e '.[{extra}]'")


def needs(package, extra):
    # Without an import: submitit's ends the handlers of other logs.
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install -e '.[{extra}]'")


@pytest.mark.parametrize("address", ["ray://127.0.0.1:1", "ray://no-such-host.invalid:10001", "ray://127.0.0.1:x"])
def test_a_cluster_that_does_not_answer(samples, tmp_path, refused, address):
    needs("ray", "ray")
    line = refused(main, *REDS.split(), "--cluster", address, "--results", tmp_path)
    assert address in line
    assert ("no Ray cluster answers at" in line) != ("write ray://HOST:PORT" in line)


def test_without_slurm(samples, tmp_path, refused, monkeypatch):
    needs("submitit", "slurm")
    monkeypatch.setenv("PATH", str(tmp_path))
    line = refused(main, *REDS.split(), "--cluster", "slurm", "--results", tmp_path / "results")
    assert "there is no SLURM here" in line


def test_two_at_once_of_which_one_fails(tmp_path, capfd):
    fakes.write_street_scenes(tmp_path)
    broken = next((tmp_path / "GOPRO_Large" / "test").rglob("sharp/*.png"))
    content = broken.read_bytes()
    # As large as before, as sizes are part of what tells data apart.
    broken.write_bytes(content[:-100] + bytes(100))
    results = tmp_path / "results"
    command = ("--model", "identity", "--dataset", "gopro,hide", "--data-root", tmp_path, "--results", results)
    assert run(*command, "--jobs", 2) == 1
    shown = capfd.readouterr()
    name = "identity/video on gopro (full)"
    found = {record.run.dataset: record for record in store.read_all(results).records}
    reason = found["gopro"].run.error
    assert str(broken) in reason and found["hide"].done
    assert shown.err == f"1 of 2 experiments failed: {name}: {reason}\n"
    assert f"failed: {name} on " in shown.out
    assert "done: identity/image on hide (full) on " in shown.out
    assert "0 queued, 0 running, 1 done, 1 failed)" in shown.out
    (log,) = (results / "logs").iterdir()
    assert log.stem == found["gopro"].path.stem
    # Mended, it is run again by whatever runs it, and the failure is gone; the other one is not repeated.
    broken.write_bytes(content)
    assert cv2.imread(str(broken)) is not None
    assert run(*command) == 0
    assert "identity/image on hide (full): done before" in capfd.readouterr().out
    assert all(record.done for record in store.read_all(results).records)
    assert run(*command, "--jobs", 2) == 0
    assert capfd.readouterr().out.count("done before") == 2


def test_what_is_scored_with_one_training_shares_a_process(tmp_path, toy):
    fakes.write_street_scenes(tmp_path)
    found = planned_all("--model", "toy", "--dataset", "gopro,hide", "--data-root", tmp_path, "--seed", "0", "1")
    tasks = list(grid._tasks(found))
    assert sorted(len(task.parts) for task in tasks) == [1, 1, 2, 2]
    assert len({task.stem for task in tasks}) == 4
    assert tasks[1].name == "toy/image on gopro (full), seed 0 and 1 more"
    assert {part.key for task in tasks for part in task.parts} == {each.key for each in found}


def test_a_process_computes_nothing_but_what_was_meant(tmp_path, toy):
    fakes.write_street_scenes(tmp_path)
    meant = planned_all("--model", "toy", "--dataset", "gopro", "--data-root", tmp_path, "--seed", "7")[-1]
    part = {"name": meant.name, "options": config.text_of(meant), "key": meant.key}
    again = worker._planned(part, str(tmp_path / "elsewhere"))
    assert (again.key, again.seed, again.request.output.results) == (meant.key, 7, tmp_path / "elsewhere")
    next((tmp_path / "GOPRO_Large" / "test").rglob("sharp/*.png")).unlink()
    next((tmp_path / "GOPRO_Large" / "test").rglob("blur/*.png")).unlink()
    with pytest.raises(RunError, match="has other data or other versions of what decides toy/image on gopro"):
        worker._planned(part, None)


def test_a_dry_run_starts_nothing(samples, tmp_path, capfd):
    budget = ("--sample", "--steps", "10", "--batch-size", "2", "--crop", "32", "--limit", "2")
    command = ("--model", "carlo/tiny", "--dataset", "cifar10", *budget, "--seed", "0", "1", "--jobs", "2")
    assert run(*command, "--results", tmp_path / "new", "--dry-run") == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].split() == ["experiment", "training", "steps", "TFLOP", "time", "GiB"]
    assert lines[1].startswith("identity/image on cifar10 (full)  ") and lines[1].split()[4] == "none"
    # 10 steps of 2 crops of 32x32, three passes of 9.99e9 / 256^2 multiply-accumulates for a pixel, two operations each
    tflop = 10 * 2 * 32**2 * 3 * 2 * 9.99e9 / 256**2 / 1e12
    for line, seed in zip(lines[2:4], (0, 1), strict=True):
        assert line.startswith(f"carlo/tiny on cifar10 (full), seed {seed}  from the start  ")
        assert line.split()[-5:-3] == ["10", f"{tflop:.3g}"]
    assert lines[4].startswith(f"3 experiments to run, {2 * tflop:.3g} TFLOP of training, about ")
    assert lines[4].endswith("GiB by 2 jobs at once; nothing was started")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_ctrl_c_lets_all_trainings_save(samples, tmp_path):
    command = [sys.executable, "-m", "benchmarks.run", "--model", f"{own_models.write(tmp_path)}:build", "--sample"]
    command += ["--dataset", "cifar10", "--batch-size", "100", "--crop", "16", "--seed", "0", "1", "--limit", "2"]
    command += ["--results", str(tmp_path / "results"), "--jobs", "3"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def start(*more):
        return subprocess.Popen(
            [*command, *more], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    started = start("--steps", "1000000")
    while len(list(tmp_path.glob("results/checkpoints/*/last.keras"))) < 2:
        assert started.poll() is None, started.communicate()
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    said, errors = started.communicate()
    assert started.returncode == 130, said + errors
    assert errors.splitlines()[-2:] == [
        "stopping: trainings save where they are; Ctrl-C again does not wait for them",
        "stopped by Ctrl-C; finished work is kept",
    ]
    taken = [zoo.read_notes(path)["step"] for path in tmp_path.glob("results/checkpoints/*/last.keras")]
    logs = [path.read_text() for path in (tmp_path / "results" / "logs").iterdir()]
    assert len(taken) == len([text for text in logs if "stopped at step" in text]) == 2
    # Ended, and not only told to: another one may take the folders at once.
    assert not any(in_use(folder) for folder in tmp_path.glob("results/checkpoints/*"))
    assert not list((tmp_path / "results").glob(".grid-*"))
    refusal = start("--steps", "1000000").communicate()[1]
    assert "an unfinished training lies in" in refusal and "--resume" in refusal
    assert start("--steps", "1000000", "--resume", "--dry-run").communicate()[0].count("  from step ") == 2


def test_no_process_outlives_whoever_started_it(tmp_path):
    """Not even one that is killed, which can tell nobody."""
    program = f"""
import sys
from pathlib import Path
from benchmarks.cluster import process
from benchmarks.cluster.tasks import Part, Place, Task
folder = Path(sys.argv[1])
(folder / "token").touch()
print("started", flush=True)
process.run(Task("waits", "waits", {WORKER!r}, (Part("waits", "", "key"),)), Place(folder, "token", folder), "here")
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    log = tmp_path / "logs" / "waits.log"
    assert started.stdout.readline() == "started\n"
    while not (log.is_file() and "log of waits" in log.read_text()):
        time.sleep(0.05)
    started.kill()
    started.wait()
    started.stdout.close()
    until = time.monotonic() + 60
    while not (tmp_path / "saved").exists():
        assert time.monotonic() < until, "the process goes on"
        time.sleep(0.05)
