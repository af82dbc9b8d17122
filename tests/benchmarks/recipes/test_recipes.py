"""The recipes: the report's numbers, the laptop's budget, and what the command line may change."""

from dataclasses import FrozenInstanceError, replace

import pytest

import zoo
from benchmarks import recipes
from benchmarks.errors import RunError
from benchmarks.recipes import quick, registry
from benchmarks.recipes.recipe import EARLIER_PENALTY, LOSSES, Hdc
from benchmarks.recipes.select import recipe
from benchmarks.recipes.variants import default_variant
from benchmarks.training import epochs
from datasets.augment import BOLOGNA, NONE
from datasets.registry import info, list_datasets
from tests.support import fakes
from tests.support.fakes import TOY_RECIPE

BOLOGNA_MODELS = ("carlo", "kaist", "atrous")
GREY = ("fba", "indexnet", "unet1", "unet2", "unet3")
MODELS = [name for name in zoo.list_models() if zoo.info(name).learns]
SCORED = [name for name in list_datasets() if name != "div2k"]


class TestPaper:
    @pytest.mark.parametrize(("model", "passes"), [("carlo", 40), ("kaist", 30), ("atrous", 29)])
    def test_cifar(self, model, passes):
        made = recipe(model, "cifar10")
        assert (made.data.batch, made.epochs, made.steps, made.data.crop) == (32, passes, None, 32)
        assert made.loss == ("mean_squared_error" if model == "carlo" else "sum_of_absolute_differences")
        assert (made.optimiser.learning_rate, made.optimiser.clipnorm, made.schedule.kind) == (1e-3, 1.0, "constant")
        assert (made.data.augmentation, made.data.validation, made.precision) == (NONE, 0.2, "float32")
        assert made.source == recipe("kaist", "reds").source
        assert "best on the validation split" in made.ours and made.data.stride == 1

    @pytest.mark.parametrize(("model", "passes", "variant"), [("kaist", 55, "video"), ("atrous", 71, "reds")])
    def test_reds(self, model, passes, variant):
        made = recipe(model, "reds")
        assert (made.variant, made.data.batch, made.epochs, made.steps, made.data.crop) == (
            variant,
            4,
            passes,
            None,
            256,
        )
        assert (made.loss, made.optimiser.learning_rate, made.optimiser.clipnorm) == (
            "sum_of_absolute_differences",
            1e-4,
            1.0,
        )
        assert (made.schedule.kind, made.data.augmentation, made.data.validation) == ("plateau", BOLOGNA, 0.125)
        assert "ReduceLROnPlateau" in made.ours and "our choice" not in made.ours

    @pytest.mark.parametrize(("model", "steps"), [("atrous", 124_250), ("kaist", 96_250)])
    def test_an_epoch_on_reds_is_one_of_disjoint_triplets(self, model, steps):
        made = recipe(model, "reds")
        assert made.data.stride == 3
        # 210 of 240 videos of 100 frames.
        assert epochs.total_steps(made, 21_000) == steps
        assert epochs.epoch_steps(made, 21_000) == 1750
        assert epochs.epoch_length(made, 21_000, steps) == 1750
        assert recipe(model, "reds", "quick").data.stride == recipe(model, "hide").data.stride == 1

    def test_the_jpeg_track_is_ours(self):
        assert recipe("atrous", "reds-jpeg").ours.startswith("our choice")

    @pytest.mark.parametrize(
        ("model", "dataset", "profile", "words"),
        [
            ("carlo", "cifar10", "paper", ("best on the validation split count (the report's code saves the last",)),
            (
                "atrous",
                "reds",
                "paper",
                ("saves the last", "brightness changes by up to 0.2", "triplets do not overlap"),
            ),
            ("fcn", "gopro", "paper", ("where the paper adjusts images", "softmax", "chose on the test images")),
            ("deblurgan-lite", "gopro", "paper", ("residual_scale 0.1", "preprocessing", "without final sigmoid")),
            ("deblurgan", "gopro", "paper", ("over the channels of each pixel", "640x360", "preprocessing")),
            (
                "indexnet",
                "hdc",
                "paper",
                ("MobileNetV2", "once before any", "lambda", "0.5 is 128", "population variance"),
            ),
            ("unet1", "hdc", "paper", ("population variance", "501", "chooses the weights")),
            ("refiner", "hdc", "paper", ("half of their distance", "batch of 32", "chooses the weights")),
        ],
    )
    def test_every_open_choice_is_named(self, model, dataset, profile, words):
        made = recipe(model, dataset, profile)
        for each in words:
            assert each in made.ours
        assert "\n" not in made.ours and not made.ours.endswith(";")

    def test_what_a_model_has_not_is_not_named(self):
        assert "population" not in recipe("unet2", "hdc").ours and "MobileNet" not in recipe("fba", "hdc").ours
        assert "lambda" not in recipe("fba", "gopro").ours

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
        assert 0 < made.data.validation < 1
        # The refiner shrinks its input by 58 pixels, so CIFAR-10's images are too small for it.
        assert made.data.crop <= (32 if dataset == "cifar10" and model != "refiner" else 320)
        assert made.data.crop % zoo.info(model).for_variant(made.variant).size_multiple == 0
        assert made.data.crop > variant.shrink
        assert variant.frames == 1 or dataset in ("gopro", "gopro-gamma", "reds", "reds-jpeg")
        assert made.loss in LOSSES

    def test_every_model_has_both_recipes(self):
        assert len(MODELS) > 11
        assert sorted(registry.models()) == sorted(registry.models("quick")) == MODELS

    def test_maxim(self):
        made = recipe("maxim", "gopro")
        assert (made.variant, made.data.crop, made.loss, made.trainable_ratios) == ("gopro", 256, "charbonnier", False)
        assert (made.optimiser.learning_rate, made.schedule.kind, made.schedule.final_rate) == (2e-4, "cosine", 1e-7)
        assert made.data.augmentation.symmetries
        for words in ("not released", "spectra", "MixUp", "batch of 16 and 600,000 steps"):
            assert words in made.ours
        assert "our choice" not in made.ours
        assert recipe("maxim", "hdc").ours.startswith("our choice")
        assert (recipe("maxim", "cifar10").variant, recipe("maxim", "cifar10").data.crop) == ("tiny", 32)

    def test_feature_catcher(self):
        made = recipe("fcn", "gopro")
        assert (made.variant, made.data.crop, made.data.batch, made.epochs, made.optimiser.learning_rate) == (
            "paper",
            256,
            16,
            600,
            2e-4,
        )
        assert (made.loss, made.trainable_ratios) == ("charbonnier", True)
        assert (made.schedule.kind, made.schedule.share) == ("halving", 200 / 600)
        assert made.validate_every == ((50, 300), (15, 600))
        assert "our choice" not in made.ours and "(the paper chose on the test images)" in made.ours

    def test_feature_catchers_code(self):
        made = recipe("fcn", "gopro", "code")
        assert (
            made.data.crop,
            made.data.batch,
            made.epochs,
            made.optimiser.learning_rate,
            made.schedule.final_rate,
        ) == (256, 16, 3000, 2e-4, 1e-6)
        assert (made.variant, zoo.info("fcn").variant(made.variant).options) == ("exact", {"efem": "top"})
        assert (made.loss, made.trainable_ratios, made.optimiser.epsilon) == ("charbonnier_edge", False, 1e-8)
        assert (made.schedule.kind, made.schedule.share) == ("cosine", 3 / 3000)
        assert made.data.augmentation.symmetries and made.data.augmentation.saturation == 0.2

    def test_deblurgan_lite(self):
        made = recipe("deblurgan-lite", "gopro")
        assert (made.loss, made.adversarial.content, made.adversarial.content_activated) == (
            "relativistic",
            "vgg19",
            False,
        )
        assert (made.data.crop, made.data.batch, made.epochs, made.optimiser.learning_rate, made.optimiser.beta_1) == (
            256,
            1,
            500,
            1e-4,
            0.5,
        )
        assert (made.schedule.kind, made.schedule.share, made.adversarial.critic_steps) == ("linear", 150 / 500, 1)

    def test_deblurgan(self):
        made = recipe("deblurgan", "gopro")
        assert (made.loss, made.adversarial.content, made.adversarial.critic_steps) == ("wasserstein", "vgg19", 5)
        assert (made.epochs, made.schedule.share, made.data.augmentation.mirror) == (300, 150 / 300, True)
        assert made.adversarial.penalty == recipe("deblurgan", "gopro", "quick").adversarial.penalty == "per_pixel"
        assert recipe("deblurgan-lite", "gopro").adversarial.penalty == ""

    def test_a_penalty_belongs_to_its_loss(self):
        made = recipe("deblurgan", "gopro")
        assert made.replaced(penalty="per_image").adversarial.penalty == "per_image"
        assert made.replaced(loss="relativistic").adversarial.penalty == ""
        for penalty in ("", EARLIER_PENALTY, "per_row"):
            with pytest.raises(RunError, match="the loss wasserstein has no penalty"):
                replace(made, adversarial=replace(made.adversarial, penalty=penalty))

    @pytest.mark.parametrize("model", GREY)
    def test_models_of_the_helsinki_challenge(self, model):
        made = recipe(model, "hdc")
        assert (made.loss, made.optimiser.learning_rate, made.data.batch, made.steps) == (
            "mean_squared_error",
            1e-4,
            2,
            50_000,
        )
        assert (made.data.crop, made.data.noise, made.schedule.kind) == (320, 0.03, "constant")

    def test_refiner(self):
        made = recipe("refiner", "hdc")
        assert (made.loss, made.data.crop) == ("binary_crossentropy", 110)
        assert made.optimiser.learning_rate == pytest.approx(0.00316228, abs=1e-8)


