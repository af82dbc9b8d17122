"""Weights that come with the zoo: there without a download, small, and those that the catalogue describes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest

import zoo
from common.errors import InputError
from tests.zoo.weights.conftest import entry
from zoo.__main__ import main
from zoo.errors import ZooError
from zoo.saving import read_notes
from zoo.weights import catalogue, store
from zoo.weights.importing import import_published
from zoo.weights.packing import pack

OWN = [each for each in catalogue.entries() if each.packaged is not None]


@pytest.mark.parametrize("each", OWN, ids=[each.name for each in OWN])
class TestOurs:
    def test_the_file_is_the_one_described_and_small(self, each):
        assert hashlib.sha256(each.packaged.path.read_bytes()).hexdigest() == each.packaged.sha256
        assert each.packaged.path.stat().st_size < 2e6
        assert each.packaged.path == store.located(each.name)

    def test_the_card_says_what_must_be_said(self, each):
        assert each.packaged.recipe and each.packaged.data and each.packaged.fails
        assert each.weights_licence and each.scores

    def test_it_is_loaded_by_name(self, each):
        model = zoo.load(each.name)
        assert model.name == f"{each.model}.{each.variant}"
        assert {weight.dtype for weight in model.weights} == {"float32"}
        assert zoo.info(each.model).variant(each.variant).parameters == model.count_params()
        image = np.random.default_rng(0).random((40, 52, 3), np.float32)
        restored = zoo.restore(model, image)
        assert restored.shape == image.shape
        assert np.isfinite(restored).all()


@dataclass(frozen=True)
class Shipped:
    """A toy in the place of what comes with the zoo."""

    path: object
    digest: str


@pytest.fixture
def shipped(published, trained, tmp_path, monkeypatch):
    own = tmp_path / "own"
    zoo.save(trained, tmp_path / "whole.keras", {"training": {"steps": 3}})
    pack(tmp_path / "whole.keras", own / "toy.keras")
    digest = hashlib.sha256((own / "toy.keras").read_bytes()).hexdigest()
    facts = {"name": "toy.keras", "sha256": digest, "recipe": "r", "data": "d", "fails": "f"}
    published({**entry("toy-own"), "files": [], "packaged": facts}, entry("toy-gopro"))
    monkeypatch.setattr(catalogue, "_FILE", tmp_path / "catalogue.json")
    return Shipped(own / "toy.keras", digest)


def test_packed_weights_are_half_as_precise_and_their_notes_stay(shipped, trained):
    model = zoo.load("toy-own")
    for ours, theirs in zip(model.get_weights(), trained.get_weights(), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs.astype(np.float16).astype(np.float32))
    assert read_notes(shipped.path) == {"training": {"steps": 3}}
    image = np.random.default_rng(1).random((1, 24, 32, 3), np.float32)
    assert np.abs(np.asarray(model(image)) - np.asarray(trained(image))).max() < 1 / 255


def test_it_is_here_and_sound(shipped, capsys):
    assert store.is_here("toy-own")
    assert main(["weights", "get", "toy-own"]) == 0
    assert "here already" in capsys.readouterr().out
    assert main(["weights", "list"]) == 0
    assert "toy-own" in capsys.readouterr().out
    assert main(["weights", "verify", "toy-own"]) == 0
    assert "toy-own: sound" in capsys.readouterr().out
    shipped.path.write_bytes(shipped.path.read_bytes() + b"x")
    with pytest.raises(ZooError, match="not the file that comes with this zoo; install it again"):
        store.verify("toy-own")


def test_it_is_neither_imported_nor_removed(shipped, file):
    with pytest.raises(ZooError, match="toy-own comes with this zoo and needs no import"):
        import_published("toy-own", file)
    with pytest.raises(ZooError, match="toy-own comes with this zoo and is not removed"):
        store.remove("toy-own")
    assert shipped.path.is_file()


def test_one_that_is_lost_is_one_line(shipped):
    shipped.path.unlink()
    with pytest.raises(InputError, match="weights toy-own are not here; they come with this zoo, so install it again"):
        zoo.load("toy-own")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"packaged": None}, "toy has no files"),
        ({"packaged": {"sha256": "12"}}, "missing required field|is no SHA-256"),
    ],
)
def test_entries_that_cannot_be_right(change, words):
    import json

    with pytest.raises(ZooError, match=words):
        catalogue.parse(json.dumps([{**entry("toy"), "files": [], **change}]).encode(), "x.json")
