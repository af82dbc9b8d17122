"""One cell of the grid: a network on a data set, trained if need be, scored, recorded."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import zoo
from benchmarks import records
from benchmarks.errors import RunError
from benchmarks.protocols import Protocol, protocol_for, scored
from benchmarks.recipes import ADVERSARIAL, Recipe, default_variant, recipe
from datasets import frames, pipeline
from datasets.errors import DataError
from datasets.loading import load
from datasets.pairs import Pairs
from datasets.registry import info as dataset_info
from datasets.sources import sample_root
from zoo.saving import read_name

# Name of a training's last checkpoint, here as in `benchmarks.callbacks`, which imports Keras.
_LAST = "last.keras"
# Data sets without a training recipe of their own are scored with networks trained on this one.
DEFAULT_TRAINING = {"hide": "gopro", "kohler": "gopro"}


@dataclass(frozen=True)
class Request:
    """What the command line asks for, the same for every cell of the grid.

    Attributes:
        results: Results folder.
        data_root: Folder of the data sets; None with `sample`.
        sample: Whether the built-in samples are used.
        profile: `"paper"` or `"quick"`.
        variant, protocol, train_on: Names, None for the usual ones.
        weights: A `.keras` file to start from, or to score with `train` off.
        train: Whether to train.
        overrides: What replaces fields of the recipe.
        limit: Scores so many pictures only.
        seed: Seed of everything random.
        jit, resume, restart, tensorboard, store: See `training.Options`.
        perceptual_weights: A file with VGG-19's weights for objectives that need them; None takes Keras' own.
        select_on_test: Whether the weights are chosen on the scored pictures, as some papers do; the record says so.
    """

    results: Path
    data_root: Path | None
    sample: bool
    profile: str
    variant: str | None
    protocol: str | None
    train_on: str | None
    weights: Path | None
    train: bool
    overrides: dict[str, Any]
    limit: int | None
    seed: int
    jit: str
    resume: bool
    restart: bool
    tensorboard: bool
    store: Path | None
    perceptual_weights: Path | None = None
    select_on_test: bool = False


@dataclass(frozen=True)
class Cell:
    """A network and a data set with all that was decided before any long work.

    Attributes:
        request: The command line.
        model, variant, dataset: Names.
        protocol: How it is scored.
        pairs: The pairs that count.
        recipe: How to train; None without training.
        training_pairs: What to train on; None without training.
    """

    request: Request
    model: str
    variant: str
    dataset: str
    protocol: Protocol
    pairs: Pairs
    recipe: Recipe | None
    training_pairs: Pairs | None

    @property
    def identity(self) -> dict[str, str]:
        """The names of a record."""
        return {
            "model": self.model, "variant": self.variant, "dataset": self.dataset, "protocol": self.protocol.name,
        }  # fmt: skip

    @property
    def training_key(self) -> str | None:
        """Equal for trainings that compute the same."""
        if self.recipe is None or self.training_pairs is None:
            return None
        request = self.request
        parts: dict[str, Any] = {
            "recipe": self.recipe.as_dict(),
            "data": self.training_pairs.fingerprint,
            "seed": request.seed,
            "start": _file_hash(request.weights) if request.weights else None,
        }
        if request.perceptual_weights and self.recipe.content == "vgg19":
            parts["perceptual_weights"] = _file_hash(request.perceptual_weights)
        if request.select_on_test:
            parts["selected_on"] = self.pairs.fingerprint
        return records.run_key(parts)

    @property
    def key(self) -> str:
        """Equal for runs that would give the same record."""
        weights = _file_hash(self.request.weights) if self.request.weights and self.recipe is None else None
        return records.run_key(
            {
                **self.identity, "data": self.pairs.fingerprint, "training": self.training_key, "weights": weights,
                "seed": self.request.seed if self.protocol.crop else None,
                "precision": self.request.overrides.get("precision"),
            }
        )  # fmt: skip

    @property
    def folder(self) -> Path:
        """Where the training keeps checkpoints and logs."""
        return self.request.results / "checkpoints" / f"{self.model}--{self.variant}--{self.training_key}"


def plan(model: str, dataset: str, request: Request) -> Cell:
    """Decides everything about a cell and checks it, without importing a framework.

    Raises:
        RunError, DataError, ZooError: When something is missing, unknown or does not fit together.
    """
    protocol = protocol_for(dataset, request.protocol)
    made = _recipe(model, dataset, request)
    variant = made.variant if made else request.variant or default_variant(model, dataset, request.profile)
    frames = zoo.info(model).variant(variant).frames
    _check_weights(model, variant, request)
    pairs = scored(load(dataset, _root(dataset, request), frames=frames), protocol, request.limit)
    _check_crop(pairs, protocol.crop, "the protocol's crop")
    training_pairs = None
    if made is not None:
        source = request.train_on or DEFAULT_TRAINING.get(dataset, dataset)
        split = dataset_info(source).training_split
        if split is None or not dataset_info(source).protocols:
            raise RunError(f"{source} has nothing to train on; choose another data set with --train-on")
        training_pairs = load(source, _root(source, request), split=split, frames=frames)
        _check_crop(training_pairs, made.crop, "--crop")
        _check_network_crop(made)
        _check_perceptual_weights(made, request)
    cell = Cell(request, model, variant, dataset, protocol, pairs, made, training_pairs)
    _check_unfinished(cell)
    return cell


def run(cell: Cell) -> records.Record:
    """Trains (or loads), scores and records a cell; the finished record is returned at once if there is one."""
    done = records.find(cell.request.results, cell.identity, cell.key)
    if done is not None:
        print(f"{cell.model} / {cell.variant} on {cell.dataset} ({cell.protocol.name}): done before, {done.path.name}")
        return done
    from benchmarks import console, evaluation, machine

    model, training, weights = _network(cell)
    print(f"scoring {model.name} on {len(cell.pairs)} pictures of {cell.dataset} ({cell.pairs.coverage})", flush=True)
    with console.progress_bar("scoring") as progress:
        scores = evaluation.evaluate(model, cell.pairs, cell.protocol, cell.request.seed, progress)
    precision = _precision(model)
    content = records.make(
        cell.key,
        cell.identity,
        network={"parameters": _trained_weights(model), "macs_256": zoo.count_macs(model), "weights": weights},
        training=training,
        evaluation={
            "split": cell.pairs.split, "coverage": cell.pairs.coverage, "fingerprint": cell.pairs.fingerprint,
            "rule": cell.protocol.rule, "seed": cell.request.seed, "precision": precision,
        },
        scores=records.summarise(scores.names, scores.values),
        timing=evaluation.seconds_per_megapixel(model, precision),
        machine=machine.describe(),
        versions=machine.versions(),
        commit=machine.commit(),
    )  # fmt: skip
    return records.write(cell.request.results, content)


def record_failure(cell: Cell, reason: str) -> records.Record:
    """Records that a cell failed and why, so that a grid shows it."""
    return records.write(cell.request.results, records.make(cell.key, cell.identity, error=reason))


def _recipe(model: str, dataset: str, request: Request) -> Recipe | None:
    """Returns the recipe with the command line's changes; None when nothing is trained."""
    if model == "identity" or not request.train:
        if request.train_on:
            zoo.info(model)
            dataset_info(request.train_on)
        return None
    made = recipe(model, dataset, request.profile, request.variant)
    overrides = dict(request.overrides)
    if made.loss in ADVERSARIAL:
        if request.perceptual_weights:
            overrides["content"] = "vgg19"
        if overrides.get("loss"):
            # Trained without a critic, so that nothing of it shall stand in the record.
            made = replace(made, content="", critic_steps=1, critic_filters=64)
    elif request.perceptual_weights or overrides.get("content"):
        raise RunError(f"{model} is trained without perceptual loss; leave out --perceptual-weights")
    return made.changed(**overrides)


