"""The command line of `python -m benchmarks.run`: its options, and the request that they make."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import zoo
from benchmarks.errors import RunError
from benchmarks.metrics.asked import asked
from benchmarks.recipes.recipe import ADVERSARIAL, LOSSES, PROFILES
from benchmarks.run import config, own, own_data
from benchmarks.run.request import (
    DataOptions,
    ModelOptions,
    OutputOptions,
    Request,
    ScoringOptions,
    TrainingOptions,
)
from common.cli import Parser, count, folders, path, positive, rate, seed_number
from datasets.readers.hdc import parse_steps
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets
from zoo.inference.tiling import Tiles
from zoo.options import INFERENCE_MODES
from zoo.registry import parted
from zoo.weights import catalogue
from zoo.weights.store import located

_EXAMPLES = """examples:
  python -m benchmarks.run --model atrous --dataset reds --sample --profile quick
  python -m benchmarks.run --model atrous --dataset reds --data-root DIR
  python -m benchmarks.run --model kaist,carlo,atrous,identity --dataset cifar10,reds --sample --profile quick
  python -m benchmarks.run --model kaist --dataset hide --train-on gopro --weights FILE --no-train --data-root DIR
  python -m benchmarks.run --model atrous --dataset gopro --data-root DIR --train-on synthetic --photos DIR
  python -m benchmarks.run --model nafnet --dataset folder --data-root DIR --weights FILE --learning-rate 1e-5
  python -m benchmarks.run --model maxim --dataset gopro --weights maxim-gopro --no-train --data-root DIR
  python -m benchmarks.run --model my.py:build --dataset reds --sample --steps 1000
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = Parser(
        prog="python -m benchmarks.run",
        description="Train a model by its paper's recipe, score it by the data set's protocol, write a record and "
        "update the leaderboard. Commas make a grid; experiments that are done are skipped.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--model",
        required=True,
        type=_names,
        metavar="NAME[,NAME]",
        help="models, like atrous or atrous/tiny: see python -m zoo list; or your own: FILE.py:FUNCTION, "
        "MODULE:FUNCTION, FILE.keras or, with --no-train, FILE.onnx",
    )
    add("--dataset", required=True, type=_names, metavar="NAME[,NAME]", help="data sets: see python -m datasets list")
    add(
        "--seed",
        type=seed_number,
        default=42,
        metavar="N",
        help="seed of weights, order, crops and augmentation (default: 42)",
    )
    add(
        config.OPTION,
        type=path,
        metavar="FILE.toml",
        help='options in a file, like batch-size = 8 or model = ["atrous", "carlo"]; those of the command line count',
    )
    _add_data(parser.add_argument_group("data"))
    _add_model(parser.add_argument_group("model"))
    _add_training(parser.add_argument_group("training"))
    _add_recipe(parser.add_argument_group("changes of the recipe"))
    _add_scoring(parser.add_argument_group("scoring"))
    _add_output(parser.add_argument_group("output"))
    return parser


def _add_data(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--data-root",
        type=path,
        metavar="DIR",
        help="folder of the data set, or one folder with all data sets; for folder: your own pairs, or a CSV file",
    )
    own_data.add_options(group)
    add("--sample", action="store_true", help="use the built-in sample instead of --data-root")
    add(
        "--train-on",
        metavar="NAME",
        help="data set to train on (default: the same; gopro for hide and kohler); folder: your own pairs; synthetic: "
        "blur made on the fly of the photographs of --photos",
    )
    add(
        "--photos",
        type=folders,
        default=(),
        metavar="DIR[,DIR]",
        help="for synthetic: folders of sharp photographs, with all folders below them",
    )
    add("--blur-steps", metavar="FIRST-LAST", help="for hdc: steps to train on and to score, like 5 or 0-9")
    add(
        "--psf-file",
        type=path,
        metavar="FILE",
        help="for wiener on hdc: measured blur, instead of estimating it",
    )
    add("--store", type=path, metavar="DIR", help="folder of the frame store, if not the default one")


