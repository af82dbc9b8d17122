"""What a run record holds, as types: every field is checked when a record is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.errors import RunError
from benchmarks.metrics.summary import Scores

SCHEMA = 2
"""Version of the stored form; `records.migrate` brings older ones up to it."""

EXTERNAL = "external"
"""Weights and variant of what restored outside of the zoo; only its images are known."""

_ENGINE_DIGITS = 12


class Section(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a record. What is at its default is not stored; what a newer version adds is ignored."""


class ModelFacts(Section, frozen=True, kw_only=True):
    """What is counted on the model.

    Attributes:
        parameters: Trainable parameters.
        macs_256: Multiply-accumulates of one pass over an image of 256x256.
    """

    parameters: int
    macs_256: int


class Natural(Section, frozen=True, kw_only=True):
    """Natural photographs that were trained on as well: which share of the official ones, and their fingerprint."""

    coverage: str
    fingerprint: str


class Training(Section, frozen=True, kw_only=True):
    """How the weights were trained.

    Attributes:
        dataset, split, coverage, fingerprint: The training data, named as in `Evaluation`.
        pairs: Training pairs.
        profile: `paper`, `code` or `quick`.
        recipe: The recipe's values in the form of the version that wrote them, see `benchmarks.recipes`.
        seed: Seed of weights, order, crops and augmentation.
        steps: Steps taken.
        epochs: Passes over the pairs, as a decimal number.
        seconds: Time spent.
        best_step: Step of the weights that were kept.
        validation_psnr: Their PSNR in dB on the validation crops; None without a validation split.
        jit: Whether the step was compiled: `auto`, `on` or `off`.
        started_from: The weight file that training started from; None for fresh weights.
        ratios: Trained weights of the outputs' losses; None where there are none.
        selected_on: What the weights were chosen on, where it was the scored images.
        natural: Natural photographs among the pairs; None without.
        name: What a user calls own pairs; empty for other data.
        devices: Devices of all hosts, which shared every batch, in the last part of the training.
        hosts: Hosts.
    """

    dataset: str
    coverage: str
    profile: str
    recipe: dict[str, Any]
    steps: int
    seconds: float
    pairs: int
    split: str = "train"
    fingerprint: str = ""
    seed: int = 0
    epochs: float = 0.0
    best_step: int = 0
    validation_psnr: float | None = None
    jit: str = "auto"
    started_from: str | None = None
    ratios: tuple[float, ...] | None = None
    selected_on: str = ""
    natural: Natural | None = None
    name: str = ""
    devices: int = 1
    hosts: int = 1

    @property
    def budget(self) -> str:
        """What the training cost, for tables."""
        return budget(self.profile, self.steps, self.seconds)

    def choice(self, name: str, default: Any = None) -> Any:
        """A value of the recipe by its name, in whichever of the recipe's groups it stands.

        >>> made = Training(dataset="hdc", coverage="full", profile="quick", steps=1, seconds=1.0, pairs=1,
        ...                 recipe={"loss": "charbonnier", "data": {"noise": 0.03}, "hdc": None})
        >>> made.choice("loss"), made.choice("noise"), made.choice("preparation", "")
        ('charbonnier', 0.03, '')
        """
        groups = (group for group in self.recipe.values() if isinstance(group, dict))
        return next((group[name] for group in (self.recipe, *groups) if name in group), default)


class Tiles(Section, frozen=True, kw_only=True):
    """How large images were cut: side of a tile and the overlap around it in pixels, and whether it was blended."""

    tile: int
    overlap: int
    blend: bool

    @property
    def words(self) -> str:
        """The tiles for a reader.

        >>> Tiles(tile=640, overlap=160, blend=True).words
        'tiles 640 + 160, blended'
        """
        joined = "side by side" if not self.overlap else "blended" if self.blend else "cropped"
        return f"tiles {self.tile} + {self.overlap}, {joined}"


class Psf(Section, frozen=True, kw_only=True):
    """Where the blur was known from, and the fingerprint of the data that it was estimated on."""

    source: str
    fingerprint: str = ""


