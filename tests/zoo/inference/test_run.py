"""Restoring many sizes: one trace, the same result as without it, medians in the graph, weights that are no numbers."""

from __future__ import annotations

import gc
import weakref

import keras
import numpy as np
import pytest

import zoo
from tests.support import contracts
from tests.support.backends import run_on
from tests.support.zoo_table import ROWS
from zoo.inference import run
from zoo.inference.inputs import from_grey, network_input

SIZES = [(32 + 3 * index, 24 + (7 * index) % 40) for index in range(30)]
# MAXIM takes half a minute to trace; its published outputs are compared by this way, too.
LEARNING = [row.name for row in ROWS if zoo.info(row.name).learns and not row.slow]


def image(height=21, width=26, channels=3, seed=0):
    return np.random.default_rng(seed).random((height, width, channels)).astype(np.float32)


def counted(monkeypatch):
    """Counts how often a model is traced for `zoo.restore`."""
    traces = []
    prepared = run._prepared

    def count(inputs, prepare):
        traces.append([each.shape for each in inputs])
        return prepared(inputs, prepare)

    monkeypatch.setattr(run, "_prepared", count)
    return traces


@pytest.mark.parametrize("name", ["kaist", "refiner", "unet1", "deblurgan"])
def test_thirty_sizes_are_one_trace(name, monkeypatch):
    traces = counted(monkeypatch)
    model = zoo.create(name, "tiny")
    for height, width in SIZES:
        assert zoo.restore(model, image(height, width), **contracts.known_blur(zoo.info(name))).shape[:2] == (
            height,
            width,
        )
    assert len(traces) == 1


@pytest.mark.parametrize("name", LEARNING)
def test_results_are_those_of_the_model_itself(name):
    info, model = zoo.info(name), contracts.built(name, "tiny")
    batch = image(48, 40)[np.newaxis]
    known = contracts.known_blur(info)
    for batch in (image(48, 40)[np.newaxis], image(33, 50)[np.newaxis]):
        padded, (top, left) = zoo.pad_to_fit(batch, info, zoo.shrink_of(model))
        if info.colour:
            expected = contracts.first(model(padded))
        else:
            planes = np.moveaxis(padded, -1, 0).reshape(3, *padded.shape[1:3], 1)
            steps = [np.zeros((3, 1), np.float32)] if info.takes_blur_step else []
            inputs = [network_input(planes, info), *steps]
            expected = np.moveaxis(contracts.first(model(inputs if steps else inputs[0])), 0, -1)[..., 0, :][np.newaxis]
        height, width = batch.shape[1:3]
        expected = np.clip(expected[:, top : top + height, left : left + width], 0, 1)
        np.testing.assert_allclose(zoo.restore_batch(model, batch, info, known["blur_step"]), expected, atol=2e-6)


def test_a_model_is_not_kept_alive():
    model = zoo.create("carlo", "tiny", filters=2)
    zoo.restore(model, image(24, 24))
    kept = weakref.ref(model)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert kept() is None


def test_weights_that_change_are_seen():
    model = zoo.create("kaist", "tiny")
    before = zoo.restore(model, image(), guard=False)
    model.set_weights([0.5 * weight for weight in model.get_weights()])
    assert not np.array_equal(zoo.restore(model, image(), guard=False), before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", LEARNING)
def test_weights_that_are_no_numbers_are_refused(name, value):
    model = contracts.built(name, "tiny")
    # The first ones only: behind a ReLU nothing may be seen of them in the result.
    first = model.weights[0]
    before = np.array(first)
    first.assign(np.full_like(before, value))
    with pytest.raises(zoo.ZooError, match=f"^{name}/tiny gives no numbers .*its weights are damaged"):
        zoo.restore(model, np.zeros((9, 8, 3), np.uint8), **contracts.known_blur(zoo.info(name)))
    first.assign(before)


@pytest.mark.slow
def test_medians_are_in_the_graph_of_a_model_from_grey(tmp_path):
    model = zoo.create("refiner", "tiny")
    whole = from_grey(model)
    grey, step = image(40, 44, 1)[np.newaxis], np.full((1, 1), 3, np.float32)
    expected = np.asarray(model([network_input(grey, zoo.info("refiner")), step]))
    np.testing.assert_allclose(np.asarray(whole([grey, step])), expected, atol=1e-6)
    whole.export(tmp_path / "saved", verbose=False)
    import tensorflow as tf

    loaded = tf.saved_model.load(str(tmp_path / "saved"))  # kept, as its variables go with it
    served = loaded.serve([grey, step])
    np.testing.assert_allclose(np.asarray(served), expected, atol=1e-6)
    # The model itself is what it was, also in a file.
    zoo.save(model, tmp_path / "model.keras")
    assert [tensor.shape[-1] for tensor in zoo.load(tmp_path / "model.keras").inputs] == [5, 1]
    with pytest.raises(zoo.ZooError, match="takes no medians"):
        from_grey(zoo.create("carlo", "tiny"))


PROGRAM = """
import numpy as np, zoo
from zoo.inference import run
model = zoo.create("carlo", "tiny", filters=2)
run.KEPT_SIZES = 3
rng = np.random.default_rng(0)
for side in (22, 23, 24, 25, 22):
    image = rng.random((side, 30, 3)).astype("float32")
    expected = np.clip(np.asarray(model.predict_on_batch(image[None]))[0], 0, 1)
    assert np.abs(zoo.restore(model, image, guard=False) - expected).max() < 1e-5
model.set_weights([weight * np.nan for weight in model.get_weights()])
try:
    zoo.restore(model, image)
except zoo.ZooError as error:
    print(error)
"""


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(backend, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    assert run_on(backend, tmp_path / "program.py").startswith("carlo/tiny gives no numbers")
