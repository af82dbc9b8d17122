"""`python -m zoo export`: a model as a file of another runtime, compared with Keras in quality and speed."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.cli import BAD_INPUT, name_problems, path
from common.console import listing, terminal
from common.errors import InputError
from zoo.commands.tables import WIDTH
from zoo.errors import ZooError
from zoo.export.base import Format
from zoo.export.formats import FORMATS
from zoo.export.run import DTYPES, Exported, check_graph, export_graph
from zoo.registry import create, info, parted, spoken
from zoo.start import caught_errors, quiet_backend

if TYPE_CHECKING:
    import keras

    from zoo.export.graph import Graph, Size
    from zoo.export.latency import Latency

ALL = "all"
_EXAMPLES = """examples:
  python -m zoo export --weights maxim-gopro --format onnx -o maxim.onnx
  python -m zoo export --weights mine.keras --format all -o exported
  python -m zoo export wiener/image --format savedmodel -o wiener
  python -m zoo export atrous/tiny --untrained --format litert --size 256x256 -o atrous.tflite
"""
_COLUMNS = ("format", "file", "MB", "takes", "differs", "image", "Keras ms", "ms", "ratio")


def add_to(commands: Any) -> None:
    """Adds the command to a parser's commands."""
    command = commands.add_parser(
        "export",
        help="write a model as SavedModel, ONNX, LiteRT or OpenVINO, and compare it with Keras",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("model", nargs="?", metavar="MODEL[/VARIANT]", help="a model with fresh weights")
    command.add_argument("--weights", metavar="NAME|FILE", help="published weights that are here, or a file")
    command.add_argument("--untrained", action="store_true", help="say that fresh weights are meant")
    command.add_argument("--format", required=True, choices=(*FORMATS, ALL), help="one of them, or all that can")
    command.add_argument(
        "-o",
        "--output",
        required=True,
        type=path,
        metavar="PATH",
        help="a file (.onnx, .tflite), a folder for savedmodel and openvino; for all: the folder that holds them",
    )
    command.add_argument("--size", type=size, metavar="HxW", help="take one image of this size only (default: any)")
    command.add_argument("--dtype", choices=DTYPES, default=DTYPES[0], help="how weights are stored")
    command.add_argument("--overwrite", action="store_true", help="replace what is there")
    command.set_defaults(run=run)


def size(text: str) -> Size:
    """Height and width, for argparse.

    >>> size("720x1280")
    (720, 1280)
    """
    found = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text, re.ASCII)
    if not found:
        raise argparse.ArgumentTypeError(f"must be height x width in pixels, such as 720x1280, not {text!r}")
    return int(found[1]), int(found[2])


def run(args: argparse.Namespace) -> int:
    """Writes one file or all, and prints a table of them."""
    kinds = list(FORMATS.values()) if args.format == ALL else [FORMATS[args.format]]
    stem = _check_source(args)
    targets = {kind.name: _target(kind, stem, args) for kind in kinds}
    for kind in kinds:
        kind.check_path(targets[kind.name], args.overwrite)
        kind.check_installed()
    quiet_backend()
    from zoo.export.graph import graph_of
    from zoo.export.parity import checks_of

    graph = graph_of(_model(args), args.size, args.dtype == "float16")
    problems: list[str] = []
    possible = [kind for kind in kinds if _can(kind, graph, problems)]
    if problems and len(kinds) == 1:
        raise ZooError(problems[0])
    name_problems(problems)
    checks = checks_of(graph)
    done: list[tuple[Exported, Latency]] = []
    failures: list[str] = []
    for kind in possible:
        print(f"{spoken(graph.model)} as {kind.name}: converting and comparing", file=sys.stderr, flush=True)
        try:
            with caught_errors():
                exported = export_graph(graph, checks, targets[kind.name], kind)
                done.append((exported, _latency(kind, graph, exported)))
        except InputError as error:
            if len(kinds) == 1:
                raise
            failures.append(str(error))
    _print_table(done)
    name_problems(failures)
    return BAD_INPUT if failures else 0


def _check_source(args: argparse.Namespace) -> str:
    """Refuses what is no model, before anything else is done.

    Returns:
        What files are called after the model, where their names are not given.
    """
    if (args.model is None) == (args.weights is None):
        raise ZooError("give a model, or --weights; `python -m zoo list` and `python -m zoo weights list` show them")
    if args.weights is not None:
        from zoo.saving import read_name
        from zoo.weights import given

        if args.untrained:
            raise ZooError("--untrained with --weights: leave one of them out")
        quiet_backend()
        path = given.given_file(args.weights)
        if told := given.told_of(path):
            print(f"{args.weights}: {told}", file=sys.stderr, flush=True)
        args.weights = path
        return read_name(path).replace(".", "--", 1)
    name, variant = _named(args.model)
    if info(name).variant(variant).parameters and not args.untrained:
        raise ZooError(
            f"{args.model} has fresh weights, which restore nothing; give --weights, or --untrained if they are meant"
        )
    return f"{name}--{variant}"


def _named(text: str) -> tuple[str, str]:
    """Model and variant of `MODEL[/VARIANT]`."""
    name, asked = parted(text)
    variant = asked or info(name).default
    info(name).variant(variant)
    return name, variant


def _target(kind: Format, stem: str, args: argparse.Namespace) -> Path:
    """Where a file goes."""
    output: Path = args.output
    if args.format != ALL:
        return output
    if output.exists() and not output.is_dir():
        raise ZooError(f"{output} is no folder; --format all writes several files into one")
    return output / (f"{stem}{kind.ending}" if kind.ending else f"{stem}-{kind.name}")


def _model(args: argparse.Namespace) -> keras.Model:
    """The model that is asked for."""
    if args.weights is not None:
        from zoo.saving import load

        return load(args.weights)
    return create(*_named(args.model))


def _can(kind: Format, graph: Graph, problems: list[str]) -> bool:
    """Whether a format can do a graph; if not, the list of problems grows by the reason."""
    try:
        check_graph(kind, graph)
    except ZooError as error:
        problems.append(str(error))
        return False
    return True


def _latency(kind: Format, graph: Graph, exported: Exported) -> Latency:
    """How long a written file takes beside Keras."""
    from zoo.export.latency import latency_of

    return latency_of(graph, kind.load(exported.path))


def _print_table(done: Sequence[tuple[Exported, Latency]]) -> None:
    """Prints what was written."""
    if not done:
        return
    shown = listing(_COLUMNS, ("MB", "differs", "Keras ms", "ms", "ratio"))
    for exported, latency in done:
        shown.add_row(
            exported.format,
            str(exported.path),
            f"{exported.bytes / 1e6:.2f}",
            "any size" if exported.size is None else "one image of {}x{}".format(*exported.size),
            f"{exported.difference:.1e}",
            "{}x{}".format(*latency.size),
            f"{latency.keras_seconds * 1e3:.1f}",
            f"{latency.seconds * 1e3:.1f}",
            f"{latency.ratio:.2f}",
        )
    screen = terminal(WIDTH)
    screen.print(shown)
    compared = ", ".join("{}x{}".format(*each) for each in dict.fromkeys(done[0][0].checked))
    screen.print(
        f"\ndiffers: from Keras, as a share of the largest number, on random images of {compared}; "
        "ratio: milliseconds over Keras' in the same rounds, below 1 is faster",
        markup=False,
    )
