"""Runs a planned experiment: trains the model if need be, scores it, writes the record with its images and curves."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras
import msgspec

import zoo
from benchmarks.evaluation import evaluate, panels, scoring, timing
from benchmarks.evaluation.predict import Restorer, remembering, restorer
from benchmarks.recipes.recipe import Recipe
from benchmarks.records import curves, environment, layout, migrate, record, store
from benchmarks.run import config, earlier, estimate, fitting, own, own_data
from benchmarks.run.checks import refuse_unfinished
from benchmarks.run.experiment import Experiment, weights_id
from benchmarks.training import devices, hosts, loop, state
from benchmarks.training import pairs as training_pairs
from common.console import progress as progress_bar
from common.progress import Progress
from datasets import frame_store
from datasets.pairs import Pairs
from zoo.analysis.macs import count_parameters
from zoo.analysis.receptive_field import measured_field


class Runner:
    """Runs the experiments of one command, which can share trainings."""

    def __init__(self) -> None:
        # With --restart a training is begun anew once, not for every data set that is scored with it.
        self._trained: set[Path] = set()

    def run(self, experiment: Experiment) -> record.Record:
        """Trains (or loads), scores and records an experiment; a finished record is returned at once.

        Raises:
            RunError, DataError, ZooError, MetricError: When it cannot be done.
        """
        experiment = fitting.fitted(experiment)
        done = earlier.told(experiment)
        if done is not None:
            return done
        model, training, weights = self._model(experiment)
        if experiment.inference:
            model = zoo.inference_mode(model, experiment.inference)
        pairs = experiment.data.scored
        print(f"scoring {experiment.name}: {len(pairs)} images ({pairs.coverage})", flush=True)
        estimate.announce(estimate.scoring(model, pairs, experiment.protocol.crop, experiment.tiles))
        restore = _restorer(experiment, model)
        with progress_bar("scoring") as progress:
            scores = evaluate.evaluate(restore, pairs, experiment.protocol, experiment.seed, progress)
        precision = _precision(model)
        before = earlier.find_any(experiment)
        # A record that lacks metrics is replaced, whatever its key is made of.
        key = experiment.key if before is None else before.run.key
        finished = record.Finished(
            key=key,
            model=experiment.model,
            variant=experiment.variant,
            dataset=experiment.dataset,
            protocol=experiment.protocol.name,
            own=own.section(experiment, lambda: measured_field(experiment.model, experiment.variant)),
            model_facts=record.ModelFacts(parameters=count_parameters(model), macs_256=zoo.count_macs(model)),
            weights=weights,
            training=training,
            evaluation=_evaluation(experiment, precision),
            scores=experiment.protocol.summarise(pairs, scores.values),
            timing=msgspec.convert(timing.seconds_per_megapixel(model, precision), record.Timing),
            machine=environment.describe(settings=experiment.request.training.compute.settings),
            versions=environment.versions(),
            commit=environment.commit(),
            **_kept(experiment, key, restore, scores),
        )
        if before is not None:
            finished = finished.with_metrics_of(before.result)
        config.save(experiment)
        return store.write(experiment.request.output.results, finished)

    def train(self, experiment: Experiment) -> None:
        """Trains the model of an experiment that trains one, unless that is done already.

        Raises:
            RunError, DataError, ZooError: When it cannot be done.
        """
        self._model(experiment)

    def _model(self, experiment: Experiment) -> tuple[keras.Model, record.Training | None, str]:
        """The model, the record's `training` section and where the weights come from."""
        if experiment.recipe is not None and experiment.data.training is not None:
            return self._trained_model(experiment, experiment.recipe, experiment.data.training)
        weights, brought = experiment.options.weights, zoo.info(experiment.model).own_weights
        if weights is None:
            model = zoo.create(experiment.model, experiment.variant)
            return model, None, "none" if brought is None else f"file sha256:{brought.sha256}"
        training = migrate.training_of(zoo.read_notes(weights), weights)
        told = weights_id(experiment.options)
        return zoo.load(weights), training, f"{told}" if experiment.options.published else f"file sha256:{told}"

    def _trained_model(
        self, experiment: Experiment, recipe: Recipe, pairs: Pairs
    ) -> tuple[keras.Model, record.Training, str]:
        """The trained model (training it, unless that is done already), its section and "trained"."""
        pairs = training_pairs.prepared(recipe, pairs, experiment.data.natural, progress_bar)
        folder = earlier.training_folder(experiment)
        with state.held(folder, lambda: _say_waiting(experiment, folder)):
            anew = experiment.request.training.restart and folder not in self._trained
            if state.finished(folder) and not anew:
                outcome = loop.outcome_of(folder, recipe, pairs, experiment.options.select_on_test)
            else:
                # While this command waited another one may have begun here, and been stopped.
                refuse_unfinished(experiment)
                outcome = _train(experiment, recipe, pairs, folder)
            self._trained.add(folder)
            section = _section(experiment, recipe, pairs, outcome)
            # Whoever scores this file later learns from it what it was trained on.
            zoo.save(outcome.model, folder / state.BEST, {"training": msgspec.to_builtins(section)})
        return outcome.model, section, "trained"


def _say_waiting(experiment: Experiment, folder: Path) -> None:
    name = f"{experiment.model}/{experiment.variant}"
    print(f"{name} is being trained by another command in {folder}; waiting for its end", flush=True)


