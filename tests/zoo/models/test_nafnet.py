"""NAFNet against a reading of its table in plain PyTorch, its modes, and the facts of its parts."""

from __future__ import annotations

import numpy as np
import pytest

import zoo
from zoo.weights.names.nafnet import layer_of_in

# Layers' names -> parameters of the part at width 32.
PARTS = {
    "intro": 896,
    "correction": 867,
    "encoder": 13_239_520,
    "decoder": 625_120,
    "middle": 1_851_904,
    "up": 696_320,
    "down": 697_280,
}
SMALL = {"width": 4, "encoder_blocks": (1, 2), "middle_blocks": 2, "decoder_blocks": (2, 1)}
CROP = 16


def image(height=40, width=56, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).random((1, height, width, 3)).astype(dtype)


def small(dtype="float64", **options):
    """A narrow model of two levels with random weights, its means and scales of weight."""
    model = zoo.create("nafnet", "tiny", dtype=dtype, **{**SMALL, "train_crop": CROP, **options})
    rng = np.random.default_rng(7)
    model.set_weights(
        [rng.normal(1.0 if "gamma" in weight.path else 0.0, 0.3, weight.shape) for weight in model.weights]
    )
    return model


def test_parameters_of_the_parts():
    model = zoo.create("nafnet")
    for start, count in PARTS.items():
        assert sum(layer.count_params() for layer in model.layers if layer.name.startswith(start)) == count, start
    assert model.count_params() == sum(PARTS.values())


@pytest.mark.parametrize(("channels", "count"), [(32, 8_224), (64, 30_784), (128, 118_912)])
def test_parameters_of_a_block(channels, count):
    model = zoo.create("nafnet", "tiny", width=channels, encoder_blocks=(1,), decoder_blocks=(0,), middle_blocks=0)
    assert sum(layer.count_params() for layer in model.layers if layer.name.startswith("encoder1_1")) == count
    assert count == 7 * channels**2 + 33 * channels


def test_windows_are_those_of_the_released_configuration():
    for crop, windows in ((256, [384, 192, 96, 48, 24]), (32, [48, 24, 12, 6, 3])):
        model = zoo.create("nafnet", width=2, encoder_blocks=(1, 1, 1, 1), train_crop=crop)
        found = [model.get_layer(f"{row}_1_mean").window for row in ("encoder1", "encoder2", "decoder3", "encoder4")]
        assert [*found, model.get_layer("middle_1_mean").window] == [(window, window) for window in windows]


