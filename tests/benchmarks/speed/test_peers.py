"""The peer whose modules ours are timed against: what is said where it is missing, and what it is asked for."""

from __future__ import annotations

import pytest

from benchmarks.errors import RunError
from benchmarks.speed import models, peers
from zoo.registry import info, options_of


def test_without_the_peer_one_line_says_what_it_needs(monkeypatch, capsys):
    monkeypatch.setattr(peers, "is_installed", lambda: False)
    assert models.against_peers() == []
    streams = capsys.readouterr()
    assert streams.out == "" and streams.err.count("\n") == 1
    assert "needs spandrel and PyTorch; install them with `pip install 'deblur-zoo[peers]'`" in streams.err
    with pytest.raises(RunError, match=r"^comparing with nafnet of a peer needs spandrel"):
        peers.module_of("nafnet", {})


@pytest.mark.parametrize("model", peers.MODELS)
def test_the_usual_variant_can_be_asked_for(model):
    variant = info(model).variant()
    assert peers._ARGUMENTS[model]({**options_of(model), **variant.options})


@pytest.mark.slow
@pytest.mark.skipif(not peers.is_installed(), reason="needs spandrel and PyTorch")
@pytest.mark.parametrize("model", peers.MODELS)
def test_the_usual_variant_has_as_many_parameters(model):
    variant = info(model).variant()
    made = peers.module_of(model, {**options_of(model), **variant.options})
    assert sum(each.numel() for each in made.parameters()) == variant.parameters
