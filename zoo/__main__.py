"""`python -m zoo`: list the networks, read the card of one."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import zoo
from zoo.registry import field_of, options_of

if TYPE_CHECKING:
    from rich.console import Console

# Wide enough for the tables when the output is not a terminal, where rich would assume 80 columns.
_FILE_WIDTH = 220
_MACS = "GMACs at 256x256"
_FIELD = "receptive field"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: The command line without the program's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 2 bad input, 130 interrupted.
    """
    args = _parser().parse_args(arguments)
    try:
        return args.run(args)
    except zoo.ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m zoo", description="Deblurring networks: what there is.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("list", help="show the networks and their variants")
    command.add_argument("pattern", nargs="?", default="*", help="a name, or a wildcard such as 'unet*'")
    command.add_argument("--json", action="store_true", help="print everything known as JSON")
    command.set_defaults(run=_list)

    command = commands.add_parser("info", help="show the card of one network")
    command.add_argument("name", help="a network, see `python -m zoo list`")
    command.add_argument("--variant", metavar="NAME", help="only this variant, with its options")
    command.set_defaults(run=_info)
    return parser


def _list(args: argparse.Namespace) -> int:
    """Prints a table of networks and variants, or all about them as JSON."""
    names = zoo.list_models(args.pattern)
    if not names:
        # For a plain name this says which one is near.
        zoo.info(args.pattern)
    infos = [zoo.info(name) for name in names]
    if args.json:
        print(json.dumps([_as_dict(info) for info in infos], indent=2, ensure_ascii=False))
        return 0
    console = _console()
    console.print(_list_table(infos))
    console.print(
        "\n`python -m zoo info NAME` shows the card of one network; * is the default variant; + counts running "
        "statistics of batch normalisation.",
        markup=False,
    )
    return 0


def _list_table(infos: Sequence[zoo.ModelInfo]) -> Any:
    """Returns a table with one row for each variant."""
    table = _table("name", "variant", "parameters", _MACS, "frames", "paper")
    for info in infos:
        authors = info.paper.partition(":")[0]
        for name, variant in info.variants.items():
            if not variant.listed:
                continue
            numbers = [_parameters(variant), _giga(variant.macs), str(variant.frames)]
            table.add_row(info.name, _starred(info, name), *numbers, authors)
    return table


def _info(args: argparse.Namespace) -> int:
    """Prints the card of one network."""
    info = zoo.info(args.name)
    chosen = {args.variant: info.variant(args.variant)} if args.variant else info.variants
    console = _console()
    console.print(f"{info.title} ({info.name})\n{info.summary}\n", markup=False)
    for label, text in _facts(info, sorted({variant.frames for variant in chosen.values()})).items():
        console.print(f"{label:<10}{text}", markup=False)
    table = _table("variant", "parameters", _MACS, _FIELD, "frames", "options", "note")
    for name, variant in chosen.items():
        options = ", ".join(f"{option}={value}" for option, value in variant.options.items())
        numbers = [_parameters(variant), _giga(variant.macs), field_of(variant), str(variant.frames)]
        table.add_row(_starred(info, name), *numbers, options, variant.note)
    console.print()
    console.print(table)
    _print_options(console, info, chosen[args.variant].options if args.variant else {})
    return 0


def _facts(info: zoo.ModelInfo, frames: Sequence[int]) -> dict[str, str]:
    """Returns what goes below the title: source, licence and contract."""
    return {
        "paper": info.paper,
        "licence": info.licence,
        "input": _input(info, frames),
        "size": _size(info),
        "output": _output(info),
        **({"blur step": "second input (batch, 1), a number of at least 0"} if info.takes_blur_step else {}),
        **({"psf": "second input (batch, rows, columns, 1), point spread functions"} if info.takes_psf else {}),
    }


def _input(info: zoo.ModelInfo, frames: Sequence[int]) -> str:
    """Returns the shape and the meaning of the input."""
    channels = " or ".join(str(count * info.channels) for count in frames)
    if info.medians:
        meaning = f"grey and its medians of widths {', '.join(str(width) for width in info.medians)}"
    elif not info.colour:
        meaning = f"one grey channel {info.channels} times"
    else:
        meaning = "RGB" + ("; 3 frames are previous, current, next" if max(frames) > 1 else "")
    remedy = "" if info.colour else "; zoo.restore makes it, channel by channel for colour pictures"
    return f"(batch, height, width, {channels}) in [0, 1], {meaning}{remedy}"


def _size(info: zoo.ModelInfo) -> str:
    """Returns which heights and widths the network takes."""
    multiple = f"multiples of {info.size_multiple}, " if info.size_multiple > 1 else ""
    # What is left of a side must be at least a pixel.
    least = sorted({max(info.minimum_size, variant.shrink + 1) for variant in info.variants.values()})
    remedy = "; zoo.restore pads other sizes" if max(info.size_multiple, *least) > 1 else ""
    return f"height and width {multiple}at least {' or '.join(map(str, least))}{remedy}"


def _output(info: zoo.ModelInfo) -> str:
    """Returns the shape of the output or outputs."""
    shrinks = sorted({variant.shrink for variant in info.variants.values()})
    pixels = " or ".join(str(shrink) for shrink in shrinks)
    smaller = f"each side {pixels} pixels smaller; zoo.restore makes up for it" if any(shrinks) else "of the same size"
    several = f"; {len(info.outputs)} of them: {', '.join(info.outputs)}" if len(info.outputs) > 1 else ""
    return f"(batch, height, width, {info.channels_out}), {smaller}{several}"


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


def _as_dict(info: zoo.ModelInfo) -> dict[str, Any]:
    """Returns all that is known of a network as plain values."""
    return asdict(info) | {"options": options_of(info.name)}


def _console() -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() else _FILE_WIDTH
    return Console(width=width, highlight=False, soft_wrap=not sys.stdout.isatty())


def _table(*columns: str) -> Any:
    """Returns an empty table; columns of numbers are aligned on the right."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        numbers = column in ("parameters", "frames", _MACS, _FIELD)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    return table


def _parameters(variant: zoo.Variant) -> str:
    """Returns the number of trained weights, and of running statistics where there are any."""
    return f"{variant.parameters:,}" + (f" + {variant.statistics:,}" if variant.statistics else "")


def _starred(info: zoo.ModelInfo, variant: str) -> str:
    """Returns the variant's name, with a star when `create` builds it unasked."""
    return f"{variant} *" if variant == info.default else variant


def _giga(count: int) -> str:
    return f"{count / 1e9:,.2f}"


if __name__ == "__main__":
    sys.exit(main())
