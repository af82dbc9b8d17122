"""What a checkpoint is of, read from names and shapes; which file of others becomes which model."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.support import golden
from tests.support.nafnet_files import nafnet_shapes
from zoo.errors import ZooError
from zoo.weights.recognise import candidates, recognise

SIZES = ({"width": 12}, {"encoders": (1,), "decoders": (3,)}, {"middle": 0}, {"channels": 4, "width": 5})


def empty(shapes):
    """Returns arrays of these shapes that take no memory."""
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}


def recorded(name, kept=".*"):
    """Returns the tensors of a recording of the authors' model whose names match."""
    tensors = golden.read(name).facts["tensors"]
    return empty({name: tuple(shape) for name, shape, _ in tensors if re.fullmatch(kept, name)})


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ("nafnet", ["nafnet/gopro-w32"]),
        ("restormer", ["restormer/gopro"]),
        ("mprnet", ["mprnet/gopro"]),
        ("fcn", ["fcn/paper", "fcn/exact"]),
        ("fba", ["fba/paper"]),
        ("indexnet", ["indexnet/paper"]),
        ("unet1", ["unet1/paper"]),
        ("unet2", ["unet2/paper"]),
        ("unet3", ["unet3/paper"]),
        ("unet3_bias", ["unet3/biased"]),
        ("carlo", ["carlo/image"]),
        ("kaist_image", ["kaist/image"]),
        ("kaist_video", ["kaist/video"]),
        ("atrous_cifar", ["atrous/cifar10"]),
        ("atrous_reds", ["atrous/reds"]),
    ],
)
def test_every_recorded_model_is_its_variant(recording, expected):
    assert [str(each) for each in candidates(recorded(recording))] == expected


def test_a_variant_says_what_no_file_tells():
    found = recognise(recorded("nafnet"), "x.pth")
    assert found.options == {} and found.untold == {"inference": "local", "train_crop": 256}
    assert found.said == "nafnet/gopro-w32; no file tells, so taken as usual: inference='local', train_crop=256"
    sidd = empty(nafnet_shapes(32, (2, 2, 4, 8), 12, (2, 2, 2, 2)))
    assert recognise(sidd, "x.pth").untold["inference"] == "global"


@pytest.mark.parametrize("sizes", SIZES)
def test_nafnet_in_sizes_of_its_own(sizes):
    found = recognise(empty(nafnet_shapes(**sizes)), "x.pth")
    assert str(found) == "nafnet/own"
    full = {"width": 4, "encoders": (1, 2), "middle": 1, "decoders": (1, 1), "channels": 3} | sizes
    assert found.options == {
        "width": full["width"],
        "image_channels": full["channels"],
        "encoder_blocks": full["encoders"],
        "middle_blocks": full["middle"],
        "decoder_blocks": full["decoders"],
    }


def test_restormer_in_sizes_of_its_own():
    # Fewer blocks than were recorded, and norms without their shifts.
    kept = r"(?!.*level\d\.[2-9]|latent\.[3-9]|.*norm\d\.body\.bias).*"
    tensors = recorded("restormer", kept)
    found = recognise(tensors | empty({"skip_conv.weight": (96, 48, 1, 1)}), "x.pth")
    assert found.options == {
        "width": 48,
        "image_channels": 3,
        "channels_out": 3,
        "level_blocks": (2, 2, 2, 3),
        "heads": (1, 2, 4, 8),
        "refinement_blocks": 4,
        "expansion": 2.66,
        "use_bias": False,
        "norm_shift": False,
        "dual_pixel": True,
    }
    assert "dual_pixel=True" in found.said and "width" not in found.said


def test_mprnet_in_sizes_of_its_own():
    tensors = recorded("mprnet", r"(?!.*orb\d\.body\.[2-7]).*")
    found = recognise(tensors | empty({"shallow_feat1.0.bias": (96,)}), "x.pth")
    assert found.options == {
        "widths": (96, 144, 192),
        "image_channels": 3,
        "channels_out": 3,
        "original_width": 128,
        "original_blocks": 2,
        "level_blocks": 2,
        "reduction": 4,
        "kernel": 3,
        "use_bias": True,
    }


