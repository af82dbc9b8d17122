"""`python -m datasets prepare`: decodes a data set once, into the frame store."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from datasets.frame_store import attach, check, prepare, store_folder, store_groups
from datasets.pairs import Pairs


def command(name: str, root: Path, split: str | None, out: Path | None, verify_only: bool) -> int:
    """Carries out `python -m datasets prepare`.

    Args:
        name: Data set's name.
        root: Its folder.
        split: The split to prepare; None for every split that is there.
        out: The store's folder; None takes the default one.
        verify_only: Reads the store's files and compares them with their index instead.

    Returns:
        Exit status: 1 when the check found damage, else 0.
    """
    from rich.progress import Progress as Bar

    from datasets.loading import load

    sound = True
    for chosen in [split] if split else _splits_with_data(name, root):
        pairs = load(name, root, chosen)
        folder = out or store_folder(pairs.root)
        if not any(store_groups(pairs, folder)):
            print(f"{name} {chosen}: read into memory as a whole, nothing to prepare")
            continue
        if verify_only:
            problems = _problems(pairs, folder)
            print("\n".join(problems) or f"{name} {chosen}: {folder} is sound")
            sound = sound and not problems
            continue
        with Bar(transient=True, disable=not os.isatty(1)) as bar:
            task = bar.add_task(f"{name} {chosen}", total=None)
            report = prepare(pairs, out, partial(_show, bar, task))
        print(
            f"{name} {chosen}: {report.frames} pictures, {report.size / 1e9:.2f} GB in {report.folder} "
            f"({report.written} files written, {report.kept} kept)"
        )
    return 0 if sound else 1


def _show(bar: Any, task: Any, done: int, total: int) -> None:
    """Moves a progress bar."""
    bar.update(task, completed=done, total=total)


def _problems(pairs: Pairs, folder: Path) -> list[str]:
    """Returns a line for each damaged store file of a split, and one for pictures that it lacks."""
    problems = check(folder / pairs.dataset / pairs.split)
    undecoded = attach(pairs, folder)[1]
    if undecoded:
        problems.append(
            f"{pairs.dataset} {pairs.split}: {undecoded} pictures are not in {folder}, or older than their files; "
            "run prepare again"
        )
    return problems


def _splits_with_data(name: str, root: Path) -> list[str]:
    """Returns the splits of which there is anything, sound or not; all of them when there is nothing."""
    from datasets.readers.base import locate
    from datasets.registry import info, reader

    dataset, source = info(name), reader(name)
    folder = locate(name, root, dataset.folder, source.fits)
    return [split for split in dataset.splits if source.find(folder, split)] or list(dataset.splits)
