"""TensorFlow, JAX and PyTorch compute the same outputs and the same gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.backends import arrays_of

# Gradients jump where a rounding error puts a value on the other side of a ReLU's corner.
OUTPUT, GRADIENT = 1e-4, 2e-2
SCRIPT = Path(__file__).with_name("backend_outputs.py")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return arrays_of("tensorflow", SCRIPT, tmp_path_factory.mktemp("reference"))


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend, reference, tmp_path):
    results = arrays_of(backend, SCRIPT, tmp_path)
    assert results.keys() == reference.keys()
    for key, expected in reference.items():
        assert np.isfinite(expected).all(), key
        error = np.abs(results[key] - expected).max() / max(np.abs(expected).max(), 1e-12)
        assert error < (GRADIENT if "gradient" in key else OUTPUT), f"{key}: {error:.2e}"
