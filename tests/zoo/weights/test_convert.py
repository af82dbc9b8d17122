"""Tensors into models: strictly, whole or not at all, with every axis where it belongs."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import ZooError
from zoo.weights import convert
from zoo.weights.layouts import arranged, weights_of
from zoo.weights.names import base
from zoo.weights.names.base import UNUSED, Names, names_of
from zoo.weights.recognise import candidates

RNG = np.random.default_rng(0)
PLAIN = Names(lambda layer, leaf: {"dead": UNUSED, "unknown": None}.get(layer, layer))


def normal(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def model_of(*layers):
    x = inputs = keras.Input((None, None, 3))
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x, name="toy.image")


def fill(model, tensors, names=PLAIN, layout="pytorch"):
    return convert.fill(model, tensors, names, layout, "x.pth")


def refused(model, tensors, names=PLAIN, layout="pytorch"):
    before = model.get_weights()
    with pytest.raises(ZooError) as caught:
        fill(model, tensors, names, layout)
    message = str(caught.value)
    assert message.startswith(f"x.pth: does not fit {model.name.replace('.', '/')}: ")
    assert "\n" not in message
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    return message


def dense():
    return keras.layers.Dense(5, name="x")


class TestLayouts:
    """Against what the frameworks themselves compute with the weights as they have them."""

    IMAGES = normal(2, 9, 11, 3)

    def same(self, model, layer):
        torch = pytest.importorskip("torch")
        tensors = {f"x.{name}": value.detach().numpy() for name, value in layer.state_dict().items()}
        assert fill(model, tensors).used == len(tensors)
        expected = layer(torch.from_numpy(self.IMAGES.transpose(0, 3, 1, 2).copy())).detach().numpy()
        np.testing.assert_allclose(np.asarray(model(self.IMAGES)), expected.transpose(0, 2, 3, 1), rtol=1e-4, atol=1e-5)

    def test_convolutions_of_pytorch(self):
        torch = pytest.importorskip("torch")
        self.same(model_of(keras.layers.Conv2D(5, (3, 2), name="x")), torch.nn.Conv2d(3, 5, (3, 2)))
        self.same(model_of(keras.layers.DepthwiseConv2D(3, name="x")), torch.nn.Conv2d(3, 3, 3, groups=3))
        self.same(model_of(keras.layers.Conv2D(6, 3, groups=3, name="x")), torch.nn.Conv2d(3, 6, 3, groups=3))
        transposed = keras.layers.Conv2DTranspose(5, (3, 2), strides=(3, 2), name="x")
        self.same(model_of(transposed), torch.nn.ConvTranspose2d(3, 5, (3, 2), stride=(3, 2)))
        # One may stand for the other.
        self.same(model_of(dense()), torch.nn.Conv2d(3, 5, 1))

    def test_norms_of_pytorch(self):
        torch = pytest.importorskip("torch")
        layer = torch.nn.BatchNorm2d(3).eval()
        with torch.no_grad():
            for value in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                value.copy_(torch.rand(3) + 0.5)
        model = model_of(keras.layers.BatchNormalization(epsilon=1e-5, name="x"))
        tensors = {f"x.{name}": value.detach().numpy() for name, value in layer.state_dict().items()}
        del tensors["x.num_batches_tracked"]
        assert fill(model, tensors).used == 4
        expected = layer(torch.from_numpy(self.IMAGES.transpose(0, 3, 1, 2).copy())).detach().numpy()
        np.testing.assert_allclose(np.asarray(model(self.IMAGES)), expected.transpose(0, 2, 3, 1), rtol=1e-4, atol=1e-5)

    def test_dense_of_pytorch(self):
        model = model_of(dense())
        weight, bias = normal(5, 3), normal(5)
        fill(model, {"x.weight": weight, "x.bias": bias})
        np.testing.assert_allclose(np.asarray(model(self.IMAGES)), self.IMAGES @ weight.T + bias, rtol=1e-5, atol=1e-5)

    def test_transposed_convolutions_of_flax_are_mirrored(self):
        kernel = normal(2, 2, 3, 5)
        model = model_of(keras.layers.Conv2DTranspose(5, 2, strides=2, name="x"))
        fill(model, {"x/kernel": kernel, "x/bias": np.zeros(5, np.float32)}, layout="flax")
        # Flax correlates the input, spread out with zeros between, with the kernel as it is.
        expected = np.einsum("nhwi,abio->nhawbo", self.IMAGES, kernel[::-1, ::-1]).reshape(2, 18, 22, 5)
        np.testing.assert_allclose(np.asarray(model(self.IMAGES)), expected, rtol=1e-4, atol=1e-5)

    def test_others_of_flax_and_keras_stay(self):
        for layer, shape in (
            (keras.layers.Conv2D(5, 2, name="x"), (2, 2, 3, 5)),
            (keras.layers.Dense(5, name="x"), (3, 5)),
        ):
            for layout in ("flax", "keras"):
                model, kernel = model_of(layer), normal(*shape)
                fill(model, {"x/kernel": kernel, "x/bias": normal(5)}, layout=layout)
                np.testing.assert_array_equal(model.get_weights()[0], kernel)
        layer = keras.layers.Conv2DTranspose(5, 2, name="x")
        layer.build((None, 4, 4, 3))
        kernel = normal(2, 2, 5, 3)
        assert arranged(kernel, layer, "kernel", (2, 2, 5, 3), "keras") is kernel

    def test_axes_of_one_come_and_go(self):
        model = zoo.create("fcn", "tiny")
        prelu = model.get_layer("prelu")
        assert arranged(np.float32([0.3]), prelu, "alpha", (), "pytorch").shape == ()
        norm = keras.layers.LayerNormalization()
        norm.build((None, None, None, 4))
        assert arranged(normal(1, 4, 1, 1), norm, "gamma", (4,), "pytorch").shape == (4,)

    def test_a_weight_of_a_layer_within(self):
        outer = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 3, name="inner")], name="outer")
        model = model_of(outer)
        assert list(weights_of(model.get_layer("outer"))) == ["inner/kernel", "inner/bias"]
        names = Names(
            lambda layer, leaf: {"a.weight": "outer/inner/kernel", "a.bias": "outer/inner/bias"}[f"{layer}.{leaf}"]
        )
        kernel = normal(2, 3, 3, 3)
        fill(model, {"a.weight": kernel, "a.bias": normal(2)}, names)
        np.testing.assert_array_equal(model.get_weights()[0], kernel.transpose(2, 3, 1, 0))

    def test_numbered_weights_of_keras_3(self):
        model = model_of(keras.layers.Conv2D(5, 2, name="x"))
        fill(model, {"x/0": normal(2, 2, 3, 5), "x/1": normal(5)}, layout="keras")
        assert "x/2 (5,) is not known" in refused(
            model, {"x/0": normal(2, 2, 3, 5), "x/1": normal(5), "x/2": normal(5)}, layout="keras"
        )


TENSORS = {"a.weight": normal(4, 3, 3, 3), "a.bias": normal(4), "b.weight": normal(2, 4, 1, 1)}


class TestStrictness:
    @pytest.fixture
    def model(self):
        return model_of(keras.layers.Conv2D(4, 3, name="a"), keras.layers.Conv2D(2, 1, use_bias=False, name="b"))

    def test_all_of_it(self, model):
        assert fill(model, TENSORS) == convert.Filled(3, (), ())

    def test_a_tensor_of_another_shape(self, model):
        message = refused(model, {**TENSORS, "a.weight": normal(8, 3, 3, 3)})
        assert message.endswith("a.weight (8, 3, 3, 3), turned (3, 3, 3, 8), is not the (3, 3, 3, 4) of a/kernel")

    def test_turned_axes_do_not_pass(self, model):
        assert "b.weight (4, 2, 1, 1)" in refused(model, {**TENSORS, "b.weight": normal(4, 2, 1, 1)})

    def test_a_tensor_too_many(self, model):
        message = refused(model, {**TENSORS, "unknown.weight": normal(7), "c.bias": normal(5), "b.bias": normal(2)})
        assert (
            "unknown.weight (7,) is not known; c.bias (5,) is not known, no c here; b.bias (2,) is not known" in message
        )

    def test_a_weight_too_few(self, model):
        tensors = {name: value for name, value in TENSORS.items() if name != "a.bias"}
        assert "nothing for a/bias (4,)" in refused(model, tensors)

    def test_only_the_first_are_named(self, model):
        message = refused(model, {f"unknown.{index}": normal(1) for index in range(10)})
        assert message.count("is not known") == 3
        assert "; and 10 more" in message

    def test_two_names_of_one_weight(self, model):
        names = Names(lambda layer, leaf: layer.partition("_")[0])
        again = {**TENSORS, "b_again.weight": TENSORS["b.weight"].copy()}
        assert fill(model, again, names).used == 4
        again["b_again.weight"] = again["b_again.weight"] + 1
        message = refused(model, again, names)
        assert "b_again.weight (2, 4, 1, 1) differs from b.weight, and both are b/kernel" in message

    def test_what_is_never_used(self, model):
        assert fill(model, {**TENSORS, "dead.weight": normal(9)}).unused == ("dead.weight",)

    def test_what_may_be_missing(self, model):
        names = Names(PLAIN.layer_of, optional=("b|c",))
        tensors = {name: value for name, value in TENSORS.items() if name != "b.weight"}
        assert fill(model, tensors, names).lacking == ("b/kernel",)
        assert fill(model, TENSORS, names).lacking == ()
        # Nor need a variant have the part for which a file has tensors.
        assert fill(model, {**TENSORS, "c.weight": normal(9)}, names).unused == ("c.weight",)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_numbers_that_are_not_finite(self, model, value):
        broken = TENSORS["a.bias"].copy()
        broken[1] = value
        assert "a.bias (4,) has numbers that are not finite" in refused(model, {**TENSORS, "a.bias": broken})

    def test_statistics_that_an_instance_norm_has_no_use_for(self):
        from zoo.layers import InstanceNormalization

        tensors = {"n.running_mean": normal(3), "n.running_var": normal(3)}
        assert fill(model_of(InstanceNormalization(name="n")), tensors).unused == tuple(tensors)
        kept = model_of(InstanceNormalization(running_statistics=True, name="n"))
        assert fill(kept, tensors).used == 2
        assert "n.running_mean (3,) is not known" in refused(model_of(keras.layers.Rescaling(1.0, name="n")), tensors)


def carlo(filters):
    shapes = {}
    for index in range(10):
        number = f"_{index}" if index else ""
        shapes[f"conv2d{number}"] = (3, 3, filters if index else 3, filters)
        shapes[f"conv2d_transpose{number}"] = (3, 3, filters if index < 9 else 3, filters)
    return {
        f"{layer}/{leaf}": np.zeros(
            shape if leaf == "kernel" else (shape[2 if "transpose" in layer else 3],), np.float32
        )
        for layer, shape in shapes.items()
        for leaf in ("kernel", "bias")
    }


class TestAdvice:
    def test_a_file_of_another_variant(self):
        message = refused(zoo.create("carlo", "tiny"), carlo(128), names_of("carlo"), "keras")
        assert message.endswith("; it fits carlo/image")
        message = refused(zoo.create("carlo", "image"), carlo(32), names_of("carlo"), "keras")
        assert message.endswith("; it fits carlo/tiny")

    def test_a_file_of_another_model(self):
        message = refused(zoo.create("atrous", "tiny"), carlo(32), names_of("atrous"), "keras")
        assert "conv2d/kernel (3, 3, 3, 32) is not known" in message
        assert message.endswith("; it fits carlo/tiny")

    @pytest.mark.slow
    @pytest.mark.parametrize(("variant", "outputs"), [("tiny", "sharp"), ("tiny", "all"), ("s1", "sharp")])
    def test_a_file_with_and_without_what_it_may_lack(self, variant, outputs):
        model = zoo.create("maxim", variant, outputs=outputs)
        # The map keeps the names that are ours already.
        tensors = {weight.path: np.zeros(weight.shape, np.float32) for weight in model.weights}
        assert [str(each) for each in candidates(tensors)] == [f"maxim/{variant}"]

    def test_a_file_of_nothing(self):
        assert candidates({"a.weight": np.zeros(3)}) == []
        assert candidates(carlo(31)) == []


def test_models_without_a_map_say_so():
    with pytest.raises(
        ZooError, match=r"^no names of others' layers are known for wiener; known are those of atrous, "
    ):
        names_of("wiener")
    assert "patchgan" in base.known()
