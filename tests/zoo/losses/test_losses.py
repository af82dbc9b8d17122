"""Distances against NumPy and SciPy, and the objective of all outputs of a network."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from scipy import ndimage

import zoo
from tests.support.backends import arrays_of
from zoo.errors import ZooError
from zoo.losses.multi_output import StageObjective
from zoo.losses.pixel import Charbonnier, CharbonnierEdge, EdgeLoss, NegativePsnr, RootSquaredError, laplacian, psnr

SCRIPT = Path(__file__).with_name("loss_steps.py")
SIZES = [(1, 1), (1, 6), (5, 3), (8, 8), (9, 7), (16, 12)]
DISTANCES = [Charbonnier(), EdgeLoss(), CharbonnierEdge(), RootSquaredError(), NegativePsnr()]


def images(height=8, width=12, batch=4, seed=0):
    return np.random.default_rng(seed).random((batch, height, width, 3)).astype(np.float32)


def detail(images):
    """Returns the Laplacian of each image, with SciPy's two-dimensional filter."""
    row = np.array([0.05, 0.25, 0.4, 0.25, 0.05])
    kernel = np.outer(row, row)[np.newaxis, :, :, np.newaxis]
    spread = np.zeros_like(images)
    spread[:, ::2, ::2] = 4 * ndimage.correlate(images, kernel, mode="nearest")[:, ::2, ::2]
    return images - ndimage.correlate(spread, kernel, mode="nearest")


def charbonnier(difference, epsilon=1e-3):
    return np.sqrt(difference**2 + epsilon**2).mean(axis=(1, 2, 3))


@pytest.mark.parametrize("size", SIZES)
def test_laplacian_equals_scipys(size):
    x = images(*size).astype(np.float64)
    np.testing.assert_allclose(np.asarray(laplacian(x)), detail(x), atol=1e-12)


def test_laplacian_of_a_plane_is_zero_inside():
    rows, columns = np.mgrid[:20, :24].astype(float)
    plane = (2 * rows - 3 * columns + 5)[np.newaxis, ..., np.newaxis]
    np.testing.assert_allclose(np.asarray(laplacian(plane))[:, 6:-6, 6:-6], 0, atol=1e-9)


@pytest.mark.parametrize("size", SIZES)
def test_distances_equal_their_formulas(size):
    truth, result = images(*size), images(*size, seed=1)
    difference = truth.astype(np.float64) - result
    edges = charbonnier(detail(difference))
    expected = [
        charbonnier(difference),
        edges,
        charbonnier(difference) + 0.05 * edges,
        np.sqrt((difference**2).sum(axis=(1, 2, 3))),
        10 * np.log10((difference**2).mean(axis=(1, 2, 3)) + 1e-8),
    ]
    for distance, values in zip(DISTANCES, expected, strict=True):
        assert float(distance(truth, result)) == pytest.approx(values.mean(), rel=1e-5)
        weights = np.arange(4.0)
        assert float(distance(truth, result, weights)) == pytest.approx((weights * values).mean(), rel=1e-5)


def test_arguments_of_the_distances():
    truth, result = images(), images(seed=1)
    difference = truth.astype(np.float64) - result
    assert float(Charbonnier(0.5)(truth, result)) == pytest.approx(charbonnier(difference, 0.5).mean(), rel=1e-5)
    equal = float(NegativePsnr(1e-6)(truth, truth))
    assert equal == pytest.approx(-60, rel=1e-5)
    total = (charbonnier(difference) + 2 * charbonnier(detail(difference))).mean()
    assert float(CharbonnierEdge(2.0)(truth, result)) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("distance", DISTANCES, ids=lambda distance: distance.name)
def test_distances_are_float32_and_can_be_rebuilt(distance):
    truth, result = (keras.ops.cast(images(seed=seed), "bfloat16") for seed in range(2))
    value = distance(truth, result)
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    again = keras.losses.deserialize(keras.losses.serialize(distance))
    assert again.get_config() == distance.get_config()
    assert float(again(truth, result)) == float(value)


