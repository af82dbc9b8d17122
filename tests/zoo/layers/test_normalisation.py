"""Weight standardisation, instance normalisation and group normalisation against formulas and recordings."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.support import golden
from zoo import layers as zoo_layers
from zoo.layers.normalisation import InstanceNormalization, PictureGroupNormalization
from zoo.layers.weight_standardisation import StandardisedConv2D

GROUP_NORMS = (keras.layers.GroupNormalization, PictureGroupNormalization)


def standardised(kernel):
    """Returns the kernel standardised in NumPy."""
    centred = kernel - kernel.mean(axis=(0, 1, 2))
    return centred / (np.sqrt(centred.var(axis=(0, 1, 2), ddof=1) + 1e-12) + 1e-5)


def instance_normalised(x, epsilon):
    """Returns the maps normalised in NumPy."""
    return (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + epsilon)


def pair(size, inputs, policy="float64", **options):
    """Returns a standardised layer and a plain one that holds the kernel standardised by NumPy."""
    layers = [kind(5, size, dtype=policy, **options) for kind in (StandardisedConv2D, keras.layers.Conv2D)]
    for layer in layers:
        layer.build(inputs.shape)
    rng = np.random.default_rng(0)
    weights = [rng.normal(0.3, 0.2, weight.shape).astype(weight.dtype) for weight in layers[0].weights]
    layers[0].set_weights(weights)
    layers[1].set_weights([standardised(weights[0]), *weights[1:]])
    return layers


@pytest.mark.parametrize("size", [1, 3, (2, 5)])
@pytest.mark.parametrize(
    "options",
    [{}, {"strides": 2, "use_bias": False}, {"dilation_rate": 2, "padding": "same"}, {"activation": "relu"}],
)
def test_standardised_convolution_equals_a_convolution_with_the_standardised_kernel(size, options):
    inputs = np.random.default_rng(1).random((2, 9, 11, 4))
    ours, plain = pair(size, inputs, **options)
    np.testing.assert_allclose(np.asarray(ours(inputs)), np.asarray(plain(inputs)), rtol=1e-10, atol=1e-10)


def test_scale_and_offset_of_a_filter_do_not_matter():
    inputs = np.random.default_rng(1).random((1, 8, 8, 6))
    layer, _ = pair(3, inputs)
    before = np.asarray(layer(inputs))
    kernel, bias = layer.get_weights()
    layer.set_weights([7.0 * kernel - 2.0, bias])
    np.testing.assert_allclose(np.asarray(layer(inputs)), before, atol=1e-3)
    layer.set_weights([np.full_like(kernel, 0.5), bias])
    np.testing.assert_allclose(np.asarray(layer(inputs)), np.broadcast_to(bias, before.shape), atol=1e-7)


def test_mixed_precision_standardises_before_it_rounds():
    inputs = np.random.default_rng(1).random((1, 12, 12, 8)).astype(np.float32)
    ours, plain = pair(3, inputs, "mixed_bfloat16")
    # In bfloat16 neighbours of 50 are 0.25 apart: a kernel cast too early would lose its spread.
    kernel, bias = ours.get_weights()
    ours.set_weights([kernel + 50, bias])
    plain.set_weights([standardised(kernel + 50), bias])
    result = ours(inputs)
    assert keras.backend.standardize_dtype(result.dtype) == "bfloat16"
    difference = np.asarray(keras.ops.cast(result - plain(inputs), "float32"))
    assert np.abs(difference).max() < 0.02 * np.abs(np.asarray(keras.ops.cast(result, "float32"))).max()


def test_training_moves_the_raw_kernel_and_leaves_its_mean():
    inputs = np.random.default_rng(1).random((4, 8, 8, 3)).astype(np.float32)
    model = keras.Sequential([keras.Input((8, 8, 3)), StandardisedConv2D(4, 3, padding="same")])
    before = model.get_weights()[0]
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    model.train_on_batch(inputs, np.random.default_rng(2).random((4, 8, 8, 4)).astype(np.float32))
    after = model.get_weights()[0]
    assert np.abs(after - before).max() > 1e-4
    # The output does not depend on a filter's mean, so its gradient sums to nothing.
    np.testing.assert_allclose(after.mean((0, 1, 2)), before.mean((0, 1, 2)), atol=1e-6)


def test_standardised_convolution_refuses_what_has_no_variance_and_rebuilds():
    with pytest.raises(ValueError, match="single weight"):
        StandardisedConv2D(4, 1).build((None, 8, 8, 1))
    layer = StandardisedConv2D(4, (3, 5), strides=2, dilation_rate=1, use_bias=False, name="here")
    again = StandardisedConv2D.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("shape", [(1, 1, 1, 2), (2, 5, 3, 4), (3, 16, 9, 1)])
@pytest.mark.parametrize("epsilon", [1e-5, 1e-3])
def test_instance_normalisation_equals_the_formula(shape, epsilon):
    x = np.random.default_rng(0).normal(2, 3, shape)
    layer = InstanceNormalization(epsilon, dtype="float64")
    result = np.asarray(layer(x))
    np.testing.assert_allclose(result, instance_normalised(x, epsilon), rtol=1e-9, atol=1e-9)
    assert layer.count_params() == 0
    alone = np.concatenate([np.asarray(layer(x[i : i + 1])) for i in range(len(x))])
    np.testing.assert_allclose(alone, result, atol=1e-12)


def test_instance_normalisation_equals_the_recorded_one():
    arrays = golden.read("tfa_ops").arrays
    layer = InstanceNormalization(1e-3, affine=True)
    layer.build(arrays["input"].shape)
    layer.set_weights([arrays["gamma"], arrays["beta"]])
    assert golden.relative_error(np.asarray(layer(arrays["input"])), arrays["instance_norm"]) < 2e-6


@pytest.mark.parametrize("kind", GROUP_NORMS)
@pytest.mark.parametrize("groups", [1, 3])
def test_group_normalisation_equals_the_recorded_one(kind, groups):
    arrays = golden.read("tfa_ops").arrays
    layer = kind(groups, epsilon=1e-3)
    layer.build(arrays["input"].shape)
    layer.set_weights([arrays["gamma"], arrays["beta"]])
    assert golden.relative_error(np.asarray(layer(arrays["input"])), arrays[f"group_norm_{groups}"]) < 2e-6


@pytest.mark.parametrize("kind", GROUP_NORMS)
@pytest.mark.parametrize("groups", [2, 3])
def test_group_normalisation_of_six_channels_equals_the_recorded_one(kind, groups):
    x = np.random.RandomState(4).random_sample((1, 17, 23, 6)).astype(np.float32)
    gamma, beta = (np.random.RandomState(seed).standard_normal(6).astype(np.float32) for seed in (5, 6))
    layer = kind(groups, epsilon=1e-3)
    layer.build(x.shape)
    layer.set_weights([1 + np.float32(0.1) * gamma, np.float32(0.1) * beta])
    expected = golden.read("tfa_ops").arrays[f"group_norm_c6_{groups}"]
    assert golden.relative_error(np.asarray(layer(x))[:, ::3, ::3], expected) < 3e-6


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}, {"epsilon": 0.5}])
@pytest.mark.parametrize("shape", [(1, 1, 1, 8), (2, 5, 3, 4), (3, 16, 9, 12)])
def test_group_normalisation_equals_keras(shape, options):
    x = np.random.default_rng(0).normal(2, 3, shape)
    layers = [kind(4, dtype="float64", **options) for kind in GROUP_NORMS]
    results = []
    for layer in layers:
        layer.build(shape)
        layer.set_weights([np.random.default_rng(1).normal(1, 0.1, weight.shape) for weight in layer.weights])
        results.append(np.asarray(layer(x)))
    np.testing.assert_allclose(results[1], results[0], atol=1e-9)
    assert layers[1].get_config() == {**layers[0].get_config(), "name": layers[1].name}


def test_group_normalisation_takes_pictures_only():
    with pytest.raises(ValueError, match="last axis"):
        PictureGroupNormalization(2).build((None, 8, 4))
    with pytest.raises(ValueError, match="last axis"):
        PictureGroupNormalization(2, axis=1).build((None, 4, 8, 8))


@pytest.mark.parametrize("layer", [InstanceNormalization, lambda **options: PictureGroupNormalization(2, **options)])
def test_half_precision_maps_are_normalised_in_float32(layer):
    x = (100 + np.random.default_rng(0).normal(0, 5, (1, 32, 32, 2))).astype(np.float32)
    rounded = keras.ops.cast(x, "bfloat16")
    result = layer(epsilon=1e-5, dtype="mixed_bfloat16")(rounded)
    assert keras.backend.standardize_dtype(result.dtype) == "bfloat16"
    expected = instance_normalised(np.asarray(keras.ops.cast(rounded, "float64")), 1e-5)
    np.testing.assert_allclose(np.asarray(keras.ops.cast(result, "float32")), expected, atol=0.02)


def test_running_statistics_follow_the_batches_and_rule_outside_training():
    x = np.random.default_rng(0).normal(2, 3, (2, 6, 5, 3))
    layer = InstanceNormalization(running_statistics=True, momentum=0.8, dtype="float64")
    np.testing.assert_allclose(np.asarray(layer(x)), x / np.sqrt(1 + 1e-5))
    np.testing.assert_allclose(np.asarray(layer(x, training=True)), instance_normalised(x, 1e-5), rtol=1e-9)
    mean = 0.2 * x.mean((0, 1, 2))
    variance = 0.8 + 0.2 * x.var((1, 2), ddof=1).mean(0)
    np.testing.assert_allclose(np.asarray(layer.moving_mean), mean)
    np.testing.assert_allclose(np.asarray(layer.moving_variance), variance)
    np.testing.assert_allclose(np.asarray(layer(x)), (x - mean) / np.sqrt(variance + 1e-5))
    assert layer.trainable_weights == []


def test_running_statistics_equal_pytorchs():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(2, 3, (3, 6, 5, 4))
    ours = InstanceNormalization(running_statistics=True, dtype="float64")
    theirs = torch.nn.InstanceNorm2d(4, track_running_stats=True).double()
    for _ in range(3):
        expected = theirs(torch.from_numpy(x.transpose(0, 3, 1, 2))).numpy().transpose(0, 2, 3, 1)
        np.testing.assert_allclose(np.asarray(ours(x, training=True)), expected, atol=1e-10)
    expected = theirs.eval()(torch.from_numpy(x.transpose(0, 3, 1, 2))).numpy().transpose(0, 2, 3, 1)
    np.testing.assert_allclose(np.asarray(ours(x)), expected, atol=1e-10)


def test_instance_normalisation_rebuilds():
    layer = InstanceNormalization(1e-3, affine=True, running_statistics=True, momentum=0.5, name="here")
    assert InstanceNormalization.from_config(layer.get_config()).get_config() == layer.get_config()


def test_division_by_the_deviation_alone():
    x = np.random.default_rng(0).normal(2, 1, (2, 3, 4, 5))
    layer = zoo_layers.DeviationNorm(epsilon=1e-3, dtype="float64")
    layer.build(x.shape)
    scale = np.arange(1.0, 6.0)
    layer.gamma.assign(scale)
    expected = x / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-3) * scale
    np.testing.assert_allclose(np.asarray(layer(x)), expected, rtol=1e-12)
    assert type(layer).from_config(layer.get_config()).epsilon == 1e-3
