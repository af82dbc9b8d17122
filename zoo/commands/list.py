"""`python -m zoo list`: the models and their variants, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import zoo
from common.console import terminal
from zoo.commands.tables import MACS, WIDTH, giga, parameters, starred, table
from zoo.registry import options_of


def add_to(commands: Any) -> None:
    """Adds the command to a parser's commands."""
    command = commands.add_parser("list", help="show the models and their variants")
    command.add_argument("pattern", nargs="?", default="*", help="a name, or a wildcard such as 'unet*'")
    command.add_argument("--json", action="store_true", help="print everything known as JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints a table of models and variants, or all about them as JSON."""
    names = zoo.list_models(args.pattern)
    if not names:
        # For a plain name this says which one is near.
        zoo.info(args.pattern)
    infos = [zoo.info(name) for name in names]
    if args.json:
        print(json.dumps([_as_dict(info) for info in infos], indent=2, ensure_ascii=False))
        return 0
    screen = terminal(WIDTH)
    screen.print(_list_table(infos))
    screen.print(
        "\n`python -m zoo info NAME` shows the card of one model; * is the default variant; + counts running "
        "statistics of batch normalisation.",
        markup=False,
    )
    return 0


def _list_table(infos: Sequence[zoo.ModelInfo]) -> Any:
    """A table with one row for each variant."""
    shown = table("name", "variant", "parameters", MACS, "frames", "paper")
    for info in infos:
        authors = info.paper.partition(":")[0]
        for name, variant in info.variants.items():
            if not variant.listed:
                continue
            numbers = [parameters(variant), giga(variant.macs), str(variant.frames)]
            shown.add_row(info.name, starred(info, name), *numbers, authors)
    return shown


def _as_dict(info: zoo.ModelInfo) -> dict[str, Any]:
    """All that is known of a model as plain values."""
    return asdict(info) | {"options": options_of(info.name)}
