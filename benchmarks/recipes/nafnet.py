"""How NAFNet's authors trained it, and what a laptop can do in minutes."""

from __future__ import annotations

from benchmarks.recipes.paper import GOPRO, HELD_OUT, choices_beside, fitting_crop
from benchmarks.recipes.quick import quick
from benchmarks.recipes.recipe import Data, Optimiser, Recipe, Schedule
from benchmarks.recipes.registry import register
from benchmarks.recipes.variants import default_variant
from datasets.augment import Augmentation

_SOURCE = "Chen et al., NAFNet (ECCV 2022), released configurations"
_REDS = ("reds", "reds-jpeg")
_SYMMETRIES = Augmentation(symmetries=True)


def _paper(model: str, dataset: str) -> Recipe:
    """The released configurations: width 32 for GoPro, and for REDS width 64 with twice the steps and the batch."""
    wide = dataset in _REDS
    return Recipe(
        model=model,
        variant="gopro-w64" if wide else default_variant(model, dataset, "paper"),
        loss="negative_psnr",
        data=Data(
            crop=fitting_crop(256, dataset), batch=64 if wide else 32, augmentation=_SYMMETRIES, validation=0.125
        ),
        optimiser=Optimiser(
            learning_rate=1e-3, beta_1=0.9, beta_2=0.9, epsilon=1e-8, weight_decay=1e-3, global_clipnorm=0.01
        ),
        schedule=Schedule(kind="cosine", final_rate=1e-7),
        steps=400_000 if wide else 200_000,
        source=_SOURCE,
        ours=choices_beside(
            dataset in (*GOPRO, *_REDS),
            "crops anywhere in an image, where the code draws them within tiles of 512x512 (whole frames for REDS)",
            "of the eight symmetries the identity comes twice as often, where the code's are equally likely",
            "the batch of the code's eight GPUs (8 x 4, for width 64 8 x 8) on however many there are; width 64 on "
            "GoPro has a batch of 64 and 400,000 steps there",
            f"{HELD_OUT}, whose best weights count; the code watches the test images",
        ),
    )


def _quick(model: str, dataset: str) -> Recipe:
    """The tiny model's budget with the authors' loss."""
    return quick(model, dataset).replaced(
        loss="negative_psnr",
        augmentation=_SYMMETRIES,
        ours="a budget of minutes on two cores: tiny variant, cosine decay of the learning rate; the authors' loss, "
        "Adam without decay of the weights",
    )


def _own(model: str, dataset: str) -> Recipe:
    """How weights like `photo-small` are trained: hours on two cores, on photographs that are blurred on the fly."""
    return Recipe(
        model=model,
        variant="photo",
        loss="mean_absolute_error",
        # Reduced photographs are sharper from pixel to pixel than what a camera records: in their power spectrum
        # GoPro's training frames are like BSDS500's enlarged by some 1.8. So the photographs are enlarged by 1 to 2.
        data=Data(crop=128, batch=4, augmentation=Augmentation(symmetries=True, enlarge=2.0), validation=0.1),
        optimiser=Optimiser(learning_rate=1e-3, beta_2=0.99, global_clipnorm=1.0),
        schedule=Schedule(kind="cosine", share=0.02, final_rate=1e-6),
        steps=40_000,
        validate_every=((5, 1_000_000),),
        source="our choice",
        ours="meant for --train-on synthetic; the last tenth of the photographs is the validation split",
    )


register("nafnet", paper=_paper, quick=_quick, own=_own)
