"""The plans for many GPUs: what stays the paper's, what grows, and how often a checkpoint loses least."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))

from extensions import planning, tables

BUDGETS = {budget.recipe.model: budget for budget in tables.budgets()}


def test_a_batch_that_the_gpus_share_stays():
    for gpus in (1, 8):
        made = planning.plan(BUDGETS["fcn"], gpus)
        recipe = BUDGETS["fcn"].recipe
        assert (made.batch, made.learning_rate) == (recipe.data.batch, recipe.optimiser.learning_rate)
        assert made.steps == BUDGETS["fcn"].steps
    assert planning.plan(BUDGETS["fcn"], 1).seconds == pytest.approx(8 * planning.plan(BUDGETS["fcn"], 8).seconds)


def test_a_larger_one_takes_fewer_steps_and_a_larger_rate():
    budget, made = BUDGETS["atrous"], planning.plan(BUDGETS["atrous"], 64)
    assert (budget.recipe.data.batch, made.batch, made.steps) == (4, 64, math.ceil(budget.steps / 16))
    assert made.learning_rate == pytest.approx(4 * budget.recipe.optimiser.learning_rate)
    assert made.crops * made.seconds == pytest.approx(made.steps * 64)


def test_a_critic_keeps_one_gpu():
    assert planning.plan(BUDGETS["deblurgan"], 64) == planning.plan(BUDGETS["deblurgan"], 1)


@pytest.mark.parametrize(("write", "between"), [(1.0, 1e5), (10.0, 1e4), (60.0, 1e3)])
def test_the_interval_loses_least(write, between):
    every = np.linspace(1.0, 10 * math.sqrt(2 * write * between), 20_000)
    best = every[np.argmin([planning.lost(each, write, between) for each in every])]
    assert planning.interval(write, between) == pytest.approx(best, rel=0.15)
    assert planning.interval(write, between) + write == pytest.approx(math.sqrt(2 * write * between), rel=0.1)


def test_a_failure_at_every_moment():
    assert planning.interval(100.0, 10.0) == 10.0
