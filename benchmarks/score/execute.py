"""Scores restored images, writes their record and that of the blurry ones, and tells how they compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.errors import RunError
from benchmarks.evaluation import panels
from benchmarks.evaluation.files import FileScores, evaluate_files
from benchmarks.metrics.summary import Scores
from benchmarks.recipes.variants import default_variant
from benchmarks.records import compare, environment, layout, record, store
from benchmarks.records.compare import Difference
from benchmarks.score import csv_files
from benchmarks.score.inputs import Inputs
from benchmarks.score.parser import Request
from common.console import progress as progress_bar
from common.files import expand
from datasets.image import Frame
from datasets.pairs import Pair
from datasets.pipeline import as_float

BASELINE = "identity"
"""The model whose row the blurry images are."""


@dataclass(frozen=True)
class Outcome:
    """What was scored.

    Attributes:
        scores: Every image's scores and their means.
        kept: Their record; None without sharp images, as there is nothing to rank by.
        baseline: The record of the blurry images; None where they are not known.
    """

    scores: Scores
    kept: record.Record | None = None
    baseline: record.Record | None = None


def run(request: Request, inputs: Inputs) -> Outcome:
    """Scores everything and writes what is kept of it.

    Raises:
        RunError, DataError, MetricError, FileError: When something cannot be read, scored or written.
    """
    print(f"scoring {request.name}: {len(inputs.pairs)} images ({inputs.pairs.coverage})", flush=True)
    found = _evaluate(inputs, request.workers)
    print(found.words)
    summary = inputs.protocol.summarise(inputs.pairs, found.scores.values)
    if not request.has_truth:
        if request.table is not None:
            csv_files.write(request.table, summary)
        return Outcome(summary)
    baseline = _baseline(request, inputs) if all(pair.blurry for pair in inputs.pairs) else None
    if request.table is not None:
        csv_files.write(request.table, summary, baseline.result.scores if baseline else None)
    return Outcome(summary, _write(request, inputs, found, summary), baseline)


def _evaluate(inputs: Inputs, workers: int | None) -> FileScores:
    with progress_bar("scoring") as progress:
        return evaluate_files(inputs.restored, inputs.pairs, inputs.protocol, workers, progress)


def _write(request: Request, inputs: Inputs, found: FileScores, summary: Scores) -> record.Record:
    """Writes the record with its images; a name that was scored before on the same data is replaced."""
    identity = _identity(inputs, request.name, record.EXTERNAL)
    key = _key(inputs, identity)
    kept = panels.save(
        request.results,
        layout.stem_of(identity, key),
        _restorer(inputs),
        inputs.pairs,
        inputs.protocol,
        found.scores,
        request.images,
    )
    done = record.Finished(
        key=key,
        **identity,
        weights=record.EXTERNAL,
        panels=msgspec.convert(kept, tuple[record.Panel, ...]),
        **_sections(inputs, summary),
    )
    return store.write(request.results, done)


def _baseline(request: Request, inputs: Inputs) -> record.Record:
    """The record of the blurry images: one that is there and has all that is asked for, or a new one."""
    # The variant that the run command takes, so that both find each other's record.
    identity = _identity(inputs, BASELINE, default_variant(BASELINE, inputs.pairs.dataset, "paper"))
    there = _found(request.results, identity, inputs)
    names = [card.name for card in inputs.protocol.cards]
    if there is not None and there.result.has(names, inputs.protocol.sources()):
        return there
    print("scoring the blurry images", flush=True)
    blurry = tuple(pair.blurry[len(pair.blurry) // 2] for pair in inputs.pairs)
    found = _evaluate(replace(inputs, restored=blurry), request.workers)
    summary = inputs.protocol.summarise(inputs.pairs, found.scores.values)
    if there is not None:
        # Its timing and its images stay, and so do the metrics that were asked for beside another program.
        evaluation = msgspec.structs.replace(there.result.evaluation, sources=inputs.protocol.sources())
        new = msgspec.structs.replace(there.result, scores=summary, evaluation=evaluation)
        return store.write(request.results, new.with_metrics_of(there.result))
    facts = record.ModelFacts(parameters=0, macs_256=0)
    done = record.Finished(
        key=_key(inputs, identity), **identity, weights="none", model_facts=facts, **_sections(inputs, summary)
    )
    return store.write(request.results, done)


def _found(folder: Path, identity: dict[str, Any], inputs: Inputs) -> record.Record | None:
    """The finished record of an experiment on the same data, whatever its key."""
    wanted = (inputs.pairs.fingerprint, inputs.protocol.engine())
    for path in layout.paths(folder):
        if not path.name.startswith(layout.stem_of(identity, "")):
            continue
        try:
            there = store.read(path)
        except RunError:
            # The leaderboard names what cannot be read.
            continue
        if there.done and _marks(there.result.evaluation) == wanted:
            return there
    return None


def _marks(evaluation: record.Evaluation) -> tuple[str, dict[str, str]]:
    return evaluation.fingerprint, evaluation.engine


def _identity(inputs: Inputs, model: str, variant: str) -> dict[str, Any]:
    return {
        "model": model,
        "variant": variant,
        "dataset": inputs.pairs.dataset,
        "protocol": inputs.protocol.name,
    }


def _key(inputs: Inputs, identity: dict[str, Any]) -> str:
    return record.run_key({**identity, "data": inputs.pairs.fingerprint, "engine": inputs.protocol.engine()})


def _sections(inputs: Inputs, summary: Scores) -> dict[str, Any]:
    """What every record of images that were restored before says."""
    pairs, protocol = inputs.pairs, inputs.protocol
    return {
        "evaluation": record.Evaluation(
            split=pairs.split,
            coverage=pairs.coverage,
            fingerprint=pairs.fingerprint,
            rule=protocol.rule,
            seed=0,
            precision="",
            engine=protocol.engine(),
            sources=protocol.sources(),
        ),
        "scores": summary,
        "machine": environment.describe(framework=False),
        "versions": environment.versions(framework=False),
        "commit": environment.commit(),
    }


def _restorer(inputs: Inputs) -> Any:
    """What gives the restored image of a pair, for panels."""
    frames: dict[str, Frame] = {pair.name: frame for pair, frame in zip(inputs.pairs, inputs.restored, strict=True)}

    def restore(_: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
        return np.stack([as_float(frames[pair.name].read()) for pair in pairs])

    return restore


def others(request: Request, inputs: Inputs) -> list[tuple[str, Scores, record.Record | None]]:
    """What the scores shall be compared with, read before anything is scored.

    Args:
        request: What was asked for: `.csv` files, files of records, or parts of their names.
        inputs: What is to be scored.

    Returns:
        What each is called, its scores, and the record that they are of.

    Raises:
        RunError: When one cannot be read, or was scored otherwise.
    """
    found: list[tuple[str, Scores, record.Record | None]] = []
    for name in request.compare:
        if name.lower().endswith(".csv"):
            found.append((name, csv_files.read(expand(name)), None))
            continue
        if not request.has_truth:
            raise RunError("records have scores against sharp images; give --sharp DIR, or compare with a .csv file")
        other = store.find_by_name(request.results, name)
        ours, theirs = (inputs.pairs.dataset, inputs.protocol.name), (other.run.dataset, other.run.protocol)
        if ours != theirs:
            raise RunError(
                f"{other.path.name} was scored on {theirs[0]} by protocol {theirs[1]}, this is {ours[0]} by {ours[1]}; "
                "compare runs of one data set and protocol"
            )
        found.append((other.path.stem, other.result.scores, other))
    return found


def compared(request: Request, outcome: Outcome, other: tuple[str, Scores, record.Record | None]) -> list[Difference]:
    """How the scores differ from those of one of the `others`; RunError when no image is in both."""
    name, scores, of_record = other
    if of_record is not None and outcome.kept is not None:
        return compare.compare(outcome.kept, of_record)
    return compare.differences(outcome.scores, scores, (request.name, name))
