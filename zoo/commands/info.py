"""`python -m zoo info`: the card of one model."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import zoo
from common.console import terminal
from common.references import bibliography
from zoo.cards import facts
from zoo.commands.tables import FIELD, MACS, WIDTH, giga, parameters, starred, table
from zoo.registry import field_of, options_of

if TYPE_CHECKING:
    from rich.console import Console


def add_to(commands: Any) -> None:
    """Adds the command to a parser's commands."""
    command = commands.add_parser("info", help="show the card of one model")
    command.add_argument("name", help="a model, see `python -m zoo list`")
    command.add_argument("--variant", metavar="NAME", help="only this variant, with its options")
    command.add_argument("--bibtex", action="store_true", help="print what to cite, as BibTeX, and nothing else")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the card of one model."""
    info = zoo.info(args.name)
    if args.bibtex:
        if not info.references:
            raise zoo.ZooError(f"{info.name} is from nothing that can be cited; see `python -m zoo info {info.name}`")
        print(bibliography(info.references))
        return 0
    chosen = {args.variant: info.variant(args.variant)} if args.variant else info.variants
    screen = terminal(WIDTH)
    screen.print(f"{info.title} ({info.name})\n{info.summary}\n", markup=False)
    for label, text in facts(info, chosen).items():
        screen.print(f"{label:<10}{text}", markup=False)
    shown = table("variant", "parameters", MACS, FIELD, "frames", "options", "note")
    for name, variant in chosen.items():
        options = ", ".join(f"{option}={value}" for option, value in variant.options.items())
        numbers = [parameters(variant), giga(variant.macs), field_of(variant), str(variant.frames)]
        shown.add_row(starred(info, name), *numbers, options, variant.note)
    screen.print()
    screen.print(shown)
    _print_options(screen, info, chosen[args.variant].options if args.variant else {})
    return 0


def _print_options(console: Console, info: zoo.ModelInfo, chosen: Mapping[str, Any]) -> None:
    """Prints what `zoo.create` may be told, with the defaults, or with a variant's own values where it has some."""
    console.print()
    options = options_of(info.name)
    if not options:
        console.print("no options", markup=False)
        return
    console.print(f'options of zoo.create("{info.name}", ...)', markup=False)
    width = max(len(option) for option in options)
    for option, default in options.items():
        own = f"{chosen[option]}  (default {default})" if option in chosen else default
        console.print(f"  {option:<{width}}  {own}", markup=False)
