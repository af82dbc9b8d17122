"""MPRNet: the feature catcher without its first stage; its golden comparison is with the others'."""

from __future__ import annotations

import numpy as np
import pytest

import zoo
from zoo.weights.names.mprnet import layer_of


def test_equal_to_three_stages_of_the_feature_catcher():
    model, other = zoo.create("mprnet", "tiny"), zoo.create("fcn", "tiny", stages=3)
    assert [(each.path, each.shape) for each in model.weights] == [(each.path, each.shape) for each in other.weights]
    rng = np.random.default_rng(7)
    other.set_weights([rng.normal(0, 0.08, weight.shape) for weight in other.weights])
    model.set_weights(other.get_weights())
    image = rng.random((1, 16, 24, 3)).astype(np.float32)
    assert model.output_names == list(zoo.info("mprnet").outputs)
    for ours, theirs in zip(model(image), other(image), strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_the_papers_size():
    model = zoo.create("mprnet")
    assert model.count_params() == zoo.info("mprnet").variant().parameters
    assert not any("bias" in weight.path for weight in model.weights)
    groups = [layer for layer in model.layers if layer.name.startswith("stage3_group") and layer.name.endswith("conv1")]
    assert len(groups) == 3 * 8


def test_two_levels_are_refused():
    with pytest.raises(zoo.ZooError, match="three levels"):
        zoo.create("mprnet", "tiny", widths=(8, 16))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kernel": 4}, "kernel=4 must be odd"),
        ({"image_channels": 6}, "image_channels=6 and channels_out=3 must be 1 or 3"),
    ],
)
def test_what_cannot_be_built(options, words):
    with pytest.raises(zoo.ZooError, match=words):
        zoo.create("mprnet", "tiny", **options)


def test_names_of_checkpoints():
    assert layer_of("shallow_feat3.1.CA.conv_du.2", "weight") == "stage3_cab_excite"
    assert layer_of("stage3_orsnet.orb3.body.8", "weight") == "stage3_group3_conv"
    # One slope under many names.
    for name in ("shallow_feat1.1", "stage2_decoder.skip_attn1", "stage3_orsnet.orb1.body.0"):
        assert layer_of(f"{name}.body.1", "weight") == "prelu"
    for unknown in ("shallow_feat1.2", "head", "sam12.conv4", "head.body.1"):
        assert layer_of(unknown, "weight") is None
