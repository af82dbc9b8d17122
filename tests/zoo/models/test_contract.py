"""The contract checks over every network and its cheap variants."""

from __future__ import annotations

import pytest

import zoo
from tests.support import contracts
from tests.support.zoo_table import ORDINARY_SIZES, ROWS

CHEAP = [case for row in ROWS for case in row.cases]
TRAINABLE = [case for case in CHEAP if zoo.info(str(case.values[0])).learns]
# Building a model of more trainable parameters takes seconds.
LARGE = 5_000_000
EVERY = [
    pytest.param(name, variant, marks=[pytest.mark.slow] if facts.parameters > LARGE else [])
    for name in zoo.list_models()
    for variant, facts in zoo.info(name).variants.items()
    if facts.listed
]


def test_every_network_has_a_row():
    assert [row.name for row in sorted(ROWS, key=lambda row: row.name)] == zoo.list_models()


@pytest.mark.parametrize(("name", "variant"), EVERY)
def test_parameters(name, variant):
    contracts.check_parameters(name, variant)


@pytest.mark.parametrize(("name", "variant"), CHEAP)
def test_sizes(name, variant):
    contracts.check_sizes(name, variant, ORDINARY_SIZES)


@pytest.mark.parametrize(("name", "variant"), CHEAP)
def test_saving(name, variant, tmp_path):
    contracts.check_saving(name, variant, tmp_path)


@pytest.mark.parametrize(("name", "variant"), TRAINABLE)
def test_gradients(name, variant):
    contracts.check_gradients(name, variant)


@pytest.mark.parametrize(("name", "variant"), CHEAP)
def test_mixed_precision(name, variant):
    contracts.check_mixed_precision(name, variant)


@pytest.mark.parametrize(("name", "variant"), CHEAP)
def test_batch_independence(name, variant):
    contracts.check_batch_independence(name, variant)
