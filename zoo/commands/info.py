"""`python -m zoo info`: the card of one model."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import zoo
from common.console import terminal
from common.references import bibliography
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
    for label, text in _facts(info, chosen).items():
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


def _facts(info: zoo.ModelInfo, chosen: Mapping[str, zoo.Variant]) -> dict[str, str]:
    """What goes below the title: source, licence and contract."""
    frames = sorted({variant.frames for variant in chosen.values()})
    return {
        "paper": info.paper,
        **({"cite": "; ".join(each.text for each in info.references)} if info.references else {}),
        "licence": info.licence,
        "input": _input(info, frames),
        "size": _size(info),
        "output": _output(info),
        "tiles": _tiles(info, chosen),
        **({"blur step": "second input (batch, 1), a number of at least 0"} if info.takes_blur_step else {}),
        **({"psf": "second input (batch, rows, columns, 1), point spread functions"} if info.takes_psf else {}),
    }


def _input(info: zoo.ModelInfo, frames: Sequence[int]) -> str:
    """The shape and the meaning of the input."""
    channels = " or ".join(str(count * info.channels) for count in frames)
    if info.medians:
        meaning = f"grey and its medians of widths {', '.join(str(width) for width in info.medians)}"
    elif not info.colour:
        meaning = f"one grey channel {info.channels} times"
    else:
        meaning = "RGB" + ("; 3 frames are previous, current, next" if max(frames) > 1 else "")
    remedy = "" if info.colour else "; zoo.restore makes it, channel by channel for colour images"
    return f"(batch, height, width, {channels}) in [0, 1], {meaning}{remedy}"


def _size(info: zoo.ModelInfo) -> str:
    """Which heights and widths the model takes."""
    multiple = f"multiples of {info.size_multiple}, " if info.size_multiple > 1 else ""
    # What is left of a side must be at least a pixel.
    least = sorted({max(info.minimum_size, variant.shrink + 1) for variant in info.variants.values()})
    remedy = "; zoo.restore pads other sizes" if max(info.size_multiple, *least) > 1 else ""
    return f"height and width {multiple}at least {' or '.join(map(str, least))}{remedy}"


def _output(info: zoo.ModelInfo) -> str:
    """The shape of the output or outputs."""
    shrinks = sorted({variant.shrink for variant in info.variants.values()})
    pixels = " or ".join(str(shrink) for shrink in shrinks)
    smaller = f"each side {pixels} pixels smaller; zoo.restore makes up for it" if any(shrinks) else "of the same size"
    several = f"; {len(info.outputs)} of them: {', '.join(info.outputs)}" if len(info.outputs) > 1 else ""
    return f"(batch, height, width, {info.channels_out}), {smaller}{several}"


def _tiles(info: zoo.ModelInfo, chosen: Mapping[str, zoo.Variant]) -> str:
    """Whether tiles give what the whole photograph gives."""
    fields = {variant.receptive_field for variant in chosen.values()}
    if None in fields:
        return "a pixel depends on all of the image, so tiles differ a little from the whole photograph"
    beyond = max(field or 1 for field in fields) // 2 + max(info.medians, default=1) // 2
    return f"give what the whole photograph gives with an overlap of {beyond} pixels, which `restore` takes by itself"


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
