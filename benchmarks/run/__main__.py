"""`python -m benchmarks.run`: from pairs on disk to a row of the leaderboard."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import EXPECTED, Parser, RunError, guarded

_EXAMPLES = """examples:
  python -m benchmarks.run --model atrous --dataset reds --sample --profile quick
  python -m benchmarks.run --model atrous --dataset reds --data-root DIR
  python -m benchmarks.run --model kaist,carlo,atrous,identity --dataset cifar10,reds --sample --profile quick
  python -m benchmarks.run --model kaist --dataset hide --train-on gopro --weights FILE --no-train --data-root DIR
"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the command line's parser."""
    parser = Parser(
        prog="python -m benchmarks.run",
        description="Train a network by its paper's recipe, score it by the data set's protocol, write a record and "
        "update the leaderboard. Commas make a grid; finished cells are skipped.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--model", required=True, metavar="NAME[,NAME]", help="networks: see python -m zoo list")
    add("--dataset", required=True, metavar="NAME[,NAME]", help="data sets: see python -m datasets list")
    add("--data-root", type=Path, metavar="DIR", help="folder of the data set, or one folder with all data sets")
    add("--sample", action="store_true", help="use the built-in sample instead of --data-root")
    add(
        "--profile",
        choices=("paper", "code", "quick"),
        help="budget: the paper's, the released code's where it differs, or minutes on a laptop (default: quick with "
        "--sample, else paper)",
    )
    add("--variant", metavar="NAME", help="variant of the network (default: the recipe's)")
    add("--protocol", metavar="NAME", help="way to score (default: the data set's usual one)")
    add("--train-on", metavar="NAME", help="data set to train on (default: the same; gopro for hide and kohler)")
    add("--weights", type=Path, metavar="FILE", help="start from these weights; with --no-train, score them")
    add("--no-train", action="store_true", help="only score")
    add("--epochs", type=_positive, metavar="N", help="passes over the training pairs")
    add("--steps", type=_positive, metavar="N", help="training steps, instead of epochs")
    add(
        "--loss",
        metavar="NAME",
        help="training loss instead of the recipe's; for networks with several outputs, of each",
    )
    add(
        "--perceptual-weights",
        metavar="FILE",
        help="VGG-19 weight file of Keras for perceptual losses, or 'random' (default: Keras fetches its own)",
    )
    add(
        "--select-on-test",
        action="store_true",
        help="choose the best weights on the scored pictures, as some papers did; the record and the table say so",
    )
    add("--batch-size", type=_positive, metavar="N", help="crops per training step")
    add("--crop", type=_positive, metavar="PIXELS", help="side of the training crops")
    add(
        "--precision",
        choices=("float32", "mixed_bfloat16", "mixed_float16", "float64"),
        help="arithmetic of the layers",
    )
    add(
        "--jit",
        choices=("auto", "on", "off"),
        default="auto",
        help="compile the training step with XLA (default: auto)",
    )
    add(
        "--seed",
        type=_seed,
        default=42,
        metavar="N",
        help="seed of weights, order, crops and augmentation (default: 42)",
    )
    add("--limit", type=_positive, metavar="N", help="score only so many pictures, evenly spread")
    hdc = parser.add_argument_group("for hdc")
    hdc.add_argument("--blur-steps", metavar="FIRST-LAST", help="steps to train on and to score, like 5 or 0-9")
    hdc.add_argument(
        "--unknown-step",
        action="store_true",
        help="score as if the blur step was not known: try all, take the answer that explains the photograph best",
    )
    hdc.add_argument("--no-warp", action="store_true", help="do not lay the blurry photographs over the sharp ones")
    hdc.add_argument(
        "--psf-file", type=Path, metavar="FILE", help="for wiener: measured blur, instead of estimating it"
    )
    hdc.add_argument("--natural", type=_count, metavar="N", help="natural photographs to train on as well")
    add("--no-noise", action="store_true", help="train without the recipe's noise on the input")
    add("--tile", type=_positive, metavar="PIXELS", help="restore pictures in tiles of this side (hdc: 640)")
    add("--overlap", type=_count, metavar="PIXELS", help="what a network sees around a tile (default: a quarter of it)")
    add("--no-blend", action="store_true", help="cut the overlap of tiles off instead of blending it")
    add(
        "--pictures", type=_count, default=3, metavar="N", help="images to keep as pictures, worst to best (default: 3)"
    )
    add("--resume", action="store_true", help="go on with an unfinished training")
    add("--restart", action="store_true", help="train anew even if checkpoints are there")
    add("--tensorboard", action="store_true", help="write TensorBoard logs beside the checkpoints")
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="results folder (default: results)")
    add("--store", type=Path, metavar="DIR", help="folder of the frame store, if not the default one")
    return parser  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    options = build_parser().parse_args(arguments)
    return guarded(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    """Plans all cells, runs them, prints the leaderboard; 1 when a cell failed."""
    from benchmarks import console

    names = _names(options)
    request = _request(options)
    cells = _plan(names, request)
    console.quiet_frameworks()
    failed = _run_cells(cells)
    from benchmarks.leaderboard import ranking

    rows = ranking.update(request.results)
    mine = {(cell.dataset, cell.protocol.name, cell.pairs.fingerprint) for cell in cells}
    console.print_standings([row for row in rows if (row["dataset"], row["protocol"], row["fingerprint"]) in mine])
    print(f"leaderboard: {request.results / 'leaderboard.csv'}")
    return 1 if failed else 0


def _names(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Returns the checked (model, data set) cells, with `identity` in every table."""
    import zoo
    from datasets.registry import info as dataset_info

    models = [name.strip() for name in options.model.split(",") if name.strip()]
    names = [name.strip() for name in options.dataset.split(",") if name.strip()]
    if not models or not names:
        raise RunError("--model and --dataset need at least one name each")
    for model in models:
        zoo.info(model)
    for name in names:
        dataset_info(name)
    if options.train_on:
        dataset_info(options.train_on)
    models = list(dict.fromkeys(["identity", *models]))
    return [(model, name) for name in dict.fromkeys(names) for model in models]


def _request(options: argparse.Namespace) -> Any:
    """Returns the checked request."""
    import zoo
    from benchmarks.run.checks import Request

    if options.sample and options.data_root:
        raise RunError("give --sample or --data-root, not both")
    if options.resume and options.restart:
        raise RunError("give --resume or --restart, not both")
    if options.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise RunError("--tensorboard needs TensorBoard: pip install -e '.[tensorboard]'")
    _check_loss(options)
    named = {name.strip() for name in options.model.split(",") if name.strip()}
    if options.weights and sum(zoo.info(name).learns for name in named) > 1:
        raise RunError("--weights belongs to one network; give one --model")
    overrides = {
        "epochs": options.epochs, "steps": options.steps, "batch": options.batch_size, "crop": options.crop,
        "precision": options.precision, "loss": options.loss,
        "content": "vgg19-random" if options.perceptual_weights == "random" else None,
        "noise": 0.0 if options.no_noise else None, "natural": options.natural,
        "preparation": "unaligned" if options.no_warp else None,
    }  # fmt: skip
    return Request(
        results=options.results, data_root=options.data_root, sample=options.sample,
        profile=options.profile or ("quick" if options.sample else "paper"), variant=options.variant,
        protocol=options.protocol, train_on=options.train_on, weights=options.weights, train=not options.no_train,
        overrides=overrides, limit=options.limit, seed=options.seed, jit=options.jit, resume=options.resume,
        restart=options.restart, tensorboard=options.tensorboard, store=options.store,
        perceptual_weights=_file(options.perceptual_weights), select_on_test=options.select_on_test,
        blur_steps=_blur_steps(options), tiles=_tiles(options), guess_steps=options.unknown_step,
        psf_file=options.psf_file, pictures=options.pictures,
    )  # fmt: skip


def _blur_steps(options: argparse.Namespace) -> tuple[int, ...] | None:
    """Returns the blur steps that were asked for; RunError for options that have no use."""
    from datasets.readers.hdc import parse_steps

    asked = options.blur_steps is not None or options.no_warp or options.natural is not None or options.psf_file
    if asked and {name.strip() for name in options.dataset.split(",")} != {"hdc"}:
        raise RunError("--blur-steps, --no-warp, --natural and --psf-file are for hdc; leave them out")
    if options.psf_file and "wiener" not in options.model.split(","):
        raise RunError("--psf-file is for wiener; leave it out or add wiener to --model")
    return None if options.blur_steps is None else tuple(parse_steps(options.blur_steps))


def _tiles(options: argparse.Namespace) -> Any:
    """Returns how pictures are cut for scoring, None for not at all."""
    from zoo.inference.tiling import Tiles

    if options.tile is None and (options.overlap is not None or options.no_blend):
        raise RunError("--overlap and --no-blend are for tiles; give --tile too")
    return Tiles.of(options.tile, options.overlap, not options.no_blend)


def _check_loss(options: argparse.Namespace) -> None:
    """Raises RunError for an unknown loss, one that changes the kind of training, or options that have no use."""
    from benchmarks.recipes.recipe import ADVERSARIAL, LOSSES

    if options.loss is not None and (options.loss not in LOSSES or options.loss in ADVERSARIAL):
        choices = ", ".join(name for name in LOSSES if name not in ADVERSARIAL)
        raise RunError(f"--loss {options.loss} cannot be chosen; take one of {choices}")
    if options.no_train and (options.loss or options.perceptual_weights or options.select_on_test):
        raise RunError("--loss, --perceptual-weights and --select-on-test are for training; leave them out")


def _file(name: str | None) -> Path | None:
    """Returns the path of a weight file, None where none is named."""
    return None if name in (None, "random") else Path(str(name))


def _plan(names: list[tuple[str, str]], request: Any) -> list[Any]:
    """Plans every cell before any of them starts, so that a mistake is told at once."""
    from dataclasses import replace

    import zoo
    from benchmarks.run import plan

    # What learns nothing is a reference beside the asked network, so that network's options are not for it.
    references = {model for model, _ in names if not zoo.info(model).learns}
    if references == {model for model, _ in names}:
        references = {"identity"}
    planned = []
    for model, dataset in names:
        plain: dict[str, Any] = {
            "variant": None,
            "weights": None,
            "overrides": {},
            "select_on_test": False,
            "tiles": None,
            "guess_steps": False,
        }
        own = replace(request, **plain) if model in references else request
        planned.append(plan.plan(model, dataset, own))
    return planned


def _run_cells(planned: list[Any]) -> int:
    """Runs the cells; in a grid a failed one is recorded and the others go on. Returns how many failed."""
    from benchmarks.run import execute

    asked = [cell for cell in planned if cell.model != "identity"]
    failed = 0
    for cell in planned:
        try:
            execute.run(cell)
        except Exception as error:
            if len(asked) <= 1:
                raise
            failed += 1
            reason = str(error) if isinstance(error, EXPECTED) else f"{type(error).__name__}: {error}"
            execute.record_failure(cell, reason.partition("\n")[0])
            print(f"failed: {cell.model} on {cell.dataset}: {reason.partition(chr(10))[0]}", file=sys.stderr)
    return failed


def _positive(text: str) -> int:
    """Returns a whole number of at least 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def _count(text: str) -> int:
    """Returns a whole number of at least 0, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0, not {text!r}")
    return int(text)


def _seed(text: str) -> int:
    """Returns a seed that every random generator takes, for argparse."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {2**32 - 1}, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