class Evaluation(Section, frozen=True, kw_only=True):
    """What was scored and how.

    Attributes:
        split: Split of the data set.
        coverage: `full` (the official counts are met), `subset n/N`, `sample`, or of a user's own data what they are.
        fingerprint: Changes with the images.
        rule: The protocol in words.
        seed: Seed of random crops.
        precision: Keras dtype policy of the layers.
        tiles: How large images were cut; None for not at all.
        blind: Whether a model that takes the blur step was scored as if that was not known.
        psf: Where the blur was known from; None for a model that need not know it.
        engine: What reads text for the score, by name (version, model file); empty where nothing is read, and in
            records from before it was kept.
        inference: Where the model took its means, `local` or `global`; empty for a model that goes by none.
        sources: What decides the values of metrics that were asked for beside the protocol's, by their names: the
            files of their weights or parameters; nothing for a metric that needs none.
        name: What a user calls own pairs; empty for other data. Their fingerprint tells which they are.
    """

    split: str
    coverage: str
    fingerprint: str
    rule: str
    seed: int
    precision: str
    tiles: Tiles | None = None
    blind: bool = False
    psf: Psf | None = None
    engine: dict[str, str] = {}
    inference: str = ""
    sources: dict[str, str] = {}
    name: str = ""

    @property
    def engine_words(self) -> str:
        """What reads text for the score, in words; of a model file's digits the first that tell it from others."""
        return ", ".join(f"{name} {value[:_ENGINE_DIGITS]}" for name, value in sorted(self.engine.items()))

    @property
    def setting(self) -> tuple[str, ...]:
        """How images were restored, in words; nothing where it was in the usual way."""
        tiles = self.tiles.words if self.tiles else ""
        means = f"{self.inference} means" if self.inference else ""
        return tuple(part for part in (tiles, means, "blur step guessed" if self.blind else "") if part)


class Timing(Section, frozen=True, kw_only=True):
    """Seconds per megapixel: median and quartiles of the rounds, and the rules they were taken by."""

    median: float
    low: float
    high: float
    height: int
    width: int
    batch: int
    warm_up: int
    rounds: int
    precision: str


class Machine(Section, frozen=True, kw_only=True):
    """The machine of a run; None where its system does not tell.

    Attributes:
        device: Name of the processor or accelerator.
        system: Operating system and architecture.
        python: Version of Python.
        cores: Logical processors.
        memory_gib: Memory in GiB.
        load_average: Processes that wanted to run in the minute before.
        matrix_gflops: Measured rate of float32 matrix products in 10^9 floating-point operations a second.
        settings: How the device computes, where that was chosen: `tf32`, `deterministic`.
    """

    device: str
    system: str
    python: str
    cores: int | None = None
    memory_gib: float | None = None
    load_average: float | None = None
    matrix_gflops: float | None = None
    settings: dict[str, str] = {}


class Panel(Section, frozen=True, kw_only=True):
    """An image that is kept with the run.

    Attributes:
        image: Its name.
        role: `worst`, `median`, `best` or `pNN`.
        score: Its score by the metric that ranks.
        files: Its files, relative to the results folder.
    """

    image: str
    role: str
    score: float
    files: tuple[str, ...]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Own(Section, frozen=True, kw_only=True):
    """Where a model comes from that is a user's own, and what was measured of it.

    Attributes:
        source: What the user gave: `path/to/file.py:function`, `module:function` or a file.
        sha256: The first digits of the file's SHA-256.
        frames: Images along the input's channels.
        size_multiple: What height and width must be multiples of.
        receptive_field: In words; `not measured` where that would take long or cannot be.
    """

    source: str
    sha256: str
    frames: int = 1
    size_multiple: int = 1
    receptive_field: str = "not measured"


class Run(Section, frozen=True, kw_only=True, tag_field="status"):
    """What every record says.

    Attributes:
        key: Ten digits, equal for runs that would compute the same.
        dataset, protocol, model, variant: Names of the experiment.
        created: When, in ISO 8601.
        own: Where the model comes from; None for those of this zoo.
    """

    key: str
    dataset: str
    protocol: str
    model: str
    variant: str
    created: str = msgspec.field(default_factory=_now)
    own: Own | None = None

    @property
    def identity(self) -> dict[str, str]:
        """The names of the experiment."""
        return {name: getattr(self, name) for name in ("model", "variant", "dataset", "protocol")}

    @property
    def name(self) -> str:
        """The model with its variant, as it is written everywhere."""
        return f"{self.model}/{self.variant}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} on {self.dataset}, protocol {self.protocol}: {self._said()}>"

    def _said(self) -> str:
        """How it ended, in a few words."""
        return ""


