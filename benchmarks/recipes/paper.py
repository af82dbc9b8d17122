"""How each paper trained its models; what a source leaves open is marked as our choice."""

from __future__ import annotations

import zoo
from benchmarks.recipes.recipe import REFINER_CROPS, Adversarial, Data, Hdc, Maker, Optimiser, Recipe, Schedule
from benchmarks.recipes.variants import SMALL, default_variant, kind_of
from datasets.augment import BOLOGNA, NONE, Augmentation
from datasets.registry import info as dataset_info

_BOLOGNA = "Mancini and Simonati (University of Bologna), Tables 1 and 2, and code"
_FCN = "Zhang et al., feature catcher (2022), training details"
_FCN_CODE = "Zhang et al., feature catcher (2022), released code"
_LITE = "Li et al., depth-separable DeblurGAN, training details"
_DEBLURGAN = "Kupyn et al., DeblurGAN (CVPR 2018), and public code"
_HDC = "Germer, Uelwer and Harmeling, HDC2021, training details and code"
_REFINER = "Nyrhilae, median-filter recurrent refiner, training details"
_OTHER_DATA = "our choice: the source trained on other data, its recipe is taken"
HELD_OUT = "the last eighth of the training scenes is the validation split"
_WITHOUT_REPLACEMENT = "every pair comes once before any comes again, where the code draws each with replacement"

# Epochs of the Bologna report: Table 1 (CIFAR-10) and Table 2 (REDS).
_CIFAR_EPOCHS = {"carlo": 40, "kaist": 30, "atrous": 29}
_REDS_EPOCHS = {"kaist": 55, "atrous": 71}
TRIPLET = 3
"""Frames of a sample of the report's REDS loader, which makes disjoint ones: an epoch is a third of all frames."""


def _bologna(model: str, dataset: str) -> Recipe:
    """The report's recipe; for pairs that it has not, the nearest one, marked as ours."""
    loss = "mean_squared_error" if model == "carlo" else "sum_of_absolute_differences"
    variant = default_variant(model, dataset, "paper")
    best = "the weights that are best on the validation split count (the report's code saves the last ones)"
    if kind_of(dataset) == "small":
        return Recipe(
            model=model,
            variant=variant,
            loss=loss,
            data=Data(crop=32, batch=32, validation=0.2),
            optimiser=Optimiser(learning_rate=1e-3, clipnorm=1.0),
            epochs=_CIFAR_EPOCHS[model],
            source=_BOLOGNA,
            ours=best,
        )
    video = dataset_info(dataset).video
    choices = (
        "learning rate 'by hand at plateaus' is ReduceLROnPlateau (factor 0.5, patience 5)",
        "the last eighth of the training scenes (30 of 240 in REDS) is the validation split, as the report does not "
        "say which videos were",
        best,
        "brightness changes by up to 0.2 of itself (the report names the change without its range, its code has none)",
        "any frame may be the middle one of a crop, where the code's triplets do not overlap; an epoch has as many "
        "crops as there are such triplets"
        if video
        else "without neighbours in time an epoch is a pass over all images",
    )
    reported = dataset == "reds" and model in _REDS_EPOCHS
    nearest = "our choice: the report trained no such pair, so its REDS recipe is taken"
    return Recipe(
        model=model,
        variant=variant,
        loss=loss,
        data=Data(crop=256, batch=4, augmentation=BOLOGNA, validation=0.125, stride=TRIPLET if video else 1),
        optimiser=Optimiser(learning_rate=1e-4, clipnorm=1.0),
        schedule=Schedule(kind="plateau"),
        epochs=_REDS_EPOCHS.get(model, 71),
        source=_BOLOGNA,
        ours="; ".join(choices if reported else (nearest, *choices)),
    )


def _fcn(model: str, dataset: str) -> Recipe:
    """The paper's recipe: trainable ratios, learning rate halved every 200 of 600 epochs."""
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="charbonnier",
        data=Data(crop=fitting_crop(256, dataset), batch=16, validation=0.125),
        optimiser=Optimiser(learning_rate=2e-4, epsilon=1e-8),
        schedule=Schedule(kind="halving", share=1 / 3),
        epochs=600,
        trainable_ratios=True,
        validate_every=((50, 300), (15, 600)),
        source=_FCN,
        ours=choices_beside(
            dataset in GOPRO,
            "ratios are the softmax of one logit per output",
            "Charbonnier distance and batch of 16 from the released code",
            "random crops of 256x256, where the paper adjusts images to that size",
            "no augmentation is given",
            f"{HELD_OUT} (the paper chose on the test images)",
        ),
    )


def _fcn_code(model: str, dataset: str) -> Recipe:
    """The released code's recipe: its own form, Charbonnier and edge loss of all outputs, warm-up and cosine."""
    return _fcn(model, dataset).replaced(
        variant="exact",
        epochs=3000,
        loss="charbonnier_edge",
        trainable_ratios=False,
        schedule="cosine",
        schedule_share=3 / 3000,
        final_rate=1e-6,
        validate_every=((20, 3000),),
        augmentation=Augmentation(symmetries=True, saturation=0.2),
        source=_FCN_CODE,
        ours=choices_beside(dataset in GOPRO, f"{HELD_OUT} (the code chose on crops of the test images)"),
    )


