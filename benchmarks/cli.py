"""What all commands share: argument types, one-line errors, exit statuses."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from benchmarks.errors import RunError
from benchmarks.metrics.base import MetricError
from datasets import cli as shared
from datasets.cli import path, progress
from datasets.errors import DataError
from zoo.errors import ZooError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = ["EXPECTED", "Parser", "count", "guarded", "name_problems", "path", "positive", "progress", "seed_number"]

EXPECTED = (RunError, DataError, ZooError, MetricError)
"""Errors whose message is the line that the user shall read."""

# Longer ones are no number that anything here could use, and Python refuses to read the longest.
_DIGITS = 18


def positive(text: str) -> int:
    """A whole number of at least 1, for argparse.

    >>> positive("12")
    12
    """
    if not _is_whole(text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def count(text: str) -> int:
    """A whole number of at least 0, for argparse.

    >>> count("0")
    0
    """
    if not _is_whole(text):
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0, not {text!r}")
    return int(text)


def seed_number(text: str) -> int:
    """A seed that every random generator takes, for argparse.

    >>> seed_number("42")
    42
    """
    if not _is_whole(text) or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {2**32 - 1}, not {text!r}")
    return int(text)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def guarded(main: Callable[[], int]) -> int:
    """Runs a command, its command line included, so that whatever goes wrong for a user is one line.

    Args:
        main: The command; returns its exit status.

    Returns:
        The status: that of `main`, 2 for an expected error or one of the system's, 130 after Ctrl-C, 141 when nobody
        reads the output any more.

    >>> guarded(lambda: 0)
    0
    """
    return shared.guarded(main, EXPECTED)


def name_problems(problems: Sequence[str]) -> None:
    """Names on the standard error what a command left out, one line each."""
    for problem in problems:
        print(f"left out: {' '.join(problem.split())}", file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """An argument parser that refuses a command line with one line, as every other mistake is refused."""

    def error(self, message: str) -> NoReturn:
        """Ends the program with status 2."""
        self.exit(2, f"error: {' '.join(message.split())}; --help shows what there is\n")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Prints help at once, so that a reader that went away is noticed here and not when Python ends."""
        super()._print_message(message, file)
        sys.stdout.flush()
