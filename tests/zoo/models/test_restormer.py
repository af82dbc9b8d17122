"""Restormer against a reading of its design in plain PyTorch, and the facts of its parts."""

from __future__ import annotations

import numpy as np
import pytest

import zoo
from zoo.weights.names.restormer import layer_of

SMALL = {"width": 4, "level_blocks": (1, 2, 1), "heads": (1, 2, 2), "refinement_blocks": 2}


def image(height=24, width=16, seed=0):
    return np.random.default_rng(seed).random((2, height, width, 3))


def test_every_level_halves_the_sides_and_doubles_the_channels():
    model = zoo.create("restormer")
    for name, side, channels in (
        ("encoder1_4_sum2", None, 48),
        ("encoder2_6_sum2", None, 96),
        ("encoder3_6_sum2", None, 192),
        ("latent_8_sum2", None, 384),
        ("decoder3_6_sum2", None, 192),
        ("decoder2_6_sum2", None, 96),
        ("decoder1_4_sum2", None, 96),
        ("refinement_4_sum2", None, 96),
    ):
        assert model.get_layer(name).output.shape == (None, side, side, channels)
    assert not any("bias" in weight.path for weight in model.weights)
    assert sum(layer.name.endswith("_attention") for layer in model.layers) == 2 * (4 + 6 + 6) + 8 + 4


def test_equal_to_the_design_in_pytorch():
    torch = pytest.importorskip("torch")
    model = zoo.create("restormer", "tiny", dtype="float64", **SMALL)
    rng = np.random.default_rng(7)
    for weight in model.weights:
        positive = weight.path.endswith(("gamma", "temperature"))
        weight.assign(rng.normal(1.0 if positive else 0.0, 0.3, weight.shape))
    with torch.no_grad():
        expected = _in_pytorch(torch, model, torch.from_numpy(image().transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(np.asarray(model(image())), expected.numpy().transpose(0, 2, 3, 1), atol=1e-10)


def _in_pytorch(torch, model, images):
    """Computes the model with PyTorch's own functions, with nothing of ours but the weights."""
    functional = torch.nn.functional

    def conv(x, name):
        depthwise = name.endswith("around")
        kernel = np.array(model.get_layer(name).kernel).transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
        groups = x.shape[1] if depthwise else 1
        return functional.conv2d(x, torch.from_numpy(kernel), padding=kernel.shape[-1] // 2, groups=groups)

    def norm(x, name):
        layer = model.get_layer(name)
        gamma, beta = (torch.from_numpy(np.array(weight)) for weight in (layer.gamma, layer.beta))
        return functional.layer_norm(x.movedim(1, 3), x.shape[1:2], gamma, beta, 1e-5).movedim(3, 1)

    def attention(x, heads, name):
        batch, channels, height, width = x.shape
        parts = x.reshape(batch, 3, heads, channels // 3 // heads, height * width)
        queries, keys = (functional.normalize(parts[:, index], dim=-1) for index in (0, 1))
        temperature = torch.from_numpy(np.array(model.get_layer(name).temperature))[:, None, None]
        weights = (queries @ keys.transpose(-2, -1) * temperature).softmax(-1)
        return (weights @ parts[:, 2]).reshape(batch, channels // 3, height, width)

    def block(x, heads, name):
        y = conv(conv(norm(x, f"{name}_norm1"), f"{name}_qkv"), f"{name}_qkv_around")
        x = x + conv(attention(y, heads, f"{name}_attention"), f"{name}_attended")
        y = conv(conv(norm(x, f"{name}_norm2"), f"{name}_expand"), f"{name}_expand_around")
        first, second = y.chunk(2, 1)
        return x + conv(functional.gelu(first) * second, f"{name}_project")

    def row(x, level, name, count=None):
        for index in range(1, (count or SMALL["level_blocks"][level]) + 1):
            x = block(x, SMALL["heads"][level], f"{name}_{index}")
        return x

    first = row(conv(images, "embed"), 0, "encoder1")
    second = row(functional.pixel_unshuffle(conv(first, "down1"), 2), 1, "encoder2")
    x = row(functional.pixel_unshuffle(conv(second, "down2"), 2), 2, "latent")
    x = torch.cat([functional.pixel_shuffle(conv(x, "up2"), 2), second], 1)
    x = row(conv(x, "reduce2"), 1, "decoder2")
    x = torch.cat([functional.pixel_shuffle(conv(x, "up1"), 2), first], 1)
    x = row(row(x, 0, "decoder1"), 0, "refinement", SMALL["refinement_blocks"])
    return conv(x, "correction") + images


def test_unusable_options_are_refused():
    for options, words in (
        ({"heads": (1, 2)}, "give both for the same two to four levels"),
        ({"heads": (1, 3, 4)}, "cannot be shared by heads"),
        ({"width": 15}, "width=15 is odd"),
    ):
        with pytest.raises(zoo.ZooError, match=words):
            zoo.create("restormer", "tiny", **options)


def test_names_of_checkpoints():
    assert layer_of("decoder_level1.3.ffn.dwconv", "weight") == "decoder1_4_expand_around"
    assert layer_of("refinement.0.attn", "temperature") == "refinement_1_attention"
    assert layer_of("up4_3.body.0", "weight") == "up3"
    assert layer_of("skip_conv", "weight") == "skip"
    for unknown in ("encoder_level4.0.attn.qkv", "latent.0.attn.key", "up4_3.body.1", "skip_conv.0"):
        assert layer_of(unknown, "weight") is None
    assert layer_of("latent.0.attn", "weight") is None


def test_other_channels_need_the_dual_pixel_form():
    with pytest.raises(zoo.ZooError, match="only dual_pixel=True gives an image of other channels"):
        zoo.create("restormer", "tiny", image_channels=6)
    model = zoo.create("restormer", "tiny", image_channels=6, dual_pixel=True)
    assert (model.input_shape[-1], model.output_shape[-1]) == (6, 3)
