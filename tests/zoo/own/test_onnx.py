"""ONNX files as models: both orders of axes, any and one size, what is counted in them, and what is refused."""

import keras
import numpy as np
import pytest

import zoo
from tests.support import own_models

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

ANY = {
    "first": ("batch", 3, "height", "width"),
    "last": ("batch", "height", "width", 3),
    "video": ("batch", 9, "height", "width"),
}
IMAGE = np.random.default_rng(1).random((13, 18, 3), np.float32) * 0.5 + 0.2


def convolved(image, channels=3):
    layer = keras.layers.Conv2D(3, 3, padding="same", use_bias=False)
    layer.build((None, None, None, channels))
    layer.set_weights([own_models.kernel(channels)])
    return np.clip(keras.ops.convert_to_numpy(layer(image[np.newaxis]))[0], 0, 1)


@pytest.mark.parametrize("order", ANY)
def test_it_restores(tmp_path, order):
    with own_models.registered(own_models.write_onnx(tmp_path / "net.onnx", ANY[order])) as info:
        frames = 3 if order == "video" else 1
        assert (info.name, info.variant().frames, info.size_multiple) == ("net-onnx", frames, 1)
        assert info.variant().parameters == 81 * frames
        assert info.variant().macs == 256**2 * 81 * frames
        image = np.tile(IMAGE, frames)
        restored = zoo.restore(zoo.create(info.name), image)
        np.testing.assert_allclose(restored, convolved(image, 3 * frames), atol=1e-6)


def test_a_fixed_size(tmp_path):
    with own_models.registered(own_models.write_onnx(tmp_path / "net.onnx", (1, 3, 16, 16))) as info:
        assert info.variant().fixed_size == (16, 16)
        model = zoo.create(info.name)
        square = IMAGE[:8, :8].repeat(2, 0).repeat(2, 1)
        np.testing.assert_allclose(zoo.restore(model, square), convolved(square), atol=1e-6)
        with pytest.raises(zoo.ZooError, match="takes images of 16x16 alone, not of 13x18; restore in tiles, tile=12"):
            zoo.restore(model, IMAGE)
        inside = np.s_[1:-1, 1:-1]
        restored = zoo.restore(model, IMAGE, tile=12, overlap=2, blend=False)
        np.testing.assert_allclose(restored[inside], convolved(IMAGE)[inside], atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        (("n", 3, "h", "w"), {"outputs": 3}, "has 1 inputs and 3 outputs"),
        (("n", 3, "h", "w"), {"stride": 2}, "gives back no image in the size that it has"),
        (("n", 3, "h", "w"), {"channels_out": 4}, "gives back no image"),
        ((1, 3, 16, 16), {"stride": 2}, "gives back no image"),
        (("n", 4, "h", "w"), {}, "not images of 3 channels, or of 9 for three frames"),
        (("n", 3, 16, "w"), {}, "takes images of one fixed side"),
        (("n", 3, "h", "w"), {"kind": 2}, "ONNX Runtime cannot open it"),
    ],
)
def test_refusals(tmp_path, shape, options, words):
    path = own_models.write_onnx(tmp_path / "net.onnx", shape, **options)
    with pytest.raises(zoo.ZooError) as caught:
        zoo.register_own(str(path))
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_onnx_file(tmp_path):
    (tmp_path / "net.onnx").write_text("nothing")
    with pytest.raises(zoo.ZooError, match="ONNX Runtime cannot open it"):
        zoo.register_own(str(tmp_path / "net.onnx"))


@pytest.mark.slow
def test_an_exported_model_is_the_model(tmp_path):
    pytest.importorskip("tf2onnx")
    model = zoo.create("nafnet", "tiny")
    rng = np.random.default_rng(0)
    model.set_weights([each + 0.05 * rng.standard_normal(each.shape) for each in model.get_weights()])
    zoo.export(model, tmp_path / "nafnet.onnx")
    with own_models.registered(tmp_path / "nafnet.onnx") as info:
        np.testing.assert_allclose(zoo.restore(zoo.create(info.name), IMAGE), zoo.restore(model, IMAGE), atol=1e-4)
