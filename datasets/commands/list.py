"""`python -m datasets list`: the data sets that there are, or what to put where for one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict

import datasets
from common.console import listing, terminal
from common.references import bibliography
from datasets.errors import DataError

# Wide enough for the table when the output is not a terminal.
_WIDTH = 220


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command and its options."""
    command = commands.add_parser("list", help="show the data sets, or what to put where for one")
    command.add_argument("name", nargs="?", help="a data set")
    command.add_argument("--bibtex", action="store_true", help="print what to cite, as BibTeX, and nothing else")
    command.add_argument("--json", action="store_true", help="print everything known as JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the table of data sets, or all about one."""
    names = datasets.list_datasets() if args.name is None else [args.name]
    infos = [datasets.info(name) for name in names]
    if args.bibtex:
        cited = [each for info in infos for each in info.references]
        if not cited:
            raise DataError(f"{args.name} has nothing to cite; what it is shows `python -m datasets list {args.name}`")
        print(bibliography(cited))
    elif args.json:
        print(json.dumps([asdict(info) for info in infos], indent=2, ensure_ascii=False))
    elif args.name is not None:
        _print_one(infos[0])
    else:
        _print_table(infos)
    return 0


def _print_table(infos: Sequence[datasets.DatasetInfo]) -> None:
    """Prints one row for each data set."""
    table = listing(("name", "title", "official pairs", "size", "licence", "source"))
    for info in infos:
        table.add_row(info.name, info.title, info.official, info.size, info.licence, info.source)
    printer = terminal(_WIDTH)
    printer.print(table)
    printer.print("\n`python -m datasets list NAME` says what to put where.", markup=False)


def _print_one(info: datasets.DatasetInfo) -> None:
    """Prints all that is known about a data set."""
    print(f"{info.name}: {info.title}\n{info.summary}\n")
    print(f"source    {info.source}")
    for reference in info.references:
        print(f"cite      {reference.text}")
    print(f"licence   {info.licence}")
    print(f"size      {info.size}")
    print(f"pairs     {info.official}")
    print(f"protocols {', '.join(info.protocols) or 'none (nothing is blurry)'}")
    print(f"\n{info.layout}")
