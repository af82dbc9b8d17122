"""`python -m zoo`: list the models, read the card of one."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

import zoo
from zoo.commands import info, list


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: The command line without the program's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 2 bad input, 130 interrupted, 141 when nobody reads the output any more (`| head`).
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal may know ASCII only. Tests and notebooks put other streams there, which take any character.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            args = _parser().parse_args(arguments)
            code: int = args.run(args)
        finally:
            # Also after `--help`, which ends with SystemExit: Python would complain when it flushes at its own end.
            sys.stdout.flush()
        return code
    except zoo.ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read the output has had enough; what is left in the buffer must not fail at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m zoo", description="Deblurring models: what there is.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (list, info):
        command.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
