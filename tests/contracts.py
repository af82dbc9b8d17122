"""Checks that every network of the zoo must pass; a network's own test calls them with its row of the table."""

from __future__ import annotations

import keras
import numpy as np

import zoo

CHECK_SIZE = 48


def pictures(model, height, width, batch=1, seed=0, dtype=np.float32):
    """Returns random pictures with the channels that the model takes."""
    shape = (batch, height, width, model.input_shape[-1])
    return np.random.default_rng(seed).random(shape).astype(dtype)


def check_parameters(name, variant):
    """The count in the registry is exact; a tiny variant stays below 300,000."""
    model = zoo.create(name, variant)
    info = zoo.info(name).variants[variant]
    assert model.count_params() == info.parameters
    assert model.input_shape[-1] == 3 * info.frames
    assert not variant.startswith("tiny") or info.parameters < 300_000


def check_sizes(name, variant, sizes):
    """Every size comes back unchanged through the padding door, and fitting sizes are not padded."""
    model = zoo.create(name, variant)
    info = zoo.info(name)
    for height, width in sizes:
        batch = pictures(model, height, width)
        padded, (top, left) = zoo.pad_to_fit(batch, info)
        assert all(side % info.size_multiple == 0 and side >= info.minimum_size for side in padded.shape[1:3])
        assert np.array_equal(padded[:, top : top + height, left : left + width], batch)
        restored = zoo.restore(model, batch[0])
        assert restored.shape == (height, width, 3)
        assert np.isfinite(restored).all()
    fitting = pictures(model, 6 * info.size_multiple + 24, 7 * info.size_multiple + 24)
    if all(side % info.size_multiple == 0 for side in fitting.shape[1:3]):
        assert zoo.pad_to_fit(fitting, info)[0] is fitting


def check_saving(name, variant, folder):
    """A `.keras` file gives the same network back; no layer is a Lambda."""
    model = zoo.create(name, variant)
    assert not any(isinstance(layer, keras.layers.Lambda) for layer in model.layers)
    path = folder / f"{name}.keras"
    zoo.save(model, path)
    again = zoo.load(path)
    batch = pictures(model, CHECK_SIZE, CHECK_SIZE)
    assert np.array_equal(np.asarray(model(batch)), np.asarray(again(batch)))
    assert again.name == model.name
    assert zoo.identify(again) == (zoo.info(name), variant)


def check_gradients(name, variant):
    """One training step moves every weight, kernels and biases alike."""
    model = zoo.create(name, variant)
    before = [np.array(weight) for weight in model.trainable_weights]
    model.compile(keras.optimizers.SGD(1e-2), "mse", jit_compile=False)
    inputs = pictures(model, CHECK_SIZE, CHECK_SIZE, batch=2)
    model.train_on_batch(inputs, 2 * pictures(model, CHECK_SIZE, CHECK_SIZE, batch=2, seed=1)[..., :3] + 0.5)
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(np.array(weight), old), f"{weight.path} got no gradient"


def check_mixed_precision(name, variant):
    """With mixed_bfloat16 the output is float32, finite and near the float32 one."""
    model = zoo.create(name, variant, dtype="mixed_bfloat16")
    exact = zoo.create(name, variant, dtype="float32")
    exact.set_weights(model.get_weights())
    batch = pictures(model, CHECK_SIZE, CHECK_SIZE)
    result, expected = np.asarray(model(batch)), np.asarray(exact(batch))
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert np.abs(result - expected).max() < 0.05 * max(1.0, np.abs(expected).max())


def check_batch_independence(name, variant):
    """A picture's result does not depend on what else is in the batch."""
    model = zoo.create(name, variant)
    batch = pictures(model, CHECK_SIZE, CHECK_SIZE, batch=3)
    together = np.asarray(model(batch))
    alone = np.concatenate([np.asarray(model(batch[i : i + 1])) for i in range(3)])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
