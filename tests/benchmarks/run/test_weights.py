"""Published weights by name: scored, started from, and refused before any long work."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import zoo
from benchmarks.records import store as records
from benchmarks.run.__main__ import main
from benchmarks.run.asking import request_of
from benchmarks.run.experiment import weights_id
from benchmarks.run.parser import build_parser
from benchmarks.run.plan import plan_all
from benchmarks.run.request import ModelOptions
from tests.support.checkpoints import write_carlo, write_torch_zip
from tests.support.nafnet_files import nafnet_tensors
from zoo.weights import catalogue, store
from zoo.weights.importing import import_published

pytestmark = pytest.mark.usefixtures("samples", "published")

SCORED = ("--dataset", "cifar10", "--sample", "--limit", 2, "--no-train", "--images", 0)


def entry(name, model, variant):
    """Returns an entry of the catalogue."""
    files = [{"by": "somebody", "name": f"{name}.h5", "format": "keras", "page": "https://example.com"}]
    return {"name": name, "model": model, "variant": variant, "files": files, "scores": []} | {
        "trained_on": "CIFAR-10",
        "citation": "nobody",
    }


@pytest.fixture
def published(monkeypatch):
    """A catalogue of three."""
    entries = [
        entry("toy-tiny", "carlo", "tiny"),
        entry("toy-image", "carlo", "image"),
        entry("other", "kaist", "tiny"),
    ]
    table = catalogue.parse(json.dumps(entries).encode(), "test")
    monkeypatch.setattr(catalogue, "_read", lambda: table)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The weights of a model as its authors would publish them."""
    model = zoo.create("carlo", "tiny")
    rng = np.random.default_rng(3)
    model.set_weights([rng.standard_normal(each.shape) * 0.05 for each in model.weights])
    path = tmp_path_factory.mktemp("weights") / "toy.h5"
    write_carlo(path, model)
    return path


@pytest.fixture
def here(published, file):
    """They are imported."""
    yield import_published("toy-tiny", file)
    store.remove("toy-tiny")


def run_with(*arguments):
    assert main([str(each) for each in (*arguments, *SCORED)]) == 0


def request(*arguments):
    return request_of(build_parser().parse_args([str(each) for each in arguments]))


def test_they_are_scored_with_their_own_variant(here, file, tmp_path):
    run_with("--model", "carlo", "--weights", "toy-tiny", "--results", tmp_path)
    (path,) = (tmp_path / "runs").glob("cifar10--*--carlo--*.json")
    run = records.read(path).run
    assert run.variant == "tiny"
    assert run.weights == f"toy-tiny sha256:{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
    assert run.training is None
    scored = tmp_path / "by-file"
    run_with("--model", "carlo/tiny", "--weights", here, "--results", scored)
    (path,) = (scored / "runs").glob("cifar10--*--carlo--*.json")
    assert records.read(path).run.scores == run.scores


def test_the_key_is_of_the_owners_file(here, file, tmp_path):
    def key():
        asked = request("--model", "carlo", "--weights", "toy-tiny", *SCORED)
        (experiment,) = (each for each in plan_all(asked) if each.model == "carlo")
        assert experiment.choices["weights"].startswith("toy-tiny sha256:")
        return experiment.key

    before = key(), store.hash_of(here)
    # What it is converted to holds the time of its members.
    with zipfile.ZipFile(here, "a") as archive:
        archive.writestr("more", "another file now")
    assert key() == before[0]
    assert store.hash_of(here) != before[1]


def test_a_training_starts_from_them(here):
    asked = request("--model", "carlo", "--weights", "toy-tiny", "--dataset", "cifar10", "--sample")
    (experiment,) = (each for each in plan_all(asked) if each.model == "carlo")
    assert experiment.variant == "tiny"
    assert experiment.training_choices["start"].startswith("toy-tiny sha256:")


def test_a_name_stays_a_name(here, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy-tiny").write_text("something else")
    assert request("--model", "carlo", "--weights", "toy-tiny", *SCORED).model.published == "toy-tiny"
    with pytest.raises(zoo.ZooError, match=r"^toy-tiny: no weights of PyTorch"):
        request("--model", "carlo", "--weights", "./toy-tiny", *SCORED)
    assert request("--model", "carlo", "--weights", "toy-tiny", *SCORED).model.variant == "tiny"
    for named in (("--model", "carlo/image"), ("--model", "carlo", "--variant", "image")):
        assert request(*named, "--weights", "toy-tiny", *SCORED).options_of(named[1]).variant == "image"


@pytest.mark.parametrize(
    ("model", "weights", "words"),
    [
        (
            "carlo",
            "toy-tin",
            "unknown weights 'toy-tin' (did you mean 'toy-tiny'?); `python -m zoo weights list` shows",
        ),
        ("carlo", "toy-image", "the weights toy-image are not here; somebody offer them at https://example.com"),
        ("carlo", "other", "other are weights of kaist/tiny, not of carlo; use --model kaist"),
        ("carlo", "./toy-tiny", "no such model file"),
        ("wiener", "toy-tiny", "toy-tiny are weights of carlo/tiny, not of wiener; use --model carlo"),
    ],
)
def test_refusals(here, refused, tmp_path, model, weights, words):
    asked = ("--model", model, "--weights", weights, *SCORED, "--results", tmp_path / "new")
    assert words in refused(main, *asked)
    assert not (tmp_path / "new").exists()


def test_another_variant(here, refused):
    line = refused(main, "--model", "carlo/image", "--weights", "toy-tiny", *SCORED)
    assert line.endswith("holds carlo/tiny, not carlo/image; use --model carlo --variant tiny")


class TestFilesOfOthers:
    def test_they_bring_their_variant_along(self, file, capsys):
        asked = request("--model", "carlo", "--weights", file, *SCORED)
        assert capsys.readouterr().out == f"{file}: carlo/tiny\n"
        assert asked.model.variant == "tiny" and asked.model.published is None
        (experiment,) = (each for each in plan_all(asked) if each.model == "carlo")
        # The key is of the owner's file, whatever it is converted to.
        assert experiment.choices["weights"] == hashlib.sha256(file.read_bytes()).hexdigest()[:16]

    def test_they_are_scored(self, file, tmp_path):
        run_with("--model", "carlo", "--weights", file, "--results", tmp_path)
        (path,) = (tmp_path / "runs").glob("cifar10--*--carlo--*.json")
        run = records.read(path).run
        assert (run.variant, run.weights) == (
            "tiny",
            f"file sha256:{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}",
        )

    def test_refusals(self, file, refused, tmp_path):
        assert "holds carlo/tiny, not kaist/tiny" in refused(main, "--model", "kaist/tiny", "--weights", file, *SCORED)
        write_torch_zip(tmp_path / "small.pth", nafnet_tensors(encoders=(1,), decoders=(1,)))
        line = refused(main, "--model", "nafnet", "--weights", tmp_path / "small.pth", *SCORED)
        assert line.endswith(f"give the file as the model itself, --model {tmp_path}/small.pth, without --weights")
        write_torch_zip(tmp_path / "x.pth", {"a.b": np.zeros(3, np.float32)})
        assert "not known as weights of any model" in refused(
            main, "--model", "carlo", "--weights", tmp_path / "x.pth", *SCORED
        )


def test_weights_that_come_with_the_zoo_are_told_apart_by_their_own_hash():
    path = Path(catalogue.__file__).with_name("own") / "photo-small.keras"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert weights_id(ModelOptions(published="photo-small", weights=path)) == f"photo-small sha256:{digest[:16]}"
