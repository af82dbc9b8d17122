"""Stops a training inside an epoch and goes on with it, on whatever backend; prints how far it is from one without."""

import signal
import sys
import tempfile
from pathlib import Path

import numpy as np

import zoo
from benchmarks.training import loop, state
from benchmarks.training.callbacks import Checkpoints
from tests.support.fakes import TOY_RECIPE, picture_pairs, registered_toy

RECIPE = TOY_RECIPE.replaced(
    steps=6,
    loss="relativistic" if "adversarial" in sys.argv else "charbonnier",
    precision="mixed_float16" if "half" in sys.argv else "float32",
    crop=16,
)


def train(folder, stop=None, resume=False):
    original = Checkpoints.on_train_batch_end

    def interrupted(self, *arguments, **named):
        if self.progress["step"] == stop:
            signal.raise_signal(signal.SIGINT)
        original(self, *arguments, **named)

    Checkpoints.on_train_batch_end = interrupted
    try:
        return loop.train(RECIPE, picture_pairs(size=(20, 24)), folder, state.Options(seed=1, resume=resume))
    except KeyboardInterrupt:
        return None
    finally:
        Checkpoints.on_train_batch_end = original


with registered_toy(), tempfile.TemporaryDirectory() as name:
    whole, parts = Path(name) / "whole", Path(name) / "parts"
    train(whole)
    assert train(parts, stop=2) is None
    assert zoo.read_notes(parts / state.LAST)["step"] == 3
    train(parts, resume=True)
    first, second = (zoo.load(folder / state.LAST).get_weights() for folder in (whole, parts))
    print("apart", max(np.abs(ours - theirs).max() for ours, theirs in zip(first, second, strict=True)))
