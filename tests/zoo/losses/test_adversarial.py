"""Adversarial steps: what each moves, what the losses are, the same on every backend."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from tests.support.backends import run_on
from zoo.backend import input_gradient
from zoo.losses import adversarial
from zoo.losses.adversarial import CriticStep, GeneratorStep, relativistic_loss
from zoo.models.patchgan import patchgan


def networks(seed=0):
    """Returns a generator with dropout and a critic, of a few weights each."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = keras.layers.Dropout(0.5)(x)
    x = keras.layers.Conv2D(3, 3, padding="same")(x)
    generator = keras.Model(image, keras.layers.Add()([image, x]))
    judged = keras.Input((None, None, 3))
    x = keras.layers.LeakyReLU(0.2)(keras.layers.Conv2D(4, 4, strides=2)(judged))
    return generator, keras.Model(judged, keras.layers.Conv2D(1, 4)(x))


def distance(truth, result):
    return ops.mean(ops.abs(truth - result))


def batch(seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((2, 24, 24, 3), np.float32), rng.random((2, 24, 24, 3), np.float32)


def values(model):
    return [np.array(weight) for weight in model.weights]


def moved(before, model):
    return [not np.array_equal(old, np.array(new)) for old, new in zip(before, model.weights, strict=True)]


@pytest.mark.parametrize("kind", adversarial.KINDS)
def test_each_step_moves_its_own_network_only(kind):
    generator, critic = networks()
    steps = CriticStep(generator, critic, kind), GeneratorStep(generator, critic, kind, distance)
    for step, own, other in ((steps[0], critic, generator), (steps[1], generator, critic)):
        step.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
        before = values(own), values(other)
        step.train_on_batch(*batch())
        # Of a relativistic or Wasserstein critic the last bias cancels in every difference of scores.
        assert all(moved(before[0], own)[:-1] if own is critic else moved(before[0], own))
        assert not any(moved(before[1], other))


def test_the_dropout_of_the_generator_goes_on():
    generator, critic = networks()
    step = CriticStep(generator, critic, "relativistic")
    step.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    step.reset_metrics()
    first = step.train_on_batch(*batch())
    step.reset_metrics()
    assert step.train_on_batch(*batch()) != first


def test_relativistic_loss_is_the_papers_formula():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(1, 2, (2, 5, 5, 1)), rng.normal(0, 2, (2, 5, 5, 1))

    def d(a, b):
        return 1 / (1 + np.exp(-(a - b.mean())))

    expected = -np.log(d(real, fake)).mean() - np.log(1 - d(fake, real)).mean()
    assert float(relativistic_loss(ops.convert_to_tensor(real), ops.convert_to_tensor(fake))) == pytest.approx(expected)
    same = ops.zeros((1, 3, 3, 1))
    assert float(relativistic_loss(same, same)) == pytest.approx(2 * np.log(2))


@pytest.mark.parametrize(
    ("options", "norm"),
    [
        ({}, 0.05 * np.sqrt(3) / 2),
        ({"penalty": "per_pixel", "penalty_range": (0, 1)}, 0.05 * np.sqrt(3)),
        ({"penalty": "per_image"}, 0.05 * np.sqrt(48) / 2),
        ({"penalty": "per_image", "penalty_range": (0, 1)}, 0.05 * np.sqrt(48)),
    ],
)
def test_gradient_penalty_of_a_critic_with_known_slope(options, norm):
    """A critic that sums w x has the gradient w everywhere; its penalty is 10 (|w| - 1)^2."""
    judged = keras.Input((None, None, 3))
    scores = keras.layers.Conv2D(1, 4, use_bias=False, kernel_initializer=keras.initializers.Constant(0.05))(judged)
    critic = keras.Model(judged, scores)
    generator, _ = networks()
    step = CriticStep(generator, critic, "wasserstein", **options)
    image = np.random.default_rng(0).random((3, 4, 4, 3), np.float32)
    # One score per 4x4 image; truth and result are equal, so only the penalty is left.
    loss = float(step.compute_loss(image, ops.convert_to_tensor(image), ops.convert_to_tensor(image)))
    assert loss == pytest.approx(10 * (norm - 1) ** 2, rel=1e-5)


def test_the_released_codes_penalty_in_pytorch():
    """The lines of DeblurGAN's released code, on images in [-1, 1], with instance normalisation in the critic."""
    torch = pytest.importorskip("torch")
    critic = patchgan(4, 2)
    rng = np.random.default_rng(0)
    critic.set_weights([rng.normal(0, 0.2, weight.shape) for weight in critic.get_weights()])
    image, result = rng.random((2, 2, 24, 20, 3)).astype(np.float32)
    step = CriticStep(networks()[0], critic, "wasserstein")
    # Both are mixtures of the same two images only where the share is known.
    seeds = keras.random.SeedGenerator(0)
    share = float(keras.random.uniform((1, 1, 1, 1), seed=seeds)[0, 0, 0, 0])

    def scores(x):
        for index, layer in enumerate(layer for layer in critic.layers if isinstance(layer, keras.layers.Conv2D)):
            kernel, bias = (torch.from_numpy(np.array(weight)) for weight in layer.weights)
            x = torch.nn.functional.conv2d(x, kernel.permute(3, 2, 0, 1), bias, layer.strides, padding=2)
            if 0 < index < 3:
                x = torch.nn.functional.instance_norm(x)
            if index < 3:
                x = torch.nn.functional.leaky_relu(x, 0.2)
        return x

    real, fake = (torch.from_numpy(2 * each.transpose(0, 3, 1, 2) - 1) for each in (image, result))
    interpolates = (share * real + (1 - share) * fake).requires_grad_()
    disc = scores(interpolates)
    (gradients,) = torch.autograd.grad(disc, interpolates, torch.ones_like(disc), create_graph=True)
    penalty = ((gradients.norm(2, dim=1) - 1) ** 2).mean() * 10
    expected = float((scores(fake).mean() - scores(real).mean() + penalty).detach())
    assert float(step.compute_loss(None, image, ops.convert_to_tensor(result))) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"penalty": "per_batch"}, "penalty must be one of per_pixel"), ({"penalty_range": (1, 1)}, "a larger white")],
)
def test_penalties_that_cannot_be(options, words):
    with pytest.raises(zoo.ZooError, match=words):
        CriticStep(*networks(), "wasserstein", **options)


