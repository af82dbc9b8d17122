"""The recipes: the report's numbers, the laptop's budget, and what the command line may change."""

from dataclasses import FrozenInstanceError, asdict

import pytest

import zoo
from benchmarks import cells, recipes
from benchmarks.errors import RunError
from benchmarks.recipes import default_variant, recipe
from datasets.augment import BOLOGNA, NONE
from datasets.registry import list_datasets

MODELS = ("carlo", "kaist", "atrous")
SCORED = [name for name in list_datasets() if name != "div2k"]


class TestPaper:
    @pytest.mark.parametrize(("model", "epochs"), [("carlo", 40), ("kaist", 30), ("atrous", 29)])
    def test_cifar(self, model, epochs):
        made = recipe(model, "cifar10")
        assert (made.batch, made.epochs, made.steps, made.crop) == (32, epochs, None, 32)
        assert made.loss == ("mean_squared_error" if model == "carlo" else "sum_of_absolute_differences")
        assert (made.learning_rate, made.clipnorm, made.schedule) == (1e-3, 1.0, "constant")
        assert (made.augmentation, made.validation, made.precision) == (NONE, 0.2, "float32")
        assert (made.source, made.ours) == (recipe("kaist", "reds").source, "")

    @pytest.mark.parametrize(("model", "epochs", "variant"), [("kaist", 55, "video"), ("atrous", 71, "reds")])
    def test_reds(self, model, epochs, variant):
        made = recipe(model, "reds")
        assert (made.variant, made.batch, made.epochs, made.steps, made.crop) == (variant, 4, epochs, None, 256)
        assert (made.loss, made.learning_rate, made.clipnorm) == ("sum_of_absolute_differences", 1e-4, 1.0)
        assert (made.schedule, made.augmentation, made.validation) == ("plateau", BOLOGNA, 0.125)
        assert "ReduceLROnPlateau" in made.ours and "our choice" not in made.ours

    @pytest.mark.parametrize("dataset", ["gopro", "hide", "hdc"])
    def test_pairs_that_the_report_has_not_are_marked(self, dataset):
        assert recipe("atrous", dataset).ours.startswith("our choice")

    def test_carlo_on_reds_is_ours(self):
        made = recipe("carlo", "reds")
        assert made.ours.startswith("our choice")
        assert made.loss == "mean_squared_error"

    @pytest.mark.parametrize("model", MODELS)
    @pytest.mark.parametrize("dataset", SCORED)
    @pytest.mark.parametrize("profile", recipes.PROFILES)
    def test_every_pair_has_a_recipe_that_fits(self, model, dataset, profile):
        made = recipe(model, dataset, profile)
        variant = zoo.info(model).variant(made.variant)
        assert (made.epochs is None) != (made.steps is None)
        assert 0 < made.validation < 1
        assert made.crop <= (32 if dataset == "cifar10" else 256)
        assert variant.frames == 1 or dataset in ("gopro", "gopro-gamma", "reds", "reds-jpeg")
        assert asdict(made)["augmentation"] == asdict(made.augmentation)


class TestQuick:
    @pytest.mark.parametrize("model", MODELS)
    def test_a_tiny_network_and_few_steps(self, model):
        for dataset in ("cifar10", "reds"):
            made = recipe(model, dataset, "quick")
            assert zoo.info(model).variant(made.variant).parameters < 300_000
            assert made.steps is not None and made.steps <= 2000
            assert (made.loss, made.schedule, made.source) == ("mean_absolute_error", "cosine", "our choice")
            assert made.ours

    def test_video_networks_see_three_frames(self):
        assert default_variant("kaist", "reds", "quick") == "tiny-video"
        assert default_variant("kaist", "cifar10", "quick") == "tiny"
        assert default_variant("identity", "reds", "quick") == "video"
        assert default_variant("identity", "kohler", "paper") == "image"


class TestChanges:
    def test_only_what_is_given_changes(self):
        made = recipe("atrous", "reds")
        assert made.changed() == made
        assert made.changed(batch=None, crop=None) == made
        changed = made.changed(batch=2, crop=64, precision="mixed_bfloat16")
        assert (changed.batch, changed.crop, changed.precision) == (2, 64, "mixed_bfloat16")
        assert (changed.epochs, changed.learning_rate) == (made.epochs, made.learning_rate)

    def test_steps_and_epochs_replace_each_other(self):
        paper, quick = recipe("atrous", "reds"), recipe("atrous", "reds", "quick")
        assert (paper.changed(steps=5).steps, paper.changed(steps=5).epochs) == (5, None)
        assert (quick.changed(epochs=2).steps, quick.changed(epochs=2).epochs) == (None, 2)
        with pytest.raises(RunError, match="give --steps or --epochs, not both"):
            paper.changed(steps=5, epochs=2)

    def test_variant(self):
        assert recipe("atrous", "reds", variant="tiny").variant == "tiny"
        with pytest.raises(zoo.ZooError, match=r"no variant 'tinny' \(did you mean 'tiny'\?\)"):
            recipe("atrous", "reds", variant="tinny")

    def test_a_recipe_is_frozen(self):
        with pytest.raises(FrozenInstanceError):
            recipe("atrous", "reds").batch = 1

    def test_refusals(self):
        with pytest.raises(RunError, match="unknown profile 'fast'; choose one of paper, quick"):
            recipe("atrous", "reds", "fast")
        with pytest.raises(RunError, match="identity has no training recipe; use --no-train"):
            recipe("identity", "reds")
        with pytest.raises(zoo.ZooError, match="unknown model 'atros'"):
            recipe("atros", "reds")


def test_data_sets_without_a_recipe_train_on_gopro():
    assert cells.DEFAULT_TRAINING == {"hide": "gopro", "kohler": "gopro"}