def _add_model(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--variant", metavar="NAME", help="variant of the model (default: the recipe's)")
    add(
        "--weights",
        type=_weights,
        metavar="FILE",
        help="start from these weights, a file or a name of python -m zoo weights list; with --no-train, score them",
    )


def _add_training(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--no-train", action="store_true", help="only score")
    add(
        "--profile",
        choices=PROFILES,
        help="budget: the paper's, the released code's where it differs, minutes on a laptop, or that of this zoo's "
        "own weights (default: quick with --sample and for models of your own, else paper)",
    )
    add(
        "--select-on-test",
        action="store_true",
        help="choose the best weights on the scored images, as some papers did; the record and the table say so",
    )
    add(
        "--jit",
        choices=("auto", "on", "off"),
        default="auto",
        help="compile the training step with XLA (default: auto)",
    )
    add("--resume", action="store_true", help="go on with an unfinished training")
    add("--restart", action="store_true", help="train anew even if checkpoints are there")
    add("--tensorboard", action="store_true", help="write TensorBoard logs beside the checkpoints")


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--epochs",
        type=positive,
        metavar="N",
        help="passes over the training pairs; of disjoint triplets where the recipe says so",
    )
    add("--steps", type=positive, metavar="N", help="training steps, instead of epochs")
    add("--batch-size", type=positive, metavar="N", help="crops per training step")
    add("--crop", type=positive, metavar="PIXELS", help="side of the training crops")
    add("--learning-rate", type=rate, metavar="RATE", help="learning rate at the start, smaller for --weights")
    add("--loss", metavar="NAME", help="training loss; for models with several outputs, of each")
    add(
        "--precision",
        choices=("float32", "mixed_bfloat16", "mixed_float16", "float64"),
        help="arithmetic of the layers",
    )
    add(
        "--perceptual-weights",
        metavar="FILE",
        help="VGG-19 weight file of Keras for perceptual losses, or 'random' (default: Keras fetches its own)",
    )
    add("--no-noise", action="store_true", help="no noise on the input")
    add("--no-warp", action="store_true", help="for hdc: do not lay the blurry photographs over the sharp ones")
    add("--natural", type=count, metavar="N", help="for hdc: natural photographs to train on as well")


def _add_scoring(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--protocol", metavar="NAME", help="way to score (default: the data set's usual one)")
    add(
        "--align",
        dest="protocol",
        action="store_const",
        const="aligned",
        help="lay each restored image over the sharp one before scoring: --protocol aligned",
    )
    add("--limit", type=positive, metavar="N", help="score only so many images, evenly spread")
    add(
        "--metrics",
        type=_names,
        default=(),
        metavar="NAME[,NAME=FILE]",
        help="metrics to measure beside the protocol's, like psnr_y or lpips=alexnet.pth; a run that was done without "
        "them is scored again",
    )
    add("--tile", type=positive, metavar="PIXELS", help="restore images in tiles of this side (hdc: 640)")
    add("--overlap", type=count, metavar="PIXELS", help="what a model sees around a tile (default: a quarter of it)")
    add("--no-blend", action="store_true", help="cut the overlap of tiles off instead of blending it")
    add(
        "--inference",
        choices=INFERENCE_MODES,
        help="where a model that goes by means takes them: over windows as large as its training crops were, or over "
        "the whole image (default: as its authors do)",
    )
    add(
        "--blind",
        "--unknown-step",
        action="store_true",
        help="for hdc: score as if the blur step was not known: try all, take the answer that explains the photograph "
        "best",
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--results", type=path, default=Path("results"), metavar="DIR", help="results folder (default: results)")
    add(
        "--images",
        "--pictures",
        type=count,
        default=3,
        metavar="N",
        help="images to keep with the record, worst to best (default: 3)",
    )


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command line, those of a file that it names among them.

    Raises:
        RunError: When the file cannot be read or used.
    """
    parser = build_parser()
    return parser.parse_args(config.with_file(parser, arguments))


def request_of(options: argparse.Namespace) -> Request:
    """The checked request that parsed options make.

    Raises:
        RunError: For options that exclude each other or have no use.
        ZooError, DataError, MetricError: For unknown names of models, data sets and metrics.
    """
    options.model = own.names(options.model)
    _check_names(options)
    _check_options(options)
    published = _published(options)
    return Request(
        models=options.model,
        datasets=options.dataset,
        seed=options.seed,
        model=ModelOptions(
            variant=_variant(options, published),
            weights=options.weights if published is None else located(published.name),
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
        ),
        scoring=ScoringOptions(protocol=options.protocol, limit=options.limit, metrics=tuple(asked(options.metrics))),
        output=OutputOptions(results=options.results, images=options.images),
        asked=config.asked(options, build_parser()),
    )


def _names(text: str) -> tuple[str, ...]:
    """The names between commas, each once, for argparse."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _weights(text: str) -> Path | str:
    """What stands for weights: a path, or a text that is a name of the catalogue or may be meant for one."""
    if catalogue.is_name(text) or (catalogue.is_like_a_name(text) and not Path(text).exists()):
        return text
    return path(text)


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


def _variant(options: argparse.Namespace, published: catalogue.Entry | None) -> str | None:
    """The variant that is asked for; published weights bring theirs along."""
    named = options.variant or any(variant for _, variant in map(parted, options.model))
    if named or published is None:
        return str(options.variant) if options.variant else None
    return published.variant


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
        "batch": options.batch_size,
        "crop": options.crop,
        "learning_rate": options.learning_rate,
        "precision": options.precision,
        "loss": options.loss,
        "content": _content(options.perceptual_weights),
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
