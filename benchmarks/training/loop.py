"""Training by a recipe with `keras.Model.fit`: checkpoints, resume with the same batches, logs."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

import zoo
from benchmarks.errors import RunError, readable_errors
from benchmarks.recipes.recipe import ADVERSARIAL, Recipe
from benchmarks.training import batches as training_batches
from benchmarks.training.callbacks import BEST, LAST, Checkpoints, Plateau
from benchmarks.training.tasks import Adversarial, Supervised, Trainee, fresh
from datasets import pipeline
from datasets.hdc.single_step import NATURAL
from datasets.pairs import Pairs

# Crops that the validation loss is taken over at most; the whole split would cost more than the training.
VALIDATION_CROPS = 256
MAX_STEPS_PER_EPOCH = 2000


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


def split_validation(pairs: Pairs, share: float) -> tuple[Pairs, Pairs]:
    """Splits off the last scenes for validation, or the last pictures where there is one scene only.

    CIFAR-10 is split by pictures, as Keras' validation_split does in the report's code; HDC by sample number, so that
    every blur step is on both sides; natural photographs beside its text are held out alike.

    Args:
        pairs: All training pairs.
        share: Wanted share of the validation split, in [0, 1).

    Returns:
        Training and validation pairs; the second are none when `share` is 0 or there is only one pair.
    """
    if share <= 0 or len(pairs) < 2:
        return pairs, pairs.select([])
    groups: dict[bool, list[int]] = {}
    for index, pair in enumerate(pairs):
        groups.setdefault(pair.scene == NATURAL, []).append(index)
    held_out = {index for group in groups.values() for index in _last_units(pairs, group, share)}
    sides = [[index for index in range(len(pairs)) if (index in held_out) is side] for side in (False, True)]
    return pairs.select(sides[0]), pairs.select(sides[1])


def _last_units(pairs: Pairs, group: list[int], share: float) -> list[int]:
    """Returns the places in the last units (scenes, sample numbers or single pictures) of a group of pairs."""
    if len(group) < 2:
        return []
    units = [pairs[index].frame if pairs.dataset == "hdc" else pairs[index].scene for index in group]
    if pairs.dataset == "cifar10" or len(set(units)) == 1:
        units = [f"{index:09d}" for index in group]
    ordered = sorted(set(units))
    last = set(ordered[len(ordered) - max(1, round(share * len(ordered))) :])
    return [index for index, unit in zip(group, units, strict=True) if unit in last]


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


def total_steps(recipe: Recipe, pairs: int) -> int:
    """Returns the number of training steps of a recipe over so many pairs."""
    if recipe.steps is not None:
        return recipe.steps
    return math.ceil((recipe.epochs or 0) * pairs / recipe.batch)


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
    training_pairs, validation_pairs = (pairs, selection) if selection else split_validation(pairs, recipe.validation)
    pipeline.check_crop(pairs, recipe.crop)
    steps = total_steps(recipe, len(training_pairs))
    if steps < 1:
        raise RunError("nothing to train: --steps and --epochs must be at least 1")
    keras.utils.set_random_seed(options.seed)
    length = _epoch_length(recipe, len(training_pairs), steps)
    with readable_errors(), _writable(folder), _loggers(folder, options) as loggers:
        trainee, progress = _start_or_resume(recipe, folder, steps, options, start)
        validation = _validation(validation_pairs, recipe, trainee.network, options.seed)
        due = _validated_epochs(recipe, steps, length)
        plateau = _plateau(progress) if recipe.schedule == "plateau" and validation is not None else None
        checkpoints = Checkpoints(folder, progress, plateau, trainee)
        # The plateau comes first, so that a checkpoint holds what it learnt from the epoch.
        callbacks = [*([plateau] if plateau else []), checkpoints, *loggers]
        for callback in callbacks:
            callback.set_model(trainee.model)
        with _saved_on_interrupt(checkpoints):
            _end_open_epoch(trainee, progress, steps, length, validation, due, callbacks)
            for first_step, initial_epoch, epochs, segment_length in _segments(progress["step"], steps, length):
                trainee.fit(
                    _batches(training_pairs, recipe, trainee.network, options, first_step),
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
    training_pairs = pairs if selected else split_validation(pairs, recipe.validation)[0]
    return _outcome(folder, zoo.read_notes(folder / LAST), recipe, len(training_pairs))


def _outcome(folder: Path, progress: dict[str, Any], recipe: Recipe, pairs: int) -> Outcome:
    """Loads the best weights and returns them with what the training took."""
    best = folder / BEST
    return Outcome(
        model=zoo.load(best) if best.is_file() else Supervised(zoo.load(folder / LAST)).network,
        steps=progress["step"],
        epochs=progress["step"] * recipe.batch / pairs,
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
        if recipe.loss not in ADVERSARIAL:
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


def _epoch_length(recipe: Recipe, pairs: int, steps: int) -> int:
    """Returns the steps between two validations: a pass, bounded so that short and very long passes behave."""
    one_pass = math.ceil(pairs / recipe.batch)
    shortest = max(1, min(steps // 10, 100))
    return min(max(one_pass, shortest), MAX_STEPS_PER_EPOCH, steps)


def _segments(step: int, steps: int, length: int) -> Iterator[tuple[int, int, int, int]]:
    """Yields (first step, first epoch, last epoch, steps per epoch) of the `fit` calls from `step` to `steps`.

    One call does, unless the run resumes inside an epoch or the last epoch is shorter.
    """
    if step % length and step < steps:
        epoch = step // length
        rest = min(length - step % length, steps - step)
        yield step, epoch, epoch + 1, rest
        step += rest
    if steps - step >= length:
        yield step, step // length, steps // length, length
        step = steps // length * length
    if step < steps:
        yield step, step // length, step // length + 1, steps - step


def _validated_epochs(recipe: Recipe, steps: int, length: int) -> list[int]:
    """Returns the epochs, counted from 1, after which the network is validated; the last one always is."""
    epochs = math.ceil(steps / length)
    if not recipe.validate_every:
        return list(range(1, epochs + 1))
    due, first = {epochs}, 0
    for every, until in recipe.validate_every:
        due |= set(range(first + every, min(until, epochs) + 1, every))
        first = until
    return sorted(due)


def _batches(pairs: Pairs, recipe: Recipe, network: keras.Model, options: Options, first_step: int) -> Any:
    """Returns the endless training batches from a step on, as the network takes them."""
    batches = pipeline.training(
        pairs, recipe.crop, recipe.batch, recipe.augmentation, options.seed, first_step, store=options.store
    )
    info, _ = zoo.identify(network)
    return training_batches.prepared(batches, info, options.seed, first_step, recipe.noise, zoo.shrink_of(network))


def _validation(pairs: Pairs, recipe: Recipe, network: keras.Model, seed: int) -> Any:
    """Returns the validation batches: one seeded crop of each of at most `VALIDATION_CROPS` spread pairs."""
    if not pairs:
        return None
    count = min(len(pairs), VALIDATION_CROPS)
    spread = pairs.select([index * len(pairs) // count for index in range(count)])
    batches = pipeline.evaluation(spread, crop=recipe.crop, batch=recipe.batch, seed=seed)
    info, _ = zoo.identify(network)
    return training_batches.prepared(batches, info, seed, shrink=zoo.shrink_of(network))


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
