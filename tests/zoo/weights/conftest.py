"""A cache of its own for every test, and a small catalogue."""

from __future__ import annotations

import json

import numpy as np
import pytest

import zoo
from tests.support.checkpoints import write_carlo
from zoo.weights import catalogue

PAGE = "https://example.com/weights"


def entry(name, variant="tiny", model="carlo", **offer):
    """Returns a catalogue entry as JSON has it."""
    file = {"by": "somebody", "name": f"{name}.h5", "format": "keras", "page": PAGE, **offer}
    scores = [{"dataset": "gopro", "metric": "psnr", "value": 30.5, "protocol": "whole", "source": "the paper"}]
    facts = {"trained_on": "GoPro", "citation": "Somebody: something", "code_licence": "MIT"}
    return {"name": name, "model": model, "variant": variant, "scores": scores, "files": [file], **facts}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The cache folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(folder))
    return folder


@pytest.fixture
def published(monkeypatch):
    """Puts entries in the place of the catalogue."""

    def put(*entries):
        table = catalogue.parse(json.dumps(entries).encode(), "test")
        monkeypatch.setattr(catalogue, "_read", lambda: table)

    put(entry("toy-gopro"), entry("toy-reds", variant="image"))
    return put


@pytest.fixture(scope="session")
def trained():
    """A model with weights of its own."""
    model = zoo.create("carlo", "tiny")
    rng = np.random.default_rng(3)
    model.set_weights([rng.standard_normal(each.shape) * 0.05 for each in model.weights])
    return model


@pytest.fixture
def file(trained, tmp_path):
    """The model's weights as its authors would publish them."""
    write_carlo(tmp_path / "toy.h5", trained)
    return tmp_path / "toy.h5"
