"""What does not fit into memory: told in one line, and the batch that does, found by trying."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes.recipe import Recipe
from benchmarks.training import distribution
from benchmarks.training.devices import Devices
from benchmarks.training.tasks import task_of

# How TensorFlow, JAX and PyTorch call it.
_OUT_OF_MEMORY = re.compile(r"RESOURCE_EXHAUSTED|ResourceExhausted|OutOfMemory|out of memory|OOM when allocating", re.I)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory was short, that of a GPU or of the machine.

    >>> is_out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes"))
    True
    """
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.search(f"{type(error).__name__}: {error}"))


@contextmanager
def memory_errors(recipe: Recipe, devices: Devices) -> Iterator[None]:
    """Turns the error of a training for which memory was short into one line with what to take instead."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise RunError(f"out of memory {_said(recipe, devices)}") from error


def _said(recipe: Recipe, devices: Devices) -> str:
    """The batch that was too large and what to take instead."""
    batch, parts = recipe.data.batch, recipe.optimiser.accumulate
    ways = []
    smaller = _smaller(batch, parts * devices.count)
    if smaller:
        ways.append(f"--batch-size {smaller}")
    if recipe.adversarial is None and not batch % (2 * parts * devices.count):
        ways.append(f"--accumulate {2 * parts}, which keeps the batch")
    ways.append(f"a smaller --crop than {recipe.data.crop}")
    return f"with batches of {batch}; take {' or '.join(ways)}"


def _smaller(batch: int, parts: int) -> int:
    """The next smaller batch to try: about half, a multiple of the parts; 0 where there is none."""
    return batch // 2 // parts * parts


def fitting(recipe: Recipe, devices: Devices, fits: Callable[[Recipe], bool]) -> Recipe:
    """The recipe with its batch halved until a step of it fits into memory.

    Args:
        recipe: The recipe.
        devices: What it is trained on.
        fits: Whether a step of a recipe does.

    Raises:
        RunError: When not even the smallest batch fits.
    """
    parts = recipe.optimiser.accumulate * devices.count
    batch = recipe.data.batch
    while batch:
        tried = recipe.replaced(batch=batch)
        if fits(tried):
            return tried
        batch = _smaller(batch, parts)
    raise RunError(
        f"out of memory with batches of {parts}, the smallest for {recipe.model}/{recipe.variant}; take a smaller "
        f"--crop than {recipe.data.crop}, or a machine with more memory"
    )


def step_fits(recipe: Recipe, jit: bool, devices: Devices) -> bool:
    """Whether a training step of a recipe fits into memory, by taking one on black images.

    Args:
        recipe: The recipe; its critic and content term, if any, are tried with random weights.
        jit: Whether the step is compiled with XLA.
        devices: What it is trained on, all of them of this host.
    """
    gc.collect()
    fetched = recipe.adversarial is not None and recipe.adversarial.content == "vgg19"
    tried = recipe.replaced(content="vgg19-random") if fetched else recipe
    try:
        with distribution.scope(devices):
            model = zoo.create(tried.model, tried.variant, dtype=tried.precision)
            task = task_of(model, tried, 1, jit, devices=devices)
            task.step(*_black(model, tried, devices))
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return False
    finally:
        # What a failed step leaves behind would count against the next.
        keras.utils.clear_session()
        gc.collect()
    return True


def _black(model: keras.Model, recipe: Recipe, devices: Devices) -> tuple[object, np.ndarray]:
    """One part of a batch of black images as the model takes them, and its target."""
    batch, crop = recipe.data.batch // recipe.optimiser.accumulate, recipe.data.crop
    if keras.backend.backend() == "tensorflow":
        # Outside of `fit` every device takes what is given as its own.
        batch //= devices.count
    shrink = zoo.shrink_of(model)

    def black(shape: Sequence[int]) -> np.ndarray:
        return np.zeros((batch, *[crop] * (len(shape) - 2), shape[-1]), np.float32)

    inputs = [black(each.shape) for each in model.inputs]
    side = crop - shrink
    target = np.zeros((batch, side, side, model.outputs[0].shape[-1]), np.float32)
    return (inputs[0] if len(inputs) == 1 else tuple(inputs)), target
