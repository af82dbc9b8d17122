"""TensorFlow, JAX and PyTorch compute the same outputs and the same gradients."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from tests.support.backends import arrays_of

# Gradients jump where a rounding error puts a value on the other side of a ReLU's corner.
OUTPUT, GRADIENT = 1e-4, 2e-2
# Gradients that are so much smaller than a model's largest one are left over of sums that nearly cancel.
SMALL = 0.1
SCRIPT = Path(__file__).with_name("backend_outputs.py")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return arrays_of("tensorflow", SCRIPT, tmp_path_factory.mktemp("reference"))


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend, reference, tmp_path):
    results = arrays_of(backend, SCRIPT, tmp_path)
    assert results.keys() == reference.keys()
    largest = defaultdict(float)
    for key, expected in reference.items():
        if "gradient" in key:
            name = key.partition(".gradient")[0]
            largest[name] = max(largest[name], np.abs(expected).max())
    for key, expected in reference.items():
        assert np.isfinite(expected).all(), key
        error, size = np.abs(results[key] - expected).max(), np.abs(expected).max()
        if "gradient" in key:
            size = max(size, SMALL * largest[key.partition(".gradient")[0]])
        assert error <= (GRADIENT if "gradient" in key else OUTPUT) * size, f"{key}: {error:.2e} of {size:.2e}"
