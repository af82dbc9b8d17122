"""`python -m datasets sample`: builds small samples in the official layouts."""

from __future__ import annotations

import argparse
from typing import Any

import datasets
from common.cli import path
from common.console import progress
from datasets.errors import DataError
from datasets.readers.hdc import parse_steps


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command and its options."""
    command = commands.add_parser("sample", help="build small samples in the official layouts")
    command.add_argument("--dataset", required=True, metavar="NAME[,NAME]", help="data sets, or `all`")
    command.add_argument("--out", required=True, type=path, metavar="DIR", help="folder for the samples")
    command.add_argument("--seed", type=int, default=0, help="the same seed gives the same files (default 0)")
    text = command.add_argument_group("for hdc")
    text.add_argument("--blur-steps", metavar="FIRST-LAST", help="blur steps, like 0-10 or 0,3,5 (default 0-10)")
    text.add_argument(
        "--per-font",
        metavar="N[,M]",
        help="samples for each step and font in the training and in the test release (default 3,2)",
    )
    text.add_argument(
        "--psf-file", type=path, metavar="FILE", help="measured point spread functions instead of simulated"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Builds the samples that are asked for."""
    from datasets import samples

    names = samples.list_samples() if args.dataset == "all" else args.dataset.split(",")
    for name in names:
        datasets.info(name)
    asked = _asked(args)
    options = {name: samples.options_for(name, asked) for name in names}
    with progress("building samples") as shown:
        for done, name in enumerate(names, 1):
            print(f"{name}: sample in {samples.build(name, args.out, args.seed, options=options[name])}")
            shown(done, len(names))
    return 0


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    """Collects the options of a sample that were given, by the names of their fields."""
    asked: dict[str, Any] = {}
    if args.blur_steps is not None:
        asked["steps"] = tuple(parse_steps(args.blur_steps))
    if args.per_font is not None:
        counts = args.per_font.split(",")
        if len(counts) > 2 or not all(count.isdecimal() and len(count) < 9 for count in counts):
            raise DataError(f"--per-font {args.per_font}: give one number, or two like 20,5")
        asked["train"], asked["test"] = int(counts[0]), int(counts[-1])
    if args.psf_file is not None:
        asked["psf_file"] = args.psf_file
    return asked
