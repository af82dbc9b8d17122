"""The recipes: the report's numbers, the laptop's budget, and what the command line may change."""

from dataclasses import FrozenInstanceError, asdict

import pytest

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes import paper as recipes_paper
from benchmarks.recipes import quick as recipes_quick
from benchmarks.recipes import recipe as recipes_recipe
from benchmarks.recipes.select import recipe
from benchmarks.recipes.variants import default_variant
from benchmarks.run import data
from datasets.augment import BOLOGNA, NONE
from datasets.registry import list_datasets

BOLOGNA_MODELS = ("carlo", "kaist", "atrous")
GREY = ("fba", "indexnet", "unet1", "unet2", "unet3")
MODELS = (*BOLOGNA_MODELS, "fcn", "deblurgan-lite", "deblurgan", *GREY, "refiner")
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
    @pytest.mark.parametrize("profile", ["paper", "quick"])
    def test_every_pair_has_a_recipe_that_fits(self, model, dataset, profile):
        made = recipe(model, dataset, profile)
        variant = zoo.info(model).variant(made.variant)
        assert (made.epochs is None) != (made.steps is None)
        assert 0 < made.validation < 1
        # The refiner shrinks its input by 58 pixels, so CIFAR-10's pictures are too small for it.
        assert made.crop <= (32 if dataset == "cifar10" and model != "refiner" else 320)
        assert made.crop % zoo.info(model).size_multiple == 0
        assert made.crop > variant.shrink
        assert variant.frames == 1 or dataset in ("gopro", "gopro-gamma", "reds", "reds-jpeg")
        assert made.as_dict()["augmentation"].items() <= asdict(made.augmentation).items()
        assert made.loss in recipes_recipe.LOSSES

    def test_every_network_has_both_recipes(self):
        names = [name for name in zoo.list_models() if zoo.info(name).learns]
        assert sorted(MODELS) == names
        assert sorted(recipes_paper.RECIPES) == sorted(recipes_quick.RECIPES) == names

    def test_feature_catcher(self):
        made = recipe("fcn", "gopro")
        assert (made.variant, made.crop, made.batch, made.epochs, made.learning_rate) == ("paper", 256, 16, 600, 2e-4)
        assert (made.loss, made.trainable_ratios) == ("charbonnier", True)
        assert (made.schedule, made.schedule_share) == ("halving", 200 / 600)
        assert made.validate_every == ((50, 300), (15, 600))
        assert "our choice" not in made.ours and "(the paper chose on the test pictures)" in made.ours

    def test_feature_catchers_code(self):
        made = recipe("fcn", "gopro", "code")
        assert (made.crop, made.batch, made.epochs, made.learning_rate, made.final_rate) == (256, 16, 3000, 2e-4, 1e-6)
        assert (made.loss, made.trainable_ratios, made.epsilon) == ("charbonnier_edge", False, 1e-8)
        assert (made.schedule, made.schedule_share) == ("cosine", 3 / 3000)
        assert made.augmentation.symmetries and made.augmentation.saturation == 0.2

    def test_deblurgan_lite(self):
        made = recipe("deblurgan-lite", "gopro")
        assert (made.loss, made.content, made.content_activated) == ("relativistic", "vgg19", False)
        assert (made.crop, made.batch, made.epochs, made.learning_rate, made.beta_1) == (256, 1, 500, 1e-4, 0.5)
        assert (made.schedule, made.schedule_share, made.critic_steps) == ("linear", 150 / 500, 1)

    def test_deblurgan(self):
        made = recipe("deblurgan", "gopro")
        assert (made.loss, made.content, made.critic_steps) == ("wasserstein", "vgg19", 5)
        assert (made.epochs, made.schedule_share, made.augmentation.mirror) == (300, 150 / 300, True)

    @pytest.mark.parametrize("model", GREY)
    def test_networks_of_the_helsinki_challenge(self, model):
        made = recipe(model, "hdc")
        assert (made.loss, made.learning_rate, made.batch, made.steps) == ("mean_squared_error", 1e-4, 2, 50_000)
        assert (made.crop, made.noise, made.schedule) == (320, 0.03, "constant")

    def test_refiner(self):
        made = recipe("refiner", "hdc")
        assert (made.loss, made.crop) == ("binary_crossentropy", 110)
        assert made.learning_rate == pytest.approx(0.00316228, abs=1e-8)


class TestQuick:
    @pytest.mark.parametrize("model", BOLOGNA_MODELS)
    def test_a_tiny_network_and_few_steps(self, model):
        for dataset in ("cifar10", "reds"):
            made = recipe(model, dataset, "quick")
            assert zoo.info(model).variant(made.variant).parameters < 300_000
            assert made.steps is not None and made.steps <= 2000
            assert (made.loss, made.schedule, made.source) == ("mean_absolute_error", "cosine", "our choice")
            assert made.ours

    @pytest.mark.parametrize("model", sorted(set(MODELS) - set(BOLOGNA_MODELS)))
    def test_nothing_has_to_be_fetched(self, model):
        made = recipe(model, "gopro", "quick")
        assert (made.variant, made.source) == ("tiny", "our choice")
        assert "vgg" not in made.content
        assert made.steps is not None and made.steps <= 2000

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
        with pytest.raises(RunError, match="unknown profile 'fast'; choose one of paper, code, quick"):
            recipe("atrous", "reds", "fast")
        with pytest.raises(RunError, match="identity has no training recipe; use --no-train"):
            recipe("identity", "reds")
        with pytest.raises(zoo.ZooError, match="unknown model 'atros'"):
            recipe("atros", "reds")
        with pytest.raises(RunError, match=r"atrous has no code recipe beside the paper's \(fcn has\)"):
            recipe("atrous", "reds", "code")

    def test_fields_that_came_later_do_not_change_the_key_of_older_recipes(self):
        values = recipe("atrous", "reds").as_dict()
        assert list(values) == [
            "model", "variant", "crop", "batch", "epochs", "steps", "loss", "learning_rate", "clipnorm", "schedule",
            "augmentation", "validation", "precision", "source", "ours",
        ]  # fmt: skip
        assert list(values["augmentation"]) == ["shift_neighbours", "rotation", "flip", "brightness"]
        changed = recipe("fcn", "gopro", "code").as_dict()
        assert (changed["final_rate"], changed["augmentation"]["symmetries"]) == (1e-6, True)
        assert "noise" not in changed


def test_data_sets_without_a_recipe_train_on_gopro():
    assert data.DEFAULT_TRAINING == {"hide": "gopro", "kohler": "gopro"}
