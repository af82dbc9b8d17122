"""Training by a recipe with `keras.Model.fit`: checkpoints, resume with the same batches, logs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

import zoo
from benchmarks.errors import RunError, readable_errors
from benchmarks.recipes.recipe import Recipe
from benchmarks.training.batches import training_batches, validation_batches
from benchmarks.training.callbacks import Checkpoints, Plateau
from benchmarks.training.epochs import epoch_length, epoch_steps, segments, total_steps, validated_epochs
from benchmarks.training.pairs import split_validation
from benchmarks.training.state import BEST, LAST, Options, Outcome
from benchmarks.training.tasks import Adversarial, Supervised, Trainee, fresh
from datasets import pipeline
from datasets.pairs import Pairs


def use_jit(choice: str) -> bool:
    """Returns whether to compile with XLA.

    On CPUs TensorFlow's own kernels were 2 to 3 times faster than XLA's for these networks, and PyTorch's compiler
    needs a toolchain, so `"auto"` compiles on JAX and on GPUs under TensorFlow only.
    """
    if choice != "auto":
        return choice == "on"
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    return backend == "jax"


def train(
    recipe: Recipe,
    pairs: Pairs,
    folder: Path,
    options: Options,
    start: Path | None = None,
    selection: Pairs | None = None,
) -> Outcome:
    """Trains a network, or goes on with a training that stopped.

    Args:
        recipe: What to compute.
        pairs: All training pairs; the validation split is taken from them.
        folder: Checkpoints and logs; made if missing.
        options: How to run.
        start: A `.keras` file of the same variant whose weights are the first ones; None for fresh weights.
        selection: Pairs that take the place of the validation split, such as the test split in the habit of some
            papers; then all of `pairs` are trained on.

    Returns:
        The trained network and what it took.

    Raises:
        RunError: When the loss stops being finite, or the recipe asks for nothing.
        ZooError: When first weights do not fit, or VGG-19's cannot be had.
        DataError: When a picture cannot be read or the crop does not fit.
    """
    training_pairs, validation_pairs = (
        (pairs, selection) if selection else split_validation(pairs, recipe.data.validation)
    )
    pipeline.check_crop(pairs, recipe.data.crop)
    steps = total_steps(recipe, len(training_pairs))
    if steps < 1:
        raise RunError("nothing to train: --steps and --epochs must be at least 1")
    keras.utils.set_random_seed(options.seed)
    length = epoch_length(recipe, len(training_pairs), steps)
    with readable_errors(), _writable(folder), _loggers(folder, options) as loggers:
        trainee, progress = _start_or_resume(recipe, folder, steps, options, start)
        validation = validation_batches(validation_pairs, recipe, trainee.network, options.seed)
        due = validated_epochs(recipe, steps, length)
        plateau = _plateau(progress) if recipe.schedule.kind == "plateau" and validation is not None else None
        checkpoints = Checkpoints(folder, progress, plateau, trainee)
        # The plateau comes first, so that a checkpoint holds what it learnt from the epoch.
        callbacks = [*([plateau] if plateau else []), checkpoints, *loggers]
        for callback in callbacks:
            callback.set_model(trainee.model)
        with _saved_on_interrupt(checkpoints):
            _end_open_epoch(trainee, progress, steps, length, validation, due, callbacks)
            for first_step, initial_epoch, epochs, segment_length in segments(progress["step"], steps, length):
                trainee.fit(
                    training_batches(training_pairs, recipe, trainee.network, options, first_step),
                    initial_epoch=initial_epoch,
                    epochs=epochs,
                    steps_per_epoch=segment_length,
                    validation_data=validation,
                    validation_freq=due,
                    callbacks=callbacks,
                    verbose=1 if sys.stdout.isatty() else 2,
                )
    return _outcome(folder, progress, recipe, len(training_pairs))


def outcome_of(folder: Path, recipe: Recipe, pairs: Pairs, selected: bool = False) -> Outcome:
    """Returns the outcome of a finished training from its folder.

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
        model=zoo.load(best) if best.is_file() else Supervised(zoo.load(folder / LAST)).network,
        steps=progress["step"],
        epochs=progress["step"] / epoch_steps(recipe, pairs),
        seconds=progress["seconds"],
        best_step=progress["best_step"] or progress["step"],
        validation_psnr=progress["best"],
        ratios=tuple(progress["ratios"]) if progress.get("ratios") else None,
    )


def _start_or_resume(
    recipe: Recipe, folder: Path, steps: int, options: Options, start: Path | None
) -> tuple[Trainee, dict[str, Any]]:
    """Returns what is trained and its progress: fresh, or from the last checkpoint."""
    last = folder / LAST
    resume = options.resume and last.is_file()
    if resume:
        progress = zoo.read_notes(last)
        print(f"resuming at step {progress['step']} of {steps} from {last}")
        if recipe.adversarial is None:
            return Supervised.resumed(last), progress
    folder.mkdir(parents=True, exist_ok=True)
    network = zoo.create(recipe.model, recipe.variant, dtype=recipe.precision)
    if start is not None and not resume:
        zoo.load_weights(network, start)
    trainee = fresh(network, recipe, steps, use_jit(options.jit), options.perceptual_weights, options.seed)
    if resume and isinstance(trainee, Adversarial):
        trainee.restore(last)
        return trainee, progress
    for stale in (last, folder / BEST, folder / "log.csv"):
        stale.unlink(missing_ok=True)
    return trainee, {"step": 0, "steps": steps, "seconds": 0.0, "best": None, "best_step": None, "epoch_end": 0}


def _plateau(progress: dict[str, Any]) -> Plateau:
    """Returns the callback that lowers the learning rate, with its memory from a resumed training."""
    plateau = Plateau("val_loss", factor=0.5, patience=5)
    if progress.get("plateau"):
        plateau.restore(progress["plateau"])
    return plateau


def _end_open_epoch(
    trainee: Trainee,
    progress: dict[str, Any],
    steps: int,
    length: int,
    validation: Any,
    due: list[int],
    callbacks: list[keras.callbacks.Callback],
) -> None:
    """Makes up for the validation of an epoch whose steps were all taken when the training was stopped."""
    step = progress["step"]
    if progress["epoch_end"] == step or (step % length and step < steps):
        return
    epoch = (step - 1) // length
    values = {} if validation is None or epoch + 1 not in due else trainee.evaluate(validation)
    for callback in callbacks:
        if isinstance(callback, (Plateau, Checkpoints)):
            callback.on_epoch_end(epoch, {f"val_{name}": value for name, value in values.items()})


@contextmanager
def _loggers(folder: Path, options: Options) -> Iterator[list[keras.callbacks.Callback]]:
    """Yields the CSV log, and TensorBoard if asked for; the log is closed even when the training breaks off."""
    log = keras.callbacks.CSVLogger(folder / "log.csv", append=True)
    try:
        yield [log, *([keras.callbacks.TensorBoard(folder / "tensorboard")] if options.tensorboard else [])]
    finally:
        if log.csv_file is not None:
            log.csv_file.close()


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Turns the errors of a full or forbidden disk into one line."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"cannot write {folder}: {error.strerror or error}; free disk space or choose another folder with --results"
        ) from error


@contextmanager
def _saved_on_interrupt(checkpoints: Checkpoints) -> Iterator[None]:
    """Saves the last checkpoint when Ctrl-C stops the training."""
    try:
        yield
    except KeyboardInterrupt:
        checkpoints.save_interrupted()
        step = checkpoints.progress["step"]
        print(f"\nstopped at step {step}, saved in {checkpoints.folder}; --resume goes on from there", file=sys.stderr)
        raise
