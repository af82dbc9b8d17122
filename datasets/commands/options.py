"""Options that several commands take."""

from __future__ import annotations

import argparse

from common.cli import folders


def add_source(command: argparse.ArgumentParser) -> None:
    """Adds the options that say which data set and where it lies."""
    command.add_argument("--dataset", required=True, metavar="NAME", help="see `python -m datasets list`")
    command.add_argument(
        "--root",
        required=True,
        type=folders,
        metavar="DIR[,DIR]",
        help="the data set's folder or its parent; several for photographs of your own, for pairs also a CSV file",
    )
