"""Second derivatives of every layer, which a gradient penalty needs, against finite differences."""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import zoo
import zoo.layers
from tests.support.backends import run_on
from tests.support.zoo_table import ROWS
from tests.zoo.layers.second_derivatives import CASES, KERAS_CASES, MAPS, Case, errors
from zoo.backend import input_gradient
from zoo.models.patchgan import patchgan

SCRIPT = Path(__file__).with_name("second_derivatives.py")
EVERY = [(name, index) for name, cases in (CASES | KERAS_CASES).items() for index in range(len(cases))]


def test_every_layer_is_exported_and_has_a_case():
    for module in pkgutil.iter_modules(zoo.layers.__path__):
        importlib.import_module(f"zoo.layers.{module.name}")
    registered = {
        kind.__name__
        for name, kind in keras.saving.get_custom_objects().items()
        if name.startswith("deblur_zoo>") and isinstance(kind, type) and issubclass(kind, keras.layers.Layer)
        if kind.__module__.startswith("zoo.layers.")
    }
    assert registered == set(zoo.layers.__all__) == set(CASES)
    assert all(getattr(zoo.layers, name).__name__ == name for name in zoo.layers.__all__)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "index"), EVERY)
def test_derivatives_equal_finite_differences(name, index, compiled):
    assert max(errors((CASES | KERAS_CASES)[name][index], compiled)) < 1e-6


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_derivatives_equal_finite_differences_on_other_backends(backend):
    found = json.loads(run_on(backend, SCRIPT).splitlines()[-1])
    assert len(found) == len(EVERY)
    assert {name: pair for name, pair in found.items() if max(pair) > 1e-6} == {}


@pytest.mark.parametrize("kind", [keras.layers.LayerNormalization, keras.layers.BatchNormalization])
def test_the_check_finds_the_fault_of_keras_own_layers(kind):
    """Where this fails, Keras or TensorFlow has mended it, and our own layers may go."""
    first, second = errors(Case(lambda: kind(dtype="float64"), (MAPS,)))
    assert first < 1e-6
    assert second > 1e-4


def test_models_consist_of_checked_layers():
    models = [zoo.create(row.name, variant) for row in ROWS for variant in row.variants]
    kinds = {type(layer) for model in [*models, patchgan(4)] for layer in model._flatten_layers()}
    own = {kind.__name__ for kind in kinds if kind.__module__.startswith("zoo.")}
    others = {kind.__name__ for kind in kinds if not kind.__module__.startswith("zoo.")}
    assert own <= set(CASES)
    assert others - {"Functional", "InputLayer"} <= set(KERAS_CASES)


def test_the_critic():
    critic = patchgan(4, 2, dtype="float64")
    assert max(errors(Case(lambda: critic, ((2, 20, 24, 3),)))) < 1e-5


def test_the_fused_kernel_of_batch_normalisation():
    """In float32 another kernel computes; its second derivative must be that of float64."""
    x = np.random.default_rng(0).normal(1, 2, MAPS)
    found = []
    for dtype in ("float32", "float64"):
        layer = zoo.layers.BatchNorm(dtype=dtype)
        layer.build(MAPS)
        weights = ops.convert_to_tensor(np.random.default_rng(1).normal(0, 1, MAPS), dtype)

        def scalar(inputs, layer=layer, weights=weights):
            return ops.sum(weights * ops.sin(layer(inputs, training=True)))

        def norm(inputs, scalar=scalar):
            return ops.sum(ops.square(input_gradient(scalar, inputs)))

        found.append(np.asarray(input_gradient(norm, ops.convert_to_tensor(x, dtype))))
    np.testing.assert_allclose(found[0], found[1], atol=2e-4 * np.abs(found[1]).max())
