"""What stands around weights in a file, taken away by rule."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.weights.containers import opened

A, B = np.zeros(2, np.float32), np.ones(3, np.float32)


@pytest.mark.parametrize(
    ("flat", "keys"),
    [
        ({"a": A, "b": B}, ()),
        ({"params/a": A, "params/b": B}, ("params",)),
        ({"params_ema/a": A, "params_ema/b": B, "params/a": B, "params/b": A}, ("params_ema",)),
        ({"state_dict/module.a": A, "state_dict/module.b": B, "optimizer/state/0/exp_avg": A}, ("state_dict",)),
        ({"model/a": A, "model/b": B, "epoch": A}, ("model",)),
        ({"opt/target/a": A, "opt/target/b": B, "opt/state/a": A}, ("opt/target",)),
        ({"model/state_dict/module.module.a": A, "model/state_dict/module.module.b": B}, ("model", "state_dict")),
        ({"a": A, "b": B, "optimizer/state/0": A, "lr_schedulers/0": B}, ()),
        ({"_orig_mod.a": A, "_orig_mod.b": B}, ()),
        ({"params-ema/a": A, "params-ema/b": B, "params/a": B}, ("params-ema",)),
        ({"model_state_dict/net.a": A, "model_state_dict/net.b": B}, ("model_state_dict",)),
        ({"net/module.netG.a": A, "net/module.netG.b": B}, ("net",)),
        ({"generator/a": A, "generator/b": B, "discriminator/a": A}, ("generator",)),
        ({"state_dict/model.a": A, "state_dict/model.b": B}, ("state_dict",)),
    ],
)
def test_by_rule(flat, keys):
    found = opened(flat, None, "x.pth")
    assert list(found.tensors) == ["a", "b"]
    assert found.tensors["a"] is A
    assert found.keys == keys
    assert len(found.left_out) == len(flat) - 2


def test_a_container_of_any_name_that_holds_everything():
    flat = {"somebodys/module.a.weight": A, "somebodys/module.b.bias": B}
    assert list(opened(flat, None, "x.pth").tensors) == ["a.weight", "b.bias"]
    # Names of Keras' layers stand before a slash, too.
    for flat in ({"conv2d/kernel": A, "conv2d/bias": B}, {"one/a.b": A, "two/a.b": B}):
        assert list(opened(flat, None, "x.h5").tensors) == list(flat)


def test_numbered_layers_keep_what_stands_before_them():
    flat = {"model.1.weight": A, "model.4.weight": B}
    assert list(opened(flat, None, "x.pth").tensors) == list(flat)


def test_a_key_that_is_given_goes_first():
    flat = {"params/a": A, "generator/model.1.a": B}
    assert list(opened(flat, "generator", "x.pth").tensors) == ["model.1.a"]
    with pytest.raises(
        ZooError, match=r"^x.pth: has no 'generater' \(did you mean 'generator'\?\); it has generator, params$"
    ):
        opened(flat, "generater", "x.pth")
    with pytest.raises(ZooError, match="has no 'params'; it has no container"):
        opened({"a": A}, "params", "x.pth")


def test_a_prefix_of_some_names_stays():
    assert list(opened({"module.a": A, "b": B}, None, "x.pth").tensors) == ["module.a", "b"]


def test_what_is_no_state_must_fit():
    # Nothing says that this is not meant to be used.
    assert list(opened({"a": A, "extra/b": B}, None, "x.pth").tensors) == ["a", "extra/b"]


def test_counters_are_no_weights():
    found = opened({"norm.weight": A, "norm.num_batches_tracked": np.int64(5)}, None, "x.pth")
    assert (list(found.tensors), found.left_out) == (["norm.weight"], ("norm.num_batches_tracked",))


@pytest.mark.parametrize("flat", [{}, {"optimizer/a": A}, {"norm.num_batches_tracked": A}])
def test_no_weights_at_all(flat):
    with pytest.raises(ZooError, match="holds no weights"):
        opened(flat, None, "x.pth")
