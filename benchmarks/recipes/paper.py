"""How each paper trained its models; what a source leaves open is marked as our choice."""

from __future__ import annotations

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
_HELD_OUT = "the last eighth of the training scenes is the validation split"

# Epochs of the Bologna report: Table 1 (CIFAR-10) and Table 2 (REDS).
_CIFAR_EPOCHS = {"carlo": 40, "kaist": 30, "atrous": 29}
_REDS_EPOCHS = {"kaist": 55, "atrous": 71}


def _bologna(model: str, dataset: str) -> Recipe:
    """The report's recipe; for pairs that it has not, the nearest one, marked as ours."""
    loss = "mean_squared_error" if model == "carlo" else "sum_of_absolute_differences"
    variant = default_variant(model, dataset, "paper")
    if kind_of(dataset) == "small":
        return Recipe(
            model=model,
            variant=variant,
            loss=loss,
            data=Data(crop=32, batch=32, validation=0.2),
            optimiser=Optimiser(learning_rate=1e-3, clipnorm=1.0),
            epochs=_CIFAR_EPOCHS[model],
            source=_BOLOGNA,
        )
    reported = dataset in ("reds", "reds-jpeg") and model in _REDS_EPOCHS
    plateau = "learning rate 'by hand at plateaus' is ReduceLROnPlateau (factor 0.5, patience 5)"
    held_out = "the last eighth of the training scenes (30 of 240 in REDS) is the validation split"
    ours = "our choice: the report trained no such pair, so its REDS recipe is taken"
    return Recipe(
        model=model,
        variant=variant,
        loss=loss,
        data=Data(crop=256, batch=4, augmentation=BOLOGNA, validation=0.125),
        optimiser=Optimiser(learning_rate=1e-4, clipnorm=1.0),
        schedule=Schedule(kind="plateau"),
        epochs=_REDS_EPOCHS.get(model, 71),
        source=_BOLOGNA,
        ours=f"{plateau}; {held_out}" if reported else f"{ours}; {plateau}; {held_out}",
    )


def _fcn(model: str, dataset: str) -> Recipe:
    """The paper's recipe: trainable ratios, learning rate halved every 200 of 600 epochs."""
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="charbonnier",
        data=Data(crop=_crop(256, dataset), batch=16, validation=0.125),
        optimiser=Optimiser(learning_rate=2e-4, epsilon=1e-8),
        schedule=Schedule(kind="halving", share=1 / 3),
        epochs=600,
        trainable_ratios=True,
        validate_every=((50, 300), (15, 600)),
        source=_FCN,
        ours=_ours(
            dataset in _GOPRO,
            "ratios are the softmax of one logit per output; Charbonnier distance and batch of 16 "
            f"from the released code; no augmentation is given; {_HELD_OUT} (the paper chose on the test pictures)",
        ),
    )


def _fcn_code(model: str, dataset: str) -> Recipe:
    """The released code's recipe: Charbonnier and edge loss of all outputs, warm-up and cosine."""
    return _fcn(model, dataset).replaced(
        epochs=3000,
        loss="charbonnier_edge",
        trainable_ratios=False,
        schedule="cosine",
        schedule_share=3 / 3000,
        final_rate=1e-6,
        validate_every=((20, 3000),),
        augmentation=Augmentation(symmetries=True, saturation=0.2),
        source=_FCN_CODE,
        ours=_ours(dataset in _GOPRO, f"{_HELD_OUT} (the code chose on crops of the test pictures)"),
    )


def _lite(model: str, dataset: str) -> Recipe:
    """The recipe of the depth-separable DeblurGAN: relativistic average loss, 500 epochs."""
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="relativistic",
        data=Data(crop=_crop(256, dataset), batch=1, validation=0.125),
        optimiser=Optimiser(learning_rate=1e-4, beta_1=0.5, epsilon=1e-8),
        schedule=Schedule(kind="linear", share=150 / 500),
        epochs=500,
        adversarial=Adversarial(content="vgg19"),
        source=_LITE,
        ours=_ours(
            dataset in _GOPRO,
            f"critic without final sigmoid; features before the ReLU as in DeblurGAN's code; {_HELD_OUT}",
        ),
    )


def _deblurgan(model: str, dataset: str) -> Recipe:
    """DeblurGAN's own recipe: WGAN-GP, five critic steps, 300 epochs."""
    return _lite(model, dataset).replaced(
        epochs=300,
        loss="wasserstein",
        critic_steps=5,
        schedule_share=0.5,
        augmentation=Augmentation(mirror=True),
        source=_DEBLURGAN,
        ours=_ours(dataset in _GOPRO, f"crops of the full pictures, not of pictures resized to 640x360; {_HELD_OUT}"),
    )


def _grey(model: str, dataset: str) -> Recipe:
    """The recipe of the HDC models: mean squared error, 50,000 batches of 2, noise on the input."""
    text = _is_text(dataset)
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="mean_squared_error",
        data=Data(crop=_crop(320, dataset), batch=2, validation=0.1, noise=0.03),
        optimiser=Optimiser(learning_rate=1e-4, epsilon=1e-8),
        steps=50_000,
        hdc=Hdc(preparation="aligned", natural=500) if text else None,
        source=_HDC,
        ours=_ours(text, "the validation split also chooses the weights, which the code does not"),
    )


def _refiner(model: str, dataset: str) -> Recipe:
    """The refiner's recipe: binary cross-entropy, Adam at 10^-2.5."""
    text = _is_text(dataset)
    return Recipe(
        model=model,
        variant=default_variant(model, dataset, "paper"),
        loss="binary_crossentropy",
        data=Data(crop=110, batch=32, augmentation=REFINER_CROPS if text else NONE, validation=0.1),
        optimiser=Optimiser(learning_rate=10**-2.5),
        steps=100_000,
        hdc=Hdc(preparation="small") if text else None,
        source=_REFINER,
        ours=_ours(text, "batch of 32 and 100,000 steps; the source gives neither"),
    )


_GOPRO = ("gopro", "gopro-gamma", "hide")

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


def _crop(side: int, dataset: str) -> int:
    """A crop that fits in the images of a data set."""
    size = dataset_info(dataset).frame_size
    return min(side, *size) if size is not None and max(size) <= SMALL else side


def _ours(same_data: bool, text: str) -> str:
    """What we chose, with a note where the source trained on other data."""
    return text if same_data else f"{_OTHER_DATA}; {text}"
