"""`python -m datasets verify`: reads every file of a data set and lists what is wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

import datasets
from common.console import progress
from datasets.commands.options import add_source


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command and its options."""
    command = commands.add_parser("verify", help="read every file and list what is wrong")
    add_source(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the totals and every problem of a data set; 1 when there are problems."""
    sound = [_verify(args.dataset, root) for root in args.root]
    return 0 if all(sound) else 1


def _verify(name: str, root: Path) -> bool:
    """Prints what is wrong in one folder; whether nothing is."""
    with progress(f"reading {name}") as shown:
        report = datasets.verify(name, root, shown)
    print(f"{report.dataset} in {report.root}")
    for split, count in report.counts.items():
        print(f"  {split}: {count} pairs, {report.coverage[split]}")
    for note in report.notes:
        print(f"note: {note}")
    for where, what in report.problems:
        print(f"problem: {where}: {what}")
    count = len(report.problems)
    print("no problems" if report.ok else f"{count} problem{'s' if count > 1 else ''}")
    return report.ok
