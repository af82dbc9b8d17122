"""What is timed in a process of its own, as memory and thread pools can only be compared between processes.

`python -m benchmarks.speed.worker FRAMEWORK NAME VARIANT SIDE BATCH` times a model. The last line of its output is JSON
with milliseconds and peak memory of a forward pass and of a training step, the rate of matrix products measured
just before, and the multiply-accumulates of the model.

`python -m benchmarks.speed.worker local FORM` times a form of the convolution with a kernel for each pixel: FORM is
`layer` or `patches`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.speed.measure import peak, seconds

_MATRIX_SIDE = 2048


def main(arguments: list[str]) -> int:
    """Times one model, or one form of the per-pixel convolution, and prints the figures."""
    if arguments[0] == "local":
        print(json.dumps(local_convolution(arguments[1])))
        return 0
    framework, name, variant, side, batch = arguments
    make = {"keras": keras_model, "torch": torch_model}[framework]
    print(json.dumps(make(name, variant, int(side), int(batch))))
    return 0


def local_convolution(form: str) -> dict[str, float]:
    """Milliseconds and peak memory in MiB of a 5x5 convolution with a kernel for each pixel, forward and backward.

    Args:
        form: `"layer"`, ours, or `"patches"`, which gathers the neighbourhoods of all pixels first.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf
    from keras import ops

    from zoo.layers.local_convolution import LocalConvolution

    def patches(inputs: Any) -> Any:
        image, kernels = inputs
        gathered = ops.image.extract_patches(image, (5, 5), strides=(1, 1), padding="same")
        return ops.sum(ops.reshape(gathered, (*image.shape[:3], 25, 3)) * kernels[..., None], axis=3)

    function = LocalConvolution(5) if form == "layer" else patches
    image, kernels = (
        tf.constant(np.random.default_rng(channels).random((4, 256, 256, channels), np.float32)) for channels in (3, 25)
    )

    @tf.function
    def step(image: Any, kernels: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(kernels)
            loss = tf.reduce_sum(tf.square(function([image, kernels])))
        return tape.gradient(loss, kernels)

    # A small call first, so that what TensorFlow loads at its first step is no part of the peak.
    step(image[:1, :16, :16], kernels[:1, :16, :16]).numpy()
    memory = peak(lambda: step(image, kernels).numpy())
    return {"mib": memory, "ms": 1e3 * seconds(lambda: step(image, kernels).numpy())}


def keras_model(name: str, variant: str, side: int, batch: int) -> dict[str, float]:
    """Returns the figures of a model of the zoo; the training step is mean squared error with Adam."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from zoo.start import quiet_frameworks

    quiet_frameworks()
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
    """Returns one residual block of ATROUS_NET as a model."""
    import keras

    from zoo.models import atrous

    inputs = keras.Input((None, None, 256))
    return keras.Model(inputs, atrous._block(inputs, 256, "block", 0.3, 1.0))


def torch_model(name: str, variant: str, side: int, batch: int) -> dict[str, float]:
    """Returns the figures of a PyTorch model, in the faster of both memory formats.

    Args:
        name: One of the benchmark's own, or `spandrel.MODEL` for the peer's module of a model of ours.
        variant: The variant of ours whose sizes the peer's module has.
        side: Side of the image.
        batch: Number of images.
    """
    import torch

    found = []
    for form in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        model, channels = _made(name, variant)
        model = model.to(memory_format=form)
        optimiser = torch.optim.Adam(model.parameters(), 1e-6)
        inputs = torch.rand(batch, channels, side, side).to(memory_format=form)
        with torch.no_grad():
            targets = [torch.rand_like(each) for each in _listed(model(inputs))]
        matrix = torch.rand(_MATRIX_SIDE, _MATRIX_SIDE)

        def forward(model: Any = model, inputs: Any = inputs) -> Any:
            model.eval()
            with torch.no_grad():
                return [each.numpy() for each in _listed(model(inputs))]

        def step(model: Any = model, inputs: Any = inputs, targets: Any = targets, optimiser: Any = optimiser) -> Any:
            model.train()
            optimiser.zero_grad()
            pairs = zip(_listed(model(inputs)), targets, strict=True)
            loss = sum(torch.nn.functional.mse_loss(output, target) for output, target in pairs)
            loss.backward()
            optimiser.step()
            return loss.item()

        def product(matrix: Any = matrix) -> Any:
            return (matrix @ matrix).numpy()

        found.append(_figures(0, forward, step, product))
    return {name: min(figures[name] for figures in found) for name in found[0]}


def _made(name: str, variant: str) -> tuple[Any, int]:
    """A PyTorch model and the channels that it takes."""
    from benchmarks.speed import peers, torch_models
    from zoo.registry import info, options_of

    source, _, model = name.partition(".")
    if source != "spandrel":
        return torch_models.MODELS[name](), torch_models.CHANNELS[name]
    return peers.module_of(model, {**options_of(model), **info(model).variant(variant).options}), 3


def _listed(outputs: Any) -> Any:
    """The outputs of a model that has one or several."""
    return outputs if isinstance(outputs, (list, tuple)) else [outputs]


def _figures(
    macs: int, forward: Callable[[], Any], step: Callable[[], Any], product: Callable[[], Any]
) -> dict[str, float]:
    """Measures everything and returns it by name."""
    # Memory first: what a call has freed stays with the process, and the next call would not grow it.
    forward_memory, step_memory = peak(forward), peak(step)
    product_seconds, forward_seconds, step_seconds = seconds(product), seconds(forward), seconds(step)
    return {
        "macs": macs,
        "matrix_gflops": 2 * _MATRIX_SIDE**3 / product_seconds / 1e9,
        "forward_ms": forward_seconds * 1e3,
        "forward_mib": forward_memory,
        "step_ms": step_seconds * 1e3,
        "step_mib": step_memory,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
