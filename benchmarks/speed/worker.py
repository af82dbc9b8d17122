"""One network timed in a process of its own: `python -m benchmarks.speed_program FRAMEWORK NAME VARIANT SIDE BATCH`.

Memory and thread pools can only be compared between processes. The last line of the output is JSON: milliseconds and
peak memory of a forward pass and of a training step, the matrix-product rate of the framework measured just before, and
the network's multiply-accumulates.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_MATRIX_SIDE = 2048
# Rounds are added until this many seconds have gone by.
_SECONDS = 4.0
_FEWEST, _MOST = 3, 15


def main(arguments: list[str]) -> int:
    """Times one network and prints the figures."""
    framework, name, variant, side, batch = arguments
    make = {"keras": keras_network, "torch": torch_network}[framework]
    print(json.dumps(make(name, variant, int(side), int(batch))))
    return 0


def keras_network(name: str, variant: str, side: int, batch: int) -> dict[str, float]:
    """Returns the figures of a network of the zoo; the training step is mean squared error with Adam."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from benchmarks import console

    console.quiet_frameworks()
    import keras
    import tensorflow as tf

    import zoo
    from benchmarks.training.loop import use_jit

    model = _dilated_block() if name == "dilated_block" else zoo.create(name, variant or None)
    macs = zoo.count_macs(model, side, side)
    rng = np.random.default_rng(0)
    inputs: Any = tf.constant(rng.random((batch, side, side, model.inputs[0].shape[-1]), np.float32))
    if len(model.inputs) > 1:
        inputs = [inputs, tf.zeros((batch, 1))]
    forward = tf.function(lambda given: model(given, training=False))
    # Traced but not run: what a first pass leaves behind would hide the memory of the one that is measured.
    traced = forward.get_concrete_function(inputs).structured_outputs
    targets = [tf.zeros(tensor.shape) for tensor in (traced if isinstance(traced, list) else [traced])]
    losses = ["mse"] * len(targets)
    model.compile(keras.optimizers.Adam(1e-6), losses if len(losses) > 1 else "mse", jit_compile=use_jit("auto"))
    model.optimizer.build(model.trainable_variables)
    target = targets if len(targets) > 1 else targets[0]
    matrix = tf.constant(rng.random((_MATRIX_SIDE, _MATRIX_SIDE), np.float32))
    product = tf.function(lambda: tf.linalg.matmul(matrix, matrix))
    return _figures(
        macs * batch,
        lambda: tf.nest.map_structure(lambda tensor: tensor.numpy(), forward(inputs)),
        lambda: model.train_on_batch(inputs, target),
        lambda: product().numpy(),
    )


def _dilated_block() -> Any:
    """Returns one residual block of ATROUS_NET as a network."""
    import keras

    from zoo.models import atrous

    inputs = keras.Input((None, None, 256))
    return keras.Model(inputs, atrous._block(inputs, 256, "block", 0.3, 1.0))


def torch_network(name: str, variant: str, side: int, batch: int) -> dict[str, float]:
    """Returns the figures of one of the benchmark's own PyTorch networks, in the faster of both memory formats."""
    import torch

    from benchmarks.speed import torch_models

    found = []
    for form in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        model: Any = torch_models.NETWORKS[name]()
        model = model.to(memory_format=form)
        optimiser = torch.optim.Adam(model.parameters(), 1e-6)
        inputs = torch.rand(batch, torch_models.CHANNELS[name], side, side).to(memory_format=form)
        with torch.no_grad():
            target = torch.rand_like(model(inputs))
        matrix = torch.rand(_MATRIX_SIDE, _MATRIX_SIDE)

        def forward(model: Any = model, inputs: Any = inputs) -> Any:
            model.eval()
            with torch.no_grad():
                return model(inputs).numpy()

        def step(model: Any = model, inputs: Any = inputs, target: Any = target, optimiser: Any = optimiser) -> Any:
            model.train()
            optimiser.zero_grad()
            loss = torch.nn.functional.mse_loss(model(inputs), target)
            loss.backward()
            optimiser.step()
            return loss.item()

        def product(matrix: Any = matrix) -> Any:
            return (matrix @ matrix).numpy()

        found.append(_figures(0, forward, step, product))
    return {name: min(figures[name] for figures in found) for name in found[0]}


def _figures(
    macs: int, forward: Callable[[], Any], step: Callable[[], Any], product: Callable[[], Any]
) -> dict[str, float]:
    """Measures everything and returns it by name."""
    # Memory first: what a call has freed stays with the process, and the next call would not grow it.
    forward_memory, step_memory = _peak(forward), _peak(step)
    product_seconds, forward_seconds, step_seconds = _seconds(product), _seconds(forward), _seconds(step)
    return {
        "macs": macs,
        "matrix_gflops": 2 * _MATRIX_SIDE**3 / product_seconds / 1e9,
        "forward_ms": forward_seconds * 1e3,
        "forward_mib": forward_memory,
        "step_ms": step_seconds * 1e3,
        "step_mib": step_memory,
    }


def _seconds(function: Callable[[], Any]) -> float:
    """Returns the median seconds of a function after two calls of warm-up."""
    function()
    function()
    times: list[float] = []
    while len(times) < _FEWEST or (sum(times) < _SECONDS and len(times) < _MOST):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _peak(function: Callable[[], Any]) -> float:
    """Returns by how many MiB the process grew at most during a call; NaN where the system does not tell."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
        before = _status("VmRSS")
        function()
        return (_status("VmHWM") - before) / 1024
    except OSError:
        function()
        return float("nan")


def _status(field: str) -> int:
    """Returns a field of the process's memory status in KiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