def _root(dataset: str, request: Request) -> Path:
    """Returns the folder that holds a data set: the user's, or the sample, which is made if need be."""
    if request.sample:
        return sample_root(dataset)
    if request.data_root is None:
        raise RunError("say where the data are with --data-root DIR, or use the built-in sample with --sample")
    return request.data_root


def _check_crop(pairs: Pairs, crop: int | None, what: str) -> None:
    """Raises DataError when a crop does not fit in the pictures, before anything heavy is imported."""
    pair = pipeline.too_small(pairs, crop) if crop is not None else None
    if pair is not None:
        height, width, _ = pair.sharp[0].shape
        raise DataError(
            f"{what} {crop} is larger than the frame {height}x{width} of {pairs.dataset}; "
            f"take {min(height, width)} or less"
        )


def _check_network_crop(made: Recipe) -> None:
    """Raises RunError when the network itself cannot take the training crops."""
    info = zoo.info(made.model)
    multiple, least = info.size_multiple, max(info.minimum_size, info.variant(made.variant).shrink + 1)
    if made.crop % multiple or made.crop < least:
        rule = f"a multiple of {multiple}, at least {least}" if multiple > 1 else f"at least {least}"
        raise RunError(f"--crop {made.crop} does not fit {made.model} / {made.variant}; take {rule}")


def _check_perceptual_weights(made: Recipe, request: Request) -> None:
    """Raises RunError when the file that shall hold VGG-19's weights is not there."""
    path = request.perceptual_weights
    if path is not None and made.content and not path.is_file():
        raise RunError(
            f"{path}: no such file; give the weights of Keras' VGG-19 with --perceptual-weights, or 'random'"
        )


