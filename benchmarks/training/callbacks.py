"""Keras callbacks of a training run: checkpoints that survive a kill, plateaus that survive a resume."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

import zoo
from benchmarks.errors import RunError
from benchmarks.training import distribution
from benchmarks.training.state import BEST, LAST
from benchmarks.training.tasks import Task
from common.files import write_text
from common.progress import Progress


class Stopped(KeyboardInterrupt):
    """Ctrl-C ended a training between two steps, and everything was saved."""


class Plateau(keras.callbacks.ReduceLROnPlateau):
    """ReduceLROnPlateau whose memory can be stored and put back, and that a second `fit` does not wipe."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Keeps what was learnt before a resume."""

    def state(self) -> dict[str, float | None]:
        """What `restore` needs."""
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
        task: What is trained.
        seconds_between: A long epoch is saved this often.
        writes: Whether it writes; of several hosts, which all count, the first one does.
    """

    def __init__(
        self,
        folder: Path,
        progress: dict[str, Any],
        plateau: Plateau | None,
        task: Task,
        seconds_between: float = 120.0,
        *,
        writes: bool = True,
    ) -> None:
        super().__init__()
        self.writes = writes
        self.folder, self.progress, self.plateau, self.task = folder, progress, plateau, task
        self.seconds_between = seconds_between
        self.stop_asked = False
        self._clock = time.monotonic()
        self._saved = self._clock

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the step; stops on a loss that is not finite; saves when the last checkpoint is old."""
        self.progress["step"] += 1
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise RunError(
                f"the loss became {loss} at step {self.progress['step']}; try --precision float32, another --seed or "
                f"a larger --batch-size (checkpoints from before it, if any, are in {self.folder})"
            )
        self._stop_if_asked()
        if time.monotonic() - self._saved > self.seconds_between:
            self.save()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Stops in the middle of a validation, which a resume makes up for."""
        self._stop_if_asked()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Saves the last model, and the best one by validation PSNR."""
        self._sync()
        value = (logs or {}).get("val_psnr", math.nan)
        if math.isfinite(value) and (self.progress["best"] is None or value > self.progress["best"]):
            if self.writes:
                with distribution.apart():
                    zoo.save(self.task.scored, self.folder / BEST)
            self.progress |= {"best": float(value), "best_step": self.progress["step"]}
        self.progress["epoch_end"] = self.progress["step"]
        if self.task.ratios is not None:
            self.progress["ratios"] = self.task.ratios
        self.save()

    def save(self) -> None:
        """Writes `last.keras`."""
        self._sync()
        notes = self._notes()
        if self.writes:
            with distribution.apart():
                self.task.save(self.folder / LAST, notes)
        self._saved = time.monotonic()

    def _sync(self) -> None:
        """Brings home what JAX keeps outside of the model while `fit` runs."""
        sync = getattr(self.task.model, "jax_state_sync", None)
        if sync is not None:
            sync()

    def _stop_if_asked(self) -> None:
        """Ends the training between two steps, where weights, optimisers and count belong together."""
        if self.stop_asked:
            self.save()
            raise Stopped

    def _notes(self) -> dict[str, Any]:
        """Brings the progress up to date and returns what a checkpoint carries."""
        now = time.monotonic()
        self.progress["seconds"] += now - self._clock
        self._clock = now
        return {**self.progress, "plateau": self.plateau.state() if self.plateau else None}


class Log(keras.callbacks.Callback):
    """Keeps the losses and metrics of every epoch in a CSV file, which is whole at any moment.

    Unlike Keras' own, it takes what only some epochs have (those that were validated), and an epoch that a resume
    repeats stands there once. What an epoch has not is left empty.

    Args:
        path: The file; what it holds of earlier epochs is kept.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._rows: dict[int, dict[str, str]] = {}
        if path.is_file():
            for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
                self._rows[int(row["epoch"])] = row

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the file with one epoch more."""
        known = self._rows.get(epoch, {})
        self._rows[epoch] = known | {"epoch": str(epoch)} | {name: str(float(v)) for name, v in (logs or {}).items()}
        names = list(dict.fromkeys(name for row in self._rows.values() for name in row))
        stream = io.StringIO()
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows[each] for each in sorted(self._rows))
        write_text(self.path, stream.getvalue())


class Steps(keras.callbacks.Callback):
    """Tells how far the training is, step by step.

    Args:
        progress: The training's progress, which `Checkpoints` keeps up to date before this is called.
        total: Steps in all.
        report: Called with steps taken and in all.
    """

    def __init__(self, progress: Mapping[str, Any], total: int, report: Progress) -> None:
        super().__init__()
        self.progress, self.total, self.report = progress, total, report

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the step."""
        self.report(self.progress["step"], self.total)
