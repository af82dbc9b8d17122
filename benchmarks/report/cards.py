"""The content of the cards of networks and data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import zoo
from benchmarks.protocols import PROTOCOLS
from benchmarks.records import Record
from datasets.registry import DatasetInfo
from zoo.registry import field_of


def model(info: zoo.ModelInfo, done: Sequence[Record]) -> dict[str, Any]:
    """Returns the card of a network."""
    variants = [
        {
            "name": f"{name} (default)" if name == info.default else name,
            "parameters": f"{variant.parameters:,}",
            "macs": f"{variant.macs / 1e9:.2f}",
            "field": field_of(variant),
            "frames": variant.frames,
            "options": ", ".join(f"{option}={value}" for option, value in variant.options.items()),
            "note": variant.note,
        }
        for name, variant in info.variants.items()
    ]
    facts = {
        "name": info.name, "paper": info.paper, "licence of the authors' code": info.licence,
        "takes": "colour pictures" if info.colour else "grey pictures; colour ones channel by channel",
        "sides": f"multiples of {info.size_multiple}; zoo.restore pads others" if info.size_multiple > 1 else "any",
        "needs": "the blur step" if info.takes_blur_step else "the point spread function" if info.takes_psf else "",
        "use": f'zoo.create("{info.name}")',
    }  # fmt: skip
    return {
        "name": info.name, "title": info.title, "summary": info.summary, "layout": "", "variants": variants,
        "parameters": info.variant().parameters, "facts": [(name, value) for name, value in facts.items() if value],
        "runs": _runs(done, lambda content: content["model"] == info.name),
    }  # fmt: skip


def dataset(info: DatasetInfo, done: Sequence[Record]) -> dict[str, Any]:
    """Returns the card of a data set."""
    facts = {
        "name": info.name, "source": info.source, "licence": info.licence, "size": info.size,
        "splits": ", ".join(f"{split}: {count:,} pairs" for split, count in info.splits.items()),
        "protocols": ", ".join(info.protocols) or "none: sharp pictures only",
    }  # fmt: skip
    return {
        "name": info.name, "title": info.title, "summary": info.summary, "layout": info.layout, "variants": [],
        "facts": list(facts.items()), "runs": _runs(done, lambda content: content["dataset"] == info.name),
    }  # fmt: skip


def _runs(done: Sequence[Record], fits: Callable[[Any], bool]) -> list[dict[str, str]]:
    """Returns the runs that fit, with their score by the metric that ranks."""
    found = []
    for record in done:
        content = record.content
        if fits(content):
            card = PROTOCOLS[content["protocol"]].main
            mean = content["scores"]["means"][card.name]["mean"]
            found.append({
                "stem": record.path.stem, "score": f"{card.title} {card.shown(mean)}",
                "title": f"{content['model']} / {content['variant']} on {content['dataset']}, {content['protocol']}, "
                f"{content['evaluation']['coverage']}",
            })  # fmt: skip
    return found
