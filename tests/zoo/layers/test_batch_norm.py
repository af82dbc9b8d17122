"""Batch normalisation against Keras' own layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers.normalisation import BatchNorm

SIZES = [(2, 1, 3), (1, 4, 5), (3, 8, 6)]


def pair(dtype, channels=5):
    """Returns our layer and Keras' with the same weights."""
    rng = np.random.default_rng(0)
    layers = [BatchNorm(dtype=dtype), keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9, dtype=dtype)]
    weights = [rng.normal(1, 0.2, channels), *rng.normal(0, 1, (2, channels)), rng.uniform(0.5, 2, channels)]
    for layer in layers:
        layer.build((None, None, None, channels))
        layer.set_weights(weights)
    return layers


def random(*shape, seed=1):
    return np.random.default_rng(seed).normal(0.5, 2, shape).astype(np.float32)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12), ("mixed_bfloat16", 0.02), ("bfloat16", 0.05)]
)
def test_output_and_running_statistics_are_those_of_keras(size, training, dtype, tolerance):
    ours, other = pair(dtype)
    x = keras.ops.convert_to_tensor(random(*size, 5), ours.compute_dtype)
    result, expected = (layer(x, training=training) for layer in (ours, other))
    assert result.dtype == expected.dtype
    to_numpy = keras.ops.convert_to_numpy
    wide = [to_numpy(keras.ops.cast(each, "float64")) for each in (result, expected)]
    np.testing.assert_allclose(*wide, atol=tolerance * np.abs(wide[1]).max())
    for a, b in zip(ours.weights, other.weights, strict=True):
        a, b = (to_numpy(keras.ops.cast(each, "float64")) for each in (a, b))
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("training", [False, True])
def test_gradients_are_those_of_keras(training):
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradient tape of TensorFlow")
    x, weight = tf.constant(random(2, 4, 5, 5)), random(2, 4, 5, 5, seed=2)
    found = []
    for layer in pair("float32"):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(layer(x, training=training)) * weight)
        found.append(tape.gradient(loss, [x, layer.gamma.value, layer.beta.value]))
    for gradient, expected in zip(*found, strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-4 * np.abs(expected).max())


def test_a_frozen_layer_keeps_to_its_running_statistics():
    ours, other = pair("float32")
    ours.trainable = other.trainable = False
    before = [np.array(weight) for weight in ours.weights]
    result, expected = (np.asarray(layer(random(2, 3, 4, 5), training=True)) for layer in (ours, other))
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
    for weight, old in zip(ours.weights, before, strict=True):
        np.testing.assert_array_equal(np.array(weight), old)


@pytest.mark.parametrize("options", [{"scale": False}, {"center": False}, {"axis": 1}])
def test_other_settings_are_left_to_keras(options):
    x = random(3, 4, 4, 4)
    result = BatchNorm(**options)(x, training=True)
    expected = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9, **options)(x, training=True)
    np.testing.assert_array_equal(np.asarray(result), np.asarray(expected))


def test_sides_may_be_unknown_and_the_model_can_be_rebuilt():
    inputs = keras.Input((None, None, 5))
    model = keras.Model(inputs, BatchNorm(name="norm")(inputs))
    model.compile("sgd", "mse", jit_compile=False)
    for size in SIZES:
        model.train_on_batch(random(*size, 5), random(*size, 5, seed=3))
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    x = random(2, 3, 4, 5)
    np.testing.assert_array_equal(model.predict_on_batch(x), again.predict_on_batch(x))
    assert (again.get_layer("norm").epsilon, again.get_layer("norm").momentum) == (1e-5, 0.9)
