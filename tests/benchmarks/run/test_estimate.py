"""Estimates: what a training and a scoring cost by the stated rule, and that they are told only when they are long."""

from dataclasses import replace

import pytest

import zoo
from benchmarks.recipes.select import recipe
from benchmarks.run import estimate
from tests.support.fakes import TOY_RECIPE, picture_pairs
from zoo.inference.tiling import Tiles

RATE = 1e9
TOY_MACS = 3 * 3 * 3 * 3


@pytest.fixture(autouse=True)
def rate(monkeypatch):
    monkeypatch.setattr(estimate, "matrix_rate", lambda dtype: RATE * (3 if dtype == "bfloat16" else 1))


def test_a_training_step_costs_three_passes_over_its_batch(toy):
    found = estimate.training(TOY_RECIPE, zoo.create("toy"), pairs=8)
    assert found.macs == 10 * 2 * 12**2 * 3 * TOY_MACS
    assert found.seconds == found.macs / (0.5 * RATE)
    assert estimate.training(TOY_RECIPE, zoo.create("toy"), pairs=8, taken=5).macs == found.macs / 2


def test_a_training_is_as_fast_as_its_precision(toy):
    found, mixed = (
        estimate.training(TOY_RECIPE.changed(precision=precision, steps=10_000), zoo.create("toy"), pairs=8)
        for precision in ("float32", "mixed_bfloat16")
    )
    assert mixed.macs == found.macs
    assert mixed.seconds == pytest.approx(found.seconds / 3)


def test_a_scoring_is_as_fast_as_the_precision_of_the_layers(toy):
    found, mixed = (
        estimate.scoring(zoo.create("carlo", "tiny", dtype=dtype), picture_pairs())
        for dtype in ("float32", "mixed_bfloat16")
    )
    assert mixed.seconds == pytest.approx(found.seconds / 3)


def test_epochs_are_counted_over_the_pairs(toy):
    made = TOY_RECIPE.changed(epochs=3)
    twice, once = (estimate.training(made, zoo.create("toy"), pairs=count).macs for count in (16, 8))
    assert twice == 2 * once > 0


def test_a_critic_costs_more_than_none_and_a_penalty_more_than_that():
    lite = recipe("deblurgan-lite", "gopro", "quick")
    model = zoo.create("deblurgan-lite", "tiny")
    plain = estimate.training(lite.changed(loss="mean_absolute_error"), model, 8).macs
    relativistic = estimate.training(lite, model, 8).macs
    penalty = estimate.training(lite.replaced(loss="wasserstein"), model, 8).macs
    features = estimate.training(lite.replaced(content="vgg19-random"), model, 8).macs
    assert plain < relativistic < penalty
    assert relativistic < features


def test_a_scoring_costs_a_pass_over_every_image(toy):
    pairs = picture_pairs(size=(20, 24))
    found = estimate.scoring(zoo.create("toy"), pairs)
    assert found.macs == len(pairs) * 20 * 24 * TOY_MACS
    assert estimate.scoring(zoo.create("toy"), pairs, crop=16).macs == len(pairs) * 16**2 * TOY_MACS
    tiled = estimate.scoring(zoo.create("toy"), pairs, tiles=Tiles(16, 4))
    assert tiled.macs == len(pairs) * 2 * 2 * 24**2 * TOY_MACS


def test_grey_models_see_colour_images_three_times():
    pairs = picture_pairs(size=(32, 32))
    model = zoo.create("unet1", "tiny")
    colour, grey = (estimate.scoring(model, replace(pairs, dataset=name)).macs for name in ("gopro", "hdc"))
    assert colour == 3 * grey


def test_memory_grows_with_the_batch_and_the_largest_image(toy):
    model = zoo.create("toy")
    two, four = (estimate.training(TOY_RECIPE.changed(batch=batch), model, 8).memory for batch in (2, 4))
    # Input, convolution and sum of three channels each, 1.5 times for their gradients.
    assert four - two == 2 * 12**2 * 4 * (3 + 3 + 3) * 1.5
    small, large = (estimate.scoring(model, picture_pairs(size=size)).memory for size in ((16, 16), (16, 32)))
    # The sum takes two images and gives one.
    assert large - small == 16 * 16 * 4 * (3 + 3 + 3) * 2


def test_what_is_short_is_not_told(capsys):
    short, long = (estimate.Estimate("training", 1e9 * seconds, seconds, 3 * 2**30) for seconds in (5.0, 7200.0))
    estimate.announce(short)
    assert capsys.readouterr().out == ""
    estimate.announce(long)
    told = "training will take about 2.0 h and 3.0 GiB here (7.2e+12 multiply-accumulates at 1 billion a second)\n"
    assert capsys.readouterr().out == told


def test_a_baseline_costs_next_to_nothing():
    assert estimate.scoring(zoo.create("identity"), picture_pairs()).seconds < 1


def test_the_rate_is_measured_once(monkeypatch):
    monkeypatch.undo()
    for dtype in ("float32", "bfloat16"):
        assert 1e8 < estimate.matrix_rate(dtype) == estimate.matrix_rate(dtype) < 1e15
