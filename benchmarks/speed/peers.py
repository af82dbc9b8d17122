"""PyTorch modules of a peer, spandrel, for models that both have: what ours are timed and compared against."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from benchmarks.errors import RunError

NEEDS = "needs spandrel and PyTorch; install them with `pip install 'deblur-zoo[peers]'`"
_PACKAGES = ("torch", "spandrel", "spandrel_extra_arches", "safetensors", "einops")
# Where each model's class lies.
_CLASSES = {
    "nafnet": ("spandrel.architectures.NAFNet", "NAFNet"),
    "restormer": ("spandrel_extra_arches.architectures.Restormer", "Restormer"),
    "mprnet": ("spandrel_extra_arches.architectures.MPRNet", "MPRNet"),
}
# spandrel imports these for two architectures, neither of which is asked for here.
_UNUSED = {
    "torchvision": (),
    "torchvision.transforms": (),
    "torchvision.transforms.functional": ("InterpolationMode", "rotate", "normalize"),
}

MODELS = tuple(_CLASSES)
"""The models that the peer has, too."""


def is_installed() -> bool:
    """Whether the peer can be imported."""
    return all(importlib.util.find_spec(name) is not None for name in _PACKAGES)


def imported(module: str) -> Any:
    """A module of the peer's, without the warnings of its code, also where torchvision is not installed."""
    with _without_torchvision(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(module)


@contextmanager
def _without_torchvision() -> Iterator[None]:
    """Has stand-ins for torchvision that compute nothing, inside a block, where it is not installed."""
    if importlib.util.find_spec("torchvision") is not None:
        yield
        return
    for name, members in _UNUSED.items():
        module = ModuleType(name)
        for member in members:
            setattr(module, member, None)
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in _UNUSED:
            sys.modules.pop(name, None)


def module_of(model: str, options: Mapping[str, Any]) -> Any:
    """A model of the peer's with first weights, of the sizes that our builder's options say.

    Args:
        model: One of `MODELS`.
        options: Every argument of our builder.

    Raises:
        RunError: When spandrel is not installed.
    """
    if not is_installed():
        raise RunError(f"comparing with {model} of a peer {NEEDS}")
    place, name = _CLASSES[model]
    return getattr(imported(place), name)(**_ARGUMENTS[model](options))


def _of_nafnet(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "img_channel": options["image_channels"],
        "width": options["width"],
        "middle_blk_num": options["middle_blocks"],
        "enc_blk_nums": list(options["encoder_blocks"]),
        "dec_blk_nums": list(options["decoder_blocks"]),
    }


def _of_restormer(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "inp_channels": options["image_channels"],
        "out_channels": options["channels_out"],
        "dim": options["width"],
        "num_blocks": list(options["level_blocks"]),
        "num_refinement_blocks": options["refinement_blocks"],
        "heads": list(options["heads"]),
        "ffn_expansion_factor": options["expansion"],
        "bias": options["use_bias"],
        "LayerNorm_type": "WithBias" if options["norm_shift"] else "BiasFree",
        "dual_pixel_task": options["dual_pixel"],
    }


def _of_mprnet(options: Mapping[str, Any]) -> dict[str, Any]:
    width = options["widths"][0]
    return {
        "in_c": options["image_channels"],
        "out_c": options["channels_out"],
        "n_feat": width,
        "scale_unetfeats": options["widths"][1] - width,
        "scale_orsnetfeats": options["original_width"] - width,
        "num_cab": options["original_blocks"],
        "kernel_size": options["kernel"],
        "reduction": options["reduction"],
        "bias": options["use_bias"],
    }


_ARGUMENTS = {"nafnet": _of_nafnet, "restormer": _of_restormer, "mprnet": _of_mprnet}
