"""What all commands share: argument types, one-line errors, exit statuses."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from benchmarks.errors import RunError
from benchmarks.metrics.base import MetricError
from datasets.cli import path
from datasets.errors import DataError
from zoo.errors import ZooError

__all__ = ["EXPECTED", "Parser", "count", "guarded", "name_problems", "path", "positive", "seed_number"]

EXPECTED = (RunError, DataError, ZooError, MetricError)


def positive(text: str) -> int:
    """Returns a whole number of at least 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def count(text: str) -> int:
    """Returns a whole number of at least 0, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0, not {text!r}")
    return int(text)


def seed_number(text: str) -> int:
    """Returns a seed that every random generator takes, for argparse."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {2**32 - 1}, not {text!r}")
    return int(text)


def name_problems(problems: Sequence[str]) -> None:
    """Names on the standard error what a command left out, one line each."""
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)


def guarded(main: Callable[[], int]) -> int:
    """Runs a command; expected errors and Ctrl-C become one line on the standard error and an exit status.

    Args:
        main: The command; returns its exit status.

    Returns:
        The status: that of `main`, 2 for an expected error, 130 after Ctrl-C.
    """
    try:
        return main()
    except EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped by Ctrl-C; finished work is kept", file=sys.stderr)
        return 130


class Parser(argparse.ArgumentParser):
    """An argument parser that refuses a command line with one line, as every other mistake is refused."""

    def error(self, message: str) -> NoReturn:
        """Ends the program with status 2."""
        self.exit(2, f"error: {message}; --help shows what there is\n")
