"""The critic: its authors' numbers, its receptive field and its use in training."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.support import golden
from zoo.errors import ZooError
from zoo.models.patchgan import patchgan


@pytest.fixture(scope="module", params=["float64", "float32"])
def recorded(request):
    """The recording and a critic with its weights, running statistics included."""
    recording = golden.read("patchgan")
    model = patchgan(norm="running", dtype=request.param)
    golden.fill(model, recording, "patchgan")
    inputs = recording.network_input.astype(request.param)
    return recording, model, inputs, request.param


def test_running_statistics_equal_the_recorded_output(recorded):
    recording, model, inputs, dtype = recorded
    result = np.asarray(model(inputs))
    assert result.dtype == dtype
    assert golden.relative_error(result, recording.arrays["output_running"]) < recording.facts[f"tolerance_{dtype}"]


def test_statistics_of_the_picture_equal_the_recorded_output(recorded):
    recording, model, inputs, dtype = recorded
    plain = patchgan(dtype=dtype)
    plain.set_weights([np.asarray(weight) for weight in model.trainable_weights])
    result = np.asarray(plain(inputs))
    assert golden.relative_error(result, recording.arrays["output"]) < recording.facts[f"tolerance_{dtype}"]


def test_parameters():
    model = patchgan()
    assert model.count_params() == golden.read("patchgan").parameters == 2_764_737
    assert sum(layer.count_params() for layer in model.layers if layer.name == "conv4") == 16 * 256 * 512 + 512
    assert patchgan(filters=16).count_params() < 200_000


@pytest.mark.parametrize(("size", "scores"), [((256, 256), (35, 35)), ((64, 96), (11, 15)), ((37, 50), (8, 10))])
def test_scores(size, scores):
    model = patchgan(filters=2)
    assert model.compute_output_shape((1, *size, 3)) == (1, *scores, 1)
    assert np.asarray(model(np.zeros((1, *size, 3), np.float32))).shape == (1, *scores, 1)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_receptive_field(layers, field, axis):
    # Running statistics make the critic local; an image's own ones join everything.
    model = patchgan(filters=2, layers=layers, norm="running", dtype="float64")
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 1, weight.shape))
    side = 200
    images = np.broadcast_to(rng.random((1, side, 24, 3)), (side + 1, side, 24, 3)).copy()
    # Picture i differs from the last one in row i.
    images[np.arange(side), np.arange(side)] += 0.5
    scores = np.asarray(model(images if axis == 1 else images.swapaxes(1, 2)))
    scores = scores if axis == 1 else scores.swapaxes(1, 2)
    middle = scores[:, scores.shape[1] // 2]
    touched = np.flatnonzero((middle[:-1] != middle[-1]).any(axis=(1, 2)))
    assert touched[-1] - touched[0] + 1 == len(touched) == field


def test_own_statistics_do_not_depend_on_the_mode_or_the_batch():
    model = patchgan(filters=4)
    images = np.random.default_rng(0).random((3, 40, 48, 3)).astype(np.float32)
    together = np.asarray(model(images, training=True))
    np.testing.assert_array_equal(np.asarray(model(images)), together)
    alone = np.concatenate([np.asarray(model(images[i : i + 1])) for i in range(3)])
    np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-5)


def test_sigmoid_is_an_option():
    images = np.random.default_rng(0).random((1, 40, 48, 3)).astype(np.float32)
    raw, squashed = patchgan(filters=4), patchgan(filters=4, sigmoid=True)
    squashed.set_weights(raw.get_weights())
    scores = np.asarray(raw(images))
    assert (scores < 0).any()
    np.testing.assert_allclose(np.asarray(squashed(images)), 1 / (1 + np.exp(-scores)), atol=1e-6)


def test_mixed_precision_keeps_scores_in_float32():
    exact, mixed = patchgan(filters=8), patchgan(filters=8, dtype="mixed_bfloat16")
    mixed.set_weights(exact.get_weights())
    images = np.random.default_rng(0).random((2, 40, 48, 3)).astype(np.float32)
    result, expected = np.asarray(mixed(images)), np.asarray(exact(images))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=0.1 * np.abs(expected).max())


def test_a_gradient_penalty_trains_it():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradient tapes of TensorFlow")
    model = patchgan(filters=4)
    images = tf.constant(np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(images)
            score = tf.reduce_sum(model(images, training=True))
        slopes = inner.gradient(score, images)
        penalty = tf.reduce_mean((tf.norm(tf.reshape(slopes, (2, -1)), axis=1) - 1.0) ** 2)
    kernels = [weight for weight in model.trainable_weights if weight.name == "kernel"]
    gradients = outer.gradient(penalty, [weight.value for weight in kernels])
    assert len(gradients) == 5
    assert all(np.isfinite(gradient).all() and np.any(gradient) for gradient in gradients)


def test_a_critic_survives_a_file(tmp_path):
    model = patchgan(filters=4, norm="running")
    model.save(tmp_path / "critic.keras")
    again = keras.models.load_model(tmp_path / "critic.keras")
    images = np.random.default_rng(0).random((1, 24, 24, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(again(images)), np.asarray(model(images)))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"norm": "batch"}, "instance, running"), ({"filters": 0}, "filters"), ({"layers": 0}, "layers")],
)
def test_refusals(options, words):
    with pytest.raises(ZooError, match=words):
        patchgan(**options)
