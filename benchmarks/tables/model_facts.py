"""Facts that need no data: counts, sizes and recipes, taken from this package, never from the claims.

A fact is looked up by paper, model and metric as the papers word them; `ANY` stands for every model of a paper.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import zoo
from benchmarks import protocols
from benchmarks.metrics import ocr
from benchmarks.recipes.recipe import Recipe
from benchmarks.recipes.select import recipe
from benchmarks.tables.claims import Claim, Measured
from datasets.blur import estimate, warp
from datasets.hdc import refiner, simulation
from datasets.readers import hdc
from datasets.registry import info as dataset_info
from zoo.registry import WHOLE_IMAGE, options_of

ANY = "*"
Fact = Callable[[], float | str]

NETWORKS = "Networks of this package"
"""Title of the table of what needs no data and no paper gives."""

_OURS = {
    "bologna": ("carlo", "kaist", "atrous"), "fcn": ("fcn",), "lite": ("deblurgan", "deblurgan-lite"),
    "psfnn": ("unet1", "unet2", "unet3", "indexnet", "fba"), "refiner": ("refiner",),
}  # fmt: skip
_LOSSES = {"sum_of_absolute_differences": "LAD/L1", "mean_squared_error": "MSE/L2"}
_BOLOGNA = {"CARLO_NET": "carlo", "KAIST_NET": "kaist", "ATROUS_NET": "atrous"}
_DATASETS = {"CIFAR-10": "cifar10", "REDS": "reds"}
# Steps whose side of the point spread function the paper names: up to the last one its method passed.
_ESTIMATED_STEPS = range(11)


def fact(claim: Claim) -> Measured | None:
    """Returns our number for a claim that needs no data; None where there is none."""
    if claim.paper == "bologna" and claim.split == "train":
        return _bologna_recipe(claim)
    for model in (claim.model, ANY):
        found = _FACTS.get((claim.paper, model, claim.metric))
        if found is not None:
            function, origin = found
            return Measured(function(), budget=origin)
    return None


def networks(paper: str) -> list[tuple[Claim, Measured]]:
    """Returns what is known of the networks of a paper without any data; nothing is claimed in these lines."""
    found = []
    for name in _OURS[paper]:
        for variant, entry in zoo.info(name).variants.items():
            if not entry.listed or variant.startswith("tiny"):
                continue
            field = entry.receptive_field
            facts = (
                ("parameters", entry.parameters, "count"),
                ("multiply-accumulates at 256x256", entry.macs, "count"),
                ("receptive field", field or WHOLE_IMAGE, "pixels" if field else ""),
            )
            for metric, value, unit in facts:
                claim = Claim(paper, NETWORKS, "", "", f"{name} / {variant}", metric, "", unit, "", "")
                found.append((claim, Measured(value, budget="network")))
    return found


def _bologna_recipe(claim: Claim) -> Measured | None:
    """Returns what the recipe of a network has where the report's Tables 1 and 2 list it."""
    made = recipe(_BOLOGNA[claim.model], _DATASETS[claim.dataset], "paper")
    values: dict[str, float | str | None] = {
        "batch size": made.batch, "iterations (epochs)": made.epochs, "loss": _LOSSES.get(made.loss, made.loss),
        "optimizer": "Adam",
    }  # fmt: skip
    value = values.get(claim.metric)
    return None if value is None else Measured(value, budget="recipe")


def _parameters(name: str, variant: str | None = None) -> float:
    """Returns the weights that a training moves."""
    return zoo.info(name).variant(variant).parameters


@cache
def _mebibytes(name: str, variant: str | None = None) -> float:
    """Returns the size of a weight file in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.weights.h5"
        zoo.create(name, variant).save_weights(path)
        return path.stat().st_size / 2**20


@cache
def _weights_of(name: str, layer: str) -> float:
    """Returns the weights of one layer."""
    return zoo.create(name).get_layer(layer).count_params()


def _convolution_example(kind: str) -> float:
    """Returns the weights of a 3x3 convolution from three to four channels."""
    import keras

    layer = getattr(keras.layers, kind)(4, 3, use_bias=False)
    layer.build((None, None, None, 3))
    return layer.count_params()


def _of_recipe(model: str, dataset: str, read: Callable[[Recipe], Any]) -> Any:
    """Returns a number of a paper's recipe."""
    return read(recipe(model, dataset, "paper"))


def _official(dataset: str, *splits: str) -> float:
    """Returns the official number of pairs of some splits."""
    return sum(dataset_info(dataset).splits[split] for split in splits)


def _refiner_samples(steps: int) -> float:
    """Returns the crops that the refiner sees of so many steps of the training release."""
    rows, columns = _of_recipe("refiner", "hdc", lambda made: made.augmentation.grid)
    return _official("hdc", "train") // len(hdc.STEPS) * steps * rows * columns


