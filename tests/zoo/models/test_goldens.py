"""Every network equals its authors' own code, number for number."""

from __future__ import annotations

import numpy as np
import pytest

import zoo
from tests.support import golden
from tests.support.zoo_table import ROWS

CASES = [(row, name, variant) for row in ROWS for name, variant in row.goldens]


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("row", "name", "variant"), CASES, ids=[case[1] for case in CASES])
def test_output_equals_the_recorded_one(row, name, variant, dtype):
    recording = golden.read(name)
    model = zoo.create(row.name, variant, dtype=dtype, **row.options.get(name, {}))
    golden.fill(model, recording, row.name)
    results = model(recording.network_input.astype(dtype))
    results = results if isinstance(results, list) else [results]
    assert len(results) == len(recording.facts["outputs"])
    for result, expected in zip(results, recording.facts["outputs"], strict=True):
        assert np.asarray(result).dtype == dtype
        error = golden.relative_error(np.asarray(result), recording.arrays[expected])
        assert error < recording.facts[f"tolerance_{dtype}"]
