"""One cell of the grid, a network on a data set: all that is decided and checked before any long work."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import zoo
from benchmarks.errors import RunError
from benchmarks.evaluation.psf import DATASETS, KnownBlur
from benchmarks.metrics import ocr
from benchmarks.protocols import Protocol, protocol_for, scored
from benchmarks.recipes.recipe import ADVERSARIAL, Recipe, default_variant, recipe
from benchmarks.records import record
from benchmarks.run.checks import Request, check_crop, check_network_crop, check_perceptual_weights, check_weights
from benchmarks.training import pairs as preparation
from datasets.errors import DataError
from datasets.loading import load
from datasets.pairs import Pairs
from datasets.registry import info as dataset_info
from datasets.sources import sample_root
from zoo.inference.tiling import Tiles

# Name of a training's last checkpoint, here as in `benchmarks.training.callbacks`, which imports Keras.
_LAST = "last.keras"
# Tiles of Germer et al. for photographs of 1460 x 2360.
HDC_TILES = Tiles(640, 160)
# Data sets without a training recipe of their own are scored with networks trained on this one.
DEFAULT_TRAINING = {"hide": "gopro", "kohler": "gopro"}


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
            "recipe": self.recipe.as_dict(),
            "data": self.training_pairs.fingerprint,
            "seed": request.seed,
            "start": weights_hash(request.weights) if request.weights else None,
        }
        if request.perceptual_weights and self.recipe.content == "vgg19":
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


def plan(model: str, dataset: str, request: Request) -> Cell:
    """Decides everything about a cell and checks it, without importing a framework.

    Raises:
        RunError, DataError, ZooError: When something is missing, unknown or does not fit together.
    """
    protocol = protocol_for(dataset, request.protocol)
    if request.guess_steps and not (dataset == "hdc" and zoo.info(model).takes_blur_step):
        raise RunError(f"--unknown-step is for networks that take the blur step on hdc, not for {model} on {dataset}")
    made = _recipe(model, dataset, request)
    variant = made.variant if made else request.variant or default_variant(model, dataset, request.profile)
    frames = zoo.info(model).variant(variant).frames
    check_weights(model, variant, request)
    if dataset == "hdc":
        ocr.check_tesseract()
        if request.tiles is None and zoo.info(model).learns and not zoo.info(model).medians:
            request = replace(request, tiles=HDC_TILES)
    pairs = scored(
        load(dataset, _root(dataset, request), frames=frames, steps=request.blur_steps), protocol, request.limit
    )
    check_crop(pairs, protocol.crop, "the protocol's crop")
    training_pairs = natural = None
    if made is not None:
        source = request.train_on or DEFAULT_TRAINING.get(dataset, dataset)
        split = dataset_info(source).training_split
        if split is None or not dataset_info(source).protocols:
            raise RunError(f"{source} has nothing to train on; choose another data set with --train-on")
        steps = request.blur_steps if source == "hdc" else None
        training_pairs = load(source, _root(source, request), split=split, frames=frames, steps=steps)
        preparation.check(made, training_pairs)
        natural = _natural(made, request)
        check_crop(training_pairs, made.crop, "--crop")
        check_network_crop(made)
        check_perceptual_weights(made, request)
    known_blur = _known_blur(model, dataset, request, pairs)
    cell = Cell(request, model, variant, dataset, protocol, pairs, made, training_pairs, natural, known_blur)
    _check_unfinished(cell)
    return cell


def _recipe(model: str, dataset: str, request: Request) -> Recipe | None:
    """Returns the recipe with the command line's changes; None when nothing is trained."""
    if not zoo.info(model).learns or not request.train:
        if request.train_on:
            zoo.info(model)
            dataset_info(request.train_on)
        return None
    made = recipe(model, dataset, request.profile, request.variant)
    overrides = dict(request.overrides)
    if made.loss in ADVERSARIAL:
        if request.perceptual_weights:
            overrides["content"] = "vgg19"
        if overrides.get("loss"):
            # Trained without a critic, so that nothing of it shall stand in the record.
            made = replace(made, content="", critic_steps=1, critic_filters=64)
    elif request.perceptual_weights or overrides.get("content"):
        raise RunError(f"{model} is trained without perceptual loss; leave out --perceptual-weights")
    _check_preparation(made, overrides)
    return made.changed(**overrides)


def _check_preparation(made: Recipe, overrides: dict[str, Any]) -> None:
    """Raises RunError for options about text that a recipe has no use for."""
    unused = [
        option
        for option, name in (("--no-warp", "preparation"), ("--natural", "natural"))
        if overrides.get(name) is not None and made.preparation not in preparation.ONE_STEP
    ]
    if unused:
        raise RunError(f"{unused[0]} has no use for {made.model}; leave it out")


def _root(dataset: str, request: Request) -> Path:
    """Returns the folder that holds a data set: the user's, or the sample, which is made if need be."""
    if request.sample:
        return sample_root(dataset)
    if request.data_root is None:
        raise RunError("say where the data are with --data-root DIR, or use the built-in sample with --sample")
    return request.data_root


def _natural(made: Recipe, request: Request) -> Pairs | None:
    """Returns the natural photographs of DIV2K that a recipe trains on; None where it trains on none."""
    if not made.natural:
        return None
    try:
        photographs = load("div2k", _root("div2k", request), split="train")
    except DataError as error:
        raise RunError(
            f"{made.model} is trained on {made.natural} natural photographs as well, but {error}; put DIV2K there or "
            "leave them out with --natural 0"
        ) from error
    return photographs[: made.natural]


def _known_blur(model: str, dataset: str, request: Request, pairs: Pairs) -> KnownBlur | None:
    """Returns where a network that must know the blur knows it from, None for another network."""
    if not zoo.info(model).takes_psf:
        return None
    if dataset not in DATASETS:
        raise RunError(
            f"{model} must know the blur, which {dataset} does not tell; it can be scored on {' and '.join(DATASETS)}"
        )
    if dataset == "cifar10" or request.psf_file is not None:
        return KnownBlur(dataset, psf_file=request.psf_file)
    steps = tuple(sorted({pair.metadata["step"] for pair in pairs}))
    return KnownBlur(dataset, load(dataset, _root(dataset, request), split="train", steps=steps))


def _check_unfinished(cell: Cell) -> None:
    """Raises RunError when a killed training is in the way and the command line does not say what to do with it."""
    request = cell.request
    if cell.recipe is None or request.resume or request.restart or finished(cell.folder):
        return
    if (cell.folder / _LAST).is_file() and record.find(request.results, cell.identity, cell.key) is None:
        raise RunError(
            f"an unfinished training lies in {cell.folder}; go on with --resume or begin anew with --restart"
        )


def finished(folder: Path) -> bool:
    """Returns whether the folder holds a training that reached its last step and the validation after it."""
    if not (folder / _LAST).is_file():
        return False
    notes = zoo.read_notes(folder / _LAST)
    return "steps" in notes and notes.get("epoch_end") == notes["steps"]


def weights_hash(path: Path) -> str:
    """Returns digits that change with the content of a weight file; RunError when it cannot be read."""
    return record.file_hash(path, ".keras file with --weights")
