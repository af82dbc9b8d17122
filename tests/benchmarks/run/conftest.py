"""The run command on a toy model and small data sets on disk."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import fakes

ROOT = Path(__file__).resolve().parents[3]

_PROGRAM = """
import sys
from benchmarks.run.__main__ import main
from benchmarks.training import callbacks
from tests.support.fakes import registered_toy

callbacks.Checkpoints.__init__.__defaults__ = ({seconds_between},)
with registered_toy():
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="session")
def street(tmp_path_factory):
    """A data root with small data sets `gopro` and `hide`."""
    folder = tmp_path_factory.mktemp("street")
    fakes.write_street_scenes(folder)
    return folder


@pytest.fixture
def process():
    """Starts the run command with the toy model in a process of its own; what still runs at the end is killed."""
    started = []

    def start(*arguments, seconds_between=120.0):
        code = _PROGRAM.format(seconds_between=seconds_between)
        command = [sys.executable, "-c", code, *map(str, arguments)]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait()
        each.stdout.close()
