"""The folder of a training: who holds it, and when it is finished."""

import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from benchmarks.errors import RunError
from benchmarks.training import state

ROOT = Path(__file__).resolve().parents[3]

_HOLDER = """
import sys
from pathlib import Path
from benchmarks.training import state

with state.held(Path(sys.argv[1]), lambda: print("waiting", flush=True)):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder():
    """Starts a process that holds a folder until its standard input is closed."""
    started = []

    def start(folder):
        command = [sys.executable, "-c", _HOLDER, str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        started.append(subprocess.Popen(command, cwd=ROOT, text=True, **pipes))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait()
        each.stdin.close()
        each.stdout.close()


def test_a_second_process_waits_for_the_first(tmp_path, holder):
    folder = tmp_path / "training"
    first = holder(folder)
    assert first.stdout.readline() == "held\n"
    assert state.in_use(folder)
    second = holder(folder)
    assert second.stdout.readline() == "waiting\n"
    first.stdin.close()
    assert second.stdout.readline() == "held\n"


def test_a_killed_process_holds_nothing(tmp_path, holder):
    first = holder(tmp_path)
    assert first.stdout.readline() == "held\n"
    first.kill()
    first.wait()
    assert not state.in_use(tmp_path)
    waited = []
    with state.held(tmp_path, lambda: waited.append(True)):
        assert state.in_use(tmp_path)
    assert not waited and not state.in_use(tmp_path)


def test_a_folder_that_nobody_trained_in_is_not_in_use(tmp_path):
    assert not state.in_use(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"^cannot write [^\n]+/file/run: Not a directory; "):  # noqa: SIM117
        with state.held(tmp_path / "file" / "run", lambda: None):
            pass


def test_what_a_block_raises_is_not_mistaken_for_a_full_disk(tmp_path):
    with pytest.raises(OSError, match="not ours"), state.held(tmp_path, lambda: None):
        raise OSError("not ours")


@pytest.mark.parametrize(
    ("notes", "finished"),
    [
        ({"step": 10, "steps": 10, "epoch_end": 10}, True),
        ({"step": 10, "steps": 10, "epoch_end": 8}, False),
        ({"step": 8, "steps": 10, "epoch_end": 8}, False),
        ({}, False),
    ],
)
def test_finished_means_the_last_step_and_its_validation(tmp_path, toy, notes, finished):
    assert not state.finished(tmp_path)
    zoo.save(zoo.create("toy"), tmp_path / state.LAST, notes)
    assert state.finished(tmp_path) is finished
