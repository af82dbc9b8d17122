"""What a laptop can do in minutes: the tiny variant of each network and a small stated budget."""

from __future__ import annotations

from benchmarks.recipes.recipe import REFINER_CROPS, Maker, Recipe
from benchmarks.recipes.variants import default_variant
from datasets.augment import NONE, Augmentation

# Steps that a laptop of two cores makes in at most three minutes.
_STEPS = {
    "carlo": 1000, "kaist": 1400, "atrous": 1500, "fcn": 400, "deblurgan-lite": 400, "deblurgan": 400, "fba": 400,
    "indexnet": 400, "unet1": 400, "unet2": 400, "unet3": 400, "refiner": 400,
}  # fmt: skip
# The samples are small: a blur turned by a quarter is one more that a network has seen.
# Text at the official size is blurred over more than a hundred pixels.
_HDC_CROP = 256
_SYMMETRIES = Augmentation(symmetries=True)
_BUDGET = "a budget of minutes on two cores: tiny variant, cosine decay of the learning rate"


def _quick(model: str, dataset: str) -> Recipe:
    """Returns a small stated budget for a laptop: the tiny variant, a mean loss, cosine decay."""
    cifar = dataset == "cifar10"
    return Recipe(
        model, default_variant(model, dataset, "quick"), crop=32 if cifar else 64, batch=32 if cifar else 8,
        epochs=None, steps=_STEPS[model], loss="mean_absolute_error", learning_rate=2e-3, clipnorm=1.0,
        schedule="cosine", augmentation=NONE if cifar else Augmentation(flip=True), validation=0.2 if cifar else 0.125,
        precision="float32", source="our choice",
        ours="a budget of minutes on two cores: tiny variant, mean absolute error, cosine decay of the learning rate",
    )  # fmt: skip


def _fcn(model: str, dataset: str) -> Recipe:
    """Returns the tiny feature catcher's budget, with trainable ratios."""
    return _quick(model, dataset).changed(
        loss="charbonnier",
        trainable_ratios=True,
        augmentation=_SYMMETRIES,
        ours=f"{_BUDGET}; Charbonnier distance, trainable ratios",
    )


def _adversarial(model: str, dataset: str) -> Recipe:
    """Returns the tiny generators' budget; no VGG-19, so that nothing has to be fetched."""
    return _quick(model, dataset).changed(
        loss="relativistic" if model == "deblurgan-lite" else "wasserstein",
        critic_steps=1 if model == "deblurgan-lite" else 2,
        beta_1=0.5, critic_filters=16, augmentation=_SYMMETRIES, content="mean_absolute_error", content_weight=5000.0,
        learning_rate=1e-3,
        ours=f"{_BUDGET}; narrow critic; mean absolute error as content term, so that nothing has to be fetched, and "
        "heavier, as minutes are too few for the critic's taste",
    )  # fmt: skip


def _grey(model: str, dataset: str) -> Recipe:
    """Returns the budget of the tiny networks for grey pictures."""
    if dataset == "hdc":
        return _quick(model, dataset).changed(
            crop=_HDC_CROP, batch=4, noise=0.03, loss="mean_squared_error", augmentation=NONE, preparation="aligned",
            natural=4, ours=f"{_BUDGET}; the paper's loss and noise, crops of {_HDC_CROP}, four natural photographs",
        )  # fmt: skip
    return _quick(model, dataset).changed(
        augmentation=_SYMMETRIES, ours=f"{_BUDGET}; mean absolute error, no noise on the input"
    )


def _refiner(model: str, dataset: str) -> Recipe:
    """Returns the tiny refiner's budget with its paper's loss."""
    if dataset == "hdc":
        return _quick(model, dataset).changed(
            crop=110, loss="binary_crossentropy", augmentation=REFINER_CROPS, preparation="small", validation=0.1,
            ours=f"{_BUDGET}; the paper's crops and binary cross-entropy",
        )  # fmt: skip
    return _quick(model, dataset).changed(
        loss="binary_crossentropy", augmentation=_SYMMETRIES, ours=f"{_BUDGET}; binary cross-entropy"
    )


RECIPES: dict[str, Maker] = {
    "carlo": _quick,
    "kaist": _quick,
    "atrous": _quick,
    "fcn": _fcn,
    "deblurgan-lite": _adversarial,
    "deblurgan": _adversarial,
    "fba": _grey,
    "indexnet": _grey,
    "unet1": _grey,
    "unet2": _grey,
    "unet3": _grey,
    "refiner": _refiner,
}
