"""How each paper trained each network on each data set, and what a laptop can do in minutes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import zoo
from benchmarks.errors import RunError
from datasets.augment import BOLOGNA, NONE, Augmentation
from datasets.registry import info as dataset_info

PROFILES = ("paper", "quick")
_BOLOGNA = "Mancini and Simonati (University of Bologna), Tables 1 and 2, and code"
_OURS = "our choice: the report trained no such pair, so its REDS recipe is taken"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training computes, apart from data and seed.

    Attributes:
        model: Network's name.
        variant: Network's variant.
        crop: Side of the training crops in pixels.
        batch: Crops per step.
        epochs: Passes over the training pairs; None when `steps` says how long.
        steps: Training steps; None when `epochs` says how long.
        loss: `"sum_of_absolute_differences"`, `"mean_squared_error"` or `"mean_absolute_error"`.
        learning_rate: Adam's, at the start.
        clipnorm: Largest norm of each variable's gradient; None for no clipping.
        schedule: `"constant"`, `"plateau"` (ReduceLROnPlateau on the validation loss) or `"cosine"` (to zero).
        augmentation: What is done to the crops.
        validation: Share of the training scenes (of the training pictures where there is one scene) held out.
        precision: Keras dtype policy.
        source: Where the numbers come from.
        ours: What the source leaves open and we chose, with the reason.
    """

    model: str
    variant: str
    crop: int
    batch: int
    epochs: int | None
    steps: int | None
    loss: str
    learning_rate: float
    clipnorm: float | None
    schedule: str
    augmentation: Augmentation
    validation: float
    precision: str
    source: str
    ours: str

    def as_dict(self) -> dict[str, Any]:
        """Returns the recipe as plain values for a record."""
        return asdict(self)

    def changed(self, **overrides: Any) -> Recipe:
        """Returns the recipe with every override that is not None; `steps` and `epochs` replace each other."""
        given = {name: value for name, value in overrides.items() if value is not None}
        if "steps" in given and "epochs" in given:
            raise RunError("give --steps or --epochs, not both")
        if "steps" in given:
            given["epochs"] = None
        elif "epochs" in given:
            given["steps"] = None
        return replace(self, **given)


# Epochs of the report: Table 1 (CIFAR-10) and Table 2 (REDS).
_CIFAR_EPOCHS = {"carlo": 40, "kaist": 30, "atrous": 29}
_REDS_EPOCHS = {"kaist": 55, "atrous": 71}
_CIFAR_VARIANTS = {"carlo": "image", "kaist": "image", "atrous": "cifar10"}
_VIDEO_VARIANTS = {"carlo": "image", "kaist": "video", "atrous": "reds"}
_STILL_VARIANTS = {"carlo": "image", "kaist": "image", "atrous": "image-20"}
# Steps that a laptop of two cores makes in about three minutes.
_QUICK_STEPS = {"carlo": 1000, "kaist": 1400, "atrous": 1500}


def recipe(model: str, dataset: str, profile: str = "paper", variant: str | None = None) -> Recipe:
    """Returns how to train a network for a data set.

    Args:
        model: Network's name.
        dataset: Name of the data set that it will be scored on; decides between one and three frames.
        profile: `"paper"` or `"quick"`.
        variant: Takes the place of the recipe's variant.

    Raises:
        RunError: For an unknown profile or a network without recipe.
        ZooError: For an unknown network or variant.
    """
    if profile not in PROFILES:
        raise RunError(f"unknown profile {profile!r}; choose one of {', '.join(PROFILES)}")
    info = zoo.info(model)
    if model not in _CIFAR_EPOCHS:
        raise RunError(f"{model} has no training recipe; use --no-train")
    made = _quick(model, dataset) if profile == "quick" else _paper(model, dataset)
    if variant is not None:
        info.variant(variant)
        made = replace(made, variant=variant)
    return made


def default_variant(model: str, dataset: str, profile: str) -> str:
    """Returns the variant that a data set's row shows when none is asked for."""
    video = dataset_info(dataset).video
    if model == "identity":
        return "video" if video else "image"
    if profile == "quick":
        return "tiny-video" if video and "tiny-video" in zoo.info(model).variants else "tiny"
    if dataset == "cifar10":
        return _CIFAR_VARIANTS.get(model, zoo.info(model).default)
    variants = _VIDEO_VARIANTS if video else _STILL_VARIANTS
    return variants.get(model, zoo.info(model).default)


def _paper(model: str, dataset: str) -> Recipe:
    """Returns the report's recipe; for pairs that it has not, the nearest one, marked as ours."""
    loss = "mean_squared_error" if model == "carlo" else "sum_of_absolute_differences"
    variant = default_variant(model, dataset, "paper")
    if dataset == "cifar10":
        return Recipe(
            model, variant, crop=32, batch=32, epochs=_CIFAR_EPOCHS[model], steps=None, loss=loss, learning_rate=1e-3,
            clipnorm=1.0, schedule="constant", augmentation=NONE, validation=0.2, precision="float32", source=_BOLOGNA,
            ours="",
        )  # fmt: skip
    reported = dataset in ("reds", "reds-jpeg") and model in _REDS_EPOCHS
    plateau = "learning rate 'by hand at plateaus' is ReduceLROnPlateau (factor 0.5, patience 5)"
    held_out = "the last eighth of the training scenes (30 of 240 in REDS) is the validation split"
    return Recipe(
        model, variant, crop=256, batch=4, epochs=_REDS_EPOCHS.get(model, 71), steps=None, loss=loss,
        learning_rate=1e-4, clipnorm=1.0, schedule="plateau", augmentation=BOLOGNA, validation=0.125,
        precision="float32", source=_BOLOGNA,
        ours=f"{plateau}; {held_out}" if reported else f"{_OURS}; {plateau}; {held_out}",
    )  # fmt: skip


def _quick(model: str, dataset: str) -> Recipe:
    """Returns a small stated budget for a laptop: the tiny variant, a mean loss, cosine decay."""
    cifar = dataset == "cifar10"
    return Recipe(
        model, default_variant(model, dataset, "quick"), crop=32 if cifar else 64, batch=32 if cifar else 8,
        epochs=None, steps=_QUICK_STEPS[model], loss="mean_absolute_error", learning_rate=2e-3, clipnorm=1.0,
        schedule="cosine", augmentation=NONE if cifar else Augmentation(flip=True), validation=0.2 if cifar else 0.125,
        precision="float32", source="our choice",
        ours="a budget of minutes on two cores: tiny variant, mean absolute error, cosine decay of the learning rate",
    )  # fmt: skip