@pytest.mark.parametrize("distance", DISTANCES, ids=lambda distance: distance.name)
def test_equal_pictures_have_a_finite_gradient(distance):
    model = toy(outputs=1)
    model.compile("sgd", distance, jit_compile=False)
    x = images()
    model.train_on_batch(x, model.predict_on_batch(x))
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def toy(outputs=3, seed=0, dtype=None, **options):
    """Returns a network of so many images."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((None, None, 3), name="blurry")
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", dtype=dtype, name="stem", **options)(inputs)
    heads = [keras.layers.Conv2D(3, 1, name=f"head{index}")(x) for index in range(outputs)]
    return keras.Model(inputs, heads if outputs > 1 else heads[0], name="toy.net")


def compiled(network, optimizer="sgd", **options):
    model = StageObjective(network, **options)
    model.compile(optimizer, metrics=[psnr], jit_compile=False)
    return model


def test_ratios_start_equal_and_belong_to_the_objective():
    network = toy()
    before = network.count_params()
    model = StageObjective(network)
    np.testing.assert_allclose(model.ratios, 1 / 3, rtol=1e-6)
    assert model.network is network
    assert network.count_params() == before == model.count_params() - 3
    assert model.name == network.name
    x = images()
    for ours, theirs in zip(model.predict(x, verbose=0), network.predict(x, verbose=0), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("trainable", [True, False])
def test_loss_is_the_weighted_sum_and_metrics_are_of_the_first_output(trainable):
    model = compiled(toy(), distance=RootSquaredError(), trainable_ratios=trainable)
    x, y = images(), images(seed=1)
    outputs = model.predict(x, verbose=0)
    distances = np.array([float(RootSquaredError()(y, output)) for output in outputs])
    if trainable:
        model.logits.assign([0.0, 1.0, -1.0])
        np.testing.assert_allclose(model.ratios, np.exp([0, 1, -1]) / np.exp([0, 1, -1]).sum(), rtol=1e-6)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx((model.ratios * distances).sum(), rel=1e-5)
    assert logs["psnr"] == pytest.approx(float(np.mean(psnr(y, outputs[0]))), rel=1e-5)
    ratios = [logs[key] for key in sorted(logs) if key.startswith("ratio_")]
    np.testing.assert_allclose(ratios, model.ratios if trainable else [], rtol=1e-6)


def test_smaller_outputs_meet_one_pixel_of_every_cell():
    inputs = keras.Input((None, None, 3))
    scale = keras.layers.Conv2D(3, 1, use_bias=False)
    heads = [scale(inputs), *(keras.layers.AveragePooling2D(factor)(scale(inputs)) for factor in (2, 4))]
    model = compiled(keras.Model(inputs, heads, name="toy.net"), distance="mean_squared_error", trainable_ratios=False)
    # From the second size on the compiled function does not know the sides.
    for side in (8, 12, 16):
        x, y = images(side, side + 4), images(side, side + 4, seed=1)
        targets = [y, y[:, 1::2, 1::2], y[:, 2::4, 2::4]]
        expected = sum(
            np.mean(np.square(np.asarray(output) - target))
            for output, target in zip(model.network(x), targets, strict=True)
        )
        assert model.evaluate(x, y, verbose=0, return_dict=True)["loss"] == pytest.approx(expected, rel=1e-5)


def test_descent_moves_weight_from_outputs_above_the_mean_to_those_below():
    model = compiled(toy(), keras.optimizers.SGD(0.1), distance="mean_squared_error")
    model.logits.assign([0.0, 1.0, -1.0])
    x, y = images(), images(seed=1)
    distances = np.array([np.square(y - output).mean() for output in model.predict(x, verbose=0)])
    before, ratios = np.array(model.logits), model.ratios
    model.train_on_batch(x, y)
    slopes = ratios * (distances - (ratios * distances).sum())
    np.testing.assert_allclose(np.array(model.logits) - before, -0.1 * slopes, rtol=1e-3, atol=1e-7)
    assert model.ratios.sum() == pytest.approx(1, abs=1e-6)


def test_fit_logs_the_ratios():
    model = compiled(toy(), "adam")
    x, y = images(), images(seed=1)
    history = model.fit(x, y, batch_size=2, epochs=3, validation_data=(x, y), verbose=0).history
    names = {"loss", "psnr", "ratio_0", "ratio_1", "ratio_2"}
    assert set(history) == names | {f"val_{name}" for name in names}
    np.testing.assert_allclose([history[f"val_ratio_{index}"][-1] for index in range(3)], model.ratios, rtol=1e-5)
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize(
    ("distance", "trainable"),
    [("mean_absolute_error", True), ("mse", False), (keras.losses.Huber(), True), (CharbonnierEdge(), True)],
)
def test_training_goes_on_exactly_from_a_file(distance, trainable, tmp_path):
    x, y = images(), images(seed=1)
    straight, halted = (compiled(toy(), "adam", distance=distance, trainable_ratios=trainable) for _ in range(2))
    for _ in range(4):
        straight.train_on_batch(x, y)
    for _ in range(2):
        halted.train_on_batch(x, y)
    zoo.save(halted, tmp_path / "halted.keras")
    resumed = zoo.load(tmp_path / "halted.keras", compile=True)
    assert isinstance(resumed, StageObjective)
    assert resumed.trainable_ratios == trainable
    assert resumed.name == "toy.net"
    for _ in range(2):
        resumed.train_on_batch(x, y)
    for ours, theirs in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(resumed.ratios, straight.ratios)
    assert int(resumed.optimizer.iterations.numpy()) == 4


def test_mixed_precision():
    x, y = images(), images(seed=1)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = compiled(toy(dtype="float32"), "adam")
        exact = keras.Model(model.network.inputs, model.network.get_layer("stem").output).predict(x, verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
    # The inputs reach the network as they are: its first layer is one of float32.
    np.testing.assert_allclose(exact, toy().get_layer("stem")(x), atol=1e-6)
    np.testing.assert_array_equal(model(x)[0], model.network(x)[0])
    assert keras.backend.standardize_dtype(model(x)[0].dtype) == "bfloat16"
    losses = [model.train_on_batch(x, y, return_dict=True)["loss"] for _ in range(20)]
    assert np.isfinite(losses).all()
    assert np.isfinite(model.ratios).all()
    assert losses[-1] < losses[0]


def test_penalties_of_the_network_are_part_of_the_loss():
    model = compiled(toy(kernel_regularizer=keras.regularizers.L2(0.5)), distance="mse")
    plain = compiled(toy(), distance="mse")
    x, y = images(), images(seed=1)
    kernel = np.array(model.network.get_layer("stem").kernel)
    added = model.test_on_batch(x, y, return_dict=True)["loss"] - plain.test_on_batch(x, y, return_dict=True)["loss"]
    assert added == pytest.approx(0.5 * (kernel**2).sum(), rel=1e-4)


def test_unusable_arguments_are_refused():
    with pytest.raises(ZooError, match=r"toy\.net has one output; compile it with the loss itself"):
        StageObjective(toy(outputs=1))
    for distance in ("no_such_loss", print):
        with pytest.raises(ZooError, match="is no Keras loss"):
            StageObjective(toy(), distance)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return arrays_of("tensorflow", SCRIPT, tmp_path_factory.mktemp("reference"))


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend, reference, tmp_path):
    results = arrays_of(backend, SCRIPT, tmp_path)
    assert results.keys() == reference.keys()
    for key, expected in reference.items():
        np.testing.assert_allclose(results[key], expected, rtol=1e-4, err_msg=key)
