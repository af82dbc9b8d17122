"""Both DeblurGAN generators: counts, shapes and what their papers say of them."""

from __future__ import annotations

import io

import keras
import numpy as np
import pytest

import zoo
from zoo.models import deblurgan

COUNTS = {
    ("deblurgan", "released"): 6_067_459,
    ("deblurgan", "paper-form"): 11_378_179,
    ("deblurgan-lite", "paper"): 3_123_186,
    ("deblurgan-lite", "plain"): 3_785_806,
}
TINY = ["deblurgan", "deblurgan-lite"]


@pytest.fixture(scope="module")
def models():
    """Every large variant, built once."""
    return {key: zoo.create(*key) for key in COUNTS}


def fixed(name, variant):
    """Returns a network for images of 256 x 256 pixels."""
    inputs = keras.Input((256, 256, 3))
    builder = {"deblurgan": deblurgan.build, "deblurgan-lite": deblurgan.build_lite}[name]
    return keras.Model(inputs, builder(inputs, **zoo.info(name).variant(variant).options))


def weights_of(model, *starts):
    """Counts the weights of the layers whose names start so."""
    return sum(layer.count_params() for layer in model.layers if layer.name.startswith(starts))


@pytest.mark.parametrize("key", COUNTS, ids="-".join)
def test_parameters(models, key):
    assert models[key].count_params() == COUNTS[key] == zoo.info(key[0]).variant(key[1]).parameters
    assert all(weight.trainable for weight in models[key].weights)


@pytest.mark.parametrize("name", TINY)
def test_tiny_parameters(name):
    assert zoo.create(name, "tiny").count_params() == zoo.info(name).variant("tiny").parameters < 300_000


@pytest.mark.parametrize(
    ("starts", "count"),
    [
        (("stem",), 9_472),
        (("down1",), 73_856),
        (("down2",), 295_168),
        *(((f"block{index}_",), 590_080) for index in range(1, 10)),
        (("up1",), 295_040),
        (("up2",), 73_792),
        (("correction",), 9_411),
    ],
)
def test_parts_of_deblurgan(models, starts, count):
    assert weights_of(models["deblurgan", "released"], *starts) == count


@pytest.mark.parametrize(
    ("starts", "count"),
    [
        (("stem",), 7 * 7 * 3 * 64),
        (("down",), 9 * 64 * 128 + 9 * 128 * 256),
        (("block1_channels",), 2 * 256 * 16),
        (("block1_pixels",), 98),
        (("block1_separable1",), 9 * 256 + 256 * 256),
        (("up1",), 9 * 256 * 256 + 9 * 64 * 128),
        (("up2",), 9 * 128 * 128 + 9 * 32 * 64),
        (("correction",), 7 * 7 * 64 * 3),
    ],
)
def test_parts_of_the_light_network(models, starts, count):
    assert weights_of(models["deblurgan-lite", "paper"], *starts) == count


def test_a_separable_convolution_needs_about_a_third():
    inputs = keras.Input((8, 8, 3))
    standard = keras.layers.Conv2D(4, 3, use_bias=False)
    separable = [keras.layers.DepthwiseConv2D(3, use_bias=False), keras.layers.Conv2D(4, 1, use_bias=False)]
    standard(inputs)
    separable[1](separable[0](inputs))
    counts = standard.count_params(), sum(layer.count_params() for layer in separable)
    assert counts == (108, 39)
    assert counts[1] / counts[0] == pytest.approx(1 / 4 + 1 / 3**2) == pytest.approx(0.3611, abs=5e-5)


def test_the_light_network_has_the_published_file_size(models):
    model = models["deblurgan-lite", "paper"]
    assert 4 * model.count_params() / 2**20 == pytest.approx(11.91, abs=0.005)
    # A plain archive of the weights; Keras' own files add two HDF5 groups per layer, a third of a MiB in all.
    archive = io.BytesIO()
    np.savez(archive, **{weight.path.replace("/", "."): np.asarray(weight) for weight in model.weights})
    assert 11.85 < archive.tell() / 2**20 < 11.97


@pytest.mark.parametrize("refined", [True, False])
def test_shapes_of_the_light_network(refined):
    model = fixed("deblurgan-lite", "paper" if refined else "plain")
    shapes = {
        "stem_act": (256, 256, 64),
        "down1_act": (128, 128, 128),
        "down2_act": (64, 64, 256),
        **{f"block{index}_sum": (64, 64, 256) for index in range(1, 10)},
        "up1_refine" if refined else "up1_shuffle": (128, 128, 128),
        "up2_refine" if refined else "up2_shuffle": (256, 256, 64),
        "sharp": (256, 256, 3),
    }
    assert {name: model.get_layer(name).output.shape[1:] for name in shapes} == shapes


