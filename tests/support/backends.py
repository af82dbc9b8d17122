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


def run_on(backend: str, script: Path | str, *arguments: Path | str) -> str:
    """Runs a script on a backend and returns its standard output; skips the test where the backend is missing."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install -e '.[{backend}]'")
    # The programs run a few times only, so JAX need not spend minutes on making them fast.
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": str(ROOT),
        "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
    }
    command = [sys.executable, str(script), *(str(argument) for argument in arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def arrays_of(backend: str, script: Path, folder: Path) -> dict[str, np.ndarray]:
    """Returns the arrays that a script on a backend writes to the `.npz` file it is given."""
    path = folder / f"{backend}.npz"
    run_on(backend, script, path)
    with np.load(path) as stored:
        return dict(stored)