@pytest.mark.parametrize("size", [(24, 32), (37, 23), (8, 1), (1, 1)])
def test_cells_of_pixels_are_gathered_and_spread(size):
    """A finest level of half the sides: windows are half as wide, and any size comes back as it went in."""
    model = small(stem=2)
    assert model.get_layer("intro").kernel.shape == (3, 3, 12, 4)
    assert model.get_layer("correction").kernel.shape == (3, 3, 4, 12)
    assert model.get_layer("encoder1_1_mean").window == (CROP * 3 // 4, CROP * 3 // 4)
    pixels = image(*size)
    assert np.asarray(model(pixels)).shape == pixels.shape


def test_blocks_change_nothing_at_the_start():
    model = zoo.create("nafnet", "tiny", **SMALL, block_scale=0.0, residual_scale=1.0, dtype="float64")
    plain = zoo.create(
        "nafnet",
        "tiny",
        **{**SMALL, "encoder_blocks": (0, 0), "middle_blocks": 0, "decoder_blocks": (0, 0)},
        dtype="float64",
    )
    for weight in plain.weights:
        layer, name = weight.path.split("/")[-2:]
        weight.assign(getattr(model.get_layer(layer), name))
    result = np.asarray(model(image()))
    np.testing.assert_allclose(result, np.asarray(plain(image())), rtol=1e-12)
    assert np.abs(result - image()).max() > 1e-3


@pytest.mark.parametrize("size", [(40, 56), (37, 23), (8, 1), (1, 1)])
@pytest.mark.parametrize("mode", ["local", "global"])
def test_equal_to_the_table_in_pytorch(size, mode):
    torch = pytest.importorskip("torch")
    model = small(inference=mode)
    expected = _in_pytorch(torch, model, torch.from_numpy(image(*size).transpose(0, 3, 1, 2)), mode)
    np.testing.assert_allclose(np.asarray(model(image(*size))), expected.numpy().transpose(0, 2, 3, 1), atol=1e-10)


def _in_pytorch(torch, model, images, mode):
    """Computes the model by the table of its steps, with nothing of ours but the weights."""
    functional = torch.nn.functional

    def conv(x, name, **options):
        layer = model.get_layer(name)
        depthwise = "around" in name
        kernel = np.array(layer.kernel).transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
        bias = torch.from_numpy(np.array(layer.bias)) if layer.use_bias else None
        groups = x.shape[1] if depthwise else 1
        return functional.conv2d(x, torch.from_numpy(kernel), bias, groups=groups, **options)

    def norm(x, name):
        gamma, beta = (torch.from_numpy(np.array(weight)) for weight in model.get_layer(name).weights)
        return functional.layer_norm(x.movedim(1, 3), x.shape[1:2], gamma, beta, 1e-6).movedim(3, 1)

    def gate(x):
        first, second = x.chunk(2, 1)
        return first * second

    def mean(x, level):
        height, width = x.shape[2:]
        window = (CROP >> level) * 3 // 2
        if mode == "global" or max(height, width) <= window:
            return x.mean((2, 3), keepdim=True)
        rows, columns = min(height, window), min(width, window)
        found = functional.avg_pool2d(x, (rows, columns), stride=1)
        down, across = height - found.shape[2], width - found.shape[3]
        return functional.pad(found, (across // 2, -(-across // 2), down // 2, -(-down // 2)), mode="replicate")

    def scaled(name):
        return torch.from_numpy(np.array(model.get_layer(name).scale))[:, None, None]

    def block(x, level, name):
        y = gate(conv(conv(norm(x, f"{name}_norm1"), f"{name}_expand1"), f"{name}_around", padding=1))
        y = conv(y * conv(mean(y, level), f"{name}_attend"), f"{name}_project1")
        x = x + scaled(f"{name}_sum1") * y
        y = conv(gate(conv(norm(x, f"{name}_norm2"), f"{name}_expand2")), f"{name}_project2")
        return x + scaled(f"{name}_sum2") * y

    def row(x, level, count, name):
        for index in range(1, count + 1):
            x = block(x, level, f"{name}_{index}")
        return x

    height, width = images.shape[2:]
    images = functional.pad(images, (0, -width % 4, 0, -height % 4))
    x, skips = conv(images, "intro", padding=1), []
    for level, count in enumerate(SMALL["encoder_blocks"]):
        x = row(x, level, count, f"encoder{level + 1}")
        skips.append(x)
        x = conv(x, f"down{level + 1}", stride=2)
    x = row(x, 2, SMALL["middle_blocks"], "middle")
    for level, count in zip((1, 0), SMALL["decoder_blocks"], strict=True):
        x = functional.pixel_shuffle(conv(x, f"up{level + 1}"), 2) + skips[level]
        x = row(x, level, count, f"decoder{level + 1}")
    return (conv(x, "correction", padding=1) + images)[:, :, :height, :width]


def test_the_modes_differ_where_an_image_is_larger_than_the_windows():
    model = small()
    whole = zoo.inference_mode(model, "global")
    for size, same in (((24, 24), True), ((16, 24), True), ((28, 24), False), ((40, 56), False)):
        results = [np.asarray(each(image(*size))) for each in (model, whole)]
        assert np.allclose(*results, atol=1e-10) == same


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_size_by_one_graph_is_the_model_itself(dtype):
    model = small(dtype)
    for size in [(40, 56), (37, 23), (9, 70), (1, 1)]:
        x = image(*size, dtype=np.float32)
        expected = np.clip(np.asarray(model(x.astype(dtype))), 0, 1)
        np.testing.assert_allclose(zoo.restore_batch(model, x, zoo.info("nafnet")), expected, atol=2e-5)


def test_unusable_options_are_refused():
    for options, words in (
        ({"inference": "full"}, "inference must be 'local' or 'global', not 'full'"),
        ({"decoder_blocks": (1, 1)}, "must have as many levels"),
        ({"train_crop": 0}, "train_crop=0 must be at least 1"),
    ):
        with pytest.raises(zoo.ZooError, match=words):
            zoo.create("nafnet", "tiny", **options)


def test_names_of_checkpoints():
    layer_of = layer_of_in([f"ups.{level}.0" for level in range(4)])
    assert layer_of("encoders.3.27.conv2", "weight") == "encoder4_28_around"
    assert layer_of("middle_blks.0.sca.1", "bias") == "middle_1_attend"
    assert [layer_of("decoders.0.0", leaf) for leaf in ("beta", "gamma")] == ["decoder4_1_sum1", "decoder4_1_sum2"]
    assert [layer_of(f"{name}.0", "weight") for name in ("ups.0", "ups.3")] == ["up4", "up1"]
    for unknown in ("encoders.4.0.conv1", "encoders.0.0.conv9", "ups.0.1", "head"):
        assert layer_of(unknown, "weight") is None
    assert layer_of("encoders.0.0", "alpha") is None
    # The coarsest decoder is the first there.
    assert layer_of_in(["ups.0.0", "ups.1.0"])("decoders.0.3.norm1", "bias") == "decoder2_4_norm1"