def test_shapes_of_deblurgan():
    model = fixed("deblurgan", "tiny")
    filters = deblurgan.TINY["filters"]
    shapes = {
        "stem_act": (256, 256, filters),
        "down1_act": (128, 128, 2 * filters),
        "down2_act": (64, 64, 4 * filters),
        "block1_sum": (64, 64, 4 * filters),
        "up1_act": (128, 128, 2 * filters),
        "up2_act": (256, 256, filters),
        "sharp": (256, 256, 3),
    }
    assert {name: model.get_layer(name).output.shape[1:] for name in shapes} == shapes


@pytest.mark.parametrize("name", TINY)
def test_the_output_is_a_correction_clipped_to_the_range(name):
    x = np.random.default_rng(0).random((2, 16, 24, 3)).astype(np.float32)
    model = zoo.create(name, "tiny", residual_scale=20.0)
    probe = keras.Model(model.inputs, [model.get_layer("correction").output, model.output])
    correction, sharp = (np.asarray(tensor) for tensor in probe([x]))
    # In [-1, 1]: the clipped sum of both, as the public code has it.
    np.testing.assert_allclose(2 * sharp - 1, np.clip(2 * x - 1 + correction, -1, 1), atol=1e-6)
    assert (sharp == 0).any()
    assert (sharp == 1).any()
    last = model.get_layer("correction")
    last.set_weights([np.zeros_like(weight) for weight in last.get_weights()])
    np.testing.assert_array_equal(np.asarray(model(x)), x)


@pytest.mark.parametrize("name", TINY)
def test_dropout_acts_in_training_only(name):
    model = zoo.create(name, "tiny", dropout=0.5, residual_scale=1.0)
    x = np.random.default_rng(0).random((1, 16, 16, 3)).astype(np.float32)
    calm = [np.asarray(model(x, training=False)) for _ in range(2)]
    np.testing.assert_array_equal(*calm)
    assert not np.array_equal(np.asarray(model(x, training=True)), calm[0])
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in layers] == [0.5] * 4


def test_instance_normalisation_takes_biases_away():
    model = zoo.create("deblurgan", "tiny", use_bias=True)
    x = np.random.default_rng(0).random((1, 16, 24, 3)).astype(np.float32)
    before = np.asarray(model(x))
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Conv2DTranspose)) and layer.name != "correction":
            layer.bias.assign(np.full(layer.bias.shape, 0.3, np.float32))
    np.testing.assert_allclose(np.asarray(model(x)), before, atol=1e-4)


def test_a_step_up_equals_pytorchs():
    torch = pytest.importorskip("torch")
    model = zoo.create("deblurgan", "tiny", dtype="float64")
    layer = model.get_layer("up1")
    step = keras.Model(layer.input, model.get_layer("up1_crop").output)
    x = np.random.default_rng(0).random((1, 5, 7, layer.input.shape[-1]))
    kernel = torch.from_numpy(layer.get_weights()[0].transpose(3, 2, 0, 1).copy())
    inputs = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    theirs = torch.nn.functional.conv_transpose2d(inputs, kernel, stride=2, padding=1, output_padding=1)
    np.testing.assert_allclose(np.asarray(step(x)), theirs.numpy().transpose(0, 2, 3, 1), atol=1e-12)


def test_initial_kernels():
    kernels = {layer.name: np.asarray(layer.kernel) for layer in zoo.create("deblurgan").layers if layer.weights}
    assert all(kernel.std() == pytest.approx(0.02, rel=0.05) for kernel in kernels.values())
    light = zoo.create("deblurgan-lite", "tiny")
    depthwise = np.asarray(light.get_layer("block1_separable1_depthwise").kernel)
    # Each filter sees nine values: its outputs keep their inputs' scale.
    assert depthwise.std() == pytest.approx(1 / 3, rel=0.15)


@pytest.mark.parametrize("name", TINY)
def test_any_multiple_of_four_passes(name):
    model = zoo.create(name, "tiny")
    # From the second size on the compiled function does not know the sides.
    for size in [(8, 8), (12, 40), (36, 20)]:
        result = model.predict_on_batch(np.zeros((1, *size, 3), np.float32))
        assert result.shape == (1, *size, 3)
        assert np.isfinite(result).all()
