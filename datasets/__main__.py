"""`python -m datasets`: list what there is, verify files, build samples, prepare the frame store, estimate blur."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import datasets
from common.cli import Parser, guarded
from datasets.commands import estimate_psf, prepare, sample, verify
from datasets.commands import list as list_


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: The command line without the program's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 1 problems found, 2 bad input, 130 interrupted, 141 nobody reads the output.
    """

    def run() -> int:
        args = _parser().parse_args(arguments)
        command: Callable[..., int] = args.run
        return command(args)

    return guarded(run)


def _parser() -> Parser:
    parser = Parser(prog="python -m datasets", description=datasets.__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (list_, verify, sample, prepare, estimate_psf):
        module.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
