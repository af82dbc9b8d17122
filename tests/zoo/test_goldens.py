"""Every network equals its authors' own code, number for number."""

from __future__ import annotations

import numpy as np
import pytest

import zoo
from tests import golden
from tests.zoo_table import ROWS

CASES = [(row, name, variant) for row in ROWS for name, variant in row.goldens]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("row", "name", "variant"), CASES, ids=[case[1] for case in CASES])
def test_output_equals_the_recorded_one(row, name, variant, dtype):
    recording = golden.read(name)
    model = zoo.create(row.name, variant, dtype=dtype)
    golden.fill(model, recording, row.layer_of)
    result = np.asarray(model(recording.network_input.astype(dtype)))
    assert result.dtype == dtype
    assert golden.relative_error(result, recording.arrays["output"]) < recording.facts[f"tolerance_{dtype}"]
