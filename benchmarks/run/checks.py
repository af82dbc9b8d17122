"""Everything that can be found wrong with an experiment before any long work."""

from __future__ import annotations

import os
import shutil

import zoo
from benchmarks.errors import RunError, UnfitError
from benchmarks.records import migrate
from benchmarks.run import earlier
from benchmarks.run.experiment import Experiment
from benchmarks.training import devices
from benchmarks.training import pairs as training_pairs
from benchmarks.training.state import LAST, finished, in_use
from common.files import check_folder
from datasets import image
from datasets.image import FileFrame
from datasets.loading import load
from datasets.pairs import Pairs
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets
from datasets.sizes import sizes
from zoo.inference.modes import usual_mode
from zoo.inference.tiling import Tiles
from zoo.saving import read_name

# Copies of the weights that a training writes: the last checkpoint with Adam's two moments, the one that is being
# written beside it, and the best weights.
_COPIES = 7
_BYTES = 4


def validate(experiment: Experiment) -> None:
    """Checks an experiment wholly; runs once for each, at the end of planning.

    Raises:
        RunError, DataError, ZooError, MetricError: For the first thing that is missing or does not fit.
    """
    _check_baseline(experiment)
    _check_blind(experiment)
    _check_inference(experiment)
    _check_known_blur(experiment)
    _check_fixed_size(experiment)
    _check_weights(experiment)
    _check_scorer(experiment)
    _check_unseen(experiment)
    _check_sizes(experiment)
    _check_crops(experiment)
    _check_devices(experiment)
    _check_perceptual_weights(experiment)
    _check_preparation(experiment)
    _check_results_folder(experiment)
    _check_unfinished(experiment)


def _check_baseline(experiment: Experiment) -> None:
    """A baseline has no use for options of training."""
    if zoo.info(experiment.model).learns:
        return
    if experiment.options.weights is not None or experiment.options.changes:
        raise RunError(f"{experiment.model} learns nothing; leave --weights and the options for training out")


def _check_inference(experiment: Experiment) -> None:
    """Only a model that goes by means can be told where to take them."""
    asked = experiment.options.inference
    if asked and not usual_mode(experiment.model, experiment.variant):
        having = " and ".join(name for name in zoo.list_models() if usual_mode(name, zoo.info(name).default))
        raise RunError(f"--inference is for {having}, not for {experiment.model}; leave it out")


def _check_blind(experiment: Experiment) -> None:
    """The blur step can be unknown only where there is one and the model takes it."""
    if not experiment.options.blind:
        return
    if not (dataset_info(experiment.dataset).blur_steps and zoo.info(experiment.model).takes_blur_step):
        having = " and ".join(name for name in list_datasets() if dataset_info(name).blur_steps)
        raise RunError(
            f"--blind is for models that take the blur step on {having}, not for {experiment.model} on "
            f"{experiment.dataset}"
        )


def _check_known_blur(experiment: Experiment) -> None:
    """A model that must know the blur is told it by the data set, or by a file that can be read."""
    if not zoo.info(experiment.model).takes_psf:
        return
    if experiment.data.known_blur is None:
        telling = " and ".join(name for name in list_datasets() if dataset_info(name).known_blur)
        raise UnfitError(
            f"{experiment.model} must know the blur, which {experiment.dataset} does not tell; it can be scored on "
            f"{telling}"
        )
    experiment.data.known_blur.as_dict()


def _check_fixed_size(experiment: Experiment) -> None:
    """A model of one fixed size is given images, or tiles, of that size."""
    fixed, tiles = zoo.info(experiment.model).variant(experiment.variant).fixed_size, experiment.tiles
    if fixed is None:
        return
    said = f"{experiment.model} takes images of {fixed[0]}x{fixed[1]} alone"
    if tiles is not None and fixed != (tiles.seen, tiles.seen):
        fitting = Tiles.seen_as(*fixed)
        remedy = f"like --tile {fitting.tile} --overlap {fitting.overlap}" if fitting else "that are no square"
        raise RunError(f"{said}, so a tile and its overlap on both sides must be as large, {remedy}")
    other = next((pair for pair in experiment.data.scored if pair.sharp[0].shape[:2] != fixed), None)
    if tiles is None and other is not None:
        height, width = other.sharp[0].shape[:2]
        raise RunError(
            f"{said}, and {experiment.dataset} {other.name} has {height}x{width}; export it for any size, or for a "
            "square, which images are cut into"
        )


def _check_weights(experiment: Experiment) -> None:
    """The weights to score or to start from are there and fit."""
    model, variant, options = experiment.model, experiment.variant, experiment.options
    if not zoo.info(model).learns:
        return
    brought = zoo.info(model).own_weights
    if brought is not None and options.weights is not None:
        raise RunError(f"{brought.source} has weights already; leave --weights out")
    if options.weights is None:
        if experiment.recipe is None and brought is None:
            raise RunError(f"{model}: nothing to score; give --weights FILE, or leave out --no-train")
        return
    if experiment.recipe is None and "precision" in options.changes:
        raise RunError("--precision is for training; weights are scored in the precision they were trained in")
    found, _, theirs = read_name(options.weights).partition(".")
    if found == model and theirs != variant and experiment.recipe is not None:
        if experiment.request.training.compute.hosts > 1:
            raise RunError(f"--hosts: {options.weights} holds {found}/{theirs}; give weights of {model}/{variant}")
        # A training may start from another variant's weights if they have the same shapes. Only here is it worth a
        # framework's start to know that before anything else runs.
        from zoo.start import quiet_frameworks

        quiet_frameworks()
        zoo.load_weights(zoo.create(model, variant), options.weights)
        return
    if (found, theirs) != (model, variant):
        raise RunError(
            f"{options.weights} holds {found}/{theirs}, not {model}/{variant}; use --model {found} --variant {theirs}"
        )


