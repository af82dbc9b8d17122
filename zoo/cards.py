"""The card of a model: what it takes and gives, in words."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from common.notebook import table

if TYPE_CHECKING:
    from zoo.registry import ModelInfo, Variant


def facts(info: ModelInfo, chosen: Mapping[str, Variant]) -> dict[str, str]:
    """What goes below a model's title: source, licence and contract.

    Args:
        info: The model's entry.
        chosen: The variants that are spoken of.

    Returns:
        Text by label.
    """
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


def _input(info: ModelInfo, frames: Sequence[int]) -> str:
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


def _size(info: ModelInfo) -> str:
    """Which heights and widths the model takes."""
    multiple = f"multiples of {info.size_multiple}, " if info.size_multiple > 1 else ""
    # What is left of a side must be at least a pixel.
    least = sorted({max(info.minimum_size, variant.shrink + 1) for variant in info.variants.values()})
    remedy = "; zoo.restore pads other sizes" if max(info.size_multiple, *least) > 1 else ""
    return f"height and width {multiple}at least {' or '.join(map(str, least))}{remedy}"


def _output(info: ModelInfo) -> str:
    """The shape of the output or outputs."""
    shrinks = sorted({variant.shrink for variant in info.variants.values()})
    pixels = " or ".join(str(shrink) for shrink in shrinks)
    smaller = f"each side {pixels} pixels smaller; zoo.restore makes up for it" if any(shrinks) else "of the same size"
    several = f"; {len(info.outputs)} of them: {', '.join(info.outputs)}" if len(info.outputs) > 1 else ""
    return f"(batch, height, width, {info.channels_out}), {smaller}{several}"


def _tiles(info: ModelInfo, chosen: Mapping[str, Variant]) -> str:
    """Whether tiles give what the whole photograph gives."""
    fields = {variant.receptive_field for variant in chosen.values()}
    if None in fields:
        return "a pixel depends on all of the image, so tiles differ a little from the whole photograph"
    beyond = max(field or 1 for field in fields) // 2 + max(info.medians, default=1) // 2
    return f"give what the whole photograph gives with an overlap of {beyond} pixels, which `restore` takes by itself"


def card_html(info: ModelInfo) -> str:
    """The card as a notebook shows it: title, summary, facts and the variants that overviews show."""
    rows = [
        (
            name + (" *" if name == info.default else ""),
            f"{each.parameters:,}",
            f"{each.macs / 1e9:.2f}",
            each.frames,
            each.note,
        )
        for name, each in info.variants.items()
        if each.listed
    ]
    variants = table(rows, ("variant", "parameters", "GMACs at 256x256", "frames", "note"))
    title = f"<p><b>{html.escape(info.title)}</b> ({html.escape(info.name)})<br>{html.escape(info.summary)}</p>"
    return title + table(facts(info, info.variants).items()) + variants
