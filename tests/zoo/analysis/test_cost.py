"""What a pixel costs a model, counted by hand."""

import keras
import numpy as np
import pytest

import zoo
from zoo.analysis.cost import cost_of, seconds_for, weights_size


def test_what_is_alive_at_once_is_counted_along_the_graph():
    inputs = keras.Input((None, None, 3))
    wide = keras.layers.Conv2D(10, 1)(inputs)
    narrow = keras.layers.Conv2D(2, 1)(wide)
    # The wide map is kept for the sum at the end.
    summed = keras.layers.Concatenate()([narrow, wide])
    model = keras.Model(inputs, keras.layers.Conv2D(3, 1)(summed))
    cost = cost_of(model)
    assert cost.outputs == 4 * (3 + 10 + 2 + 12 + 3)
    assert cost.traffic == 4 * (12 + 12)
    assert cost.alive == 4 * (2 + 10 + 12)
    assert cost.macs == 3 * 10 + 10 * 2 + 12 * 3
    assert weights_size(model) == 4 * sum(np.prod(each.shape) for each in model.weights)
    assert cost_of(model) is cost


def test_a_model_without_multiplications_takes_no_time():
    assert seconds_for(zoo.create("identity"), 10**9) == 0
    # Grey models see the three colours one after the other.
    grey, colour = (seconds_for(zoo.create(name, "tiny"), 1000) for name in ("unet1", "carlo"))
    macs = [zoo.info(name).variant("tiny").macs for name in ("unet1", "carlo")]
    assert grey / colour == pytest.approx(3 * macs[0] / macs[1])