def _train(experiment: Experiment, recipe: Recipe, pairs: Pairs, folder: Path) -> state.Outcome:
    """Trains the model of an experiment, or goes on with its training."""
    request = experiment.request
    print(
        f"training {recipe.model}/{recipe.variant} on {len(pairs)} pairs of {pairs.dataset} ({pairs.coverage})",
        flush=True,
    )
    if request.data.sample:
        # A sample is small enough to be prepared unasked; decoding would share the cores with the training.
        frame_store.prepare(pairs, request.data.store)
    on = devices.found(request.training.compute, recipe)
    options = training_options(experiment, on)
    if on.count > 1:
        print(f"on {on.words}, {recipe.data.batch // on.count} crops of every batch each", flush=True)
    if on.hosts > 1:
        # The others wait to be told that there is something to train.
        hosts.told(1)
    selection = experiment.data.scored if experiment.options.select_on_test else None
    taken = zoo.read_notes(folder / state.LAST)["step"] if options.resume and (folder / state.LAST).is_file() else 0
    model = zoo.create(recipe.model, recipe.variant)
    estimate.announce(estimate.training(recipe, model, len(pairs), taken))
    with _training_bar() as report:
        return loop.train(recipe, pairs, folder, options, experiment.options.weights, selection, report)


def training_options(experiment: Experiment, on: devices.Devices) -> state.Options:
    """How the training of an experiment runs on some devices."""
    request = experiment.request
    return state.Options(
        seed=experiment.seed,
        jit=request.training.jit,
        resume=request.training.resume,
        tensorboard=request.training.tensorboard,
        store=request.data.store,
        perceptual_weights=experiment.options.perceptual_weights or "imagenet",
        devices=on,
    )


def _training_bar() -> AbstractContextManager[Progress | None]:
    """What shows how far a training is: on a terminal Keras' own bar, with its losses, else a line now and then."""
    return nullcontext() if sys.stdout.isatty() else progress_bar("training")


def _section(experiment: Experiment, recipe: Recipe, pairs: Pairs, outcome: state.Outcome) -> record.Training:
    """What records and weight files say of a training."""
    request, options, natural = experiment.request, experiment.options, experiment.data.natural
    return record.Training(
        dataset=pairs.dataset,
        split=pairs.split,
        coverage=pairs.coverage,
        fingerprint=pairs.fingerprint,
        pairs=len(pairs),
        profile=request.training.profile,
        recipe=recipe.as_dict(),
        seed=experiment.seed,
        steps=outcome.steps,
        epochs=round(outcome.epochs, 3),
        seconds=round(outcome.seconds, 1),
        best_step=outcome.best_step,
        validation_psnr=outcome.validation_psnr,
        jit=request.training.jit,
        started_from=options.published or _start(experiment),
        ratios=outcome.ratios,
        selected_on="the scored images" if options.select_on_test else "",
        natural=None if natural is None else record.Natural(coverage=natural.coverage, fingerprint=natural.fingerprint),
        name=own_data.name_of(pairs, experiment.data.scored, request.data.name),
        devices=outcome.devices,
        hosts=outcome.hosts,
    )


def _start(experiment: Experiment) -> str | None:
    """The file whose weights a training starts from; None for fresh ones."""
    brought = zoo.info(experiment.model).own_weights
    if brought is not None:
        return brought.source
    return None if experiment.options.weights is None else str(experiment.options.weights)


def _evaluation(experiment: Experiment, precision: str) -> record.Evaluation:
    """What is scored and how, for the record."""
    pairs, ways = experiment.data.scored, experiment.ways
    return record.Evaluation(
        split=pairs.split,
        coverage=pairs.coverage,
        fingerprint=pairs.fingerprint,
        rule=experiment.protocol.rule,
        seed=experiment.seed,
        precision=precision,
        tiles=msgspec.convert(ways.get("tiles"), record.Tiles | None),
        blind=experiment.options.blind,
        psf=msgspec.convert(ways.get("psf"), record.Psf | None),
        engine=experiment.protocol.engine(),
        inference=experiment.inference,
        sources=experiment.protocol.sources(),
        name=own_data.name_of(pairs, pairs, experiment.request.data.name),
    )


def _restorer(experiment: Experiment, model: keras.Model) -> Restorer:
    """What restores the experiment's images."""
    known = experiment.data.known_blur
    blur_of = None if known is None else known.of_pairs(experiment.data.scored, progress_bar)
    return remembering(restorer(model, experiment.dataset, experiment.tiles, experiment.options.blind, blur_of))


def _kept(experiment: Experiment, key: str, restore: Restorer, scores: scoring.Scores) -> dict[str, Any]:
    """Writes images and training curves beside the records, and returns the sections that name them."""
    folder = experiment.request.output.results
    stem = layout.stem_of(experiment.identity, key)
    count, sections = experiment.request.output.images, dict[str, Any]()
    if count:
        kept = panels.save(folder, stem, restore, experiment.data.scored, experiment.protocol, scores, count)
        sections["panels"] = msgspec.convert(kept, tuple[record.Panel, ...])
    curve = curves.save(folder, stem, earlier.training_folder(experiment)) if experiment.training_key else None
    return sections if curve is None else {**sections, "curve": curve}


def _precision(model: keras.Model) -> str:
    """The dtype policy of the layers that have weights, float32 when there are none."""
    policies = {layer.dtype_policy.name for layer in model.layers if layer.weights}
    return "+".join(sorted(policies - {"float32"})) or "float32"
