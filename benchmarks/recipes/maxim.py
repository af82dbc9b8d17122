"""How MAXIM was trained, as far as its paper says: no training code was released."""

from __future__ import annotations

from benchmarks.recipes.quick import quick
from benchmarks.recipes.recipe import Data, Optimiser, Recipe, Schedule
from benchmarks.recipes.registry import register
from benchmarks.recipes.variants import default_variant, kind_of
from datasets.augment import Augmentation

# The variant that gives an image in three sizes of every stage.
_SUPERVISED = "gopro"
_SAME_DATA = ("gopro", "gopro-gamma", "hide", "reds-jpeg", "realblur-j", "realblur-r")


def _paper(model: str, dataset: str) -> Recipe:
    """The paper's recipe: Charbonnier distance of all images, Adam, cosine decay."""
    small = kind_of(dataset) == "small"
    choices = (
        "our choice: the source trained on other data, its recipe is taken" if dataset not in _SAME_DATA else "",
        "the paper's text alone is followed, as its training code was not released",
        "no term on the images' spectra, which the paper adds with a weight of 0.1",
        "no MixUp, which the paper does to half of the crops",
        "smaller targets are the pixels that the model's smaller inputs are",
        "batch of 16 and 600,000 steps",
        "the last eighth of the training scenes is the validation split, whose best weights count",
        "the tiny variant with one image, as the others take no side of 32 pixels" if small else "",
    )
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper") if small else _SUPERVISED,
        loss="charbonnier",
        data=Data(crop=32 if small else 256, batch=16, augmentation=Augmentation(symmetries=True), validation=0.125),
        optimiser=Optimiser(learning_rate=2e-4),
        schedule=Schedule(kind="cosine", final_rate=1e-7),
        steps=600_000,
        source="Tu et al., MAXIM (CVPR 2022), experimental setup",
        ours="; ".join(choice for choice in choices if choice),
    )


register("maxim", paper=_paper, quick=quick)