class TestQuick:
    @pytest.mark.parametrize("model", BOLOGNA_MODELS)
    def test_a_tiny_model_and_few_steps(self, model):
        for dataset in ("cifar10", "reds"):
            made = recipe(model, dataset, "quick")
            assert zoo.info(model).variant(made.variant).parameters < 300_000
            assert made.steps is not None and made.steps <= 2000
            assert (made.loss, made.schedule.kind, made.source) == ("mean_absolute_error", "cosine", "our choice")
            assert made.ours

    @pytest.mark.parametrize("model", sorted(set(MODELS) - set(BOLOGNA_MODELS)))
    def test_nothing_has_to_be_fetched(self, model):
        made = recipe(model, "gopro", "quick")
        assert (made.variant, made.source) == ("tiny", "our choice")
        assert made.adversarial is None or "vgg" not in made.adversarial.content
        assert made.steps is not None and made.steps <= 2000

    def test_video_models_see_three_frames(self):
        assert default_variant("kaist", "reds", "quick") == "tiny-video"
        assert default_variant("kaist", "cifar10", "quick") == "tiny"
        assert default_variant("identity", "reds", "quick") == "video"
        assert default_variant("identity", "kohler", "paper") == "image"
        assert default_variant("identity", "hdc", "quick") == default_variant("wiener", "cifar10", "quick") == "image"
        assert default_variant("wiener", "hdc", "quick") == "text"

    def test_a_model_without_a_tiny_variant_takes_its_usual_one(self):
        with fakes.registered_toy():
            assert default_variant("toy", "gopro", "quick") == "image"


