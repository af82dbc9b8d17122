"""The one exception of this package, and how commands turn exceptions into one line."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from benchmarks.metrics.base import MetricError
from datasets.errors import DataError
from zoo.errors import ZooError


class RunError(Exception):
    """A run cannot start or go on; the message is one line and says what to do."""


EXPECTED = (RunError, DataError, ZooError, MetricError)


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


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turns a reader's error, which TensorFlow wraps in its own with a traceback, back into one line."""
    try:
        yield
    except Exception as error:
        found = re.search(r"DataError: ([^\n]+)", str(error))
        if found is None:
            raise
        raise RunError(found.group(1)) from error


class Parser(argparse.ArgumentParser):
    """An argument parser that refuses a command line with one line, as every other mistake is refused."""

    def error(self, message: str) -> NoReturn:
        """Ends the program with status 2."""
        self.exit(2, f"error: {message}; --help shows what there is\n")
