"""`python -m zoo`: restore photographs, serve a page that does, list models, export them, fetch and import weights."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from common.cli import Parser, guarded
from zoo.commands import demo, export, info, restore, weights
from zoo.commands import list as list_


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: The command line without the program's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 1 where a file failed and the others did not, 2 bad input, 130 interrupted, 141 where
        who reads the output has had enough.
    """

    def run() -> int:
        args = _parser().parse_args(arguments)
        command: Callable[..., int] = args.run
        return command(args)

    return guarded(run)


def _parser() -> Parser:
    parser = Parser(prog=_program(), description="Deblurring models, and what they make of photographs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (list_, info, restore, weights, export, demo):
        command.add_to(commands)
    return parser


def _program() -> str:
    """How the program was called: as a module, or as the script that an installation gives."""
    called = Path(sys.argv[0]).name
    return called if called.startswith("deblur-zoo") else "python -m zoo"


if __name__ == "__main__":
    sys.exit(main())
