"""The refiner: the article's layer table, sizes, gates, and that it learns from arrays."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
import zoo.inference.inputs
from zoo.layers.logit_sum import LogitSum

# Weights of each layer as the article prints them; normalisations count their running statistics.
LAYERS = {
    "conv1": 1_472,
    "conv1_norm": 128,
    "conv2": 9_248,
    "conv3": 9_248,
    "conv4": 9_248,
    "conv4_norm": 128,
    "conv5": 9_248,
    "shared": 25_632,
    "merge1": 1_056,
    "merge1_norm": 128,
    "merge2": 264,
    "merge2_norm": 32,
    "sharp": 9,
}


@pytest.fixture(scope="module")
def paper():
    keras.utils.set_random_seed(0)
    return zoo.create("refiner")


def side_after(model, side):
    outputs = model.compute_output_shape([(1, side, side, 5), (1, 1)])
    return outputs[1]


def batch(model, count, side, seed=0):
    rng = np.random.default_rng(seed)
    grey = rng.random((count, side, side, 1), np.float32)
    steps = rng.integers(0, 10, (count, 1)).astype(np.float32)
    return [zoo.inference.inputs.network_input(grey, zoo.info("refiner")), steps]


def test_the_layer_table(paper):
    assert {name: paper.get_layer(name).count_params() for name in LAYERS} == LAYERS
    gates = [layer for layer in paper.layers if layer.name.endswith("_gate")]
    assert len(gates) == 17
    assert {gate.count_params() for gate in gates} == {64}
    assert paper.count_params() == 67_185


@pytest.mark.parametrize(("refinements", "weights"), [(0, 40_785), (1, 66_481), (6, 66_801), (12, 67_185)])
def test_each_refinement_adds_64_weights(refinements, weights):
    model = zoo.create("refiner", refinements=refinements)
    assert model.count_params() == weights
    assert zoo.shrink_of(model) == 10 + 4 * refinements


@pytest.mark.parametrize("refinements", [0, 1, 3])
def test_any_size_gets_smaller_by_10_and_4_per_refinement(refinements):
    model = zoo.create("refiner", refinements=refinements, filters=6)
    shrink = 10 + 4 * refinements
    for height, width in [(1, 1), (1, 7), (2, 3), (20, 1), (33, 28)]:
        images = np.random.default_rng(0).random((2, height + shrink, width + shrink, 5), np.float32)
        result = np.asarray(model([images, np.array([[0.0], [9.0]], np.float32)]))
        assert result.shape == (2, height, width, 1)
        assert ((result > 0) & (result < 1)).all()


def test_a_pixel_sees_as_far_as_the_border_is_lost():
    """Of 3x3 results only that of the corner changes with the corner of the image."""
    model = zoo.create("refiner", refinements=2, filters=6, dtype="float64")
    image, step = np.random.default_rng(0).random((1, 21, 21, 5)), np.zeros((1, 1))
    changed = image.copy()
    changed[0, 0, 0] += 1.0
    before, after = (np.asarray(model([pixels, step]))[0, ..., 0] for pixels in (image, changed))
    assert np.argwhere(before != after).tolist() == [[0, 0]]


def test_the_refinements_share_a_convolution_but_no_gates(paper):
    gates = [layer for layer in paper.layers if isinstance(layer, keras.layers.Dense)]
    assert len({id(gate.kernel) for gate in gates}) == 17
    kernels = np.concatenate([np.array(gate.kernel).ravel() for gate in gates])
    assert 0.008 < kernels.std() < 0.012
    assert not any(np.array(gate.bias).any() for gate in gates)
    assert [layer.name for layer in paper.layers if getattr(layer, "kernel_size", 0) == (5, 5)] == ["shared"]


def test_closed_gates_pass_the_features_on():
    """Then the result is that of the same network without refinements, cropped."""
    refined, plain = (zoo.create("refiner", refinements=count, filters=6) for count in (3, 0))
    for layer in plain.layers:
        layer.set_weights(refined.get_layer(layer.name).get_weights())
    for index in range(1, 4):
        refined.get_layer(f"refine{index}_gate").bias.assign(np.full(6, -1e4))
    inputs = batch(plain, 1, 40)
    np.testing.assert_allclose(np.asarray(refined(inputs)), np.asarray(plain(inputs))[:, 6:-6, 6:-6], rtol=1e-5)


def test_the_tiny_network_without_a_correction_shows_the_centre():
    model = zoo.create("refiner", "tiny")
    model.get_layer("correction").kernel.assign(np.zeros(model.get_layer("correction").kernel.shape))
    images, steps = batch(model, 2, 40)
    images = 0.1 + 0.8 * images
    np.testing.assert_allclose(np.asarray(model([images, steps])), images[:, 13:-13, 13:-13, :1], atol=1e-5)


@pytest.mark.parametrize("side", [59, 64, 97, 110, 208, 337])
def test_the_output_is_58_pixels_smaller(paper, side):
    assert side_after(paper, side) == side - 58


def test_the_crops_of_the_article(paper):
    assert np.asarray(paper(batch(paper, 2, 110))).shape == (2, 52, 52, 1)


def test_gates_begin_near_one_half(paper):
    for step in (0.0, 9.0):
        for index in (1, 12):
            gate = paper.get_layer(f"refine{index}_gate")
            values = np.asarray(gate(np.array([[step]], np.float32)))
            assert np.abs(values - 0.5).max() < 0.1
            assert step == 0 or np.ptp(values) > 0


def test_the_blur_step_matters_where_the_gates_say_so(paper):
    images, _ = batch(paper, 1, 80)
    results = [np.asarray(paper([images, np.array([[step]], np.float32)])) for step in (0, 9)]
    assert not np.allclose(*results, atol=1e-7)


def test_a_picture_moved_gives_the_result_moved(paper):
    """All convolutions are "valid", so there is no border that the result could depend on."""
    images, steps = batch(paper, 1, 70)
    steps = steps[:1]
    whole = np.asarray(paper([images, steps]))
    part = np.asarray(paper([images[:, 3:67, 5:69], steps]))
    np.testing.assert_allclose(part, whole[:, 3:9, 5:11], atol=1e-6)


@pytest.mark.slow
def test_it_learns_from_arrays_by_its_papers_recipe():
    keras.utils.set_random_seed(1)
    model = zoo.create("refiner", "tiny", global_residual=False)
    inputs = batch(model, 8, 40)
    inner = (40 - zoo.shrink_of(model)) // 2
    # What a median filter of width 5 shows, in black and white.
    target = (inputs[0][:, 20 - inner : 20 + inner, 20 - inner : 20 + inner, 2:3] > 0.5).astype(np.float32)
    model.compile(keras.optimizers.Adam(10**-2.5), "binary_crossentropy", jit_compile=False)
    history = model.fit(inputs, target, batch_size=4, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.6 * history[0]


def test_refinements_below_zero_are_refused():
    with pytest.raises(zoo.ZooError, match="refinements=-1 must be at least 0"):
        zoo.create("refiner", refinements=-1)


class TestLogitSum:
    def test_no_correction_keeps_the_image(self):
        image = np.linspace(0, 1, 256, dtype=np.float32).reshape(1, 16, 16, 1)
        result = np.asarray(LogitSum()([image, np.zeros_like(image)]))
        assert np.abs(result - image).max() < 1 / 509
        np.testing.assert_allclose(result.ravel()[1:-1], image.ravel()[1:-1], atol=1e-6)

    def test_corrections_stay_between_black_and_white(self):
        image = np.full((1, 2, 2, 1), 0.7, np.float32)
        for correction in (-50.0, 50.0):
            result = np.asarray(LogitSum()([image, np.full_like(image, correction)]))
            assert ((result >= 0) & (result <= 1)).all()

    def test_arguments(self):
        with pytest.raises(ValueError, match=r"epsilon must be between 0 and 0\.5, not 0\.5"):
            LogitSum(epsilon=0.5)
        assert LogitSum.from_config(LogitSum(0.1).get_config()).epsilon == 0.1
