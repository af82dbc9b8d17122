"""What a laptop can do in minutes: the tiny variant of each model and a small stated budget."""

from __future__ import annotations

from benchmarks.recipes.recipe import REFINER_CROPS, Adversarial, Data, Hdc, Maker, Optimiser, Recipe, Schedule
from benchmarks.recipes.variants import default_variant, kind_of
from datasets.augment import NONE, Augmentation
from datasets.registry import info as dataset_info

# Steps that a laptop of two cores makes in at most three minutes, where they are not `_STEPS`.
_OWN_STEPS = {"carlo": 1000, "kaist": 1400, "atrous": 1500}
_STEPS = 400
# The samples are small: a blur turned by a quarter is one more that a model has seen.
_SYMMETRIES = Augmentation(symmetries=True)
# Text at the official size is blurred over more than a hundred pixels.
_HDC_CROP = 256
_BUDGET = "a budget of minutes on two cores: tiny variant, cosine decay of the learning rate"


def quick(model: str, dataset: str) -> Recipe:
    """A small stated budget for a laptop: the tiny variant, a mean loss, cosine decay."""
    small = kind_of(dataset) == "small"
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "quick"),
        loss="mean_absolute_error",
        data=Data(
            crop=32 if small else 64,
            batch=32 if small else 8,
            augmentation=NONE if small else Augmentation(flip=True),
            validation=0.2 if small else 0.125,
        ),
        optimiser=Optimiser(learning_rate=2e-3, clipnorm=1.0),
        schedule=Schedule(kind="cosine"),
        steps=_OWN_STEPS.get(model, _STEPS),
        source="our choice",
        ours="a budget of minutes on two cores: tiny variant, mean absolute error, cosine decay of the learning rate",
    )


def _fcn(model: str, dataset: str) -> Recipe:
    """The tiny feature catcher's budget, with trainable ratios."""
    return quick(model, dataset).replaced(
        loss="charbonnier",
        trainable_ratios=True,
        augmentation=_SYMMETRIES,
        ours=f"{_BUDGET}; Charbonnier distance, trainable ratios",
    )


def _adversarial(model: str, dataset: str) -> Recipe:
    """The tiny generators' budget; no VGG-19, so that nothing has to be fetched."""
    lite = model == "deblurgan-lite"
    return quick(model, dataset).replaced(
        loss="relativistic" if lite else "wasserstein",
        adversarial=Adversarial(
            content="mean_absolute_error",
            content_weight=5000.0,
            critic_steps=1 if lite else 2,
            critic_filters=16,
            penalty="" if lite else "per_pixel",
        ),
        learning_rate=1e-3,
        beta_1=0.5,
        augmentation=_SYMMETRIES,
        ours=f"{_BUDGET}; narrow critic; mean absolute error as content term, so that nothing has to be fetched, and "
        "heavier, as minutes are too few for the critic's taste",
    )


def _grey(model: str, dataset: str) -> Recipe:
    """The budget of the tiny models for grey images."""
    if dataset_info(dataset).blur_steps:
        return quick(model, dataset).replaced(
            loss="mean_squared_error",
            crop=_HDC_CROP,
            batch=4,
            noise=0.03,
            augmentation=NONE,
            hdc=Hdc(preparation="aligned", natural=4),
            ours=f"{_BUDGET}; the paper's loss and noise, crops of {_HDC_CROP}, four natural photographs",
        )
    return quick(model, dataset).replaced(
        augmentation=_SYMMETRIES, ours=f"{_BUDGET}; mean absolute error, no noise on the input"
    )


def _refiner(model: str, dataset: str) -> Recipe:
    """The tiny refiner's budget with its paper's loss."""
    made = quick(model, dataset).replaced(loss="binary_crossentropy")
    if dataset_info(dataset).blur_steps:
        return made.replaced(
            crop=110,
            augmentation=REFINER_CROPS,
            validation=0.1,
            hdc=Hdc(preparation="small"),
            ours=f"{_BUDGET}; the paper's crops and binary cross-entropy",
        )
    return made.replaced(augmentation=_SYMMETRIES, ours=f"{_BUDGET}; binary cross-entropy")


QUICK_RECIPES: dict[str, Maker] = {
    "carlo": quick,
    "kaist": quick,
    "atrous": quick,
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
