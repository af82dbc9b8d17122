"""How each paper trained its networks; what a source leaves open is marked as our choice."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.recipes.recipe import REFINER_CROPS, Maker, Recipe
from benchmarks.recipes.variants import default_variant
from datasets.augment import BOLOGNA, NONE, Augmentation

_BOLOGNA = "Mancini and Simonati (University of Bologna), Tables 1 and 2, and code"
_FCN = "Zhang et al., feature catcher (2022), training details"
_FCN_CODE = "Zhang et al., feature catcher (2022), released code"
_LITE = "Li et al., depth-separable DeblurGAN, training details"
_DEBLURGAN = "Kupyn et al., DeblurGAN (CVPR 2018), and public code"
_HDC = "Germer, Uelwer and Harmeling, HDC2021, training details and code"
_REFINER = "Nyrhilae, median-filter recurrent refiner, training details"
_OTHER_DATA = "our choice: the source trained on other data, its recipe is taken"
_HELD_OUT = "the last eighth of the training scenes is the validation split"

# Epochs of the Bologna report: Table 1 (CIFAR-10) and Table 2 (REDS).
_CIFAR_EPOCHS = {"carlo": 40, "kaist": 30, "atrous": 29}
_REDS_EPOCHS = {"kaist": 55, "atrous": 71}
_CIFAR_SIDE = 32


def _bologna(model: str, dataset: str) -> Recipe:
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
    ours = "our choice: the report trained no such pair, so its REDS recipe is taken"
    return Recipe(
        model, variant, crop=256, batch=4, epochs=_REDS_EPOCHS.get(model, 71), steps=None, loss=loss,
        learning_rate=1e-4, clipnorm=1.0, schedule="plateau", augmentation=BOLOGNA, validation=0.125,
        precision="float32", source=_BOLOGNA,
        ours=f"{plateau}; {held_out}" if reported else f"{ours}; {plateau}; {held_out}",
    )  # fmt: skip


def _fcn(model: str, dataset: str) -> Recipe:
    """Returns the paper's recipe: trainable ratios, learning rate halved every 200 of 600 epochs."""
    return Recipe(
        model, default_variant(model, dataset, "paper"), crop=_crop(256, dataset), batch=16, epochs=600, steps=None,
        loss="charbonnier", learning_rate=2e-4, clipnorm=None, schedule="halving", schedule_share=1 / 3,
        augmentation=NONE, validation=0.125, precision="float32", trainable_ratios=True, epsilon=1e-8,
        validate_every=((50, 300), (15, 600)), source=_FCN,
        ours=_ours(
            dataset in _GOPRO, "ratios are the softmax of one logit per output; Charbonnier distance and batch of 16 "
            f"from the released code; no augmentation is given; {_HELD_OUT} (the paper chose on the test pictures)",
        ),
    )  # fmt: skip


def _fcn_code(model: str, dataset: str) -> Recipe:
    """Returns the released code's recipe: Charbonnier and edge loss of all outputs, warm-up and cosine."""
    return replace(
        _fcn(model, dataset), epochs=3000, loss="charbonnier_edge", trainable_ratios=False, schedule="cosine",
        schedule_share=3 / 3000, final_rate=1e-6, validate_every=((20, 3000),), source=_FCN_CODE,
        augmentation=Augmentation(symmetries=True, saturation=0.2),
        ours=_ours(dataset in _GOPRO, f"{_HELD_OUT} (the code chose on crops of the test pictures)"),
    )  # fmt: skip


def _lite(model: str, dataset: str) -> Recipe:
    """Returns the recipe of the depth-separable DeblurGAN: relativistic average loss, 500 epochs."""
    return Recipe(
        model, default_variant(model, dataset, "paper"), crop=_crop(256, dataset), batch=1, epochs=500, steps=None,
        loss="relativistic", learning_rate=1e-4, clipnorm=None, schedule="linear", schedule_share=150 / 500,
        augmentation=NONE, validation=0.125, precision="float32", beta_1=0.5, epsilon=1e-8, content="vgg19",
        source=_LITE,
        ours=_ours(
            dataset in _GOPRO,
            f"critic without final sigmoid; features before the ReLU as in DeblurGAN's code; {_HELD_OUT}",
        ),
    )  # fmt: skip


def _deblurgan(model: str, dataset: str) -> Recipe:
    """Returns DeblurGAN's own recipe: WGAN-GP, five critic steps, 300 epochs."""
    return replace(
        _lite(model, dataset), epochs=300, loss="wasserstein", critic_steps=5, schedule_share=0.5,
        augmentation=Augmentation(mirror=True), source=_DEBLURGAN,
        ours=_ours(dataset in _GOPRO, f"crops of the full pictures, not of pictures resized to 640x360; {_HELD_OUT}"),
    )  # fmt: skip


def _grey(model: str, dataset: str) -> Recipe:
    """Returns the recipe of the HDC networks: mean squared error, 50,000 batches of 2, noise on the input."""
    return Recipe(
        model, default_variant(model, dataset, "paper"), crop=_crop(320, dataset), batch=2, epochs=None, steps=50_000,
        loss="mean_squared_error", learning_rate=1e-4, clipnorm=None, schedule="constant", augmentation=NONE,
        validation=0.1, precision="float32", epsilon=1e-8, noise=0.03, source=_HDC,
        preparation="aligned" if dataset == "hdc" else "", natural=500 if dataset == "hdc" else 0,
        ours=_ours(dataset == "hdc", "the validation split also chooses the weights, which the code does not"),
    )  # fmt: skip


def _refiner(model: str, dataset: str) -> Recipe:
    """Returns the refiner's recipe: binary cross-entropy, Adam at 10^-2.5."""
    return Recipe(
        model, default_variant(model, dataset, "paper"), crop=110, batch=32, epochs=None, steps=100_000,
        loss="binary_crossentropy", learning_rate=10**-2.5, clipnorm=None, schedule="constant",
        augmentation=REFINER_CROPS if dataset == "hdc" else NONE, validation=0.1, precision="float32",
        preparation="small" if dataset == "hdc" else "", source=_REFINER,
        ours=_ours(dataset == "hdc", "batch of 32 and 100,000 steps; the source gives neither"),
    )  # fmt: skip


_GOPRO = ("gopro", "gopro-gamma", "hide")

RECIPES: dict[str, Maker] = {
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


def _crop(side: int, dataset: str) -> int:
    """Returns a crop that fits in the pictures of a data set."""
    return _CIFAR_SIDE if dataset == "cifar10" else side


def _ours(same_data: bool, text: str) -> str:
    """Returns what we chose, with a note where the source trained on other data."""
    return text if same_data else f"{_OTHER_DATA}; {text}"