def _check_scorer(experiment: Experiment) -> None:
    """What the protocol's metrics need is installed."""
    experiment.protocol.require()


def _check_unseen(experiment: Experiment) -> None:
    """No image that is trained on is scored, which only a user's own folders can bring about."""
    training, scored = experiment.data.training, experiment.data.scored
    _check_unseen_by_weights(experiment)
    if training is None or not any(dataset_info(pairs.dataset).own for pairs in (training, scored)):
        return
    both = _files(training) & _files(scored)
    if not both:
        return
    found = f"{min(both)} would be trained on and scored ({len(both)} such images)"
    if dataset_info(training.dataset).own_photographs:
        raise RunError(f"{found}; take it out of --photos, or keep photographs apart in folders called train and test")
    raise RunError(
        f"{found}; keep pairs apart in folders called train and test, train on others with --train-on and "
        "--train-root, or leave the training out with --no-train"
    )


def _check_unseen_by_weights(experiment: Experiment) -> None:
    """Own pairs that weights were trained on are not scored with them either: they may be one split for both."""
    weights, scored = experiment.options.weights, experiment.data.scored
    if weights is None or experiment.recipe is not None or not dataset_info(scored.dataset).own_pairs:
        return
    trained = migrate.training_of(zoo.read_notes(weights), weights)
    # A limit takes some of them, whose fingerprint is another one.
    if trained is not None and trained.fingerprint == load(scored.dataset, scored.root, scored.split).fingerprint:
        raise RunError(
            f"{weights} was trained on the pairs of {scored.root} that are to be scored; keep pairs apart in folders "
            "called train and test"
        )


def _files(pairs: Pairs) -> set[str]:
    """The files of sharp images, by their real paths."""
    frames = (frame for pair in pairs for frame in pair.sharp if isinstance(frame, FileFrame))
    return {os.path.realpath(frame.path) for frame in frames}


def _check_crops(experiment: Experiment) -> None:
    """The crops of protocol and recipe fit in the images, and the model takes those of the recipe."""
    _check_crop(experiment.data.scored, experiment.protocol.crop, "the protocol's crop")
    recipe, pairs = experiment.recipe, experiment.data.training
    if recipe is None or pairs is None:
        return
    crop = recipe.data.crop
    _check_crop(pairs, crop, "--crop")
    info = zoo.info(experiment.model).for_variant(experiment.variant)
    multiple, least = info.size_multiple, max(info.minimum_size, info.variant(experiment.variant).shrink + 1)
    if crop % multiple or crop < least:
        rule = f"a multiple of {multiple}, at least {least}" if multiple > 1 else f"at least {least}"
        raise RunError(f"--crop {crop} does not fit {experiment.model}/{experiment.variant}; take {rule}")


def _check_devices(experiment: Experiment) -> None:
    """The recipe's batch divides over the devices, where their number is known before a framework is asked."""
    wanted = experiment.request.training.compute
    if experiment.recipe is not None and wanted.number is not None:
        devices.check(experiment.recipe, wanted.number * wanted.hosts)


def _check_crop(pairs: Pairs, crop: int | None, what: str) -> None:
    """A crop fits in every image, not only in the first one of each scene."""
    if crop is not None:
        for pair in pairs:
            image.check_crop(crop, pair.sharp[0].shape, f"{pairs.dataset} {pair.name}", what)


def _check_sizes(experiment: Experiment) -> None:
    """The images of each pair are of one size, and turned alike."""
    for pairs in (experiment.data.scored, experiment.data.training):
        if pairs is not None:
            sizes(pairs)


def _check_perceptual_weights(experiment: Experiment) -> None:
    """The file that shall hold VGG-19's weights is there."""
    path = experiment.options.perceptual_weights
    if path is not None and experiment.recipe is not None and not path.is_file():
        raise RunError(
            f"{path}: no such file; give the weights of Keras' VGG-19 with --perceptual-weights, or 'random'"
        )


def _check_preparation(experiment: Experiment) -> None:
    """The recipe's preparation can take the training pairs."""
    if experiment.recipe is not None and experiment.data.training is not None:
        training_pairs.check(experiment.recipe, experiment.data.training)


def _check_results_folder(experiment: Experiment) -> None:
    """The results folder can be made, and the disk has room for the checkpoints of the training."""
    folder = experiment.request.output.results
    there = check_folder(folder, "--results")
    if experiment.recipe is None:
        return
    info = zoo.info(experiment.model).variant(experiment.variant)
    needed, free = _COPIES * _BYTES * info.parameters, shutil.disk_usage(there).free
    if free < needed:
        raise RunError(
            f"cannot write {folder}: the checkpoints of {experiment.model}/{experiment.variant} need "
            f"{needed / 2**20:,.0f} MiB, {free / 2**20:,.0f} are free; free disk space or choose another folder with "
            "--results"
        )


def _check_unfinished(experiment: Experiment) -> None:
    """No killed training is in the way, unless the command line says what to do with it."""
    # A training that runs is unfinished too; whoever needs it waits for it.
    if experiment.recipe is not None and not in_use(experiment.folder) and earlier.find(experiment) is None:
        refuse_unfinished(experiment)


def refuse_unfinished(experiment: Experiment) -> None:
    """Raises RunError when an unfinished training is in the way and nobody said what to do with it."""
    folder, training = experiment.folder, experiment.request.training
    if training.resume or training.restart or finished(folder) or not (folder / LAST).is_file():
        return
    raise RunError(f"an unfinished training lies in {folder}; go on with --resume or begin anew with --restart")
