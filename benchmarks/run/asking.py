"""From the parsed options of `python -m benchmarks.run` to the request that they make."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import zoo
from benchmarks.cluster import engines
from benchmarks.errors import RunError
from benchmarks.metrics.asked import asked
from benchmarks.recipes.recipe import ADVERSARIAL, LOSSES
from benchmarks.run import computing, config, own, own_data
from benchmarks.run.parser import build_parser
from benchmarks.run.request import (
    DataOptions,
    EngineOptions,
    ModelOptions,
    OutputOptions,
    Request,
    ScoringOptions,
    TrainingOptions,
)
from benchmarks.training.devices import AUTO
from common.cli import path
from datasets.readers.hdc import parse_steps
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets
from zoo.inference.tiling import Tiles
from zoo.registry import OWN, is_wildcard, matching, parted
from zoo.saving import read_name
from zoo.start import quiet_frameworks
from zoo.weights import catalogue
from zoo.weights.given import given_file, is_of_others, told_of
from zoo.weights.store import located


def request_of(options: argparse.Namespace) -> Request:
    """The checked request that parsed options make.

    Raises:
        RunError: For options that exclude each other or have no use.
        ZooError, DataError, MetricError: For unknown names of models, data sets and metrics.
    """
    named = options.model
    options.model = own.names([name for text in named for name in matching(text)])
    _check_names(options)
    _check_options(options)
    published = _published(options)
    weights = _weights(options, published)
    return Request(
        models=options.model,
        datasets=options.dataset,
        seeds=options.seed,
        matched=frozenset(options.model) - {name for name in named if not is_wildcard(name)},
        model=ModelOptions(
            variant=_variant(options, published, weights),
            weights=weights,
            published=None if published is None else published.name,
            changes=_changes(options),
            perceptual_weights=_weight_file(options.perceptual_weights),
            select_on_test=options.select_on_test,
            tiles=Tiles.of(options.tile, options.overlap, not options.no_blend),
            blind=options.blind,
            inference=options.inference,
        ),
        data=DataOptions(
            root=options.data_root,
            photos=options.photos,
            sample=options.sample,
            train_on=options.train_on,
            train_root=options.train_root,
            name=options.name or "",
            blur_steps=None if options.blur_steps is None else tuple(parse_steps(options.blur_steps)),
            psf_file=options.psf_file,
            store=options.store,
        ),
        training=TrainingOptions(
            enabled=not options.no_train,
            profile=options.profile or ("quick" if options.sample or own.all_own(options.model) else "paper"),
            jit=options.jit,
            resume=options.resume,
            restart=options.restart,
            tensorboard=options.tensorboard,
            fit_batch=options.batch_size == AUTO,
            compute=computing.wanted(options),
        ),
        scoring=ScoringOptions(protocol=options.protocol, limit=options.limit, metrics=tuple(asked(options.metrics))),
        output=OutputOptions(results=options.results, images=options.images),
        engine=EngineOptions(
            jobs=options.jobs,
            cluster=options.cluster,
            cpus=options.cpus,
            gpus=options.gpus,
            dry_run=options.dry_run,
        ),
        asked=config.asked(options, build_parser()),
    )


def _published(options: argparse.Namespace) -> catalogue.Entry | None:
    """The published weights that are asked for by name; None for a file, and for none.

    Raises:
        ZooError: When there are none of that name.
        RunError: When they are weights of another model than those asked for.
    """
    if not isinstance(options.weights, str):
        return None
    entry = catalogue.find(options.weights)
    asked = [name for name, _ in map(parted, options.model)]
    if entry.model not in asked:
        raise RunError(
            f"{entry.name} are weights of {entry.model}/{entry.variant}, not of {' or '.join(asked)}; use --model "
            f"{entry.model}"
        )
    return entry


def _weights(options: argparse.Namespace, published: catalogue.Entry | None) -> Path | None:
    """The `.keras` file of the weights that are asked for; those of others are recognised and converted.

    Raises:
        ZooError: When they are not here, or a file of others is not recognised.
        RunError: When it has sizes that are no variant's.
    """
    if published is not None:
        return located(published.name)
    given: Path | None = options.weights
    if given is None or not is_of_others(given):
        return given
    # To convert them is the first that needs a framework.
    quiet_frameworks()
    converted = given_file(given)
    if read_name(converted).endswith(f".{OWN}"):
        raise RunError(
            f"{given}: {told_of(converted)}: sizes that no variant has; give the file as the model itself, --model "
            f"{given}, without --weights"
        )
    print(f"{given}: {told_of(converted)}", flush=True)
    return converted


def _variant(options: argparse.Namespace, published: catalogue.Entry | None, weights: Path | None) -> str | None:
    """The variant that is asked for; published weights, and those of others, bring theirs along."""
    named = options.variant or any(variant for _, variant in map(parted, options.model))
    if named:
        return str(options.variant) if options.variant else None
    if published is not None:
        return published.variant
    if weights is None or weights == options.weights:
        return None
    return read_name(weights).partition(".")[2]


def _check_names(options: argparse.Namespace) -> None:
    """Raises for names that are missing or that nobody knows, with the nearest that is known."""
    if not options.model or not options.dataset:
        raise RunError("--model and --dataset need at least one name each")
    for name, variant in map(parted, options.model):
        zoo.info(name).variant(variant)
    if options.variant and any(variant for _, variant in map(parted, options.model)):
        raise RunError("name the variant with --model or with --variant, not with both")
    for dataset in (*options.dataset, *filter(None, (options.train_on,))):
        dataset_info(dataset)


def _check_options(options: argparse.Namespace) -> None:
    """Raises RunError for options that exclude each other, or that have no use for what was asked."""
    if options.sample and options.data_root:
        raise RunError("give --sample or --data-root, not both")
    if options.photos and not any(map(_takes_photos, (*options.dataset, options.train_on))):
        taking = " and ".join(filter(_takes_photos, list_datasets()))
        raise RunError(f"--photos is for {taking}; leave it out, or train on it with --train-on {taking}")
    own_data.check(options)
    computing.check(options)
    if options.resume and options.restart:
        raise RunError("give --resume or --restart, not both")
    if options.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise RunError("--tensorboard needs TensorBoard: pip install -e '.[tensorboard]'")
    if options.weights and sum(zoo.info(parted(each)[0]).learns for each in options.model) > 1:
        raise RunError("--weights belongs to one model; give one --model")
    if options.tile is None and (options.overlap is not None or options.no_blend):
        raise RunError("--overlap and --no-blend are for tiles; give --tile too")
    if options.loss is not None and (options.loss not in LOSSES or options.loss in ADVERSARIAL):
        choices = ", ".join(name for name in LOSSES if name not in ADVERSARIAL)
        raise RunError(f"--loss {options.loss} cannot be chosen; take one of {choices}")
    if options.no_train and (options.loss or options.perceptual_weights or options.select_on_test):
        raise RunError("--loss, --perceptual-weights and --select-on-test are for training; leave them out")
    _check_blur_steps(options)
    _check_engine(options)


def _check_engine(options: argparse.Namespace) -> None:
    """Raises RunError for shares of a machine that nobody shares, and for clusters whose package is not there."""
    if options.jobs is None and options.cluster is None and (options.cpus, options.gpus) != (None, None):
        raise RunError("--cpus and --gpus are what each experiment of --jobs or --cluster takes; give one of them too")
    if options.cluster is not None:
        engines.check(options.cluster)


def _takes_photos(dataset: str | None) -> bool:
    return dataset is not None and dataset_info(dataset).own_photographs


def _check_blur_steps(options: argparse.Namespace) -> None:
    """Raises RunError for options about blur steps and their blur where data sets or models have none."""
    asked = options.blur_steps is not None or options.no_warp or options.natural is not None or options.psf_file
    if asked and not all(dataset_info(name).blur_steps for name in options.dataset):
        having = " and ".join(name for name in list_datasets() if dataset_info(name).blur_steps)
        raise RunError(f"--blur-steps, --no-warp, --natural and --psf-file are for {having}; leave them out")
    if options.psf_file and not any(zoo.info(parted(each)[0]).takes_psf for each in options.model):
        taking = " and ".join(name for name in zoo.list_models() if zoo.info(name).takes_psf)
        raise RunError(f"--psf-file is for {taking}; leave it out or add {taking} to --model")


def _changes(options: argparse.Namespace) -> dict[str, object]:
    """What replaces values of the recipe, by their flat names."""
    given: dict[str, object] = {
        "epochs": options.epochs,
        "steps": options.steps,
        "batch": None if options.batch_size == AUTO else options.batch_size,
        "accumulate": options.accumulate,
        "crop": options.crop,
        "learning_rate": options.learning_rate,
        "precision": options.precision,
        "loss": options.loss,
        "content": _content(options.perceptual_weights),
        "blur": options.blur,
        "noise": 0.0 if options.no_noise else None,
        "natural": options.natural,
        "preparation": "unaligned" if options.no_warp else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _content(weights: str | None) -> str | None:
    """The content term that a choice of VGG-19's weights asks for."""
    if weights is None:
        return None
    return "vgg19-random" if weights == "random" else "vgg19"


def _weight_file(name: str | None) -> Path | None:
    return None if name in (None, "random") else path(str(name))
