"""Programs of the tests in processes of their own, as the backend is chosen before Keras is imported."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_on(backend: str, script: Path | str, *arguments: Path | str, devices: int = 1) -> str:
    """Runs a script on a backend and returns its standard output; skips the test where the backend is missing.

    Args:
        backend: The Keras backend.
        script: The program.
        arguments: Its arguments.
        devices: How many devices JAX sees in the processor.
    """
    done = started_on(backend, script, *arguments, devices=devices)
    printed, errors = done.communicate()
    assert done.returncode == 0, errors[-3000:]
    return printed


def started_on(backend: str, script: Path | str, *arguments: Path | str, devices: int = 1) -> subprocess.Popen[str]:
    """As `run_on`, without waiting for the end."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install -e '.[{backend}]'")
    # The programs run a few times only, so JAX need not spend minutes on making them fast.
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": str(ROOT),
        "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
        f"--xla_force_host_platform_device_count={devices}",
    }
    command = [sys.executable, str(script), *(str(argument) for argument in arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, text=True, **pipes)


def arrays_of(backend: str, script: Path, folder: Path) -> dict[str, np.ndarray]:
    """Returns the arrays that a script on a backend writes to the `.npz` file it is given."""
    path = folder / f"{backend}.npz"
    run_on(backend, script, path)
    with np.load(path) as stored:
        return dict(stored)