class Finished(Run, frozen=True, kw_only=True, tag="done"):
    """A run that ended with scores.

    Attributes:
        weights: `trained` in this run, `file sha256:...`, `NAME sha256:...` of published ones with the hash of their
            owner's file, `none`, or `external` where another program restored the images.
        model_facts: What is counted on the model; None for another program.
        training: How the weights were trained; None where they were not, or nobody knows.
        evaluation: What was scored and how.
        scores: Every image's scores and their means.
        timing: Seconds per megapixel; None where images were scored that had been restored before.
        machine: Where.
        versions: Package -> version, and `backend`.
        commit: Of the checkout, with `+` when code differs from it; None outside a checkout.
        panels: Images that are kept.
        curve: File with the numbers of the training curves, relative to the results folder; None without.
    """

    weights: str
    evaluation: Evaluation
    scores: Scores
    machine: Machine
    versions: dict[str, str]
    model_facts: ModelFacts | None = None
    timing: Timing | None = None
    training: Training | None = None
    commit: str | None = None
    panels: tuple[Panel, ...] = ()
    curve: str | None = None

    def _said(self) -> str:
        means = ", ".join(f"{name} {mean.mean:.5g}" for name, mean in self.scores.means.items())
        return f"{means}, {len(self.scores.images)} images"

    def has(self, metrics: Iterable[str], sources: Mapping[str, str]) -> bool:
        """Whether it has these metrics, computed with what `sources` says for those that need it."""
        means, own = self.scores.means, self.evaluation.sources
        return all(name in means and own.get(name) == sources.get(name) for name in metrics)

    def with_metrics_of(self, earlier: Finished) -> Finished:
        """The run with those metrics of an earlier one that it lacks: what was asked for once is not lost later.

        Args:
            earlier: A run that computed the same; one of other images has nothing to add.
        """
        if earlier.scores.images != self.scores.images:
            return self
        lacking = [name for name in earlier.scores.means if name not in self.scores.means]
        own = earlier.evaluation.sources
        scores = msgspec.structs.replace(
            self.scores,
            means=self.scores.means | {name: earlier.scores.means[name] for name in lacking},
            values=self.scores.values | {name: earlier.scores.values[name] for name in lacking},
        )
        sources = self.evaluation.sources | {name: own[name] for name in lacking if name in own}
        evaluation = msgspec.structs.replace(self.evaluation, sources=sources)
        return msgspec.structs.replace(self, scores=scores, evaluation=evaluation)


class Failed(Run, frozen=True, kw_only=True, tag="failed"):
    """A run that ended with an error, in one line."""

    error: str

    def _said(self) -> str:
        return self.error


@dataclass(frozen=True)
class Record:
    """A record as it lies on disk.

    Attributes:
        path: The file.
        run: What it holds.
    """

    path: Path
    run: Finished | Failed

    @property
    def done(self) -> bool:
        """Whether the run ended with scores."""
        return isinstance(self.run, Finished)

    @property
    def result(self) -> Finished:
        """The finished run.

        Raises:
            RunError: When it failed.
        """
        if not isinstance(self.run, Finished):
            raise RunError(f"{self.path}: this run failed ({self.run.error}), so it has no scores; run it again")
        return self.run


def called(dataset: str, name: str) -> str:
    """A data set with what a user calls own pairs.

    >>> called("folder", "rain"), called("reds", "")
    ('folder rain', 'reds')
    """
    return f"{dataset} {name}".rstrip()


def run_key(parts: Mapping[str, Any]) -> str:
    """Ten hexadecimal digits that are equal for runs that would compute the same.

    >>> run_key({"a": 1, "b": 2}) == run_key({"b": 2, "a": 1})
    True
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def content_hash(stored: Mapping[str, Any]) -> str:
    """SHA-256 of a stored record without its own hash: a record that was edited by hand no longer matches."""
    rest = {name: value for name, value in stored.items() if name != "content_hash"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def budget(profile: str, steps: int, seconds: float) -> str:
    """What a training cost, for tables.

    >>> budget("quick", 1800, 61.25)
    'quick, 1,800 steps, 61 s'
    """
    return f"{profile}, {steps:,} steps, {seconds:.0f} s"
