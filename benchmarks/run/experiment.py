"""An experiment: a model on a data set, with all that was decided before any long work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.evaluation.psf import KnownBlur
from benchmarks.protocols import Protocol
from benchmarks.recipes.recipe import Recipe
from benchmarks.records import record
from benchmarks.run.request import Request
from datasets.files import weights_hash
from datasets.pairs import Pairs


@dataclass(frozen=True)
class Cell:
    """A network and a data set with all that was decided before any long work.

    Attributes:
        request: The command line.
        model, variant, dataset: Names.
        protocol: How it is scored.
        pairs: The pairs that count.
        recipe: How to train; None without training.
        training_pairs: What to train on; None without training.
        natural: Natural photographs to train on as well; None without.
        known_blur: Where the blur is known from; None for a network that need not know it.
    """

    request: Request
    model: str
    variant: str
    dataset: str
    protocol: Protocol
    pairs: Pairs
    recipe: Recipe | None
    training_pairs: Pairs | None
    natural: Pairs | None = None
    known_blur: KnownBlur | None = None

    @property
    def identity(self) -> dict[str, str]:
        """The names of a record."""
        return {
            "model": self.model, "variant": self.variant, "dataset": self.dataset, "protocol": self.protocol.name,
        }  # fmt: skip

    @property
    def training_key(self) -> str | None:
        """Equal for trainings that compute the same."""
        if self.recipe is None or self.training_pairs is None:
            return None
        request = self.request
        parts: dict[str, Any] = {
            "recipe": self.recipe.choices(),
            "data": self.training_pairs.fingerprint,
            "seed": request.seed,
            "start": weights_hash(request.weights) if request.weights else None,
        }
        critic = self.recipe.adversarial
        if request.perceptual_weights and critic is not None and critic.content == "vgg19":
            parts["perceptual_weights"] = weights_hash(request.perceptual_weights)
        if request.select_on_test:
            parts["selected_on"] = self.pairs.fingerprint
        if self.natural is not None:
            parts["natural"] = self.natural.fingerprint
        return record.run_key(parts)

    @property
    def key(self) -> str:
        """Equal for runs that would give the same record."""
        weights = weights_hash(self.request.weights) if self.request.weights and self.recipe is None else None
        parts: dict[str, Any] = {
            **self.identity, "data": self.pairs.fingerprint, "training": self.training_key, "weights": weights,
            "seed": self.request.seed if self.protocol.crop else None,
            "precision": self.request.overrides.get("precision"),
        }  # fmt: skip
        return record.run_key(parts | self.ways)

    @property
    def ways(self) -> dict[str, Any]:
        """What is said in keys and records of how pictures are restored; nothing of what is not used."""
        ways: dict[str, Any] = {}
        if self.request.tiles is not None:
            ways["tiles"] = asdict(self.request.tiles)
        if self.request.guess_steps:
            ways["blur_step"] = "guessed"
        if self.known_blur is not None:
            ways["psf"] = self.known_blur.as_dict()
        return ways

    @property
    def folder(self) -> Path:
        """Where the training keeps checkpoints and logs."""
        return self.request.results / "checkpoints" / f"{self.model}--{self.variant}--{self.training_key}"
