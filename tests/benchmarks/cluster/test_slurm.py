"""Tasks as jobs of submitit, which runs them on this machine where there is no SLURM."""

import importlib.util
import time
from pathlib import Path

import pytest

from benchmarks.cluster.slurm import Slurm
from benchmarks.cluster.tasks import Place
from benchmarks.errors import RunError
from tests.benchmarks.cluster.test_processes import ran, task

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("submitit") is None, reason="submitit is not installed: pip install -e '.[slurm]'"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "token").touch()
    return Place(tmp_path, "token", tmp_path)


def test_jobs_end_as_processes_do(place):
    found = ran([task("good"), task("bad")], Slurm(place, 0.0, "local"))
    assert {stem: dict(ended.errors) for stem, ended in found.items()} == {"good": {}, "bad": {"bad": "no such file"}}


@pytest.mark.slow
def test_a_job_that_is_killed_is_told(place):
    engine = Slurm(place, 0.0, "local")
    engine.start(task("waits"))
    while not engine.nodes() or not (place.results / "logs" / "waits.log").exists():
        time.sleep(0.1)
    ((stem, node),) = engine.nodes().items()
    assert (stem, node.partition(" ")[0]) == ("waits", "job")
    engine.stop()
    while not (ended := engine.ended()):
        pass
    assert ended[0][1].errors["waits"].startswith("SLURM job ")


def test_parts_of_a_gpu_are_refused(place):
    with pytest.raises(RunError, match=r"whole number with --gpus, not 0\.5"):
        Slurm(place, 0.5, "local")
