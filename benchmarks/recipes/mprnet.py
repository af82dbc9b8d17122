"""How MPRNet's authors trained it, and what a laptop can do in minutes."""

from __future__ import annotations

from benchmarks.recipes.paper import GOPRO, HELD_OUT, choices_beside, fitting_crop
from benchmarks.recipes.quick import quick
from benchmarks.recipes.recipe import Data, Optimiser, Recipe, Schedule
from benchmarks.recipes.registry import register
from benchmarks.recipes.variants import default_variant
from datasets.augment import Augmentation

_SOURCE = "Zamir et al., MPRNet (CVPR 2021), training details and code for deblurring"


def _paper(model: str, dataset: str) -> Recipe:
    """Charbonnier and edge loss of all outputs, warm-up and cosine over 3000 epochs."""
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="charbonnier_edge",
        data=Data(
            crop=fitting_crop(256, dataset),
            batch=16,
            augmentation=Augmentation(symmetries=True, saturation=0.2),
            validation=0.125,
        ),
        optimiser=Optimiser(learning_rate=2e-4, epsilon=1e-8),
        schedule=Schedule(kind="cosine", share=3 / 3000, final_rate=1e-6),
        epochs=3000,
        validate_every=((20, 3000),),
        source=_SOURCE,
        ours=choices_beside(
            dataset in GOPRO,
            "augmentation as in the code (the paper names flips alone)",
            f"{HELD_OUT} (the code chose on crops of the test images)",
        ),
    )


def _quick(model: str, dataset: str) -> Recipe:
    """The tiny model's budget with the Charbonnier distance of all outputs."""
    return quick(model, dataset).replaced(
        loss="charbonnier",
        augmentation=Augmentation(symmetries=True),
        ours="a budget of minutes on two cores: tiny variant, cosine decay of the learning rate; Charbonnier distance, "
        "added up over the outputs",
    )


register("mprnet", paper=_paper, quick=_quick)
