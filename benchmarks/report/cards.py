"""The content of the cards of models and data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zoo
from benchmarks.leaderboard import rows
from benchmarks.protocols import PROTOCOLS
from benchmarks.records.record import Finished, called
from datasets.registry import DatasetInfo
from zoo.registry import field_of


def model(info: zoo.ModelInfo, ranked: Sequence[rows.Row]) -> dict[str, Any]:
    """The card of a model."""
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
        "name": info.name,
        "paper": info.paper,
        "licence of the authors' code": info.licence,
        "takes": "colour images" if info.colour else "grey images; colour ones channel by channel",
        "sides": _sides(info.size_multiple),
        "needs": "the blur step" if info.takes_blur_step else "the point spread function" if info.takes_psf else "",
        "use": f'zoo.create("{info.name}")',
    }
    return {
        "name": info.name,
        "title": info.title,
        "summary": info.summary,
        "layout": "",
        "variants": variants,
        "parameters": info.variant().parameters,
        "facts": [(name, value) for name, value in facts.items() if value],
        "runs": _runs(ranked, "model", info.name),
    }


def own(run: Finished, ranked: Sequence[rows.Row]) -> dict[str, Any]:
    """The card of a user's own model, by what the record of its last run says."""
    counted = run.model_facts
    assert run.own is not None and counted is not None
    variant = {
        "name": run.variant,
        "parameters": f"{counted.parameters:,}",
        "macs": f"{counted.macs_256 / 1e9:.2f}",
        "field": run.own.receptive_field,
        "frames": run.own.frames,
        "options": "",
        "note": "as of its last run",
    }
    facts = {
        "name": run.model,
        "built by": run.own.source,
        "SHA-256 of the file": run.own.sha256,
        "takes": "colour images",
        "sides": _sides(run.own.size_multiple),
        "use": f'zoo.register_own("{run.own.source}"), then zoo.create("{run.model}")',
    }
    return {
        "name": run.model,
        "title": f"{run.model} (a user's own model)",
        "summary": "Not of this zoo: whoever ran it gave the file. What is said of it was measured.",
        "layout": "",
        "variants": [variant],
        "parameters": counted.parameters,
        "facts": list(facts.items()),
        "runs": _runs(ranked, "model", run.model),
    }


def _sides(multiple: int) -> str:
    return f"multiples of {multiple}; zoo.restore pads others" if multiple > 1 else "any"


def dataset(info: DatasetInfo, ranked: Sequence[rows.Row]) -> dict[str, Any]:
    """The card of a data set."""
    facts = {
        "name": info.name,
        "source": info.source,
        "licence": info.licence,
        "size": info.size,
        "splits": info.official,
        "protocols": ", ".join(info.protocols) or "none: sharp images only",
    }
    return {
        "name": info.name,
        "title": info.title,
        "summary": info.summary,
        "layout": info.layout,
        "variants": [],
        "facts": list(facts.items()),
        "runs": _runs(ranked, "dataset", info.name),
    }


def _runs(ranked: Sequence[rows.Row], name: str, value: str) -> list[dict[str, str]]:
    """The runs that have a value in a column of the leaderboard, with place and score."""
    found = []
    for row in ranked:
        if row[name] == value:
            card = PROTOCOLS[row["protocol"]].main
            data = called(row["dataset"], row["data_name"])
            title = f"{row['model']}/{row['variant']} on {data}, {row['protocol']}, {row['data']}"
            setting = rows.setting(row)
            found.append(
                {
                    "stem": Path(row["record"]).stem,
                    "title": f"{title}; {setting}" if setting else title,
                    "score": f"{card.title} {card.shown(row[card.name])}, rank {row['rank']}",
                }
            )
    return found
