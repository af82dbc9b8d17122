"""What every command shares: one-line errors, exit statuses, argument types, paths with `~`."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from common.errors import InputError
from common.files import expand

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

BAD_INPUT, INTERRUPTED, CLOSED_PIPE = 2, 130, 141
"""Exit statuses; the last two are those of a shell for SIGINT and SIGPIPE."""


def guarded(main: Callable[[], int]) -> int:
    """Runs a command so that whatever a user or a machine gets wrong is one line and an exit status.

    Args:
        main: The command, its command line included; gives its exit status.

    Returns:
        The status of `main`; 2 for an `InputError` or one of the system's (a stale mount, a full disk, a symbolic
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
    except InputError as error:
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


class Parser(argparse.ArgumentParser):
    """An argument parser that refuses a command line with one line, as every other mistake is refused."""

    def parse_args(self, *given: Any, **more: Any) -> Any:
        """Reads a command line; where a shell asks for completions, prints these and ends."""
        if "_ARGCOMPLETE" in os.environ:
            import argcomplete

            argcomplete.autocomplete(self)
        return super().parse_args(*given, **more)

    def error(self, message: str) -> NoReturn:
        """Ends the program with status 2."""
        self.exit(2, f"error: {' '.join(message.split())}; --help shows what there is\n")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Prints help at once, so that a reader that went away is noticed here and not when Python ends."""
        super()._print_message(message, file)
        sys.stdout.flush()


def path(text: str) -> Path:
    """Reads a path option, for argparse; `~` is the home directory also after `=`, where no shell replaces it."""
    return expand(text)


def folders(text: str) -> tuple[Path, ...]:
    """Reads an option that takes folders between commas, for argparse; a folder whose name has commas is one folder.

    >>> [folder.as_posix() for folder in folders("a,b/c")]
    ['a', 'b/c']
    """
    if expand(text).is_dir():
        return (expand(text),)
    found = tuple(dict.fromkeys(expand(each.strip()) for each in text.split(",") if each.strip()))
    if not found:
        raise argparse.ArgumentTypeError("needs at least one folder")
    return found


def words(text: str) -> tuple[str, ...]:
    """Reads an option that takes names between commas, each once, for argparse.

    >>> words("kaist, carlo,,kaist")
    ('kaist', 'carlo')
    """
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


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


class Joined(argparse.Action):
    """Takes lists with commas, with spaces between them or not, as one tuple that has everything once."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, *_: Any) -> None:
        """Puts all that was given behind the option together."""
        setattr(namespace, self.dest, tuple(dict.fromkeys(each for group in values for each in group)))


def seed_numbers(text: str) -> tuple[int, ...]:
    """Seeds between commas, for argparse; see `seed_number`.

    >>> seed_numbers("0, 1,2")
    (0, 1, 2)
    """
    found = tuple(seed_number(word) for word in words(text))
    if not found:
        raise argparse.ArgumentTypeError("needs at least one whole number")
    return found


def number(text: str, words: str, fits: Callable[[float], bool]) -> float:
    """A finite number, for argparse.

    Args:
        text: What was given.
        words: What it must be, for the message.
        fits: Whether it may be that number.

    >>> number("2.5", "must be above 0", lambda value: value > 0)
    2.5
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or not fits(value):
        raise argparse.ArgumentTypeError(f"{words}, not {text!r}")
    return value


def size(text: str) -> float:
    """A size in megapixels or megabytes, for argparse.

    >>> size("0.5")
    0.5
    """
    return number(text, "must be a number above 0 and up to 10000", lambda value: 0 < value <= 10_000)


def rate(text: str) -> float:
    """A learning rate, for argparse.

    >>> rate("1e-4")
    0.0001
    """
    return number(text, "must be a number above 0 and below 1", lambda value: 0 < value < 1)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def name_problems(problems: Sequence[str]) -> None:
    """Names on the standard error what a command left out, one line each."""
    for problem in problems:
        print(f"left out: {' '.join(problem.split())}", file=sys.stderr)
