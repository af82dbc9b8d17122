"""An experiment: a model on a data set, with all that was decided before any long work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.protocols import Protocol
from benchmarks.recipes.recipe import Recipe
from benchmarks.run import keys
from benchmarks.run.data import ExperimentData
from benchmarks.run.request import ModelOptions, Request
from common.files import HASH_DIGITS, file_hash
from zoo.inference.modes import usual_mode
from zoo.inference.tiling import Tiles
from zoo.registry import Own
from zoo.weights.store import source_hash, source_of

WEIGHTS_WANTED = ".keras file with --weights"
"""What a user shall give where a weight file cannot be read."""


@dataclass(frozen=True)
class Experiment:
    """A model on a data set with all that was decided before any long work.

    Attributes:
        request: What the command line asks for.
        options: What of it is asked of this model.
        model, variant, dataset: Names.
        seed: Seed of everything random.
        protocol: How is scored.
        recipe: How to train; None without training.
        data: What to score and to train on.
        tiles: How large images are cut for scoring; None restores them whole.
        own: Where a user's own model comes from, whose file is part of the keys; None for those of the zoo.
    """

    request: Request
    options: ModelOptions
    model: str
    variant: str
    dataset: str
    seed: int
    protocol: Protocol
    recipe: Recipe | None
    data: ExperimentData
    tiles: Tiles | None = None
    own: Own | None = None

    @property
    def name(self) -> str:
        """The experiment in a few words, for lines on the screen."""
        matters = self.recipe is not None or self.protocol.crop
        seed = f", seed {self.seed}" if matters and len(self.request.seeds) > 1 else ""
        return f"{self.model}/{self.variant} on {self.dataset} ({self.protocol.name}){seed}"

    @property
    def identity(self) -> dict[str, str]:
        """The names of a record."""
        return {
            "model": self.model,
            "variant": self.variant,
            "dataset": self.dataset,
            "protocol": self.protocol.name,
        }

    @cached_property
    def training_choices(self) -> dict[str, object] | None:
        """All that decides what the training computes, as plain values; None without training."""
        if self.recipe is None or self.data.training is None:
            return None
        critic = self.recipe.adversarial
        own_vgg = self.options.perceptual_weights if critic is not None and critic.content == "vgg19" else None
        choices = {
            "model": self.model,
            "variant": self.variant,
            "recipe": self.recipe.choices(),
            "data": self.data.training.fingerprint,
            "seed": self.seed,
            "start": weights_id(self.options),
            "own": self.own and self.own.sha256,
            "perceptual_weights": _hash(own_vgg),
            "selected_on": self.data.scored.fingerprint if self.options.select_on_test else None,
            "natural": self.data.natural.fingerprint if self.data.natural is not None else None,
        }
        return keys.used(choices)

    @cached_property
    def choices(self) -> dict[str, object]:
        """All that decides what the record says, as plain values."""
        choices = {
            **self.identity,
            "data": self.data.scored.fingerprint,
            "training": self.training_choices,
            "weights": weights_id(self.options) if self.recipe is None else None,
            "own": self.own and self.own.sha256,
            "seed": self.seed if self.protocol.crop else None,
            "engine": self.protocol.engine() or None,
            **self.ways,
        }
        return keys.used(choices)

    @cached_property
    def training_key(self) -> str | None:
        """Equal for trainings that compute the same; None without training."""
        return None if self.training_choices is None else keys.key_of(self.training_choices)

    @cached_property
    def key(self) -> str:
        """Equal for experiments that would give the same record."""
        return keys.key_of(self.choices)

    @property
    def inference(self) -> str:
        """Where the model takes its means, see `zoo.inference_mode`; empty for a model that goes by none."""
        return self.options.inference or usual_mode(self.model, self.variant)

    @cached_property
    def ways(self) -> dict[str, object]:
        """What keys and records say of how images are restored; nothing of what is not used."""
        ways: dict[str, object] = {}
        if self.tiles is not None:
            ways["tiles"] = asdict(self.tiles)
        if self.options.blind:
            ways["blur_step"] = "guessed"
        asked = self.options.inference
        if asked and asked != usual_mode(self.model, self.variant):
            ways["inference"] = asked
        if self.data.known_blur is not None:
            ways["psf"] = self.data.known_blur.as_dict()
        return ways

    @property
    def checkpoints(self) -> Path:
        """Where the trainings of all experiments lie."""
        return self.request.output.results / "checkpoints"

    @property
    def folder(self) -> Path:
        """Where the training keeps checkpoints and logs."""
        return self.checkpoints / f"{self.model}--{self.variant}--{self.training_key}"


def weights_id(options: ModelOptions) -> str | None:
    """What tells the weights of an experiment from others, None for none.

    For published weights it is their name and the hash of the file that their owner offers: what that was converted to
    may differ in its bytes from one machine to another.
    """
    if options.published is None or options.weights is None:
        return _hash(options.weights)
    # What comes with the zoo was converted from nothing.
    digest = source_of(options.weights).get("sha256", "")[:HASH_DIGITS] or _hash(options.weights)
    return f"{options.published} sha256:{digest}"


def _hash(path: Path | None) -> str | None:
    """The hash of a weight file, None for none; of weights of others that of their own file."""
    if path is None:
        return None
    theirs = source_hash(path)
    return file_hash(path, WEIGHTS_WANTED) if theirs is None else theirs[:HASH_DIGITS]