class TestChanges:
    def test_only_what_is_given_changes(self):
        made = recipe("atrous", "reds")
        assert made.changed() == made
        assert made.changed(batch=None, crop=None) == made
        changed = made.changed(batch=2, crop=64, precision="mixed_bfloat16")
        assert (changed.data.batch, changed.data.crop, changed.precision) == (2, 64, "mixed_bfloat16")
        assert (changed.epochs, changed.optimiser.learning_rate) == (made.epochs, made.optimiser.learning_rate)

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
            recipe("atrous", "reds").epochs = 1

    def test_refusals(self):
        with pytest.raises(RunError, match="unknown profile 'fast'; choose one of paper, code, quick"):
            recipe("atrous", "reds", "fast")
        with pytest.raises(RunError, match="identity has no training recipe; use --no-train"):
            recipe("identity", "reds")
        with pytest.raises(zoo.ZooError, match="unknown model 'atros'"):
            recipe("atros", "reds")
        with pytest.raises(RunError, match=r"atrous has no code recipe beside the paper's \(fcn has\)"):
            recipe("atrous", "reds", "code")

    def test_what_has_no_place_is_one_line(self):
        for model, name, value, told in (
            ("atrous", "content", "vgg19", "atrous is trained without perceptual loss; leave out --perceptual-weights"),
            ("atrous", "natural", 4, "--natural has no use for atrous; leave it out"),
            ("refiner", "preparation", "unaligned", "--no-warp has no use for refiner; leave it out"),
            ("unet1", "loss", "wasserstein", "unet1 is trained without a critic; leave out --loss wasserstein"),
            ("unet1", "beta_1", 0.5, "nothing of a recipe is called 'beta_1'"),
        ):
            with pytest.raises(RunError) as raised:
                recipe(model, "hdc").changed(**{name: value})
            assert str(raised.value).startswith(told)

    def test_another_loss_leaves_nothing_of_the_critic(self):
        made = recipe("deblurgan", "gopro").changed(loss="mean_absolute_error")
        assert made.adversarial is None
        assert "adversarial" not in made.choices()
        with pytest.raises(RunError, match="has no perceptual term; leave out --perceptual-weights"):
            recipe("deblurgan", "gopro").changed(loss="mean_absolute_error", content="vgg19")

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"loss": "mean_error"}, "unknown loss 'mean_error'; choose one of sum_of_absolute_differences, mean_sq"),
            ({"schedule": "cosin"}, "unknown schedule 'cosin'; choose one of constant, plateau, cosine"),
            ({"steps": 5}, "epochs=71, steps=5; give one of them"),
            ({"epochs": None}, "epochs=None, steps=None; give one of them"),
            ({"global_clipnorm": 1.0}, "gradients clipped one by one and together; give one of them"),
        ],
    )
    def test_what_no_training_can_do_is_one_line(self, values, words):
        with pytest.raises(RunError, match=f"^recipe of atrous: {words}"):
            recipe("atrous", "reds").replaced(**values)

    def test_a_loss_and_a_critic_belong_together(self):
        with pytest.raises(RunError, match="recipe of unet1: the loss wasserstein needs a critic"):
            replace(recipe("unet1", "gopro"), loss="wasserstein")

    def test_natural_photographs(self):
        assert recipe("fba", "hdc").hdc == Hdc(preparation="aligned", natural=500, natural_validation=100)
        assert recipe("fba", "hdc").changed(natural=0).hdc == Hdc(preparation="aligned")
        assert recipe("fba", "hdc").changed(natural=7).hdc == replace(recipe("fba", "hdc").hdc, natural=7)
        assert recipe("fba", "hdc", "quick").hdc.natural_validation == 0

    def test_preparations_of_text(self):
        made = recipe("fba", "hdc").changed(natural=0, preparation="unaligned", noise=0.0)
        assert (made.hdc, made.data.noise) == (Hdc(preparation="unaligned"), 0.0)


class TestRegistration:
    def test_a_model_brings_its_recipes(self):
        with fakes.registered_toy():
            assert recipe("toy", "gopro") == recipe("toy", "cifar10", "quick") == TOY_RECIPE
            with pytest.raises(RunError, match="toy has recipes already"):
                recipes.register("toy", paper=quick.quick, quick=quick.quick)
            with pytest.raises(RunError, match="toy has no code recipe"):
                recipe("toy", "gopro", "code")
            assert "toy" in registry.models()
        assert "toy" not in registry.models()
        with pytest.raises(RunError, match="toy has no recipes to take out"):
            recipes.unregister("toy")


def test_data_sets_without_a_recipe_train_on_gopro():
    found = {name: info(name).train_on for name in list_datasets() if info(name).train_on}
    assert found == {"hide": "gopro", "kohler": "gopro"}
