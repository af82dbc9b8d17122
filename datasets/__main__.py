"""`python -m datasets`: list what there is, verify files, build samples, prepare the frame store, estimate blur."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import datasets
from datasets.errors import DataError
from datasets.readers.hdc import parse_steps

# Wide enough for the table when the output is not a terminal, where rich would assume 80 columns.
_FILE_WIDTH = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: The command line without the program's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 1 problems found, 2 bad input, 130 interrupted.
    """
    args = _parser().parse_args(arguments)
    try:
        return args.run(args)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m datasets", description=datasets.__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("list", help="show the data sets, or what to put where for one")
    command.add_argument("name", nargs="?", help="a data set")
    command.add_argument("--json", action="store_true", help="print everything known as JSON")
    command.set_defaults(run=_list)

    command = commands.add_parser("verify", help="read every file and list what is wrong")
    _add_source(command)
    command.set_defaults(run=_verify)

    command = commands.add_parser("sample", help="build small samples in the official layouts")
    command.add_argument("--dataset", required=True, metavar="NAME[,NAME]", help="data sets, or `all`")
    command.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the samples")
    command.add_argument("--seed", type=int, default=0, help="the same seed gives the same files (default 0)")
    hdc = command.add_argument_group("for hdc")
    hdc.add_argument("--blur-steps", metavar="FIRST-LAST", help="blur steps, like 0-10 or 0,3,5 (default 0-10)")
    hdc.add_argument(
        "--per-font", metavar="N[,M]",
        help="samples for each step and font in the training and in the test release (default 3,2)",
    )  # fmt: skip
    hdc.add_argument(
        "--psf-file", type=Path, metavar="FILE", help="measured point spread functions instead of simulated"
    )
    command.set_defaults(run=_sample)

    command = commands.add_parser("prepare", help="decode a data set once, for fast random crops")
    _add_source(command)
    command.add_argument("--split", help="one split (default: every split that is there)")
    command.add_argument("--out", type=Path, metavar="DIR", help="folder of the frame store")
    command.add_argument("--check", action="store_true", help="check an existing store instead of writing")
    command.set_defaults(run=_prepare)

    command = commands.add_parser("estimate-psf", help="estimate a camera's blur from two photographs of one scene")
    command.add_argument("--sharp", required=True, type=Path, metavar="FILE", help="the sharp photograph")
    command.add_argument("--blurry", required=True, type=Path, metavar="FILE", help="the same scene, blurred")
    command.add_argument(
        "--side", required=True, type=int, metavar="PIXELS", help="side of the point spread function, odd"
    )
    command.add_argument(
        "--out", required=True, type=Path, metavar="FILE.npz", help="the result; a picture goes beside it"
    )
    command.add_argument("--penalty", type=float, default=0.0, help="weight of its mean absolute value (default 0)")
    command.add_argument("--evaluations", type=int, default=300, metavar="N", help="length of the search (default 300)")
    command.set_defaults(run=_estimate)
    return parser


def _add_source(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dataset", required=True, metavar="NAME", help="see `python -m datasets list`")
    command.add_argument("--root", required=True, type=Path, metavar="DIR", help="the data set's folder or its parent")


def _list(args: argparse.Namespace) -> int:
    """Prints the table of data sets, or all about one."""
    names = datasets.list_datasets() if args.name is None else [args.name]
    infos = [datasets.info(name) for name in names]
    if args.json:
        print(json.dumps([asdict(info) for info in infos], indent=2, ensure_ascii=False))
    elif args.name is not None:
        _print_one(infos[0])
    else:
        _print_table(infos)
    return 0


def _print_table(infos: Sequence[datasets.DatasetInfo]) -> None:
    """Prints one row for each data set."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("name", "title", "official pairs", "size", "licence", "source"):
        table.add_column(column, overflow="fold")
    for info in infos:
        pairs = ", ".join(f"{split} {count}" for split, count in info.splits.items())
        table.add_row(info.name, info.title, pairs, info.size, info.licence, info.source)
    console = Console(width=None if sys.stdout.isatty() else _FILE_WIDTH, highlight=False)
    console.print(table)
    console.print("\n`python -m datasets list NAME` says what to put where.", markup=False)


def _print_one(info: datasets.DatasetInfo) -> None:
    """Prints all that is known about a data set."""
    print(f"{info.name}: {info.title}\n{info.summary}\n")
    print(f"source    {info.source}")
    print(f"licence   {info.licence}")
    print(f"size      {info.size}")
    print(f"pairs     {', '.join(f'{split} {count}' for split, count in info.splits.items())}")
    print(f"protocols {', '.join(info.protocols) or 'none (nothing is blurry)'}")
    print(f"\n{info.layout}")


def _verify(args: argparse.Namespace) -> int:
    """Prints the totals and every problem of a data set."""
    with _progress(f"reading {args.dataset}") as progress:
        report = datasets.verify(args.dataset, args.root, progress)
    print(f"{report.dataset} in {report.root}")
    for split, count in report.counts.items():
        print(f"  {split}: {count} pairs, {report.coverage[split]}")
    for note in report.notes:
        print(f"note: {note}")
    for path, what in report.problems:
        print(f"problem: {path}: {what}")
    count = len(report.problems)
    print("no problems" if report.ok else f"{count} problem{'s' if count > 1 else ''}")
    return 0 if report.ok else 1


def _sample(args: argparse.Namespace) -> int:
    """Builds the samples that are asked for."""
    names = datasets.list_datasets() if args.dataset == "all" else args.dataset.split(",")
    for name in names:
        datasets.info(name)
    from datasets import samples

    options = _text_options(args)
    for name in names:
        print(f"{name}: sample in {samples.build(name, args.out, args.seed, options=options)}")
    return 0


def _text_options(args: argparse.Namespace) -> Any:
    """Returns what the sample of hdc shall hold, None where nothing was asked for."""
    from datasets.samples import hdc as samples_hdc

    asked: dict[str, Any] = {}
    if args.blur_steps is not None:
        asked["steps"] = tuple(parse_steps(args.blur_steps))
    if args.per_font is not None:
        counts = args.per_font.split(",")
        if len(counts) > 2 or not all(count.isdecimal() for count in counts):
            raise DataError(f"--per-font {args.per_font}: give one number, or two like 20,5")
        asked["train"], asked["test"] = int(counts[0]), int(counts[-1])
    if args.psf_file is not None:
        asked["psf_file"] = args.psf_file
    return samples_hdc.Options(**asked) if asked else None


def _prepare(args: argparse.Namespace) -> int:
    """Hands over to the frame store."""
    datasets.info(args.dataset)
    from datasets.commands import prepare

    return prepare.command(args.dataset, args.root, args.split, args.out, args.check)


def _estimate(args: argparse.Namespace) -> int:
    """Estimates a blur from two photographs."""
    from datasets.commands import estimate_psf

    with _progress("searching") as progress:
        estimate_psf.command(
            args.sharp, args.blurry, args.side, args.penalty, args.evaluations, args.out, progress or (lambda *_: None)
        )
    return 0


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Shows a bar on standard error where that is a terminal; yields what to call with (done, total)."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


if __name__ == "__main__":
    sys.exit(main())
