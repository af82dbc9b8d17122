"""Runs a planned cell of the grid: trains the network if need be, scores it, writes the record and its pictures."""

from __future__ import annotations

import math
from typing import Any

import msgspec

import zoo
from benchmarks.recipes.recipe import Recipe
from benchmarks.records import layout, migrate, record, store
from benchmarks.run.experiment import Cell
from benchmarks.training import pairs as training_pairs
from benchmarks.training.state import BEST, finished
from datasets import frame_store
from datasets.files import weights_hash
from datasets.pairs import Pairs


def run(cell: Cell) -> record.Record:
    """Trains (or loads), scores and records a cell; the finished record is returned at once if there is one."""
    done = store.find(cell.request.results, cell.identity, cell.key)
    if done is not None:
        print(f"{cell.model} / {cell.variant} on {cell.dataset} ({cell.protocol.name}): done before, {done.path.name}")
        return done
    from benchmarks import console
    from benchmarks.evaluation import evaluate, timing
    from benchmarks.records import environment

    model, training, weights = _network(cell)
    print(f"scoring {model.name} on {len(cell.pairs)} pictures of {cell.dataset} ({cell.pairs.coverage})", flush=True)
    ways: dict[str, Any] = {"tiles": cell.request.tiles, "blind": cell.request.guess_steps}
    if cell.known_blur is not None:
        ways["blur_of"] = cell.known_blur.of_pairs(cell.pairs, console.progress_bar)
    with console.progress_bar("scoring") as progress:
        scores = evaluate.evaluate(model, cell.pairs, cell.protocol, cell.request.seed, progress, **ways)
    precision = _precision(model)
    done_now = record.Finished(
        key=cell.key,
        model=cell.model,
        variant=cell.variant,
        dataset=cell.dataset,
        protocol=cell.protocol.name,
        model_facts=record.ModelFacts(parameters=_trained_weights(model), macs_256=zoo.count_macs(model)),
        weights=weights,
        training=training,
        evaluation=_evaluation(cell, precision),
        scores=cell.protocol.summarise(cell.pairs, scores.values),
        timing=msgspec.convert(timing.seconds_per_megapixel(model, precision), record.Timing),
        machine=environment.describe(),
        versions=environment.versions(),
        commit=environment.commit(),
        **_kept(cell, model, scores, ways),
    )
    return store.write(cell.request.results, done_now)


def _evaluation(cell: Cell, precision: str) -> record.Evaluation:
    """What is scored and how, for the record."""
    ways = cell.ways
    return record.Evaluation(
        split=cell.pairs.split,
        coverage=cell.pairs.coverage,
        fingerprint=cell.pairs.fingerprint,
        rule=cell.protocol.rule,
        seed=cell.request.seed,
        precision=precision,
        tiles=msgspec.convert(ways.get("tiles"), record.Tiles | None),
        blind=cell.request.guess_steps,
        psf=msgspec.convert(ways.get("psf"), record.Psf | None),
        engine=cell.protocol.engine(),
    )


def _kept(cell: Cell, model: Any, scores: Any, ways: dict[str, Any]) -> dict[str, Any]:
    """Writes pictures and training curves beside the records, and returns the sections that name them."""
    from benchmarks.evaluation import panels
    from benchmarks.evaluation.predict import restorer
    from benchmarks.records import curves

    folder, stem = cell.request.results, layout.stem_of(cell.identity, cell.key)
    sections: dict[str, Any] = {}
    if cell.request.pictures:
        restore = restorer(model, cell.dataset, **ways)
        kept = panels.save(folder, stem, restore, cell.pairs, cell.protocol, scores, cell.request.pictures)
        sections["panels"] = msgspec.convert(kept, tuple[record.Panel, ...])
    curve = curves.save(folder, stem, cell.folder) if cell.training_key else None
    return sections if curve is None else {**sections, "curve": curve}


def record_failure(cell: Cell, reason: str) -> record.Record:
    """Records that a cell failed and why, so that a grid shows it."""
    return store.write(cell.request.results, record.Failed(key=cell.key, **cell.identity, error=reason))


def _network(cell: Cell) -> tuple[Any, record.Training | None, str]:
    """Returns the network, the record's `training` section and where the weights come from."""
    if cell.recipe is not None and cell.training_pairs is not None:
        return _trained(cell, cell.recipe, cell.training_pairs)
    weights = cell.request.weights
    if weights is None:
        return zoo.create(cell.model, cell.variant), None, "none"
    training = migrate.training_of(zoo.read_notes(weights), weights)
    return zoo.load(weights), training, f"file sha256:{weights_hash(weights)}"


def _trained(cell: Cell, made: Recipe, pairs: Pairs) -> tuple[Any, record.Training, str]:
    """Returns the trained network (training it, unless that is done already), its section and "trained"."""
    from benchmarks.training import loop, state

    request = cell.request
    pairs = training_pairs.prepared(made, pairs, cell.natural)
    if finished(cell.folder) and not request.restart:
        outcome = loop.outcome_of(cell.folder, made, pairs, request.select_on_test)
    else:
        print(
            f"training {made.model} / {made.variant} on {len(pairs)} pairs of {pairs.dataset} ({pairs.coverage})",
            flush=True,
        )
        if request.sample:
            # A sample is small enough to be prepared unasked; decoding would share the cores with the training.
            frame_store.prepare(pairs, request.store)
        options = state.Options(
            request.seed, request.jit, request.resume, request.tensorboard, request.store,
            request.perceptual_weights or "imagenet",
        )  # fmt: skip
        selection = cell.pairs if request.select_on_test else None
        outcome = loop.train(made, pairs, cell.folder, options, request.weights, selection)
    section = record.Training(
        dataset=pairs.dataset,
        split=pairs.split,
        coverage=pairs.coverage,
        fingerprint=pairs.fingerprint,
        pairs=len(pairs),
        profile=request.profile,
        recipe=made.as_dict(),
        seed=request.seed,
        steps=outcome.steps,
        epochs=round(outcome.epochs, 3),
        seconds=round(outcome.seconds, 1),
        best_step=outcome.best_step,
        validation_psnr=outcome.validation_psnr,
        jit=request.jit,
        started_from=str(request.weights) if request.weights else None,
        ratios=tuple(map(float, outcome.ratios)) if outcome.ratios else None,
        selected_on="the scored images" if request.select_on_test else "",
        natural=record.Natural(coverage=cell.natural.coverage, fingerprint=cell.natural.fingerprint)
        if cell.natural is not None
        else None,
    )
    # Whoever scores this file later learns from it what it was trained on.
    zoo.save(outcome.model, cell.folder / BEST, {"training": msgspec.to_builtins(section)})
    return outcome.model, section, "trained"


def _trained_weights(model: Any) -> int:
    """Returns the number of weights that a training moves."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def _precision(model: Any) -> str:
    """Returns the dtype policy of the layers that have weights, float32 when there are none."""
    policies = {layer.dtype_policy.name for layer in model.layers if layer.weights}
    return "+".join(sorted(policies - {"float32"})) or "float32"
