"""The weights that are taken when nobody names any."""

from __future__ import annotations

import pytest

from tests.zoo.weights.conftest import entry
from zoo.errors import ZooError
from zoo.weights import choice, store


def scored(name, value, **facts):
    made = entry(name, **facts)
    made["scores"] = [{"dataset": "gopro", "metric": "psnr", "value": value, "protocol": "whole", "source": "us"}]
    return made


@pytest.fixture
def some(published):
    text = entry("text", variant="tiny", model="fba")
    text["scores"] = [{"dataset": "hdc", "metric": "ocr", "value": 99, "protocol": "x", "source": "x"}]
    published(
        scored("low", 28.0),
        scored("high", 31.0, variant="image"),
        scored("mid", 30.0, address="https://example.com/mid.h5"),
        scored("steps", 40.0, model="refiner"),
        scored("video", 39.0, model="kaist", variant="tiny-video"),
        scored("unknown", 45.0, model="nothing"),
        text,
    )
    return lambda *names: [_put(name) for name in names]


def _put(name):
    store.path_of(name).parent.mkdir(parents=True, exist_ok=True)
    store.path_of(name).write_bytes(b"weights")


def test_the_highest_psnr_of_those_that_are_here(some):
    some("low", "steps", "video", "unknown", "text")
    assert choice.best_installed().name == "low"
    some("mid", "high")
    assert choice.best_installed().name == "high"


def test_none_says_how_to_get_the_best_that_a_program_may_fetch(some):
    with pytest.raises(ZooError, match="named with --weights; fetch them with `python -m zoo weights get mid`"):
        choice.best_installed()


def test_weights_that_would_fill_the_memory_are_left_out(some, monkeypatch):
    some("low", "high")
    monkeypatch.setattr(choice, "free_memory", lambda: 8 * 2_663_555 * 2 - 1)
    assert choice.best_installed().name == "low"
