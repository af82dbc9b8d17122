"""VGG-19 features: the cut, the range, where weights come from and what is said when they cannot be had."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo import ZooError
from zoo.losses.perceptual import FeatureDistance, vgg_features

PARAMETERS = 1_735_488


@pytest.fixture(scope="module")
def features():
    keras.utils.set_random_seed(0)
    return vgg_features("random")


def image(seed=0):
    return np.random.default_rng(seed).random((1, 32, 48, 3), np.float32)


def test_parameters_and_shape(features):
    assert features.count_params() == PARAMETERS
    assert features.trainable_weights == []
    assert features(image()).shape == (1, 8, 12, 256)


def test_the_cut_is_before_the_relu_unless_asked(features):
    before = np.asarray(features(image()))
    assert before.min() < 0
    after = vgg_features("random", activated=True)
    after.set_weights(features.get_weights())
    np.testing.assert_allclose(np.asarray(after(image())), np.maximum(before, 0), rtol=1e-6)


def test_a_full_weight_file_is_taken(features, tmp_path):
    vgg = keras.applications.VGG19(include_top=False, weights=None)
    vgg.save_weights(tmp_path / "vgg.weights.h5")
    found = vgg_features(tmp_path / "vgg.weights.h5")
    convolutions = [layer for layer in vgg.layers if layer.weights][:7]
    for layer in convolutions:
        ours = found.get_layer(layer.name)
        np.testing.assert_array_equal(np.asarray(ours.kernel), np.asarray(layer.kernel))


@pytest.mark.parametrize("weights", ["random", "file"])
def test_images_are_prepared_for_the_weights(weights, tmp_path):
    """Keras' own preparation for Keras' weights, DeblurGAN's [-1, 1] for those without training."""
    vgg = keras.applications.VGG19(include_top=False, weights=None)
    vgg.save_weights(tmp_path / "vgg.weights.h5")
    found = vgg_features(tmp_path / "vgg.weights.h5" if weights == "file" else "random", activated=True)
    for layer in vgg.layers:
        if weights == "random" and layer.weights and layer.name <= "block3_conv3":
            layer.set_weights(found.get_layer(layer.name).get_weights())
    prepared = keras.applications.vgg19.preprocess_input(255 * image()) if weights == "file" else 2 * image() - 1
    expected = np.asarray(keras.Model(vgg.inputs[0], vgg.get_layer("block3_conv3").output)(prepared))
    np.testing.assert_allclose(np.asarray(found(image())), expected, atol=1e-5 * np.abs(expected).max())
    assert keras.models.clone_model(found).count_params() == PARAMETERS


def test_distance_is_the_mean_squared_difference(features):
    a, b = image(1), image(2)
    expected = np.mean((np.asarray(features(a)) - np.asarray(features(b))) ** 2)
    assert float(FeatureDistance(features)(a, b)) == pytest.approx(expected, rel=1e-5)
    assert float(FeatureDistance(features)(a, a)) == 0.0


def test_a_missing_file(tmp_path):
    with pytest.raises(ZooError, match=r"none\.h5: no such file; give a Keras VGG-19 weight file"):
        vgg_features(tmp_path / "none.h5")


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save_weights(path)
    with pytest.raises(ZooError, match="not the weights of Keras' VGG-19"):
        vgg_features(path)
    path.write_bytes(b"no weights at all")
    with pytest.raises(ZooError, match="not the weights of Keras' VGG-19"):
        vgg_features(path)


def test_no_network(monkeypatch):
    def unreachable(*_, **__):
        raise Exception("URL fetch failure on https://...: None -- [Errno -3] Temporary failure in name resolution")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", unreachable)
    with pytest.raises(ZooError, match="cannot fetch the ImageNet weights of VGG-19; give") as caught:
        vgg_features()
    assert "\n" not in str(caught.value)
