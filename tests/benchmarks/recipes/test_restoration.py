"""The recipes of the models for image restoration at large: their papers' numbers and what is ours."""

import pytest

from benchmarks.errors import RunError
from benchmarks.recipes.recipe import Optimiser, Schedule
from benchmarks.recipes.select import recipe


@pytest.mark.parametrize(
    ("dataset", "variant", "steps", "batch"),
    [("gopro", "gopro-w32", 200_000, 32), ("reds-jpeg", "gopro-w64", 400_000, 64)],
)
def test_nafnet(dataset, variant, steps, batch):
    made = recipe("nafnet", dataset)
    assert (made.variant, made.steps, made.data.batch, made.data.crop) == (variant, steps, batch, 256)
    assert made.optimiser == Optimiser(
        learning_rate=1e-3, beta_1=0.9, beta_2=0.9, epsilon=1e-8, weight_decay=1e-3, global_clipnorm=0.01
    )
    assert made.schedule == Schedule(kind="cosine", final_rate=1e-7)
    assert (made.loss, made.data.augmentation.symmetries) == ("negative_psnr", True)
    assert "our choice" not in made.ours and "eight GPUs" in made.ours
    assert recipe("nafnet", "hdc").ours.startswith("our choice")


def test_mprnet():
    made, catcher = recipe("mprnet", "gopro"), recipe("fcn", "gopro", "code")
    assert (made.data.crop, made.data.batch, made.epochs, made.trainable_ratios) == (256, 16, 3000, False)
    # The feature catcher's code is trained as MPRNet's.
    assert made.replaced(model="fcn", variant="exact").choices() == catcher.choices()
    assert "our choice" not in made.ours


def test_restormer():
    made = recipe("restormer", "gopro")
    assert (made.loss, made.steps, made.data.crop, made.data.batch) == ("mean_absolute_error", 300_000, 256, 16)
    assert made.optimiser == Optimiser(learning_rate=3e-4, epsilon=1e-8, weight_decay=1e-4, global_clipnorm=0.01)
    for words in ("crops grow from 128x128", "92,000 steps"):
        assert words in made.ours


def test_the_recipe_of_our_own_weights():
    made = recipe("nafnet", "gopro", "own")
    assert (made.variant, made.loss, made.data.crop, made.data.batch) == ("photo", "mean_absolute_error", 128, 4)
    assert (made.schedule.kind, made.steps) == ("cosine", 40_000)
    assert "--train-on synthetic" in made.ours
    # It is as good for any other model's data, and no other model has one.
    assert recipe("nafnet", "reds", "own") == made
    with pytest.raises(RunError, match=r"atrous has no own recipe beside the paper's \(nafnet has\)"):
        recipe("atrous", "gopro", "own")
