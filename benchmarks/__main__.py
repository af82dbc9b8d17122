"""`python -m benchmarks`, and `deblur-zoo` where the package is installed: every command of all packages."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.cli import Parser, guarded


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        module: The module whose `main` runs it; not imported before.
        summary: What it does, in a few words.
        within: Whether that module has several commands, of which this one is told by its name.
    """

    module: str
    summary: str
    within: bool = False


COMMANDS = {
    "restore": Command("zoo.__main__", "make blurred photographs and videos sharp", within=True),
    "demo": Command("zoo.__main__", "serve a page that does so", within=True),
    "list": Command("zoo.__main__", "list models and variants", within=True),
    "info": Command("zoo.__main__", "describe a model", within=True),
    "weights": Command("zoo.__main__", "list, fetch, import and verify published weights", within=True),
    "export": Command("zoo.__main__", "write a model as ONNX, LiteRT, OpenVINO or SavedModel", within=True),
    "datasets": Command("datasets.__main__", "list, verify, sample and prepare data sets; estimate blur"),
    "run": Command("benchmarks.run.__main__", "train a model, score it, write a record"),
    "score": Command("benchmarks.score.__main__", "score images that any program restored"),
    "leaderboard": Command("benchmarks.leaderboard.__main__", "rank what was measured"),
    "tables": Command("benchmarks.tables.__main__", "papers' tables, claimed beside measured"),
    "report": Command("benchmarks.report.__main__", "write results as a site"),
    "speed": Command("benchmarks.speed.__main__", "measure models, metrics and pipeline as ratios"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: The command line without the program's name; None takes the process's own.

    Returns:
        The command's exit status; 2 for one that is not known.
    """
    _complete()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in COMMANDS:
        command = COMMANDS[given[0]]
        return _main_of(command)(given if command.within else given[1:])
    return guarded(lambda: _without_command(given))


def _main_of(command: Command) -> Callable[[Sequence[str]], int]:
    """What runs a command."""
    found: Callable[[Sequence[str]], int] = importlib.import_module(command.module).main
    return found


def _without_command(given: Sequence[str]) -> int:
    """Prints help or version, or refuses the command line."""
    parser = Parser(
        prog="python -m benchmarks",
        description="Deblurring models, data sets and benchmarks. COMMAND --help describes each of these:",
        epilog="\n".join(f"  {name:<12} {command.summary}" for name, command in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"deblur-zoo {importlib.metadata.version('deblur-zoo')}")
    parser.add_argument("command", metavar="COMMAND", choices=list(COMMANDS))
    parser.parse_args(given)
    return 0


def _complete() -> None:
    """Lets the command that a shell asks to complete do so; see `common.cli.Parser`."""
    line = os.environ.get("COMP_LINE", "")
    words = line[: int(os.environ.get("COMP_POINT", len(line)))].split(" ")
    if "_ARGCOMPLETE" not in os.environ or len(words) < 3 or words[1] not in COMMANDS:
        return
    command = COMMANDS[words[1]]
    if not command.within:
        # The program and the command's name are no arguments of its own.
        os.environ["_ARGCOMPLETE"] = str(int(os.environ["_ARGCOMPLETE"]) + 1)
    sys.exit(_main_of(command)([]))


if __name__ == "__main__":
    sys.exit(main())
