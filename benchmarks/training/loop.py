"""Training by a recipe with `keras.Model.fit`: checkpoints, resume with the same batches, logs."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import keras

import zoo
from benchmarks.errors import RunError, readable_errors
from benchmarks.recipes.recipe import Recipe
from benchmarks.training import distribution, hosts
from benchmarks.training.batches import VALIDATION_CROPS, training_batches, validation_batches
from benchmarks.training.callbacks import Checkpoints, Log, Plateau, Steps, Stopped
from benchmarks.training.devices import ALONE, Devices
from benchmarks.training.epochs import epoch_length, epoch_steps, segments, total_steps, validated_epochs
from benchmarks.training.memory import memory_errors
from benchmarks.training.pairs import split_validation
from benchmarks.training.state import BEST, LAST, LOG, Options, Outcome, writable
from benchmarks.training.tasks import Task, task_of
from common.progress import Progress
from datasets import pipeline
from datasets.pairs import Pairs
from zoo.losses.multi_output import StageObjective


def use_jit(choice: str, devices: Devices = ALONE) -> bool:
    """Whether to compile with XLA.

    On CPUs TensorFlow's own kernels were 2 to 3 times faster than XLA's for these models, and PyTorch's compiler
    needs a toolchain, so `"auto"` compiles on JAX and on GPUs under TensorFlow only; there not on several devices,
    which XLA does not compile for, nor where the same bits are wanted, which not all of its operations give.

    Args:
        choice: `"auto"`, `"on"` or `"off"`.
        devices: What it runs on.

    Raises:
        RunError: For `"on"` on several devices of TensorFlow.
    """
    backend = str(keras.backend.backend())
    if backend == "tensorflow" and devices.count > 1:
        if choice == "on":
            raise RunError("--jit on: TensorFlow compiles for one device; leave it out, or take KERAS_BACKEND=jax")
        return False
    if choice != "auto":
        return choice == "on"
    if backend == "tensorflow":
        import tensorflow as tf
        from tensorflow.python.framework.config import is_op_determinism_enabled

        return bool(tf.config.list_logical_devices("GPU")) and not is_op_determinism_enabled()
    return backend == "jax"


def train(
    recipe: Recipe,
    pairs: Pairs,
    folder: Path,
    options: Options,
    start: Path | None = None,
    selection: Pairs | None = None,
    report: Progress | None = None,
) -> Outcome:
    """Trains a model, or goes on with a training that stopped.

    Args:
        recipe: What to compute.
        pairs: All training pairs; the validation split is taken from them.
        folder: Checkpoints and logs; made if missing.
        options: How to run; of several hosts, on the first one.
        start: A `.keras` file of the same variant whose weights are the first ones; None for fresh weights.
        selection: Pairs that take the place of the validation split, such as the test split in the habit of some
            papers; then all of `pairs` are trained on.
        report: Called after every step with steps taken and in all; None lets Keras draw its own bar.

    Returns:
        The trained model and what it took.

    Raises:
        RunError: When the loss stops being finite, memory is short, or the recipe asks for nothing.
        ZooError: When first weights do not fit, or VGG-19's cannot be had.
        DataError: When an image cannot be read or the crop does not fit.
    """
    work = _Work(recipe, *_split(recipe, pairs, selection), folder, options)
    progress = _trained(work, start, report)
    return _outcome(folder, progress, recipe, len(work.pairs))


def assist(
    recipe: Recipe, pairs: Pairs, options: Options, start: Path | None = None, selection: Pairs | None = None
) -> None:
    """As `train`, on a host that is not the first one: it computes its share, writes nothing and tells nothing."""
    with tempfile.TemporaryDirectory() as folder:
        work = _Work(recipe, *_split(recipe, pairs, selection), Path(folder), options)
        _trained(work, start, lambda done, total: None)


def _split(recipe: Recipe, pairs: Pairs, selection: Pairs | None) -> tuple[Pairs, Pairs]:
    """The pairs to train on and those to validate on."""
    pipeline.check_crop(pairs, recipe.data.crop)
    return (pairs, selection) if selection else split_validation(pairs, recipe.data.validation)


@dataclass(frozen=True)
class _Work:
    """What one training is made of."""

    recipe: Recipe
    pairs: Pairs
    validation: Pairs
    folder: Path
    options: Options

    @property
    def steps(self) -> int:
        """Steps in all."""
        return total_steps(self.recipe, len(self.pairs))

    @property
    def length(self) -> int:
        """Steps between two validations."""
        return epoch_length(self.recipe, len(self.pairs), self.steps)


def _trained(work: _Work, start: Path | None, report: Progress | None) -> dict[str, Any]:
    """Trains to the end; returns the progress that belongs to it."""
    recipe, options, devices = work.recipe, work.options, work.options.devices
    if work.steps < 1:
        raise RunError("nothing to train: --steps and --epochs must be at least 1")
    keras.utils.set_random_seed(options.seed)
    with (
        readable_errors(),
        memory_errors(recipe, devices),
        writable(work.folder),
        distribution.scope(devices),
    ):
        trained, progress = _start_or_resume(work, start)
        progress |= {"devices": devices.count, "hosts": devices.hosts}
        validation = distribution.validated(
            validation_batches(work.validation, recipe, trained.scored, options.seed),
            min(len(work.validation), VALIDATION_CROPS),
            recipe.optimiser.accumulate,
            devices,
        )
        due = validated_epochs(recipe, work.steps, work.length)
        callbacks = _callbacks(work, trained, progress, validation is not None, report)
        checkpoints = next(each for each in callbacks if isinstance(each, Checkpoints))
        with _stoppable(checkpoints):
            _end_open_epoch(trained, progress, work, validation, due, callbacks)
            for first_step, initial_epoch, epochs, length in segments(progress["step"], work.steps, work.length):
                trained.fit(
                    training_batches(work.pairs, recipe, trained.scored, options, first_step),
                    initial_epoch=initial_epoch,
                    epochs=epochs,
                    steps_per_epoch=length,
                    validation_data=validation,
                    validation_freq=due,
                    callbacks=callbacks,
                    verbose=0 if not devices.first else 1 if report is None and sys.stdout.isatty() else 2,
                )
    return progress


def _callbacks(
    work: _Work, trained: Task, progress: dict[str, Any], validated: bool, report: Progress | None
) -> list[keras.callbacks.Callback]:
    """What watches over a training; of several hosts the first one writes and tells."""
    plateau = _plateau(progress) if work.recipe.schedule.kind == "plateau" and validated else None
    first = work.options.devices.first
    checkpoints = Checkpoints(work.folder, progress, plateau, trained, writes=first)
    # The plateau comes first, so that a checkpoint holds what it learnt from the epoch.
    callbacks: list[keras.callbacks.Callback] = [*([plateau] if plateau else []), checkpoints]
    if first:
        callbacks.append(Log(work.folder / LOG))
    if first and work.options.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(work.folder / "tensorboard"))
    if report is not None:
        callbacks.append(Steps(progress, work.steps, report))
    for callback in callbacks:
        callback.set_model(trained.model)
    return callbacks


def outcome_of(folder: Path, recipe: Recipe, pairs: Pairs, selected: bool = False) -> Outcome:
    """The outcome of a finished training, from its folder.

    Args:
        folder: The training's folder.
        recipe: Its recipe.
        pairs: All its training pairs.
        selected: Whether other pairs took the place of its validation split.
    """
    training_pairs = pairs if selected else split_validation(pairs, recipe.data.validation)[0]
    return _outcome(folder, zoo.read_notes(folder / LAST), recipe, len(training_pairs))


def _outcome(folder: Path, progress: dict[str, Any], recipe: Recipe, pairs: int) -> Outcome:
    """Loads the best weights and returns them with what the training took."""
    best = folder / BEST
    return Outcome(
        model=zoo.load(best) if best.is_file() else _without_objective(zoo.load(folder / LAST)),
        steps=progress["step"],
        epochs=progress["step"] / epoch_steps(recipe, pairs),
        seconds=progress["seconds"],
        best_step=progress["best_step"] or progress["step"],
        validation_psnr=progress["best"],
        ratios=tuple(progress["ratios"]) if progress.get("ratios") else None,
        devices=progress.get("devices", 1),
        hosts=progress.get("hosts", 1),
    )


def _without_objective(model: keras.Model) -> keras.Model:
    """The model inside the objective that a checkpoint of a model with several outputs holds."""
    return model.network if isinstance(model, StageObjective) else model


def _start_or_resume(work: _Work, start: Path | None) -> tuple[Task, dict[str, Any]]:
    """What is trained and its progress: fresh, or from the last checkpoint, of several hosts that of the first one."""
    recipe, options, devices = work.recipe, work.options, work.options.devices
    last = work.folder / LAST
    work.folder.mkdir(parents=True, exist_ok=True)
    with _last_of_first(last if options.resume and last.is_file() else None, devices) as checkpoint:
        model = zoo.create(recipe.model, recipe.variant, dtype=recipe.precision)
        if start is not None and checkpoint is None:
            zoo.load_weights(model, start)
        made = task_of(
            model, recipe, work.steps, use_jit(options.jit, devices), options.perceptual_weights, options.seed, devices
        )
        if checkpoint is not None:
            progress = zoo.read_notes(checkpoint)
            if devices.first:
                print(f"resuming at step {progress['step']} of {work.steps} from {last}")
            made.restore(checkpoint)
            return made, progress
    for stale in (last, work.folder / BEST, work.folder / LOG):
        stale.unlink(missing_ok=True)
    return made, {"step": 0, "steps": work.steps, "seconds": 0.0, "best": None, "best_step": None, "epoch_end": 0}


def _last_of_first(last: Path | None, devices: Devices) -> AbstractContextManager[Path | None]:
    """The checkpoint to go on from, of several hosts that of the first one; None for none."""
    return nullcontext(last) if devices.hosts == 1 else hosts.copied(last, devices.host)


def _plateau(progress: dict[str, Any]) -> Plateau:
    """The callback that lowers the learning rate, with its memory from a resumed training."""
    plateau = Plateau("val_loss", factor=0.5, patience=5)
    if progress.get("plateau"):
        plateau.restore(progress["plateau"])
    return plateau


def _end_open_epoch(
    trained: Task,
    progress: dict[str, Any],
    work: _Work,
    validation: Any,
    due: list[int],
    callbacks: list[keras.callbacks.Callback],
) -> None:
    """Makes up for the validation of an epoch whose steps were all taken when the training was stopped."""
    step = progress["step"]
    if progress["epoch_end"] == step or (step % work.length and step < work.steps):
        return
    epoch = (step - 1) // work.length
    values = {} if validation is None or epoch + 1 not in due else trained.evaluate(validation)
    for callback in callbacks:
        if isinstance(callback, Plateau | Checkpoints | Log):
            callback.on_epoch_end(epoch, {f"val_{name}": value for name, value in values.items()})


@contextmanager
def _stoppable(checkpoints: Checkpoints) -> Iterator[None]:
    """Lets the first Ctrl-C end the training after the running step, with everything saved; the second ends it at once.

    In the middle of a step an optimiser may have moved, or only one of two models, so that nothing could go on from
    there as if it had not stopped.
    """

    def ask(signal_number: int, frame: FrameType | None) -> None:
        if checkpoints.stop_asked:
            raise KeyboardInterrupt
        checkpoints.stop_asked = True
        print("\nstopping after this step; Ctrl-C again stops at once", file=sys.stderr)

    # Python lets only the main thread handle signals; another one gets none.
    mine = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, ask) if mine else None
    try:
        yield
    except Stopped:
        step = checkpoints.progress["step"]
        if checkpoints.writes:
            print(
                f"stopped at step {step}, saved in {checkpoints.folder}; --resume goes on from there", file=sys.stderr
            )
        raise
    finally:
        if mine:
            signal.signal(signal.SIGINT, before)
    if checkpoints.stop_asked:
        raise KeyboardInterrupt
