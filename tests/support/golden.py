"""Recorded outputs of the authors' own networks: regenerate weights and inputs by rule, compare numbers.

The rule: tensor k of a network's list is `RandomState(seed * 100003 + k).standard_normal(shape)`, scaled by its kind,
rounded to float32; the input is `RandomState(seed).random_sample(shape)`. Only outputs and thinned intermediates are
stored (tests/goldens/*.npz), described by the JSON file beside them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.weights import convert
from zoo.weights.names.base import names_of

FOLDER = Path(__file__).resolve().parents[1] / "goldens"
# Strides of the transposed convolutions of each network; the fan-in divides by their product.
TRANSPOSED_STRIDE = {"unet1": 2, "unet3": 2, "unet3_bias": 2, "kaist": 2, "atrous": 2, "carlo": 1}


@dataclass(frozen=True)
class Golden:
    """One recording: its description and its arrays."""

    name: str
    facts: dict
    arrays: dict[str, np.ndarray]

    @property
    def keras_layout(self) -> bool:
        """Whether the original was written in Keras."""
        return self.facts["tensor_layout"].startswith("Keras")

    @property
    def parameters(self) -> int:
        """Number of weights without running statistics."""
        shapes = [shape for _, shape, kind in self.facts["tensors"] if not kind.startswith("running")]
        return sum(math.prod(shape) for shape in shapes)

    @property
    def network_input(self) -> np.ndarray:
        """The input (batch, height, width, channels), float32, checked against the recorded sum."""
        facts = self.facts
        x = np.random.RandomState(facts["seed"]).random_sample(facts["input_shape"]).astype(np.float32)
        assert float(x.sum(dtype=np.float64)) == facts["input_check"]["sum"]
        return x

    def tensors(self) -> dict[str, np.ndarray]:
        """Returns every weight by its original name, in the original layout, checked against the recorded sums."""
        special = {name for name, _ in self.facts.get("special", [])}
        weights = {}
        for k, (name, shape, kind) in enumerate(self.facts["tensors"]):
            n = np.random.RandomState(self.facts["seed"] * 100003 + k).standard_normal(shape)
            value = _scaled(n, kind, self.facts["weight_gain"], self._fan_in(name, shape, kind))
            if name in special:
                value = 0.5 + 0.02 * n
            value = value.astype(np.float32)
            first, total = self.facts["tensor_checks"][k]
            assert float(value.flat[0]) == first
            assert math.isclose(float(value.sum(dtype=np.float64)), total, abs_tol=1e-9)
            weights[name] = value
        return weights

    def _fan_in(self, name: str, shape: list[int], kind: str) -> float:
        keras_layout = self.keras_layout
        if kind == "depthwise":
            return shape[2] * shape[3]
        if kind == "conv_transpose":
            stride = (
                TRANSPOSED_STRIDE[self.name]
                if self.name in TRANSPOSED_STRIDE
                else TRANSPOSED_STRIDE[self.name.partition("_")[0]]
            )
            taps = shape[0] * shape[1] * shape[3] if keras_layout else shape[0] * shape[2] * shape[3]
            return taps / stride**2
        if kind in ("conv", "linear"):
            return math.prod(shape[:-1]) if keras_layout else math.prod(shape[1:])
        return 1.0


def _scaled(n: np.ndarray, kind: str, gain: float, fan_in: float) -> np.ndarray:
    """Applies the weight rule of a kind to standard normal numbers."""
    rules: dict[str, Callable[[], np.ndarray]] = {
        "bias": lambda: 0.02 * n,
        "norm_scale": lambda: 1 + 0.1 * n,
        "norm_shift": lambda: 0.1 * n,
        "running_mean": lambda: 0.1 * n,
        "running_var": lambda: 1 + 0.1 * np.abs(n),
        "prelu": lambda: np.full_like(n, 0.25),
        "layer_scale": lambda: 0.3 * n,
        "temperature": lambda: 1 + 0.1 * n,
    }
    return rules[kind]() if kind in rules else gain * math.sqrt(1 / fan_in) * n


def read(name: str) -> Golden:
    """Reads a recording from tests/goldens."""
    facts = json.loads((FOLDER / f"{name}.json").read_text())
    with np.load(FOLDER / f"{name}.npz") as stored:
        return Golden(name, facts, dict(stored))


def fill(model, golden: Golden, name: str) -> None:
    """Puts the rule's weights into a model, as those of a checkpoint; every weight of the model must be among them.

    Args:
        model: A Keras model.
        golden: The recording.
        name: The model whose map of names is used.
    """
    tensors = golden.tensors()
    done = convert.fill(model, tensors, names_of(name), "keras" if golden.keras_layout else "pytorch", golden.name)
    assert done == convert.Filled(len(tensors), (), ())
    assert golden.parameters == golden.facts["parameter_count"]


def relative_error(result: np.ndarray, expected: np.ndarray) -> float:
    """Returns max |result - expected| / max |expected|."""
    assert result.shape == expected.shape
    return float(np.abs(result.astype(np.float64) - expected).max() / np.abs(expected).max())
