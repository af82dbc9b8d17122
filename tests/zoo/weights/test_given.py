"""Files of others wherever weights are named: recognised, converted once, and told of."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import zoo
from tests.support.checkpoints import write_torch_zip
from tests.support.nafnet_files import nafnet_tensors
from zoo.errors import ZooError
from zoo.weights import choice, given, importing, store

UNTOLD = r"no file tells, so taken as usual: inference='local', train_crop=256"


@pytest.fixture
def pth(tmp_path):
    """NAFNet in sizes of its own, as its authors' code keeps it."""
    write_torch_zip(tmp_path / "small.pth", {"params": nafnet_tensors(encoders=(1,), decoders=(1,))})
    return tmp_path / "small.pth"


def quietly(source):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return zoo.load(source)


def test_a_file_of_others_is_loaded(pth):
    with pytest.warns(UserWarning, match=rf"small.pth: nafnet/own \(width=4, .*\); {UNTOLD}$"):
        model = zoo.load(pth)
    assert model.name == "nafnet.own"
    expected = nafnet_tensors(encoders=(1,), decoders=(1,))["intro.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(np.asarray(model.get_layer("intro").kernel), expected)
    entry, variant = zoo.identify(model)
    assert (entry.title, variant, entry.size_multiple, entry.channels) == ("NAFNet", "own", 1, 3)
    image = np.random.default_rng(0).random((17, 20, 3), np.float32)
    assert zoo.restore(model, image).shape == image.shape
    assert zoo.inference_mode(model, "global").name == "nafnet.own"


def test_it_is_converted_once(pth, monkeypatch):
    first = given.given_file(pth)
    assert first.parent == store.folder() / "recognised"
    assert store.source_of(first)["source"] == "small.pth"
    with monkeypatch.context() as patch:
        patch.setattr(importing, "read", None)
        assert given.given_file(pth) == given.given_file(str(pth)) == first
    # A damaged conversion is made again, another file gets its own.
    first.write_bytes(b"nothing")
    assert given.given_file(pth) == first
    assert quietly(first).name == "nafnet.own"
    write_torch_zip(pth, {"params": nafnet_tensors(encoders=(1,), decoders=(2,))})
    assert given.given_file(pth) != first


def test_what_is_no_file_of_others(pth, tmp_path, trained):
    zoo.save(trained, tmp_path / "mine.keras")
    (tmp_path / "mine.keras").rename(tmp_path / "mine")
    for path in (tmp_path / "mine", tmp_path / "no.pth", tmp_path / "no.keras"):
        assert given.given_file(path) == path
    with pytest.raises(ZooError, match="no such model file"):
        zoo.load(tmp_path / "no.pth")


def test_grey_models_take_colours_channel_by_channel(tmp_path):
    tensors = nafnet_tensors(encoders=(1,), decoders=(1,), channels=1)
    write_torch_zip(tmp_path / "grey.pth", tensors)
    model = quietly(tmp_path / "grey.pth")
    image = np.random.default_rng(0).random((16, 18, 3), np.float32)
    restored = zoo.restore(model, image)
    np.testing.assert_array_equal(restored[..., 1:2], zoo.restore(model, image[..., [1, 1, 1]])[..., :1])


def test_other_channels_are_loaded_and_not_restored_with(tmp_path):
    write_torch_zip(tmp_path / "raw.pth", nafnet_tensors(encoders=(1,), decoders=(1,), channels=4))
    model = quietly(tmp_path / "raw.pth")
    assert np.asarray(model(np.zeros((1, 8, 8, 4), np.float32))).shape == (1, 8, 8, 4)
    with pytest.raises(ZooError, match=r"^model nafnet/own: takes images of 4 channels, which nothing here makes"):
        zoo.identify(model)
    _, path = choice.chosen_or_best(str(tmp_path / "raw.pth"))
    with pytest.raises(ZooError, match=r"^raw.pth: takes images of 4 channels"):
        choice.model_in(path)


def test_sizes_that_cannot_be_built(tmp_path):
    shapes = nafnet_tensors(encoders=(1, 1), decoders=(1, 1))
    tensors = {name: each for name, each in shapes.items() if "downs.1" not in name}
    write_torch_zip(tmp_path / "x.pth", tensors)
    with pytest.raises(ZooError, match=r"^.*x.pth: "):
        zoo.load(tmp_path / "x.pth")


def test_the_choice_tells_of_it(pth):
    told, path = choice.chosen_or_best(str(pth))
    assert told.startswith(f"{pth}, nafnet/own (") and told.endswith("train_crop=256")
    found = choice.model_in(path)
    assert (found.info.title, found.variant, found.trained) == ("NAFNet", "own", True)


def test_the_demo_offers_it(pth):
    from zoo.demo.offers import find_offers

    (offer, *_), _ = find_offers([str(pth)])
    assert offer.name == "small.pth"
    assert offer.about.startswith("NAFNet, own; nafnet/own (width=4")


def test_an_own_model_by_its_weights(pth):
    entry = zoo.register_own(str(pth))
    try:
        assert entry.name == "small-pth" and entry.own_weights is not None
        image = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
        np.testing.assert_allclose(
            np.asarray(zoo.create("small-pth")(image)), np.asarray(quietly(pth)(image)), rtol=1e-4, atol=1e-5
        )
    finally:
        zoo.unregister("small-pth")
