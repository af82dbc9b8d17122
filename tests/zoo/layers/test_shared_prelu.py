"""The PReLU with one slope against its formula and its derivatives."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.layers.shared_prelu import SharedPReLU


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 5, 1, 3)])
@pytest.mark.parametrize("alpha", [0.25, -0.5, 0.0, 2.0])
def test_equals_the_formula(shape, alpha):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    layer = SharedPReLU(alpha)
    np.testing.assert_array_equal(np.asarray(layer(x)), np.where(x > 0, x, np.float32(alpha) * x))
    assert layer.compute_output_shape(shape) == shape
    assert [tuple(weight.shape) for weight in layer.trainable_weights] == [()]


@pytest.mark.parametrize("alpha", [0.25, -0.5])
def test_derivatives_equal_the_formula(alpha):
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradient tape of TensorFlow")
    random = np.random.default_rng(0)
    x, weight = random.normal(size=(2, 2, 5, 4, 3))
    layer = SharedPReLU(alpha, dtype="float64")
    layer.build(x.shape)
    point = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(point)
        # Called twice: the shared slope collects the derivatives of both calls.
        value = tf.reduce_sum(layer(point) * weight) + tf.reduce_sum(layer(-point) * weight)
    by_x, by_alpha = tape.gradient(value, [point, layer.alpha.value])
    np.testing.assert_allclose(by_x, weight * (np.where(x > 0, 1, alpha) - np.where(-x > 0, 1, alpha)))
    assert float(by_alpha) == pytest.approx((weight * (np.minimum(x, 0) + np.minimum(-x, 0))).sum())


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
def test_trains_in_every_precision(dtype):
    layer = SharedPReLU(dtype=dtype)
    model = keras.Sequential([keras.Input((4, 3)), layer])
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=False)
    x = np.random.default_rng(0).normal(size=(8, 4, 3)).astype(np.float32)
    before = float(layer.alpha.numpy())
    for _ in range(60):
        model.train_on_batch(x, np.where(x > 0, x, 0.75 * x))
    assert before == 0.25
    assert float(layer.alpha.numpy()) == pytest.approx(0.75, abs=0.01)


def test_config_rebuilds_the_layer():
    layer = SharedPReLU(0.1)
    assert SharedPReLU.from_config(layer.get_config()).get_config() == layer.get_config()
