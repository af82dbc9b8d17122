"""Means over windows or over the whole image: a model's stored mode and how it is switched."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
from zoo.layers import LocalMean

LARGE = np.random.default_rng(0).random((1, 40, 48, 3)).astype(np.float32)


def local(**options):
    """A model with windows so small that the mode matters."""
    return zoo.create(
        "nafnet", "tiny", width=4, train_crop=16, **{"block_scale": 0.5, "residual_scale": 1.0, **options}
    )


def modes(model):
    return {layer.mode for layer in model.layers if isinstance(layer, LocalMean)}


def test_a_switched_model_is_the_one_built_so():
    model = local()
    switched = zoo.inference_mode(model, "global")
    built = local(inference="global")
    built.set_weights(model.get_weights())
    assert (modes(model), modes(switched)) == ({"local"}, {"global"})
    np.testing.assert_array_equal(np.asarray(switched(LARGE)), np.asarray(built(LARGE)))
    assert not np.allclose(np.asarray(switched(LARGE)), np.asarray(model(LARGE)), atol=1e-4)
    back = zoo.inference_mode(switched, "local")
    np.testing.assert_array_equal(np.asarray(back(LARGE)), np.asarray(model(LARGE)))
    assert [layer.name for layer in switched.layers] == [layer.name for layer in model.layers]


def test_weights_are_shared():
    model = local()
    switched = zoo.inference_mode(model, "global")
    assert all(ours is theirs for ours, theirs in zip(model.weights, switched.weights, strict=True))
    assert zoo.inference_mode(model, "local") is model


def test_the_mode_is_saved(tmp_path):
    switched = zoo.inference_mode(local(), "global")
    zoo.save(switched, tmp_path / "model.keras")
    again = zoo.load(tmp_path / "model.keras")
    assert modes(again) == {"global"}
    assert zoo.identify(again) == zoo.identify(switched)
    np.testing.assert_array_equal(np.asarray(again(LARGE)), np.asarray(switched(LARGE)))
    assert zoo.count_macs(switched) == zoo.count_macs(again) == zoo.count_macs(local(inference="global"))


def test_restoring_goes_by_the_mode():
    model = local()
    found = [zoo.restore(zoo.inference_mode(model, mode), LARGE[0]) for mode in ("local", "global", "local")]
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.allclose(found[0], found[1], atol=1e-4)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a SavedModel of TensorFlow")
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["global", "local"])
def test_a_model_can_be_exported(mode, tmp_path):
    import tensorflow as tf

    model = zoo.inference_mode(local(), mode)
    model.export(tmp_path / "model", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "model"))
    for x in (LARGE, LARGE[:, :21, :35], LARGE[:, :16, :16]):
        np.testing.assert_allclose(served.serve(x).numpy(), np.asarray(model(x)), atol=1e-5)


def test_refusals_are_one_line():
    with pytest.raises(zoo.ZooError, match=r"^carlo/tiny has no inference modes: [^\n]+$"):
        zoo.inference_mode(zoo.create("carlo", "tiny"), "local")
    with pytest.raises(zoo.ZooError, match=r"^unknown inference mode 'full' of nafnet/tiny; take local or global$"):
        zoo.inference_mode(local(), "full")
