"""What a training is asked for, what it leaves in its folder and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import zoo

if TYPE_CHECKING:
    import keras

LAST = "last.keras"

BEST = "best.keras"


def finished(folder: Path) -> bool:
    """Returns whether the folder holds a training that reached its last step and the validation after it."""
    if not (folder / LAST).is_file():
        return False
    notes = zoo.read_notes(folder / LAST)
    return "steps" in notes and notes.get("epoch_end") == notes["steps"]


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
    """

    seed: int = 42
    jit: str = "auto"
    resume: bool = False
    tensorboard: bool = False
    store: Path | None = None
    perceptual_weights: str | Path = "imagenet"


@dataclass(frozen=True)
class Outcome:
    """What a training did.

    Attributes:
        model: The network with its best weights on the validation split (the last ones where there is none).
        steps: Training steps taken, over all resumes.
        epochs: Passes over the training pairs, as a decimal number.
        seconds: Time spent training, over all resumes.
        best_step: Step of the weights.
        validation_psnr: Their PSNR in dB on the validation crops, None without a validation split.
        ratios: Trained weights of the outputs' losses, where the recipe has them.
    """

    model: keras.Model
    steps: int
    epochs: float
    seconds: float
    best_step: int
    validation_psnr: float | None
    ratios: tuple[float, ...] | None = None
