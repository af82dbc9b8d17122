"""`python -m zoo`: list the models, read the card of one, fetch and import published weights, export models."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from common.cli import Parser, guarded
from zoo.commands import export, info, weights
from zoo.commands import list as list_


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: The command line without the program's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 2 bad input, 130 interrupted, 141 where who reads the output has had enough.
    """

    def run() -> int:
        args = _parser().parse_args(arguments)
        command: Callable[..., int] = args.run
        return command(args)

    return guarded(run)


def _parser() -> Parser:
    parser = Parser(prog="python -m zoo", description="Deblurring models: what there is.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (list_, info, weights, export):
        command.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
