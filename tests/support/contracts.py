"""Checks that every network of the zoo must pass; a network's own test calls them with its row of the table."""

from __future__ import annotations

from functools import cache

import keras
import numpy as np

import zoo

# Multiples of 32, as the deepest networks need, and large enough for the refiner.
CHECK_SIZE = 64


@cache
def built(name, variant):
    """A model for the checks that leave it as it is; building one takes as long as many a check."""
    return zoo.create(name, variant)


def images(model, height, width, batch=1, seed=0, dtype=np.float32):
    """Returns random images with the channels that the model takes, and what else it takes."""
    rng = np.random.default_rng(seed)
    batch_of_images = rng.random((batch, height, width, model.inputs[0].shape[-1])).astype(dtype)
    if len(model.inputs) == 1:
        return batch_of_images
    if len(model.inputs[1].shape) == 4:
        return [batch_of_images, np.tile(box(3)[np.newaxis, ..., np.newaxis], (batch, 1, 1, 1)).astype(dtype)]
    return [batch_of_images, np.arange(batch, dtype=dtype)[:, np.newaxis]]


def as_list(inputs):
    """Everything that a model takes, one by one."""
    return inputs if isinstance(inputs, list) else [inputs]


def box(side):
    """Returns an even point spread function (side, side)."""
    return np.full((side, side), 1 / side**2)


def known_blur(info):
    """Returns what a network must be told of the blur, as arguments of `zoo.restore`."""
    return {"blur_step": 0 if info.takes_blur_step else None, "psf": box(3) if info.takes_psf else None}


def first(outputs):
    """Returns the restored images, which come first where there are several outputs."""
    return np.asarray(outputs[0] if isinstance(outputs, (list, tuple)) else outputs)


def check_parameters(name, variant):
    """The counts in the registry are exact; a tiny variant stays below 300,000."""
    model = (built if variant.startswith("tiny") else zoo.create)(name, variant)
    contract = zoo.info(name)
    facts = contract.variants[variant]
    trained, rest = (
        sum(int(np.prod(weight.shape)) for weight in weights)
        for weights in (model.trainable_weights, model.non_trainable_weights)
    )
    assert (trained, rest) == (facts.parameters, facts.statistics)
    assert zoo.count_macs(model) == facts.macs
    assert model.inputs[0].shape[-1] == contract.channels * facts.frames
    assert len(model.inputs) == 1 + contract.takes_blur_step + contract.takes_psf
    assert contract.learns == (facts.parameters > 0)
    assert [tensor.shape[-1] for tensor in model.outputs] == [contract.channels_out] * len(model.outputs)
    assert zoo.shrink_of(model) == facts.shrink
    assert not variant.startswith("tiny") or facts.parameters < 300_000


def check_sizes(name, variant, sizes):
    """Every size comes back unchanged through the padding door, and fitting sizes are not padded."""
    model = built(name, variant)
    info = zoo.info(name)
    channels = 3 * info.variants[variant].frames
    shrink = zoo.shrink_of(model)
    for height, width in sizes:
        image = np.random.default_rng(0).random((height, width, channels)).astype(np.float32)
        padded, (top, left) = zoo.pad_to_fit(image[np.newaxis], info, shrink)
        assert all(side % info.size_multiple == 0 and side >= info.minimum_size for side in padded.shape[1:3])
        top, left = top + shrink // 2, left + shrink // 2
        assert np.array_equal(padded[0, top : top + height, left : left + width], image)
        restored = zoo.restore(model, image, **known_blur(info))
        assert restored.shape == (height, width, 3)
        assert np.isfinite(restored).all()
    fitting = np.zeros((1, 6 * info.size_multiple + 24, 7 * info.size_multiple + 24, channels), np.float32)
    if not shrink and all(side % info.size_multiple == 0 for side in fitting.shape[1:3]):
        assert zoo.pad_to_fit(fitting, info)[0] is fitting


def check_saving(name, variant, folder):
    """A `.keras` file gives the same network back; no layer is a Lambda."""
    model = built(name, variant)
    assert not any(isinstance(layer, keras.layers.Lambda) for layer in model.layers)
    path = folder / f"{name}.keras"
    zoo.save(model, path)
    again = zoo.load(path)
    batch = images(model, CHECK_SIZE, CHECK_SIZE)
    assert np.array_equal(first(model(batch)), first(again(batch)))
    assert again.name == model.name
    assert zoo.identify(again) == (zoo.info(name), variant)


def check_gradients(name, variant):
    """One training step moves every weight, kernels and biases alike."""
    model = zoo.create(name, variant)
    before = [np.array(weight) for weight in model.trainable_weights]
    losses = ["mse"] * len(model.outputs)
    model.compile(keras.optimizers.SGD(1.0), losses if len(losses) > 1 else "mse", jit_compile=False, run_eagerly=True)
    inputs = images(model, CHECK_SIZE, CHECK_SIZE, batch=2)
    shape = (2, *(CHECK_SIZE - zoo.shrink_of(model),) * 2, model.outputs[0].shape[-1])
    target = 2 * np.random.default_rng(1).random(shape).astype(np.float32) + 0.5
    model.train_on_batch(inputs, [target] * len(losses) if len(losses) > 1 else target)
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(np.array(weight), old), f"{weight.path} got no gradient"


def check_mixed_precision(name, variant):
    """With mixed_bfloat16 the output is float32, finite and near the float32 one."""
    model = zoo.create(name, variant, dtype="mixed_bfloat16")
    exact = zoo.create(name, variant, dtype="float32")
    exact.set_weights(model.get_weights())
    batch = images(model, CHECK_SIZE, CHECK_SIZE)
    result, expected = first(model(batch)), first(exact(batch))
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert np.abs(result - expected).max() < 0.05 * max(1.0, np.abs(expected).max())


def check_batch_independence(name, variant):
    """An image's result does not depend on what else is in the batch."""
    model = built(name, variant)
    batch = images(model, CHECK_SIZE, CHECK_SIZE, batch=3)
    together = first(model(batch))

    def one(index):
        return [part[index : index + 1] for part in batch] if isinstance(batch, list) else batch[index : index + 1]

    alone = np.concatenate([first(model(one(index))) for index in range(3)])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5 * max(1.0, np.abs(alone).max()))
