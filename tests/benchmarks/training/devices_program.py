"""Trains small models on one device, on two and on two hosts, on whatever backend; writes losses and weights.

`devices_program.py OUT.npz` trains on one device and on two of one host; with PORT and INDEX, on two hosts.
"""

import io
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

import zoo
from benchmarks.errors import RunError
from benchmarks.training import devices, hosts, loop, state
from benchmarks.training.callbacks import Checkpoints
from datasets.pipeline import TrainingBatches
from tests.support.fakes import TOY, TOY_RECIPE, build_toy, picture_pairs, registered_toy
from zoo import registry
from zoo.layers.normalisation import BatchNorm

STEPS = 50
BATCH = 4
PAIRS = picture_pairs(size=(20, 24))
PLAIN = TOY_RECIPE.replaced(steps=STEPS, batch=BATCH, learning_rate=3e-3, schedule="cosine", clipnorm=0.01)
RECIPES = {
    "plain": PLAIN,
    # A loss that adds up, gradients clipped together, statistics of the batch.
    "normed": PLAIN.replaced(
        model="normed", loss="sum_of_absolute_differences", clipnorm=None, global_clipnorm=0.5, schedule="plateau"
    ),
    "staged": PLAIN.replaced(model="staged", loss="charbonnier", trainable_ratios=True, weight_decay=0.05),
}


def build_normed(inputs):
    x = BatchNorm(name="norm")(keras.layers.Conv2D(4, 3, padding="same", use_bias=False, name="first")(inputs))
    return keras.layers.Add()([inputs, keras.layers.Conv2D(3, 3, padding="same", name="second")(x)])


def build_staged(inputs):
    sharp = build_toy(inputs)
    return [sharp, keras.layers.Rescaling(0.5, name="rough")(sharp)]


class Losses:
    """Keeps the loss after every step, and stops a training after some."""

    def __init__(self, stop=None):
        self.values, self.stop = [], stop

    def __enter__(self):
        self.original, ours = Checkpoints.on_train_batch_end, self

        def kept(self, batch, logs=None):
            ours.values.append(float(logs["loss"]))
            self.stop_asked = self.progress["step"] + 1 == ours.stop
            ours.original(self, batch, logs)

        Checkpoints.on_train_batch_end = kept
        return self

    def __exit__(self, *raised):
        Checkpoints.on_train_batch_end = self.original
        return raised[0] is KeyboardInterrupt or (raised[0] and issubclass(raised[0], KeyboardInterrupt))


def trained(folder, recipe, on, stop=None, resume=False):
    """Losses of a training's steps; its checkpoints lie in the folder."""
    options = state.Options(seed=1, resume=resume, devices=on)
    with Losses(stop) as kept:
        if on.first:
            loop.train(recipe, PAIRS, folder, options)
        else:
            loop.assist(recipe, PAIRS, options)
    return kept.values


def weights(folder):
    """All that the last checkpoint holds: weights, statistics, ratios and the optimiser."""
    model = zoo.load(folder / state.LAST, compile=True)
    found = [np.array(each) for each in model.weights] + [np.array(each) for each in model.optimizer.variables]
    return np.concatenate([each.astype(np.float64).ravel() for each in found])


def found_devices(number, recipe):
    return devices.found(devices.Wanted(devices=str(number)), recipe)


def refusal(act):
    try:
        act()
    except RunError as error:
        return str(error)
    return ""


def of_one_host(work):
    """Every recipe on one device and on two; one stopped in the middle, and gone on with on the other number."""
    results = {}

    def run(name, recipe, on, **options):
        folder = work / name.partition(" to ")[0]
        results[f"{name} losses"] = trained(folder, recipe, on, **options)
        if "stop" not in options:
            results[f"{name} weights"] = weights(folder)
            results[f"{name} best"] = [zoo.read_notes(folder / state.LAST)["best"]]

    for name, recipe in RECIPES.items():
        run(f"{name} 1", recipe, found_devices(1, recipe))
        run(f"{name} 2", recipe, found_devices(2, recipe))
    one, two = (found_devices(number, PLAIN) for number in (1, 2))
    assert (one.count, two.count) == (1, 2), (one, two)
    if keras.backend.backend() == "tensorflow":
        assert "--jit on" in refusal(lambda: loop.use_jit("on", two)) and not loop.use_jit("auto", two)
    results["refused"] = [
        refusal(lambda: found_devices(3, PLAIN.replaced(batch=6))),
        refusal(lambda: found_devices(2, PLAIN.replaced(batch=3))),
    ]
    for first, second in ((one, two), (two, one)):
        name = f"resumed {first.count}"
        run(name, PLAIN, first, stop=23)
        run(f"{name} to {second.count}", PLAIN, second, resume=True)
    parts = {name: recipe.replaced(accumulate=2) for name, recipe in RECIPES.items() if name != "normed"}
    for name, recipe in parts.items():
        run(f"{name} in parts", recipe, one)
    if keras.backend.backend() == "jax":
        run("plain 2 in parts", parts["plain"], two)
    return results


def of_two_hosts(work, port, host):
    """The plain recipe on two hosts of one device, stopped and gone on with; each sees half of every batch."""
    wanted = devices.Wanted(address=f"127.0.0.1:{port}", host=host, hosts=2, patience=60)
    hosts.connect(wanted, "the same")
    on = devices.found(wanted, PLAIN)
    assert (on.count, on.hosts, on.host) == (2, 2, host), on
    results = {}
    for name in ("plain", "normed"):
        results[f"{name} losses"] = trained(work / name, RECIPES[name], on)
    folder = work / "resumed"
    trained(folder, PLAIN, on, stop=23)
    results["resumed losses"] = trained(folder, PLAIN, on, resume=True)
    hosts.disconnect()
    if on.first:
        results["resumed weights"] = weights(folder)
        results["plain weights"], results["normed weights"] = (weights(work / each) for each in ("plain", "normed"))
    share = TrainingBatches(PAIRS, 12, BATCH, seed=1, share=on.share)
    results["images"] = np.stack([share(step)[0] for step in range(3)])
    return results


if __name__ == "__main__":
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    with registered_toy(), tempfile.TemporaryDirectory() as name:
        registry.register(replace(TOY, name="normed"))(build_normed)
        registry.register(replace(TOY, name="staged", outputs=("sharp", "rough")))(build_staged)
        arrays = of_one_host(Path(name)) if len(sys.argv) == 2 else of_two_hosts(Path(name), *map(int, sys.argv[2:]))
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    Path(sys.argv[1]).write_bytes(stream.getvalue())
    sys.stdout.flush()
    os._exit(0)
