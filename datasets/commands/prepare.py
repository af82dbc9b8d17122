"""`python -m datasets prepare`: decodes a data set once, into the frame store."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import datasets
from common.cli import path
from common.console import progress
from datasets.commands.options import add_source


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command and its options."""
    command = commands.add_parser("prepare", help="decode a data set once, for fast random crops")
    add_source(command)
    command.add_argument("--split", help="one split (default: every split that is there)")
    command.add_argument("--out", type=path, metavar="DIR", help="folder of the frame store")
    command.add_argument("--check", action="store_true", help="check an existing store instead of writing")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prepares the splits, or checks what was prepared; 1 when that is damaged."""
    datasets.info(args.dataset)
    from datasets import frame_store

    sound = True
    for split in [args.split] if args.split else _splits_with_data(args.dataset, args.root):
        pairs = datasets.load(args.dataset, args.root, split)
        folder = args.out or frame_store.store_folder(pairs.root)
        if not any(frame_store.store_groups(pairs, folder)):
            print(f"{args.dataset} {split}: read into memory as a whole, nothing to prepare")
        elif args.check:
            problems = _problems(pairs, folder)
            print("\n".join(problems) or f"{args.dataset} {split}: {folder} is sound")
            sound = sound and not problems
        else:
            with progress(f"{args.dataset} {split}") as shown:
                report = frame_store.prepare(pairs, args.out, shown)
            print(
                f"{args.dataset} {split}: {report.frames} images, {report.size / 1e9:.2f} GB in {report.folder} "
                f"({report.written} files written, {report.kept} kept)"
            )
    return 0 if sound else 1


def _problems(pairs: datasets.Pairs, folder: Path) -> list[str]:
    """Writes a line for each damaged store file of a split, and one for images that it lacks."""
    from datasets.frame_store import attach, check

    problems = check(folder / pairs.dataset / pairs.split)
    undecoded = attach(pairs, folder)[1]
    if undecoded:
        problems.append(
            f"{pairs.dataset} {pairs.split}: {undecoded} images are not in {folder}, or older than their files; "
            "run prepare again"
        )
    return problems


def _splits_with_data(name: str, root: Sequence[Path]) -> list[str]:
    """Lists the splits of which there is anything, sound or not; all of them when there is nothing."""
    from datasets.loading import folder_of

    dataset, source = datasets.info(name), datasets.reader(name)
    if dataset.own_photographs and dataset.training_split:
        # Either split may hold the same photographs, and scoring reads each but once.
        return [dataset.training_split]
    splits, folder = list(dataset.splits), folder_of(name, root[0])
    return [split for split in splits if source.members(folder, split)] or splits
