"""Flax checkpoints as MAXIM's are published: mirrored kernels, optimiser state, heads that a variant leaves out."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
from zoo.weights import store
from zoo.weights.importing import import_file
from zoo.weights.layouts import owner_of

_LEAVES = {"gamma": "scale", "beta": "bias"}


def as_flax(model):
    """Returns the weights of a model by Flax scopes, kernels of transposed convolutions as Flax has them."""
    tensors = {}
    for layer in model.layers:
        for weight in layer.weights:
            value = np.asarray(weight)
            if isinstance(owner_of(layer, weight), keras.layers.Conv2DTranspose) and value.ndim == 4:
                value = value.swapaxes(2, 3)[::-1, ::-1]
            scope, _, leaf = weight.path.replace("__", "/").rpartition("/")
            tensors[f"{scope}/{_LEAVES.get(leaf, leaf)}"] = value
    return tensors


@pytest.mark.slow
def test_a_checkpoint_of_flax(tmp_path):
    model = zoo.create("maxim", "tiny")
    rng = np.random.default_rng(0)
    model.set_weights([rng.standard_normal(each.shape) * 0.1 for each in model.weights])
    target = {f"opt/target/{name}": value for name, value in as_flax(model).items()}
    assert len(target) == len(model.weights)
    state = {name.replace("/target/", "/state/param_states/") + "/grad_ema": value for name, value in target.items()}
    heads = {"opt/target/stage_2_output_conv_1/kernel": np.zeros((3, 3, 64, 3), np.float32)}
    np.savez(tmp_path / "checkpoint.npz", **target, **heads, **state)
    path = import_file("maxim", "tiny", tmp_path / "checkpoint.npz", tmp_path / "x.keras")
    for one, two in zip(zoo.load(path).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    notes = store.source_of(path)
    assert notes["container"] == ["opt/target"]
    assert notes["left_out"] == len(state)
    assert notes["unused"] == ["stage_2_output_conv_1/kernel"]