def _check_weights(model: str, variant: str, request: Request) -> None:
    """Raises RunError or ZooError when the weights to score or to start from are not there or do not fit."""
    if request.weights is None:
        if not request.train and model != "identity":
            raise RunError(f"{model}: nothing to score; give --weights FILE, or leave out --no-train")
        return
    if not request.train and request.overrides.get("precision"):
        raise RunError("--precision is for training; weights are scored in the precision they were trained in")
    found, _, theirs = read_name(request.weights).partition(".")
    if found == model and theirs != variant and request.train:
        # A training may start from another variant's weights if they have the same shapes. Only here is it worth a
        # framework's start to know that before anything else runs.
        from benchmarks import console

        console.quiet_frameworks()
        zoo.load_weights(zoo.create(model, variant), request.weights)
        return
    if (found, theirs) != (model, variant):
        raise RunError(
            f"{request.weights} holds {found} / {theirs}, not {model} / {variant}; "
            f"use --model {found} --variant {theirs}"
        )


def _check_unfinished(cell: Cell) -> None:
    """Raises RunError when a killed training is in the way and the command line does not say what to do with it."""
    request = cell.request
    if cell.recipe is None or request.resume or request.restart or _finished(cell.folder):
        return
    if (cell.folder / _LAST).is_file() and records.find(request.results, cell.identity, cell.key) is None:
        raise RunError(
            f"an unfinished training lies in {cell.folder}; go on with --resume or begin anew with --restart"
        )


def _finished(folder: Path) -> bool:
    """Returns whether the folder holds a training that reached its last step and the validation after it."""
    if not (folder / _LAST).is_file():
        return False
    notes = zoo.read_notes(folder / _LAST)
    return "steps" in notes and notes.get("epoch_end") == notes["steps"]


def _network(cell: Cell) -> tuple[Any, dict[str, Any] | None, str]:
    """Returns the network, the record's `training` section and where the weights come from."""
    if cell.recipe is not None and cell.training_pairs is not None:
        return _trained(cell, cell.recipe, cell.training_pairs)
    weights = cell.request.weights
    if weights is None:
        return zoo.create(cell.model, cell.variant), None, "none"
    return zoo.load(weights), zoo.read_notes(weights).get("training"), f"file sha256:{_file_hash(weights)}"


def _trained(cell: Cell, made: Recipe, pairs: Pairs) -> tuple[Any, dict[str, Any], str]:
    """Returns the trained network (training it, unless that is done already), its section and "trained"."""
    from benchmarks import training

    request = cell.request
    if _finished(cell.folder) and not request.restart:
        outcome = training.outcome_of(cell.folder, made, pairs, request.select_on_test)
    else:
        print(
            f"training {made.model} / {made.variant} on {len(pairs)} pairs of {pairs.dataset} ({pairs.coverage})",
            flush=True,
        )
        if request.sample:
            # A sample is small enough to be prepared unasked; decoding would share the cores with the training.
            frames.prepare(pairs, request.store)
        options = training.Options(
            request.seed, request.jit, request.resume, request.tensorboard, request.store,
            request.perceptual_weights or "imagenet",
        )  # fmt: skip
        selection = cell.pairs if request.select_on_test else None
        outcome = training.train(made, pairs, cell.folder, options, request.weights, selection)
    section = {
        "dataset": pairs.dataset, "split": pairs.split, "coverage": pairs.coverage, "fingerprint": pairs.fingerprint,
        "pairs": len(pairs), "profile": request.profile, "recipe": made.as_dict(), "seed": request.seed,
        "steps": outcome.steps, "epochs": round(outcome.epochs, 3), "seconds": round(outcome.seconds, 1),
        "best_step": outcome.best_step, "validation_psnr": outcome.validation_psnr, "jit": request.jit,
        "started_from": str(request.weights) if request.weights else None,
    }  # fmt: skip
    if outcome.ratios:
        section["ratios"] = list(outcome.ratios)
    if request.select_on_test:
        section["selected_on"] = "the scored pictures"
    # Whoever scores this file later learns from it what it was trained on.
    zoo.save(outcome.model, cell.folder / training.BEST, {"training": section})
    return outcome.model, section, "trained"


def _trained_weights(model: Any) -> int:
    """Returns the number of weights that a training moves."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def _precision(model: Any) -> str:
    """Returns the dtype policy of the layers that have weights, float32 when there are none."""
    policies = {layer.dtype_policy.name for layer in model.layers if layer.weights}
    return "+".join(sorted(policies - {"float32"})) or "float32"


def _file_hash(path: Path) -> str:
    """Returns sixteen digits of a file's SHA-256."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; give an existing .keras file with --weights") from error