def _reds_videos(validation: bool) -> float:
    """Returns the videos of 100 frames that are trained on, or held out."""
    videos = _official("reds", "train") // 100
    held_out = round(videos * _of_recipe("atrous", "reds", lambda made: made.validation))
    return held_out if validation else videos - held_out


def _cifar_images(validation: bool) -> float:
    """Returns the images that are trained on, or held out."""
    images = _official("cifar10", "train")
    held_out = round(images * _of_recipe("atrous", "cifar10", lambda made: made.validation))
    return held_out if validation else images - held_out


def _blocks(variant: str) -> float:
    """Returns the atrous blocks of a variant."""
    return zoo.info("atrous").variant(variant).options["blocks"]


def _psfnn() -> dict[tuple[str, str], tuple[Fact, str]]:
    """Returns the facts of Germer et al."""
    networks = {"U-Net 1": "unet1", "U-Net 2": "unet2", "U-Net 3": "unet3", "IndexNet": "indexnet", "FBA-Net": "fba"}
    facts: dict[tuple[str, str], tuple[Fact, str]] = {
        (model, "parameters"): (partial(_parameters, name), "network") for model, name in networks.items()
    }
    for ablation in ("FBA-Net w/o noise aug.", "FBA-Net w/o warping"):
        facts[ablation, "parameters"] = (partial(_parameters, "fba"), "network")
    made = partial(_of_recipe, "fba", "hdc")
    samples = _official("hdc", "train") / len(hdc.STEPS) / len(hdc.FONTS)
    height, width = simulation.SIZE
    sides = [estimate.SCHEDULES[step].side for step in _ESTIMATED_STEPS]
    constants: dict[str, tuple[Fact, str]] = {
        "training crop": (partial(made, lambda own: own.crop), "recipe"),
        "learning rate": (partial(made, lambda own: own.learning_rate), "recipe"),
        "batches": (partial(made, lambda own: own.steps), "recipe"),
        "batch size": (partial(made, lambda own: own.batch), "recipe"),
        "noise scale": (partial(made, lambda own: own.noise), "recipe"),
        "DIV2K images": (partial(made, lambda own: own.natural), "recipe"),
        "training samples per font": (partial(made, lambda own: round(samples * (1 - own.validation))), "recipe"),
        "inference tile core": (lambda: protocols.HDC_TILES.tile, "tiles"),
        "inference tile overlap": (lambda: protocols.HDC_TILES.overlap, "tiles"),
        "polynomial degree": (lambda: warp.DEGREE, "warp"),
        "pass threshold": (lambda: ocr.THRESHOLD, "metric"),
        "smallest PSF side": (lambda: min(sides), "schedule of the estimation"),
        "largest PSF side": (lambda: max(sides), "schedule of the estimation"),
        "image width": (lambda: width, "layout"),
        "image height": (lambda: height, "layout"),
        "steps": (lambda: len(hdc.STEPS), "layout"),
        "images per step": (lambda: samples * len(hdc.FONTS), "layout"),
    }
    return facts | {(ANY, metric): found for metric, found in constants.items()}


def _fcn() -> dict[tuple[str, str], tuple[Fact, str]]:
    """Returns the facts of Zhang et al."""
    made = partial(_of_recipe, "fcn", "gopro")
    return {
        (ANY, "parameters FCN"): (partial(_parameters, "fcn"), "network"),
        (ANY, "GoPro pairs total"): (partial(_official, "gopro", "train", "test"), "layout"),
        (ANY, "GoPro train pairs"): (partial(_official, "gopro", "train"), "layout"),
        (ANY, "GoPro test pairs"): (partial(_official, "gopro", "test"), "layout"),
        (ANY, "HIDE test pairs"): (partial(_official, "hide", "test"), "layout"),
        (ANY, "train size"): (partial(made, lambda own: own.crop), "recipe"),
        (ANY, "initial learning rate"): (partial(made, lambda own: own.learning_rate), "recipe"),
        (ANY, "epochs"): (partial(made, lambda own: own.epochs), "recipe"),
        (ANY, "validation interval, epochs 1-300"): (partial(made, lambda own: own.validate_every[0][0]), "recipe"),
        (ANY, "validation interval, epochs 301-600"): (partial(made, lambda own: own.validate_every[1][0]), "recipe"),
    }


