"""Learning rates of the recipes: where they start, change and end."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from benchmarks.recipes.select import recipe
from benchmarks.training.lr_schedules import ConstantThenLinear, Halving, learning_rate
from tests.support.fakes import TOY_RECIPE


def rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


def test_the_feature_catcher_halves_every_200_of_600_epochs():
    schedule = learning_rate(recipe("fcn", "gopro"), 600)
    found = rates(schedule, [0, 199, 200, 399, 400, 599])
    np.testing.assert_allclose(found, [2e-4, 2e-4, 1e-4, 1e-4, 5e-5, 5e-5], rtol=1e-6)


def test_its_code_warms_up_and_ends_at_1e_6():
    schedule = learning_rate(recipe("fcn", "gopro", "code"), 3000)
    found = rates(schedule, [0, 1, 3, 3000])
    np.testing.assert_allclose(found, [0, 2e-4 / 3, 2e-4, 1e-6], rtol=1e-5, atol=1e-12)
    middle = rates(schedule, [3 + 2997 // 2])[0]
    assert middle == pytest.approx((2e-4 + 1e-6) / 2, rel=1e-3)


def test_the_lite_model_keeps_150_of_500_epochs_then_falls_to_zero():
    schedule = learning_rate(recipe("deblurgan-lite", "gopro"), 500)
    found = rates(schedule, [0, 150, 325, 500, 600])
    np.testing.assert_allclose(found, [1e-4, 1e-4, 5e-5, 0, 0], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("kind", ["constant", "plateau"])
def test_others_are_a_number(kind):
    assert learning_rate(TOY_RECIPE.replaced(schedule=kind), 100) == TOY_RECIPE.optimiser.learning_rate


def test_cosine_to_zero_is_keras_own():
    schedule = learning_rate(TOY_RECIPE.replaced(schedule="cosine"), 10)
    assert rates(schedule, [0, 5, 10]) == pytest.approx([1e-2, 5e-3, 0], abs=1e-9)


@pytest.mark.parametrize("schedule", [Halving(1e-3, 7), ConstantThenLinear(1e-3, 3, 11)])
def test_schedules_are_saved(schedule):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert rates(again, range(15)) == rates(schedule, range(15))
