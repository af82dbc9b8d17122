"""Blur steps guessed from the answers that a model gives for each."""

from functools import partial

import numpy as np
import pytest

from datasets.blur.defocus import aperture, defocus
from datasets.hdc import refiner, simulation
from zoo.inference import blind


def test_the_steps_are_those_of_the_challenge():
    steps = tuple(radius for radius, _, _ in simulation.STEPS[: refiner.LAST_STEP + 1])
    assert (steps, refiner.SCALE) == (blind.RADII, blind.SCALE)


@pytest.mark.parametrize("step", range(10))
def test_the_step_that_explains_a_page_is_found(step):
    text = refiner.shrink(simulation.show(["VrkQCAeNBZ", "RcsijkFLTX", "GgceTmrxD2"], "Verdana"))
    sharp = (text > 0.5).astype(np.float32)
    radius = simulation.STEPS[step][0] / refiner.SCALE
    noise = 0.01 * np.random.default_rng(step).standard_normal(sharp.shape).astype(np.float32)
    page = 0.4 + 0.5 * defocus(sharp, aperture(radius, 8)) + noise
    blurs = [partial(refiner.blurred_again, step=each) for each in range(10)]
    misfits = [blind.misfit(page, sharp, blur) for blur in blurs]
    assert min(misfits) < 0.05
    assert abs(blind.best_answer(page, [sharp] * 10, blurs) - step) <= (step < 2)
    assert blind.misfit(page, np.ones_like(sharp), blurs[step]) == 1


@pytest.mark.parametrize("step", [2, 5, 9])
def test_a_step_is_guessed_on_the_middle_of_a_photograph(step, monkeypatch):
    text = refiner.shrink(simulation.show(["VrkQCAeNBZ", "RcsijkFLTX", "GgceTmrxD2"], "Verdana"))
    sharp = (text > 0.5).astype(np.float32)[..., np.newaxis]
    radius = simulation.STEPS[step][0] / refiner.SCALE
    page = 0.4 + 0.5 * defocus(sharp[..., 0], aperture(radius, 8))
    # A model that restores perfectly, whatever step it is told.
    monkeypatch.setattr(blind, "restore", lambda model, image, blur_step: sharp)
    pixels = np.repeat(np.uint8(np.rint(page * 255))[..., np.newaxis], 3, axis=-1)
    assert abs(blind.guessed_step(None, pixels) - step) <= 1
