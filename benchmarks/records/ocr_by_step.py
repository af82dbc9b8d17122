"""Character recognition by blur step: the mean score of a step hides that some pages are read and others are not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from benchmarks.records import markdown
from benchmarks.records.record import Record

PERCENTILES = (5, 25, 50, 75, 95)
HEADER = ("model", "step", "photographs", "mean", *(f"P{percentile}" for percentile in PERCENTILES))

_PROTOCOL, _METRIC = "ocr", "ocr"
_PAGE = re.compile(r"step([0-9]+)/")


@dataclass(frozen=True)
class Step:
    """The scores of one blur step.

    Attributes:
        step: Blur step.
        images: Photographs that were scored.
        mean: Their mean score in percent.
        percentiles: The scores below which `PERCENTILES` of them lie, linearly between two photographs.
    """

    step: int
    images: int
    mean: float
    percentiles: tuple[float, ...]


def by_step(record: Record) -> list[Step]:
    """The steps of a record of the Helsinki challenge in their order; an empty list for another protocol."""
    if not record.done or record.run.protocol != _PROTOCOL:
        return []
    scores = record.result.scores
    pages: dict[int, list[float]] = {}
    for name, score in zip(scores.images, scores.values[_METRIC], strict=True):
        page = _PAGE.match(name)
        if page:
            pages.setdefault(int(page[1]), []).append(score or 0.0)
    return [
        Step(step, len(own), float(np.mean(own)), tuple(float(each) for each in np.percentile(own, PERCENTILES)))
        for step, own in sorted(pages.items())
    ]


def tables(found: Sequence[Record]) -> list[tuple[str, list[list[str]]]]:
    """A title and lines of text, see `HEADER`, for each set of photographs that was scored.

    Args:
        found: Records; those of other protocols are left out.
    """

    def photographs(record: Record) -> str:
        evaluation = record.result.evaluation
        title = f"{record.run.dataset} by blur step, {evaluation.coverage} (data {evaluation.fingerprint})"
        return f"{title}, engine {evaluation.engine_words}" if evaluation.engine else title

    scored = sorted((record for record in found if by_step(record)), key=photographs)
    return [
        (title, [line for record in group for line in _lines(record)]) for title, group in groupby(scored, photographs)
    ]


def to_markdown(found: Sequence[Record]) -> str:
    """The tables in Markdown; nothing where no record has blur steps."""
    parts = []
    for title, lines in tables(found):
        parts += [f"## {title}", "", "OCR scores in percent: mean and percentiles (P) of the photographs."]
        parts += ["", *markdown.table(HEADER, lines), ""]
    return "\n".join(parts)


def _lines(record: Record) -> list[list[str]]:
    """One line of text for each blur step."""
    name = ", ".join((record.run.name, *record.result.evaluation.setting))
    return [
        [name, str(each.step), str(each.images), *(f"{value:.1f}" for value in (each.mean, *each.percentiles))]
        for each in by_step(record)
    ]
