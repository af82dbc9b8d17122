"""What a training is asked for, what it leaves in its folder and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

import zoo
from benchmarks.errors import RunError
from benchmarks.training.devices import ALONE, Devices

if TYPE_CHECKING:
    import keras

LAST = "last.keras"
"""The last checkpoint of a training: weights, optimiser and what a resume needs."""

BEST = "best.keras"
"""The best weights of a training."""

LOG = "log.csv"
"""Losses and metrics of every epoch."""

_LOCK = ".lock"
_POLL = 0.5


def finished(folder: Path) -> bool:
    """Whether the folder holds a training that reached its last step and the validation after it."""
    if not (folder / LAST).is_file():
        return False
    notes = zoo.read_notes(folder / LAST)
    return "steps" in notes and notes.get("epoch_end") == notes["steps"]


@contextmanager
def held(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Holds a training's folder, so that no other process trains in it, reads it half written or deletes it.

    The lock goes with the process, however that ends.

    Args:
        folder: The training's folder; made if missing.
        waiting: Called once before a wait, when another process holds the folder.

    Raises:
        RunError: When the folder cannot be written.
    """
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / _LOCK)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            waiting()
            lock.acquire(poll_interval=_POLL)
    try:
        yield
    finally:
        lock.release()


def in_use(folder: Path) -> bool:
    """Whether another process, or another place in this one, trains in a folder at this moment."""
    if not (folder / _LOCK).exists():
        return False
    lock = filelock.FileLock(folder / _LOCK)
    try:
        with lock.acquire(timeout=0):
            return False
    except filelock.Timeout:
        return True
    except OSError:
        # A folder that can be read only is nobody's workplace.
        return False


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turns the errors of a full or forbidden disk into one line."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"cannot write {folder}: {error.strerror or error}; free disk space or choose another folder with --results"
        ) from error


@dataclass(frozen=True)
class Options:
    """How a training runs, without changing what it computes.

    Attributes:
        seed: Seed of weights, order, crops and augmentation.
        jit: `"auto"`, `"on"` or `"off"`; auto compiles where it was measured to win: on JAX, and on GPUs.
        resume: Whether to go on from the last checkpoint where there is one.
        tensorboard: Whether to write TensorBoard logs.
        store: Folder of the frame store; None takes the default one.
        perceptual_weights: Where VGG-19 gets its weights: `"imagenet"` (Keras' own) or a file.
        devices: What it runs on.
    """

    seed: int = 42
    jit: str = "auto"
    resume: bool = False
    tensorboard: bool = False
    store: Path | None = None
    perceptual_weights: str | Path = "imagenet"
    devices: Devices = ALONE


@dataclass(frozen=True)
class Outcome:
    """What a training did.

    Attributes:
        model: The model with its best weights on the validation split (the last ones where there is none).
        steps: Training steps taken, over all resumes.
        epochs: Passes over the training pairs, as a decimal number.
        seconds: Time spent training, over all resumes.
        best_step: Step of the weights.
        validation_psnr: Their PSNR in dB on the validation crops, None without a validation split.
        ratios: Trained weights of the outputs' losses, where the recipe has them.
        devices: Devices of all hosts that its last part ran on.
        hosts: Hosts of its last part.
    """

    model: keras.Model
    steps: int
    epochs: float
    seconds: float
    best_step: int
    validation_psnr: float | None
    ratios: tuple[float, ...] | None = None
    devices: int = 1
    hosts: int = 1
