"""What was done before: records and finished trainings, also those of the first version of keys.

Keys of version 1 were hashed from recipes with their prose, so that no later version of this project can compute them.
But a record says what was hashed: whether it holds what an experiment asks is told by comparing choices. Where a record
is silent (it names files by their path, and prepared photographs by a fingerprint of what was made of them), its key of
version 1 is computed from its own words and the experiment's files, and must be the one that it has.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

import zoo
from benchmarks.errors import RunError
from benchmarks.recipes.recipe import choices_of, upgrade
from benchmarks.records import layout, migrate, store
from benchmarks.records.record import Finished, Record, Training
from benchmarks.run import keys
from benchmarks.run.experiment import Experiment
from benchmarks.training.state import BEST, finished
from zoo.inference.modes import usual_mode

_FILE = "file sha256:"


def find(experiment: Experiment) -> Record | None:
    """The finished record of an experiment with all metrics that are asked for, None when there is none.

    Raises:
        RunError: When its file is there and damaged.
    """
    found, protocol = find_any(experiment), experiment.protocol
    has_all = found is not None and found.result.has([card.name for card in protocol.extra], protocol.sources())
    return found if has_all else None


def told(experiment: Experiment) -> Record | None:
    """As `find`; says so where there is one."""
    done = find(experiment)
    if done is not None:
        print(f"{experiment.name}: done before, {done.path.name}", flush=True)
    return done


def find_any(experiment: Experiment) -> Record | None:
    """As `find`, whichever metrics the record has."""
    folder = experiment.request.output.results
    return store.find(folder, experiment.identity, experiment.key) or _record_of_version_1(experiment)


def training_folder(experiment: Experiment) -> Path:
    """Where the experiment's training lies, or shall lie: its own folder, or one finished under a key of version 1."""
    own = experiment.folder
    if own.exists() or experiment.request.training.restart:
        return own
    for folder in sorted(experiment.checkpoints.glob(f"{experiment.model}--{experiment.variant}--*")):
        if finished(folder) and (folder / BEST).is_file() and _same_training(folder, experiment):
            return folder
    return own


def _record_of_version_1(experiment: Experiment) -> Record | None:
    """The newest finished record whose content is what the experiment asks, under whatever key."""
    folder = experiment.request.output.results
    names = "--".join(experiment.identity[name] for name in ("dataset", "protocol", "model", "variant"))
    found = []
    for path in layout.paths(folder):
        if not path.name.startswith(f"{names}--"):
            continue
        try:
            record = store.read(path)
        except RunError:
            # The leaderboard names what cannot be read.
            continue
        if isinstance(record.run, Finished) and same_run(record.run, experiment):
            found.append(record)
    return max(found, key=lambda record: record.run.created, default=None)


def same_run(run: Finished, experiment: Experiment) -> bool:
    """Whether a finished run under a key of version 1 is what an experiment asks.

    Args:
        run: What its record says.
        experiment: What is asked.
    """
    evaluation, training = run.evaluation, run.training if run.weights == "trained" else None
    choices = {
        **run.identity,
        "data": evaluation.fingerprint,
        "training": None if training is None else _choices(training, evaluation.fingerprint, experiment),
        "weights": run.weights.removeprefix(_FILE) if run.weights.startswith(_FILE) else None,
        "seed": evaluation.seed if experiment.protocol.crop else None,
        # The first records do not tell what read their text.
        "engine": evaluation.engine or experiment.choices.get("engine"),
        **_ways(run),
    }
    if keys.used(choices) != experiment.choices:
        return False
    return training is None or not _silent(training) or run.key in _keys_1(run, training, experiment)


def _ways(run: Finished) -> dict[str, object]:
    """How images were restored, in the words of keys; nothing of what was not used."""
    unusual = run.evaluation.inference != usual_mode(run.model, run.variant)
    ways = {
        "tiles": run.evaluation.tiles,
        "blur_step": "guessed" if run.evaluation.blind else None,
        "psf": run.evaluation.psf,
        "inference": run.evaluation.inference if unusual else None,
    }
    return keys.used(msgspec.to_builtins(ways))


def _same_training(folder: Path, experiment: Experiment) -> bool:
    """Whether a finished training under a key of version 1 is the experiment's."""
    section = migrate.training_of(zoo.read_notes(folder / BEST), folder / BEST)
    if section is None or experiment.training_choices is None:
        return False
    selected_on = experiment.data.scored.fingerprint
    if _choices(section, selected_on, experiment) != experiment.training_choices:
        return False
    return not _silent(section) or folder.name.rpartition("--")[2] == _training_key_1(section, selected_on, experiment)


def _choices(section: Training, selected_on: str, experiment: Experiment) -> dict[str, object] | None:
    """The choices of a training; None where its recipe cannot be understood.

    Hashes that it does not tell are taken from the experiment; see `_silent`.
    """
    asked = experiment.training_choices or {}
    try:
        recipe = upgrade(section.recipe)
    except RunError:
        return None
    return keys.used(
        {
            "model": recipe["model"],
            "variant": recipe["variant"],
            "recipe": choices_of(recipe),
            "data": asked.get("data") if recipe["hdc"] else section.fingerprint,
            "seed": section.seed,
            "start": asked.get("start", "unknown") if section.started_from else None,
            "perceptual_weights": asked.get("perceptual_weights"),
            "selected_on": selected_on if section.selected_on else None,
            "natural": section.natural.fingerprint if section.natural else None,
        }
    )


def _silent(section: Training) -> bool:
    """Whether a training's notes leave something open: files by their path, images by a word."""
    recipe = upgrade(section.recipe)
    own_vgg = recipe["adversarial"] is not None and recipe["adversarial"]["content"] == "vgg19"
    return bool(section.started_from or section.selected_on or own_vgg or recipe["hdc"])


def _training_key_1(section: Training, selected_on: str, experiment: Experiment) -> str:
    """The training key of version 1, of a training's own notes and the experiment's files."""
    asked = experiment.training_choices or {}
    parts: dict[str, object] = {
        "recipe": section.recipe,
        "data": asked.get("data"),
        "seed": section.seed,
        "start": asked.get("start") if section.started_from else None,
    }
    if "perceptual_weights" in asked:
        parts["perceptual_weights"] = asked["perceptual_weights"]
    if section.selected_on:
        parts["selected_on"] = selected_on
    if section.natural:
        parts["natural"] = section.natural.fingerprint
    return keys.digest(parts)


def _keys_1(run: Finished, section: Training, experiment: Experiment) -> set[str]:
    """The keys of version 1 that the record of a training can have; they told whether --precision was written out."""
    evaluation = run.evaluation
    parts = {
        **run.identity,
        "data": evaluation.fingerprint,
        "training": _training_key_1(section, evaluation.fingerprint, experiment),
        "weights": None,
        "seed": evaluation.seed if experiment.protocol.crop else None,
        **_ways(run),
    }
    precisions = (None, upgrade(section.recipe)["precision"])
    return {keys.digest({**parts, "precision": precision}) for precision in precisions}
