"""What `python -m benchmarks.leaderboard --check` looks for: records that must not stand in a table."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks import metrics
from benchmarks.leaderboard import ranking, render
from benchmarks.protocols import PROTOCOLS, Protocol
from benchmarks.records.record import Record
from datasets.registry import info as dataset_info

# Means are kept with six digits.
_ROUNDING = 2e-6


def faults(folder: Path) -> list[str]:
    """Every fault of a results folder, one line each; nothing is written.

    Looked for are records that cannot be read or were changed by hand, two records of one run, lost images, scores
    outside their metric's range, means that are not the mean, runs that moved by more than their interval since the
    leaderboard was made, and a leaderboard that is not what the records say.

    Args:
        folder: The results folder.
    """
    found = ranking.read(folder)
    done, lines = found.done, list(found.problems)
    for record in done:
        lines += [f"{record.path}: {fault}" for fault in (*_split(record), *_scores(record))]
    lines += _same_images(done)
    # A leaderboard cannot be compared with records that cannot be read.
    return lines if lines else _leaderboard(folder, done)


def _split(record: Record) -> Iterator[str]:
    """Yields how a record's images fall short of what it says was scored."""
    run = record.result
    evaluation, images = run.evaluation, run.scores.images
    if len(set(images)) != len(images):
        yield "an image is scored twice; run again"
    if evaluation.split not in dataset_info(run.dataset).splits:
        yield f"{run.dataset} has no split {evaluation.split!r}; run again"
        return
    expected = _expected(run.dataset, evaluation.split, evaluation.coverage, PROTOCOLS[run.protocol])
    if expected is not None and len(images) != expected:
        yield f"{len(images)} images, but {evaluation.coverage} has {expected}; images were lost, run again"


def _expected(dataset: str, split: str, coverage: str, protocol: Protocol) -> int | None:
    """How many images must have been scored, None where only a part of each video counts."""
    subset = re.fullmatch(r"subset (\d+)/\d+", coverage)
    if protocol.triplets or (subset and protocol.every > 1):
        return None
    if subset:
        return int(subset[1])
    return dataset_info(dataset).splits[split] // protocol.every if coverage == "full" else None


def _scores(record: Record) -> Iterator[str]:
    """Yields scores that cannot be."""
    scores = record.result.scores
    for name, values in scores.values.items():
        card, mean = metrics.METRICS[name], scores.means[name].mean
        present = [value for value in values if value is not None]
        outside = [value for value in present if not card.accepts(value) or math.isinf(value)]
        if outside:
            low, high = card.bounds
            yield f"{name}: {outside[0]} is outside of [{low:g}, {high:g}]; run again"
        elif present and abs(sum(present) / len(present) - mean) > _ROUNDING:
            yield f"{name}: the mean {mean} is not that of the images; run again"


def _same_images(done: Sequence[Record]) -> list[str]:
    """The records whose images are not those of the others that were scored on the same data."""

    def data(record: Record) -> tuple[str, ...]:
        return record.run.dataset, record.run.protocol, record.result.evaluation.fingerprint

    lines = []
    for _, group in groupby(sorted(done, key=data), data):
        first, *rest = group
        images = set(first.result.scores.images)
        for record in rest:
            differing = images.symmetric_difference(record.result.scores.images)
            if differing:
                lines.append(
                    f"{record.path}: not the images of {first.path.name}, which was scored on the same data "
                    f"({len(differing)} differ, {min(differing)} is the first); run again"
                )
    return lines


def _leaderboard(folder: Path, done: Sequence[Record]) -> list[str]:
    """How the leaderboard on disk differs from the records."""
    path = folder / "leaderboard.csv"
    remedy = "make it anew with python -m benchmarks.leaderboard"
    try:
        text = path.read_text(encoding="utf-8")
        before = {row.get("record"): row for row in csv.DictReader(text.splitlines())}
    except OSError as error:
        return [f"{path}: {error.strerror}; {remedy}"] if done else []
    except (UnicodeDecodeError, csv.Error):
        return [f"{path}: no table; {remedy}"]
    lines = [fault for record in done for fault in _moved(record, before.get(record.path.name))]
    if not lines and text != render.to_csv(ranking.rank(done), render.foreign_columns(folder)):
        lines.append(f"{path}: not what the records say; {remedy}")
    return lines


def _moved(record: Record, row: dict[str, str] | None) -> Iterator[str]:
    """Yields the scores of a run that left the interval they had when the leaderboard was made."""
    for name, now in record.result.scores.means.items():
        try:
            low, high = (float((row or {})[f"{name}_{end}"]) for end in ("low", "high"))
        except (KeyError, ValueError):
            continue
        if not low - _ROUNDING <= now.mean <= high + _ROUNDING:
            yield (
                f"{record.path}: {name} moved to {now.mean} from [{low}, {high}] in leaderboard.csv; find out why, "
                "then make the leaderboard anew"
            )
