"""What every command shares: one-line errors, exit statuses, paths with `~`, a progress bar.

No command module itself: `benchmarks` builds its commands on it too.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets.errors import DataError
from datasets.files import expand
from datasets.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

_SECONDS_BETWEEN_LINES = 30.0

BAD_INPUT, INTERRUPTED, CLOSED_PIPE = 2, 130, 141
"""Exit statuses; the last two are those of a shell for SIGINT and SIGPIPE."""


def guarded(main: Callable[[], int], expected: tuple[type[Exception], ...] = (DataError,)) -> int:
    """Runs a command so that whatever a user or a machine gets wrong is one line and an exit status.

    Args:
        main: The command; gives its exit status.
        expected: Errors whose message is the line that the user shall read.

    Returns:
        The status of `main`; 2 for an expected error or one of the system's (a stale mount, a full disk, a symbolic
        link loop); 130 after Ctrl-C; 141, silently, when nobody reads the output any more (`| head`).

    Examples:
        >>> guarded(lambda: 0)
        0
    """
    _write_anything()
    try:
        try:
            status = main()
        finally:
            # Also after `--help`, which ends with SystemExit: Python would complain when it flushes at its own end.
            sys.stdout.flush()
    except BrokenPipeError:
        return _close_output()
    except expected as error:
        if isinstance(error.__cause__, BrokenPipeError):
            return _close_output()
        return _refuse(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        return _refuse(f"{where}{error.strerror or error}; check that path and the disk it is on")
    except KeyboardInterrupt:
        print("stopped by Ctrl-C; finished work is kept", file=sys.stderr)
        return INTERRUPTED
    return status


def _refuse(message: str) -> int:
    """Prints an error in one line."""
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return BAD_INPUT


def _close_output() -> int:
    """Lets what is still to be written fall away, so that Python does not complain when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - it lasts as long as the process
    return CLOSED_PIPE


def _write_anything() -> None:
    """Makes both outputs write what they have no character for as its number.

    A terminal may know ASCII only, and a file name need not be valid in any encoding; neither shall end a command.
    """
    for stream in (sys.stdout, sys.stderr):
        # Tests and notebooks put other streams there, which take any character.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def path(text: str) -> Path:
    """Reads a path option, for argparse; `~` is the home directory also after `=`, where no shell replaces it."""
    return expand(text)


def add_source(command: argparse.ArgumentParser) -> None:
    """Adds the options that say which data set and where it lies."""
    command.add_argument("--dataset", required=True, metavar="NAME", help="see `python -m datasets list`")
    command.add_argument("--root", required=True, type=path, metavar="DIR", help="the data set's folder or its parent")


def console(**options: Any) -> Console:
    """Makes rich's console, but for a closed pipe: that is `guarded`'s matter, where rich would exit with status 1.

    Args:
        **options: As for `rich.console.Console`.
    """
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Piped(**options)


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Shows how far something is, on standard error: a bar on a terminal, elsewhere a line now and then.

    Args:
        title: What is being done.

    Yields:
        What to call with (done, total).
    """
    if not sys.stderr.isatty():
        yield _Lines(title)
        return
    from rich.progress import Progress as Bar

    with Bar(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    """Prints how far something is, and how long it will still take, once in a while."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._first: tuple[int, float] | None = None
        self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Takes work done and in all."""
        now = time.monotonic()
        # What was done when it began, as after a resume, tells nothing about the speed.
        first, began = self._first = self._first or (done, now)
        if now - self._told < _SECONDS_BETWEEN_LINES or done == first:
            return
        self._told = now
        left = (now - began) / (done - first) * (total - done)
        print(f"{self.title}: {done:,} of {total:,}, about {duration(left)} left", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Seconds as a reader says them.

    Examples:
        >>> duration(7.4), duration(200), duration(7000), duration(200_000)
        ('7 s', '3 min', '1.9 h', '2.3 days')
    """
    for limit, size, unit in ((100, 1, "s"), (6000, 60, "min")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
