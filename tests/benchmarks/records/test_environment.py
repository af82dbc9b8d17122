"""What a record says of the machine, on systems that tell less, and of the checkout."""

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.records import environment

ROOT = Path(__file__).resolve().parents[3]


def test_this_machine():
    found = environment.describe()
    assert found.device and found.cores >= 1
    assert found.memory_gib > 0.1 and found.load_average >= 0
    assert found.matrix_gflops > 0.1
    assert environment.matrix_gflops() == found.matrix_gflops


@pytest.mark.parametrize("name", ["sysconf", "getloadavg"])
def test_a_system_without_such_a_call(monkeypatch, name):
    """Windows has neither."""
    monkeypatch.delattr(os, name)
    found = environment.describe()
    assert (found.memory_gib is None, found.load_average is None) == (name == "sysconf", name == "getloadavg")


def test_the_load_may_not_be_known(monkeypatch):
    def fail():
        raise OSError("unobtainable")

    monkeypatch.setattr(os, "getloadavg", fail)
    assert environment.describe().load_average is None


def test_the_commit_is_that_of_this_checkout():
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    expected = head.stdout[:12] if head.returncode == 0 else None
    found = environment.commit()
    assert (found or "").removesuffix("+") == (expected or "")