def _refiner() -> dict[tuple[str, str], tuple[Fact, str]]:
    """Returns the facts of Nyrhilae."""
    layers = {
        "conv2d_28": "conv1", "conv2d_29": "conv2", "conv2d_30": "conv3", "conv2d_31": "conv4", "conv2d_32": "conv5",
        "conv2d_27 (shared)": "shared", "dense (each of 17)": "refine1_gate", "conv2d_33": "merge1",
        "conv2d_34": "merge2", "conv2d_35": "sharp",
    }  # fmt: skip
    facts: dict[tuple[str, str], tuple[Fact, str]] = {
        (ANY, f"parameters {theirs}"): (partial(_weights_of, "refiner", ours), f"network, layer {ours}")
        for theirs, ours in layers.items()
    }
    paper = zoo.info("refiner").variant("paper")
    refinements = options_of("refiner")["refinements"]
    height, width = (side // refiner.SCALE for side in simulation.SIZE)
    made = partial(_of_recipe, "refiner", "hdc")
    constants: dict[str, tuple[Fact, str]] = {
        "total parameters": (lambda: paper.parameters + paper.statistics, "network"),
        "trainable parameters": (lambda: paper.parameters, "network"),
        "non-trainable parameters": (lambda: paper.statistics, "network"),
        "refinement iterations": (lambda: refinements, "network"),
        "learning rate": (partial(made, lambda own: own.learning_rate), "recipe"),
        "crop side": (partial(made, lambda own: own.crop), "recipe"),
        "down-scaling": (lambda: f"1:{refiner.SCALE}", "preparation"),
        "training samples": (partial(_refiner_samples, refiner.LAST_STEP + 1), "recipe"),
        "samples for all steps": (partial(_refiner_samples, len(hdc.STEPS)), "recipe"),
        "border pixels": (lambda: int(refiner.border(height, width).sum()), "preparation"),
        "fit sample": (lambda: refiner.SAMPLES, "preparation"),
        "discarded residuals": (lambda: 100 * refiner.OUTLIERS, "preparation"),
        "median widths": (lambda: ";".join(map(str, refiner.MEDIANS)), "preparation"),
        "pixels forced to full white": (lambda: 100 * refiner.WHITE_SHARE, "preparation"),
    }
    return facts | {(ANY, metric): found for metric, found in constants.items()}


def _lite() -> dict[tuple[str, str], tuple[Fact, str]]:
    """Returns the facts of Li et al."""
    made = partial(_of_recipe, "deblurgan-lite", "gopro")
    return {
        ("Ours", "model size"): (partial(_mebibytes, "deblurgan-lite"), "weight file in MiB"),
        ("DeblurGAN", "model size"): (partial(_mebibytes, "deblurgan"), "weight file in MiB"),
        (ANY, "perceptual weight lambda"): (partial(made, lambda own: own.content_weight), "recipe"),
        (ANY, "Adam beta1"): (partial(made, lambda own: own.beta_1), "recipe"),
        (ANY, "learning rate"): (partial(made, lambda own: own.learning_rate), "recipe"),
        (ANY, "epochs"): (partial(made, lambda own: own.epochs), "recipe"),
        (ANY, "batch size"): (partial(made, lambda own: own.batch), "recipe"),
        (ANY, "crop"): (partial(made, lambda own: own.crop), "recipe"),
        (ANY, "example P1"): (partial(_convolution_example, "Conv2D"), "layer"),
        (ANY, "example P2"): (partial(_convolution_example, "SeparableConv2D"), "layer"),
    }


def _bologna() -> dict[tuple[str, str], tuple[Fact, str]]:
    """Returns the facts of Mancini and Simonati outside of Tables 1 and 2."""
    made = partial(_of_recipe, "atrous", "reds")
    return {
        (ANY, "CIFAR-10 train images"): (partial(_cifar_images, False), "recipe"),
        (ANY, "CIFAR-10 validation images"): (partial(_cifar_images, True), "recipe"),
        (ANY, "CIFAR-10 test images"): (partial(_official, "cifar10", "test"), "layout"),
        (ANY, "REDS training videos"): (partial(_reds_videos, False), "recipe"),
        (ANY, "REDS validation videos"): (partial(_reds_videos, True), "recipe"),
        (ANY, "REDS test videos"): (lambda: _official("reds", "val") / 100, "layout"),
        (ANY, "REDS crop"): (partial(made, lambda own: own.crop), "recipe"),
        (ANY, "initial learning rate REDS"): (partial(made, lambda own: own.learning_rate), "recipe"),
        (ANY, "atrous blocks CIFAR-10"): (partial(_blocks, "cifar10"), "network"),
        (ANY, "atrous blocks REDS"): (partial(_blocks, "reds"), "network"),
        (ANY, "atrous blocks UniA"): (partial(_blocks, "image-20"), "network"),
        (ANY, "frame shift augmentation"): (partial(made, lambda own: own.augmentation.shift_neighbours), "recipe"),
    }


_FACTS: dict[tuple[str, str, str], tuple[Fact, str]] = {
    (paper, model, metric): found
    for paper, facts in (
        ("psfnn", _psfnn()), ("fcn", _fcn()), ("refiner", _refiner()), ("lite", _lite()), ("bologna", _bologna()),
    )
    for (model, metric), found in facts.items()
}  # fmt: skip
