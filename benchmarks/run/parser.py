"""The command line of `python -m benchmarks.run`: its options, and what reads them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cluster import engines
from benchmarks.recipes.recipe import PROFILES
from benchmarks.run import computing, config, own_data
from common.cli import Joined, Parser, count, folders, path, positive, rate, seed_numbers, words
from datasets.blur.on_the_fly import DISTRIBUTIONS
from zoo.options import INFERENCE_MODES
from zoo.weights import catalogue

_EXAMPLES = """examples:
  python -m benchmarks.run --model atrous --dataset reds --sample --profile quick
  python -m benchmarks.run --model atrous --dataset reds --data-root DIR
  python -m benchmarks.run --model kaist,carlo,atrous,identity --dataset cifar10,reds --sample --profile quick
  python -m benchmarks.run --model kaist --dataset hide --train-on gopro --weights FILE --no-train --data-root DIR
  python -m benchmarks.run --model atrous --dataset gopro --data-root DIR --train-on synthetic --photos DIR
  python -m benchmarks.run --model nafnet --dataset folder --data-root DIR --weights FILE --learning-rate 1e-5
  python -m benchmarks.run --model maxim --dataset gopro --weights maxim-gopro --no-train --data-root DIR
  python -m benchmarks.run --model my.py:build --dataset reds --sample --steps 1000
  python -m benchmarks.run --model nafnet --dataset gopro --data-root DIR --devices auto --accumulate 2
  python -m benchmarks.run --model '*/tiny' --dataset reds,gopro --seed 0 1 2 --data-root DIR --jobs 4
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = Parser(
        prog="python -m benchmarks.run",
        description="Train a model by its paper's recipe, score it by the data set's protocol, write a record and "
        "update the leaderboard. Commas make a grid, of seeds too; experiments that are done are skipped.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--model",
        required=True,
        type=words,
        metavar="NAME[,NAME]",
        help="models, like atrous or atrous/tiny: see python -m zoo list; all, unet* or */tiny for several; or your "
        "own: FILE.py:FUNCTION, MODULE:FUNCTION, FILE.keras, FILE.pth or, with --no-train, FILE.onnx",
    )
    add("--dataset", required=True, type=words, metavar="NAME[,NAME]", help="data sets: see python -m datasets list")
    add(
        "--seed",
        type=seed_numbers,
        nargs="+",
        action=Joined,
        default=(42,),
        metavar="N[,N]",
        help="seeds of weights, order, crops and augmentation, each an experiment of its own (default: 42)",
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
    computing.add_options(parser.add_argument_group("devices"))
    _add_recipe(parser.add_argument_group("changes of the recipe"))
    _add_scoring(parser.add_argument_group("scoring"))
    _add_output(parser.add_argument_group("output"))
    engines.add_options(parser.add_argument_group("several at once"))
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
        help="start from these weights, a .keras file, one of others such as a .pth, or a name of python -m zoo "
        "weights list; with --no-train, score them",
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
    add(
        "--batch-size",
        type=computing.batch_choice,
        metavar="N|auto",
        help="crops per training step, of all devices together; auto halves the recipe's until a step fits into memory",
    )
    add(
        "--accumulate",
        type=positive,
        metavar="N",
        help="compute a batch in so many parts, one after the other, where memory is short",
    )
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
    add(
        "--blur",
        choices=DISTRIBUTIONS,
        help="for --train-on synthetic: usual, or, to begin with, short straight shakes or all motion, both noiseless",
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
        type=words,
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


def _weights(text: str) -> Path | str:
    """What stands for weights: a path, or a text that is a name of the catalogue or may be meant for one."""
    if catalogue.is_name(text) or (catalogue.is_like_a_name(text) and not Path(text).exists()):
        return text
    return path(text)