_GAN_CHOICES = (
    "VGG-19 has ImageNet's weights as Keras ships them, with the preprocessing that they expect (DeblurGAN's code "
    "feeds [-1, 1] to those of torchvision)",
    f"{HELD_OUT}, whose best weights count; the sources do not say how theirs were chosen",
)


def _lite(model: str, dataset: str) -> Recipe:
    """The recipe of the depth-separable DeblurGAN: relativistic average loss, 500 epochs."""
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="relativistic",
        data=Data(crop=fitting_crop(256, dataset), batch=1, validation=0.125),
        optimiser=Optimiser(learning_rate=1e-4, beta_1=0.5, epsilon=1e-8),
        schedule=Schedule(kind="linear", share=150 / 500),
        epochs=500,
        adversarial=Adversarial(content="vgg19"),
        source=_LITE,
        ours=choices_beside(
            dataset in GOPRO,
            "critic without final sigmoid",
            "features before the ReLU as in DeblurGAN's code",
            "the last convolution starts at a tenth of its usual size (residual_scale 0.1), near the blurry image",
            *_GAN_CHOICES,
        ),
    )


def _deblurgan(model: str, dataset: str) -> Recipe:
    """DeblurGAN's own recipe: WGAN-GP, five critic steps, 300 epochs."""
    return _lite(model, dataset).replaced(
        epochs=300,
        loss="wasserstein",
        penalty="per_pixel",
        critic_steps=5,
        schedule_share=0.5,
        augmentation=Augmentation(mirror=True),
        source=_DEBLURGAN,
        ours=choices_beside(
            dataset in GOPRO,
            "crops of the full images, not of images resized to 640x360",
            "the gradient penalty takes the norm over the channels of each pixel, as the code does; 'per_image' is the "
            "method's",
            *_GAN_CHOICES,
        ),
    )


def _grey(model: str, dataset: str) -> Recipe:
    """The recipe of the HDC models: mean squared error, 50,000 batches of 2, noise on the input."""
    text = _is_text(dataset)
    choices = ["the validation split also chooses the weights, which the code does not", _WITHOUT_REPLACEMENT]
    if text:
        choices += [
            "500 natural photographs as the paper says, where its loader takes 501",
            "point spread functions are fitted without the penalty lambda on their size",
            "values are rounded to 8 bit where the code truncates (0.5 is 128, not 127)",
        ]
    if model == "indexnet":
        choices.append("every weight starts at random, where the authors start from MobileNetV2's of ImageNet")
    if zoo.info(model).variant().statistics:
        choices.append("running statistics take a batch's population variance, PyTorch's its sample variance")
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="mean_squared_error",
        data=Data(crop=fitting_crop(320, dataset), batch=2, validation=0.1, noise=0.03),
        optimiser=Optimiser(learning_rate=1e-4, epsilon=1e-8),
        steps=50_000,
        hdc=Hdc(preparation="aligned", natural=500, natural_validation=100) if text else None,
        source=_HDC,
        ours=choices_beside(text, *choices),
    )


def _refiner(model: str, dataset: str) -> Recipe:
    """The refiner's recipe: binary cross-entropy, Adam at 10^-2.5."""
    text = _is_text(dataset)
    jitter = "crops of the grid move by up to half of their distance; the source does not give the size of its jitter"
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="binary_crossentropy",
        data=Data(crop=110, batch=32, augmentation=REFINER_CROPS if text else NONE, validation=0.1),
        optimiser=Optimiser(learning_rate=10**-2.5),
        steps=100_000,
        hdc=Hdc(preparation="small") if text else None,
        source=_REFINER,
        ours=choices_beside(
            text,
            "batch of 32 and 100,000 steps; the source gives neither",
            "the validation split also chooses the weights",
            *([jitter] if text else []),
        ),
    )


GOPRO = ("gopro", "gopro-gamma", "hide")

PAPER_RECIPES: dict[str, Maker] = {
    "carlo": _bologna,
    "kaist": _bologna,
    "atrous": _bologna,
    "fcn": _fcn,
    "deblurgan-lite": _lite,
    "deblurgan": _deblurgan,
    "fba": _grey,
    "indexnet": _grey,
    "unet1": _grey,
    "unet2": _grey,
    "unet3": _grey,
    "refiner": _refiner,
}
CODE_RECIPES: dict[str, Maker] = {"fcn": _fcn_code}


def _is_text(dataset: str) -> bool:
    """Whether photographs of text in steps of blur are prepared first, as the challenge's teams did."""
    return dataset_info(dataset).blur_steps


def fitting_crop(side: int, dataset: str) -> int:
    """A crop that fits in the images of a data set."""
    size = dataset_info(dataset).frame_size
    return min(side, *size) if size is not None and max(size) <= SMALL else side


def choices_beside(same_data: bool, *choices: str) -> str:
    """What we chose, in one text, with a note where the source trained on other data."""
    return "; ".join(choices if same_data else (_OTHER_DATA, *choices))