def refused(tensors, model=None):
    with pytest.raises(ZooError) as caught:
        recognise(tensors, "x.pth", model)
    message = str(caught.value)
    assert message.startswith("x.pth: ") and "\n" not in message
    return message


def test_two_that_fit_are_both_named():
    assert refused(recorded("fcn")) == (
        "x.pth: may hold fcn/paper or fcn/exact, whose tensors are alike; use `python -m zoo weights import --model "
        "NAME --variant NAME FILE`"
    )


@pytest.mark.parametrize(
    ("names", "model"),
    [
        (("input_proj.proj.0.weight", "encoderlayer_0.blocks.0.norm1.weight"), "Uformer"),
        (("AFFs.0.conv.0.main.0.weight", "FAM1.merge.main.0.weight", "SCM1.main.0.main.0.weight"), "MIMO-UNet"),
        (("down_path_1.0.conv_1.weight", "skip_conv_1.0.weight", "cat12.weight"), "HINet"),
        (("encoder.en_layer1_1.0.weight", "Trans_block_1.attention_norm.weight"), "Stripformer"),
        (("encoder_level1.0.ffn.fft", "fuse1.conv.weight", "patch_embed.proj.weight"), "FFTformer"),
        (("fpn.lateral4.weight", "head1.block0.weight", "smooth2.0.weight"), "DeblurGAN-v2"),
        (("conv_first.weight", "RRDB_trunk.0.RDB1.conv1.weight"), "ESRGAN (RRDB)"),
        (("model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight"), "ESRGAN (RRDB)"),
    ],
)
def test_models_that_are_not_here_are_named(names, model):
    tensors = empty(dict.fromkeys((*names, "more.weight"), (3,)))
    assert refused(tensors).startswith(f"x.pth: this looks like {model}, which the zoo does not have")


def test_restormer_with_prompts_is_not_restormer():
    tensors = recorded("restormer") | empty({"prompt1.prompt_param": (1, 5, 64, 64, 64)})
    assert "this looks like PromptIR, which the zoo does not have" in refused(tensors)


def test_tensors_that_a_model_has_not():
    message = refused(empty(nafnet_shapes()) | empty({"extra.weight": (2, 3), "encoders.7.0.beta": (1, 4, 1, 1)}))
    assert "this looks like nafnet, but nafnet has no extra.weight (2, 3), encoders.7.0.beta (1, 4, 1, 1)" in message


def test_sizes_that_cannot_be_read():
    shapes = nafnet_shapes() | {"intro.weight": (4,)}
    assert "this looks like nafnet, but its sizes cannot be read" in refused(empty(shapes))
    tensors = recorded("mprnet") | empty({"stage1_decoder.skip_attn1.CA.conv_du.0.weight": (95, 96, 1, 1)})
    assert "this looks like mprnet, but no one factor narrows the channels" in refused(tensors)
    tensors = recorded("restormer") | empty({"refinement.0.ffn.project_out.weight": (96, 500, 1, 1)})
    assert "this looks like restormer, but no expansion gives the hidden channels" in refused(tensors)


def test_anything_else_shows_its_first_tensors():
    message = refused(empty({f"layer{index}.weight": (index, 2) for index in range(5)}))
    assert (
        "it holds layer0.weight (0, 2), layer1.weight (1, 2), layer2.weight (2, 2) and 2 more; if you know" in message
    )
    assert "not known as weights of carlo" in refused(recorded("nafnet"), "carlo")


def test_maxims_own_names():
    lines = (golden.FOLDER / "maxim_s3_tree.txt").read_text(encoding="ascii").splitlines()
    parts = (line.partition(" ") for line in lines if line)
    tensors = empty({name: tuple(map(int, re.findall(r"\d+", shape))) for name, _, shape in parts})
    assert [str(each) for each in candidates(tensors)] == ["maxim/gopro"]
