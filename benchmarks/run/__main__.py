"""`python -m benchmarks.run`: from pairs on disk to a row of the leaderboard."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cli import EXPECTED, Parser, count, guarded, name_problems, positive, seed_number
from benchmarks.errors import RunError
from benchmarks.run.plan import plan_all
from benchmarks.run.request import request_of

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
    add("--epochs", type=positive, metavar="N", help="passes over the training pairs")
    add("--steps", type=positive, metavar="N", help="training steps, instead of epochs")
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
    add("--batch-size", type=positive, metavar="N", help="crops per training step")
    add("--crop", type=positive, metavar="PIXELS", help="side of the training crops")
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
        type=seed_number,
        default=42,
        metavar="N",
        help="seed of weights, order, crops and augmentation (default: 42)",
    )
    add("--limit", type=positive, metavar="N", help="score only so many pictures, evenly spread")
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
    hdc.add_argument("--natural", type=count, metavar="N", help="natural photographs to train on as well")
    add("--no-noise", action="store_true", help="train without the recipe's noise on the input")
    add("--tile", type=positive, metavar="PIXELS", help="restore pictures in tiles of this side (hdc: 640)")
    add("--overlap", type=count, metavar="PIXELS", help="what a network sees around a tile (default: a quarter of it)")
    add("--no-blend", action="store_true", help="cut the overlap of tiles off instead of blending it")
    add("--pictures", type=count, default=3, metavar="N", help="images to keep as pictures, worst to best (default: 3)")
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
    from benchmarks.leaderboard import terminal

    names = _names(options)
    request = request_of(options)
    cells = plan_all(names, request)
    console.quiet_frameworks()
    failed = _run_cells(cells)
    from benchmarks.leaderboard import ranking

    rows, found = ranking.update(request.results)
    name_problems(found.problems)
    mine = {(cell.dataset, cell.protocol.name, cell.pairs.fingerprint) for cell in cells}
    terminal.print_rankings([row for row in rows if (row["dataset"], row["protocol"], row["fingerprint"]) in mine])
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


if __name__ == "__main__":
    sys.exit(main())
