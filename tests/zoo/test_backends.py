"""TensorFlow, JAX and PyTorch compute the same outputs and the same training steps."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("backend_outputs.py")


def run(backend, folder):
    """Returns the arrays that a process on `backend` computes."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install -e '.[{backend}]'")
    path = folder / f"{backend}.npz"
    # The programs run a few times only, so JAX need not spend minutes on making them fast.
    environment = {
        **os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(SCRIPT.parents[2]),
        "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(path) as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return run("tensorflow", tmp_path_factory.mktemp("reference"))


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend, reference, tmp_path):
    results = run(backend, tmp_path)
    assert results.keys() == reference.keys()
    for key, expected in reference.items():
        assert np.isfinite(expected).all(), key
        error = np.abs(results[key] - expected).max() / np.abs(expected).max()
        assert error < 1e-4, f"{key}: {error:.2e}"
