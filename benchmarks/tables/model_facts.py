"""Facts that need no data: what is counted on built models, never what a claim or a recipe says.

A fact is looked up by paper, model and metric as the papers word them. Numbers that a paper states and this package
was written by, such as crops, learning rates and data-set sizes, are no measurements and have no fact. Counts of whole
models are taken from the registry of the zoo, whose tests hold every one of them against the built model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import zoo
from benchmarks.tables.claims import Claim, Measured
from zoo.registry import WHOLE_IMAGE

MODELS = "Models of this package"
"""Title of the table of what needs no data and no paper gives."""

_OURS = {
    "bologna": ("carlo", "kaist", "atrous"),
    "fcn": ("fcn",),
    "lite": ("deblurgan", "deblurgan-lite"),
    "psfnn": ("unet1", "unet2", "unet3", "indexnet", "fba"),
    "refiner": ("refiner",),
    "weights": ("nafnet", "maxim", "mprnet", "restormer"),
}


@dataclass(frozen=True)
class Fact:
    """A number that is counted when it is asked for.

    Attributes:
        count: Counts it.
        origin: What it is counted on.
    """

    count: Callable[[], float]
    origin: str


def fact(claim: Claim) -> Measured | None:
    """Our number for a claim that needs no data; None where there is none."""
    found = _facts().get((claim.paper, claim.model, claim.metric))
    return None if found is None else Measured(found.count(), budget=found.origin)


def models(paper: str) -> list[tuple[Claim, Measured]]:
    """What is known of the models of a paper without any data; nothing is claimed in these lines."""
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
                claim = Claim(paper, MODELS, "", "", f"{name}/{variant}", metric, "", unit, "", "")
                found.append((claim, Measured(value, budget="model")))
    return found


@cache
def _facts() -> Mapping[tuple[str, str, str], Fact]:
    """Every fact by paper, model and metric."""
    return {**_of_psfnn(), **_of_fcn(), **_of_refiner(), **_of_lite()}


def _of_psfnn() -> dict[tuple[str, str, str], Fact]:
    """Facts of Germer et al.; the ablations are other trainings of one model."""
    names = {
        "U-Net 1": "unet1",
        "U-Net 2": "unet2",
        "U-Net 3": "unet3",
        "IndexNet": "indexnet",
        "FBA-Net": "fba",
        "FBA-Net w/o noise aug.": "fba",
        "FBA-Net w/o warping": "fba",
    }
    return {("psfnn", model, "parameters"): Fact(partial(_trainable, name), "model") for model, name in names.items()}


def _of_fcn() -> dict[tuple[str, str, str], Fact]:
    """Facts of Zhang et al."""
    return {("fcn", "FCN", "parameters FCN"): Fact(partial(_trainable, "fcn"), "model")}


def _of_refiner() -> dict[tuple[str, str, str], Fact]:
    """Facts of Nyrhilae: the layer table, and what it comes to."""
    layers = {
        "conv2d_28": "conv1",
        "conv2d_29": "conv2",
        "conv2d_30": "conv3",
        "conv2d_31": "conv4",
        "conv2d_32": "conv5",
        "conv2d_27 (shared)": "shared",
        "dense (each of 17)": "refine1_gate",
        "conv2d_33": "merge1",
        "conv2d_34": "merge2",
        "conv2d_35": "sharp",
    }
    counts = {
        f"parameters {theirs}": Fact(partial(_of_layer, "refiner", ours), f"model, layer {ours}")
        for theirs, ours in layers.items()
    }
    counts["trainable parameters"] = Fact(partial(_trainable, "refiner"), "model")
    counts["non-trainable parameters"] = Fact(partial(_not_trainable, "refiner"), "model")
    counts["total parameters"] = Fact(lambda: _trainable("refiner") + _not_trainable("refiner"), "model")
    return {("refiner", "median-filter recurrent refiner", metric): found for metric, found in counts.items()}


def _of_lite() -> dict[tuple[str, str, str], Fact]:
    """Facts of Li et al."""
    whole = "depth-separable DeblurGAN"
    sizes = {"Ours": "deblurgan-lite", "DeblurGAN": "deblurgan"}
    return {
        **{
            ("lite", model, "model size"): Fact(partial(_mebibytes, name), "weight file in MiB")
            for model, name in sizes.items()
        },
        ("lite", whole, "example P1"): Fact(partial(_convolution_example, "Conv2D"), "layer"),
        ("lite", whole, "example P2"): Fact(partial(_convolution_example, "SeparableConv2D"), "layer"),
    }


def _trainable(name: str) -> float:
    return zoo.info(name).variant().parameters


def _not_trainable(name: str) -> float:
    return zoo.info(name).variant().statistics


def _of_layer(name: str, layer: str) -> float:
    return _layers(name)[layer]


@cache
def _layers(name: str) -> Mapping[str, int]:
    """The parameters of each layer."""
    return {layer.name: layer.count_params() for layer in zoo.create(name).layers}


@cache
def _mebibytes(name: str) -> float:
    """Size of a weight file in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.weights.h5"
        zoo.create(name).save_weights(path)
        return path.stat().st_size / 2**20


def _convolution_example(kind: str) -> float:
    """Parameters of a 3x3 convolution from three to four channels."""
    import keras

    layer = getattr(keras.layers, kind)(4, 3, use_bias=False)
    layer.build((None, None, None, 3))
    return int(layer.count_params())
