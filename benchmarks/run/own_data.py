"""Options about data of one's own: where they lie, what they are called, and which of them cannot go together."""

from __future__ import annotations

import argparse
import re

from benchmarks.errors import RunError
from common.cli import path
from datasets.pairs import Pairs
from datasets.readers.base import base_of
from datasets.readers.table import NAME as LIST
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets

_LONGEST = 40
_LABEL = re.compile(rf"\w[\w .-]{{0,{_LONGEST - 1}}}")


def label(text: str) -> str:
    """Reads a name that stands in records and tables, for argparse.

    >>> label("rainy street 2")
    'rainy street 2'
    """
    if not _LABEL.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"must be up to {_LONGEST} letters, digits, spaces, dots, dashes and underscores, not {text!r}"
        )
    return text


def add_options(group: argparse._ArgumentGroup) -> None:
    """Adds the options to the command line's group of data."""
    group.add_argument(
        "--train-root",
        type=path,
        metavar="DIR",
        help="folder of the data set to train on, if it is not in --data-root",
    )
    group.add_argument(
        "--name",
        type=label,
        metavar="NAME",
        help="for folder: what your pairs are called in tables (default: as DIR is)",
    )


def check(options: argparse.Namespace) -> None:
    """Refuses options that have no use, and a folder that cannot be two things.

    Args:
        options: The parsed command line; its data sets are known.

    Raises:
        RunError: In one line that says what to do.
    """
    scored, train_on, training = options.dataset, options.train_on, not options.no_train
    own = [name for name in list_datasets() if dataset_info(name).own_pairs]
    if options.name and not set(own) & set(scored):
        raise RunError(f"--name is for {' and '.join(own)} as the data set that is scored; leave it out")
    if options.train_root is not None and not training:
        raise RunError("--train-root is for training; leave it out")
    photographs = train_on is not None and dataset_info(train_on).own_photographs
    if options.train_root is not None and photographs:
        raise RunError(f"--train-root is not for {train_on}; say where the photographs are with --photos")
    others = [name for name in scored if name not in own]
    if len(others) < len(scored):
        _check_root(options, others)
    if training and train_on and not photographs and not options.train_root and (train_on in own) == bool(others):
        raise RunError(
            f"say where the data of {train_on} are with --train-root DIR; {scored[0]} cannot lie there as well"
        )


def _check_root(options: argparse.Namespace, others: list[str]) -> None:
    """Raises RunError unless --data-root is the folder of own pairs, and of nothing else."""
    if options.data_root is None:
        raise RunError("say where your own pairs are with --data-root DIR, a folder or a CSV file; they have no sample")
    if others:
        raise RunError(f"--data-root cannot be the folder of own pairs and that of {others[0]}; score them one by one")


def name_of(pairs: Pairs, scored: Pairs, given: str) -> str:
    """What a user's own pairs are called in records; empty for other data.

    Args:
        pairs: Any pairs of an experiment.
        scored: Those that it is scored on.
        given: What the user calls those; empty takes the name of their folder, or of the CSV file that lists them.

    >>> from pathlib import Path
    >>> mine = Pairs("folder", "all", Path("photos/rain/pairs.csv"), (), "own pairs", "0123456789abcdef")
    >>> name_of(mine, mine, ""), name_of(mine, mine, "wet")
    ('rain', 'wet')
    """
    if not dataset_info(pairs.dataset).own_pairs:
        return ""
    if given and pairs.root == scored.root:
        return given
    listed = base_of(pairs.root) != pairs.root and pairs.root.name.casefold() != LIST
    found = pairs.root.stem if listed else base_of(pairs.root).resolve().name
    return re.sub(r"[^\w .-]", "_", found)[:_LONGEST]
