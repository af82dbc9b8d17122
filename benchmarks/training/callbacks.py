"""Keras callbacks of a training run: checkpoints that survive a kill, plateaus that survive a resume."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import keras

import zoo
from benchmarks.errors import RunError
from benchmarks.training.state import BEST, LAST
from benchmarks.training.tasks import Trainee


class Plateau(keras.callbacks.ReduceLROnPlateau):
    """ReduceLROnPlateau whose memory can be stored and put back, and that a second `fit` does not wipe."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Keeps what was learnt before a resume."""

    def state(self) -> dict[str, float | None]:
        """Returns what `restore` needs."""
        best = None if self.best is None else float(self.best)
        return {"best": best, "wait": self.wait, "cooldown": self.cooldown_counter}

    def restore(self, state: dict[str, Any]) -> None:
        """Puts back what `state` returned."""
        self.best = state["best"]
        self.wait, self.cooldown_counter = int(state["wait"]), int(state["cooldown"])


class Checkpoints(keras.callbacks.Callback):
    """Writes the last and the best model, each atomically and with what a resume needs inside the same file.

    Args:
        folder: Where `last.keras` and `best.keras` go.
        progress: Steps, seconds and best value so far, and the step of the last finished epoch; kept up to date here.
        plateau: The plateau callback whose memory belongs to a checkpoint, if any.
        trainee: What is trained.
        seconds_between: A long epoch is saved this often.
    """

    def __init__(
        self,
        folder: Path,
        progress: dict[str, Any],
        plateau: Plateau | None,
        trainee: Trainee,
        seconds_between: float = 120.0,
    ) -> None:
        super().__init__()
        self.folder, self.progress, self.plateau, self.trainee = folder, progress, plateau, trainee
        self.seconds_between = seconds_between
        self._clock = time.monotonic()
        self._saved = self._clock

    def set_model(self, model: keras.Model) -> None:
        """Notes how far the optimiser's count of updates is from ours."""
        super().set_model(model)
        self._offset = self.trainee.updates - self.progress["step"]

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the step; stops on a loss that is not finite; saves when the last checkpoint is old."""
        self.progress["step"] += 1
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise RunError(
                f"the loss became {loss} at step {self.progress['step']}; try --precision float32, another --seed or "
                f"a larger --batch-size (checkpoints from before it, if any, are in {self.folder})"
            )
        if time.monotonic() - self._saved > self.seconds_between:
            self.save()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Saves the last model, and the best one by validation PSNR."""
        value = (logs or {}).get("val_psnr", math.nan)
        if math.isfinite(value) and (self.progress["best"] is None or value > self.progress["best"]):
            zoo.save(self.trainee.network, self.folder / BEST)
            self.progress |= {"best": float(value), "best_step": self.progress["step"]}
        self.progress["epoch_end"] = self.progress["step"]
        if self.trainee.ratios is not None:
            self.progress["ratios"] = self.trainee.ratios
        self.save()

    def save(self) -> None:
        """Writes `last.keras`."""
        self.trainee.save(self.folder / LAST, self._notes())
        self._saved = time.monotonic()

    def save_interrupted(self) -> None:
        """Writes `last.keras` after Ctrl-C, which mostly comes between the update of the weights and the count."""
        if self.trainee.updates - self._offset == self.progress["step"] + 1:
            self.progress["step"] += 1
        self.save()

    def _notes(self) -> dict[str, Any]:
        """Brings the progress up to date and returns what a checkpoint carries."""
        now = time.monotonic()
        self.progress["seconds"] += now - self._clock
        self._clock = now
        return {**self.progress, "plateau": self.plateau.state() if self.plateau else None}
