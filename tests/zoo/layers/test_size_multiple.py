"""The check of the sides of images."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.layers.size_multiple import SizeMultiple


@pytest.mark.parametrize("size", [(8, 8), (16, 40), (8, 24)])
def test_multiples_pass_unchanged(size):
    x = np.random.default_rng(0).random((2, *size, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(SizeMultiple(8, "net")(x)), x)


@pytest.mark.parametrize(("size", "message"), [((9, 8), "height 9"), ((8, 20), "width 20"), ((4, 4), "height 4")])
def test_other_sides_are_refused(size, message):
    layer = SizeMultiple(8, "net")
    expected = f"net: {message} is not a multiple of 8; pad the image or use zoo.restore"
    for images in (np.zeros((1, *size, 3), np.float32), keras.Input((*size, 3))):
        with pytest.raises(ZooError) as caught:
            layer(images)
        assert str(caught.value) == expected


def test_unknown_sides_are_refused_when_they_become_known():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, SizeMultiple(4, "net")(inputs))
    assert model(np.zeros((1, 8, 12, 3), np.float32)).shape == (1, 8, 12, 3)
    for call in (model, model.predict_on_batch):
        with pytest.raises(ZooError, match=r"^net: width 13 is not a multiple of 4; [^\n]+$"):
            call(np.zeros((1, 8, 13, 3), np.float32))


def test_config_rebuilds_the_layer():
    layer = SizeMultiple(4, "net")
    assert SizeMultiple.from_config(layer.get_config()).get_config() == layer.get_config()


def test_unusable_multiple_is_refused():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        SizeMultiple(0, "net")