def test_input_gradient_is_differentiable():
    point = ops.convert_to_tensor(np.array([1.0, 2.0, -3.0], np.float32))
    outer = input_gradient(lambda x: ops.sum(ops.square(input_gradient(lambda z: ops.sum(z**3), x))), point)
    np.testing.assert_allclose(np.asarray(outer), 36 * np.array([1.0, 2.0, -3.0]) ** 3, rtol=1e-5)


def test_an_unknown_kind_is_refused():
    generator, critic = networks()
    with pytest.raises(ValueError, match="kind must be one of relativistic, wasserstein"):
        CriticStep(generator, critic, "hinge")


def losses_of_a_training():
    """Returns the losses of three steps of both kinds, for fixed weights and without dropout."""
    found = {}
    for kind in adversarial.KINDS:
        generator, critic = networks()
        generator.layers[2].rate = 0.0
        rng = np.random.default_rng(3)
        for model in (generator, critic):
            model.set_weights([rng.normal(0, 0.1, weight.shape) for weight in model.get_weights()])
        steps = CriticStep(generator, critic, kind), GeneratorStep(generator, critic, kind, distance)
        blurry, sharp = batch()
        for step in steps:
            step.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), jit_compile=keras.backend.backend() == "jax")
        for index in range(3):
            for step, name in zip(steps, ("critic", "generator"), strict=True):
                # Where truth and result agree, the random mixtures of the penalty are all the same image.
                truth = sharp if kind == "relativistic" or name == "generator" else generator.predict_on_batch(blurry)
                step.reset_metrics()
                found[f"{kind} {name} {index}"] = float(step.train_on_batch(blurry, truth))
    return found


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend):
    results = json.loads(run_on(backend, __file__).splitlines()[-1])
    assert results == pytest.approx(losses_of_a_training(), rel=1e-4)


if __name__ == "__main__":
    print(json.dumps(losses_of_a_training()))
