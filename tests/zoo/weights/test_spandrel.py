"""Files of NAFNet, Restormer and MPRNet in many sizes beside the modules that a peer, spandrel, makes of them."""

from __future__ import annotations

import numpy as np
import pytest

import zoo
from benchmarks.speed import peers
from tests.support import golden
from zoo.registry import options_of
from zoo.weights import convert
from zoo.weights.names.base import names_of
from zoo.weights.read import read
from zoo.weights.recognise import recognise
from zoo.weights.strangers import stranger_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not peers.is_installed(), reason="needs spandrel and PyTorch")]

_FOUR = {"level_blocks": (1, 1, 1, 1), "heads": (1, 2, 4, 8), "refinement_blocks": 1, "width": 8}
_SMALL = {"widths": (8, 12, 16), "original_width": 12, "original_blocks": 2}
CASES = (
    ("nafnet", {"width": 12, "encoder_blocks": (1, 3, 2), "middle_blocks": 3, "decoder_blocks": (1, 2, 1)}),
    ("nafnet", {"width": 8, "encoder_blocks": (1,), "middle_blocks": 0, "decoder_blocks": (2,)}),
    ("nafnet", {"width": 5, "encoder_blocks": (1, 0, 1, 2, 1), "decoder_blocks": (1, 1, 0, 2, 1)}),
    ("nafnet", {"width": 6, "encoder_blocks": (2, 1), "decoder_blocks": (1, 1), "image_channels": 1}),
    ("nafnet", {"width": 4, "encoder_blocks": (1, 1), "decoder_blocks": (1, 1), "image_channels": 4}),
    ("restormer", _FOUR),
    ("restormer", {**_FOUR, "level_blocks": (1, 2, 1, 1), "heads": (2, 1, 4, 2), "refinement_blocks": 2}),
    ("restormer", {**_FOUR, "use_bias": True, "norm_shift": False, "expansion": 2.3}),
    ("restormer", {**_FOUR, "dual_pixel": True, "image_channels": 6, "expansion": 3.0}),
    ("restormer", {**_FOUR, "dual_pixel": True, "image_channels": 6, "use_bias": True, "norm_shift": False}),
    ("restormer", {**_FOUR, "width": 12, "heads": (3, 3, 3, 3), "image_channels": 1, "channels_out": 1}),
    ("mprnet", _SMALL),
    ("mprnet", {"widths": (10, 15, 20), "original_width": 13, "original_blocks": 1, "reduction": 3, "kernel": 5}),
    ("mprnet", {**_SMALL, "use_bias": True, "original_blocks": 10, "reduction": 8}),
    ("mprnet", {**_SMALL, "widths": (12, 12, 12), "kernel": 1, "image_channels": 1, "channels_out": 1}),
    ("mprnet", {**_SMALL, "use_bias": True, "image_channels": 1}),
)
# Wrapped as they are met.
WRAPS = (
    lambda state: state,
    lambda state: {"params": state},
    lambda state: {"params_ema": state, "params": {}},
    lambda state: {"state_dict": {f"module.{name}": each for name, each in state.items()}, "epoch": 3},
    lambda state: {"net": state, "optimizer": {"state": {}}},
)


def peers_module(model, options):
    """Returns the peer's module, in double precision, with random numbers where first weights would hide mistakes."""
    import torch

    torch.manual_seed(0)
    made = peers.module_of(model, options).double().eval()
    with torch.no_grad():
        for name, each in made.named_parameters():
            if each.ndim < 2 or name.endswith(("beta", "gamma", "temperature")):
                each.add_(0.3 * torch.randn_like(each))
    return made


@pytest.mark.parametrize(("model", "sizes"), CASES)
def test_they_compute_what_the_peers_modules_do(model, sizes, tmp_path):
    import torch

    options = {**options_of(model), **sizes}
    theirs = peers_module(model, options)
    wrap = WRAPS[CASES.index((model, sizes)) % len(WRAPS)]
    torch.save(wrap(theirs.state_dict()), tmp_path / "x.pth")
    state = {name: each.numpy() for name, each in theirs.state_dict().items()}
    checkpoint = read(tmp_path / "x.pth")
    assert checkpoint.tensors.keys() == state.keys()
    found = recognise(checkpoint.tensors, "x.pth")
    assert str(found) == f"{model}/own"
    ours = zoo.create(model, dtype="float64", **found.options)
    done = convert.fill(ours, state, names_of(model), "pytorch", "x.pth")
    assert done.unused == done.lacking == ()
    image = np.random.default_rng(0).random((1, 16, 32, options["image_channels"]))
    with torch.no_grad():
        expected = theirs(torch.from_numpy(image.transpose(0, 3, 1, 2).copy()))
    outputs = ours(image)
    if not isinstance(outputs, list):
        outputs, expected = [outputs], [expected]
    for one, other in zip(outputs, expected, strict=True):
        assert golden.relative_error(np.asarray(one), other.numpy().transpose(0, 2, 3, 1)) < 1e-6


@pytest.mark.parametrize("model", peers.MODELS)
def test_what_the_peer_recognises_is_the_same(model):
    """Its own reading of these files gives the sizes that ours gives."""
    place, name = peers._CLASSES[model]
    architecture = getattr(peers.imported(place), f"{name}Arch")()
    for sizes in (sizes for each, sizes in CASES if each == model):
        state = peers_module(model, {**options_of(model), **sizes}).state_dict()
        if not architecture.detect(state):
            # It knows no NAFNet without blocks in the middle.
            assert sizes.get("middle_blocks") == 0
            continue
        found = recognise({name: each.numpy() for name, each in state.items()}, "x.pth")
        kept = peers.module_of(model, found.options).state_dict()
        assert {name: each.shape for name, each in kept.items()} == {name: each.shape for name, each in state.items()}


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize(
    ("package", "name", "options"),
    [
        ("Uformer", "Uformer", {}),
        ("FFTformer", "FFTformer", {"dim": 8, "num_blocks": [1, 1, 1], "num_refinement_blocks": 1}),
        ("SwinIR", "SwinIR", {"depths": [1], "num_heads": [2], "embed_dim": 8}),
        ("ESRGAN", "ESRGAN", {"num_filters": 8, "num_blocks": 1}),
        ("SCUNet", "SCUNet", {"dim": 8, "config": [1] * 7}),
        ("DRUNet", "DRUNet", {"nc": (8, 8, 8, 8), "nb": 2}),
    ],
)
def test_models_that_are_not_here_are_told(package, name, options):
    made = getattr(peers.imported(f"spandrel.architectures.{package}"), name)(**options)
    assert stranger_of(made.state_dict()).startswith(package)
