"""How Restormer's authors trained it, as far as crops of one size go, and what a laptop can do in minutes."""

from __future__ import annotations

from benchmarks.recipes.paper import GOPRO, HELD_OUT, choices_beside, fitting_crop
from benchmarks.recipes.quick import quick
from benchmarks.recipes.recipe import Data, Optimiser, Recipe, Schedule
from benchmarks.recipes.registry import register
from benchmarks.recipes.variants import default_variant
from datasets.augment import Augmentation

_SOURCE = "Zamir et al., Restormer (CVPR 2022), training details and code for motion deblurring"
# Its steps take longer than those of other tiny models.
_QUICK_STEPS = 250
_SYMMETRIES = Augmentation(symmetries=True)


def _paper(model: str, dataset: str) -> Recipe:
    """AdamW on the mean absolute error over 300,000 steps, with crops of one size."""
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="mean_absolute_error",
        data=Data(crop=fitting_crop(256, dataset), batch=16, augmentation=_SYMMETRIES, validation=0.125),
        optimiser=Optimiser(learning_rate=3e-4, epsilon=1e-8, weight_decay=1e-4, global_clipnorm=0.01),
        schedule=Schedule(kind="cosine", final_rate=1e-6),
        steps=300_000,
        source=_SOURCE,
        ours=choices_beside(
            dataset in GOPRO,
            "crops of 256x256 in batches of 16 throughout, a middle stage of the source's, whose crops grow from "
            "128x128 (batch 64) to 384x384 (batch 8) with about as many pixels a step",
            "the cosine begins at once, where the source keeps the first learning rate for 92,000 steps",
            "of the eight symmetries the identity comes twice as often, where the code's are equally likely",
            f"{HELD_OUT}, whose best weights count; the code watches the test images",
        ),
    )


def _quick(model: str, dataset: str) -> Recipe:
    """The tiny model's budget with the authors' loss."""
    return quick(model, dataset).replaced(
        steps=_QUICK_STEPS,
        augmentation=_SYMMETRIES,
        ours="a budget of minutes on two cores: tiny variant, cosine decay of the learning rate; Adam without decay of "
        "the weights",
    )


register("restormer", paper=_paper, quick=_quick)
