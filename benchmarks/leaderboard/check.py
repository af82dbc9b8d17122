"""What `python -m benchmarks.leaderboard --check` looks for: records that must not stand in a table."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks import metrics
from benchmarks.errors import RunError
from benchmarks.leaderboard import ranking, render
from benchmarks.protocols import PROTOCOLS, Protocol
from benchmarks.records import layout, store
from benchmarks.records.record import Record
from datasets.registry import info as dataset_info

# Means are kept with six digits.
_ROUNDING = 2e-6


def faults(folder: Path) -> list[str]:
    """Returns every fault of a results folder, one line each; nothing is written.

    Looked for are records that cannot be read or were changed by hand, two records of one run, lost images, scores
    outside their metric's range, means that are not the mean, runs that moved by more than their interval since the
    leaderboard was made, and a leaderboard that is not what the records say.

    Args:
        folder: The results folder.
    """
    found, broken = _readable(folder)
    done = [record for record in found if record.done]
    lines = broken + list(_duplicates(found))
    for record in done:
        lines += [f"{record.path}: {fault}" for fault in (*_split(record), *_scores(record))]
    lines += _same_images(done)
    # A leaderboard cannot be compared with records that cannot be read.
    return lines if lines else _leaderboard(folder, done)


def _readable(folder: Path) -> tuple[list[Record], list[str]]:
    """Returns the records that can be read, and what is wrong with the others."""
    found, broken = [], []
    for path in layout.paths(folder):
        try:
            found.append(store.read(path))
        except RunError as error:
            broken.append(str(error))
    return found, broken


def _duplicates(found: Sequence[Record]) -> Iterator[str]:
    """Yields records that do not lie under their own name, as a copy does not."""
    for record in found:
        expected = layout.path_of(record.path.parents[1], record.content)
        if record.path != expected:
            other = "which is there too: a duplicate" if expected.exists() else "which is missing"
            yield f"{record.path}: holds the run of {expected.name}, {other}; delete or rename it"


def _split(record: Record) -> Iterator[str]:
    """Yields how a record's images fall short of what it says was scored."""
    content = record.content
    protocol, coverage = PROTOCOLS.get(content["protocol"]), content["evaluation"]["coverage"]
    images = content["scores"]["images"]
    if protocol is None:
        yield f"unknown protocol {content['protocol']!r}; known are {', '.join(PROTOCOLS)}"
        return
    if len(set(images)) != len(images):
        yield "an image is scored twice; run again"
    expected = _expected(content["dataset"], content["evaluation"]["split"], coverage, protocol)
    if expected is not None and len(images) != expected:
        yield f"{len(images)} images, but {coverage} has {expected}; images were lost, run again"


def _expected(dataset: str, split: str, coverage: str, protocol: Protocol) -> int | None:
    """Returns how many images must have been scored, None where only a part of each video counts."""
    subset = re.fullmatch(r"subset (\d+)/\d+", coverage)
    if protocol.triplets or (subset and protocol.every > 1):
        return None
    if subset:
        return int(subset[1])
    return dataset_info(dataset).splits[split] // protocol.every if coverage == "full" else None


def _scores(record: Record) -> Iterator[str]:
    """Yields scores that cannot be."""
    scores = record.content["scores"]
    for name, values in scores["values"].items():
        card = metrics.METRICS.get(name)
        if card is None:
            yield f"unknown metric {name!r}; known are {', '.join(metrics.METRICS)}"
            continue
        if len(values) != len(scores["images"]):
            yield f"{name}: {len(values)} values for {len(scores['images'])} images; run again"
        present = [value for value in values if value is not None]
        outside = [value for value in present if not card.accepts(value) or math.isinf(value)]
        if outside:
            low, high = card.bounds
            yield f"{name}: {outside[0]} is outside of [{low:g}, {high:g}]; run again"
        elif present and abs(sum(present) / len(present) - scores["means"][name]["mean"]) > _ROUNDING:
            yield f"{name}: the mean {scores['means'][name]['mean']} is not that of the images; run again"


def _same_images(done: Sequence[Record]) -> list[str]:
    """Returns the records whose images are not those of the others that were scored on the same data."""

    def data(record: Record) -> tuple[str, ...]:
        evaluation = record.content["evaluation"]
        return record.content["dataset"], record.content["protocol"], evaluation["fingerprint"]

    lines = []
    for _, group in groupby(sorted(done, key=data), data):
        first, *rest = group
        images = set(first.content["scores"]["images"])
        for record in rest:
            differing = images.symmetric_difference(record.content["scores"]["images"])
            if differing:
                lines.append(
                    f"{record.path}: not the images of {first.path.name}, which was scored on the same data "
                    f"({len(differing)} differ, {min(differing)} is the first); run again"
                )
    return lines


def _leaderboard(folder: Path, done: Sequence[Record]) -> list[str]:
    """Returns how the leaderboard on disk differs from the records."""
    path = folder / "leaderboard.csv"
    remedy = "make it anew with python -m benchmarks.leaderboard"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return [f"{path}: {error.strerror}; {remedy}"] if done else []
    before = {row.get("record"): row for row in csv.DictReader(text.splitlines())}
    lines = [fault for record in done for fault in _moved(record, before.get(record.path.name))]
    if not lines and text != render.to_csv(ranking.standings(done), render.foreign_columns(folder)):
        lines.append(f"{path}: not what the records say; {remedy}")
    return lines


def _moved(record: Record, row: dict[str, str] | None) -> Iterator[str]:
    """Yields the scores of a run that left the interval they had when the leaderboard was made."""
    for name, now in record.content["scores"]["means"].items():
        try:
            low, high = (float((row or {})[f"{name}_{end}"]) for end in ("low", "high"))
        except (KeyError, ValueError):
            continue
        if not low - _ROUNDING <= now["mean"] <= high + _ROUNDING:
            yield (
                f"{record.path}: {name} moved to {now['mean']} from [{low}, {high}] in leaderboard.csv; find out why, "
                "then make the leaderboard anew"
            )
