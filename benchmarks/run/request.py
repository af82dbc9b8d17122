"""What the command line asks for."""

from __future__ import annotations

import argparse
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.errors import RunError
from zoo.inference.tiling import Tiles


def request_of(options: argparse.Namespace) -> Any:
    """Returns the checked request."""
    import zoo

    if options.sample and options.data_root:
        raise RunError("give --sample or --data-root, not both")
    if options.resume and options.restart:
        raise RunError("give --resume or --restart, not both")
    if options.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise RunError("--tensorboard needs TensorBoard: pip install -e '.[tensorboard]'")
    _check_loss(options)
    named = {name.strip() for name in options.model.split(",") if name.strip()}
    if options.weights and sum(zoo.info(name).learns for name in named) > 1:
        raise RunError("--weights belongs to one network; give one --model")
    overrides = {
        "epochs": options.epochs, "steps": options.steps, "batch": options.batch_size, "crop": options.crop,
        "precision": options.precision, "loss": options.loss,
        "content": "vgg19-random" if options.perceptual_weights == "random" else None,
        "noise": 0.0 if options.no_noise else None, "natural": options.natural,
        "preparation": "unaligned" if options.no_warp else None,
    }  # fmt: skip
    return Request(
        results=options.results, data_root=options.data_root, sample=options.sample,
        profile=options.profile or ("quick" if options.sample else "paper"), variant=options.variant,
        protocol=options.protocol, train_on=options.train_on, weights=options.weights, train=not options.no_train,
        overrides=overrides, limit=options.limit, seed=options.seed, jit=options.jit, resume=options.resume,
        restart=options.restart, tensorboard=options.tensorboard, store=options.store,
        perceptual_weights=_file(options.perceptual_weights), select_on_test=options.select_on_test,
        blur_steps=_blur_steps(options), tiles=_tiles(options), guess_steps=options.unknown_step,
        psf_file=options.psf_file, pictures=options.pictures,
    )  # fmt: skip


def _blur_steps(options: argparse.Namespace) -> tuple[int, ...] | None:
    """Returns the blur steps that were asked for; RunError for options that have no use."""
    from datasets.readers.hdc import parse_steps

    asked = options.blur_steps is not None or options.no_warp or options.natural is not None or options.psf_file
    if asked and {name.strip() for name in options.dataset.split(",")} != {"hdc"}:
        raise RunError("--blur-steps, --no-warp, --natural and --psf-file are for hdc; leave them out")
    if options.psf_file and "wiener" not in options.model.split(","):
        raise RunError("--psf-file is for wiener; leave it out or add wiener to --model")
    return None if options.blur_steps is None else tuple(parse_steps(options.blur_steps))


def _tiles(options: argparse.Namespace) -> Any:
    """Returns how pictures are cut for scoring, None for not at all."""
    from zoo.inference.tiling import Tiles

    if options.tile is None and (options.overlap is not None or options.no_blend):
        raise RunError("--overlap and --no-blend are for tiles; give --tile too")
    return Tiles.of(options.tile, options.overlap, not options.no_blend)


def _check_loss(options: argparse.Namespace) -> None:
    """Raises RunError for an unknown loss, one that changes the kind of training, or options that have no use."""
    from benchmarks.recipes.recipe import ADVERSARIAL, LOSSES

    if options.loss is not None and (options.loss not in LOSSES or options.loss in ADVERSARIAL):
        choices = ", ".join(name for name in LOSSES if name not in ADVERSARIAL)
        raise RunError(f"--loss {options.loss} cannot be chosen; take one of {choices}")
    if options.no_train and (options.loss or options.perceptual_weights or options.select_on_test):
        raise RunError("--loss, --perceptual-weights and --select-on-test are for training; leave them out")


def _file(name: str | None) -> Path | None:
    """Returns the path of a weight file, None where none is named."""
    return None if name in (None, "random") else Path(str(name))


@dataclass(frozen=True)
class Request:
    """What the command line asks for, the same for every cell of the grid.

    Attributes:
        results: Results folder.
        data_root: Folder of the data sets; None with `sample`.
        sample: Whether the built-in samples are used.
        profile: `"paper"` or `"quick"`.
        variant, protocol, train_on: Names, None for the usual ones.
        weights: A `.keras` file to start from, or to score with `train` off.
        train: Whether to train.
        overrides: What replaces fields of the recipe.
        limit: Scores so many pictures only.
        seed: Seed of everything random.
        jit, resume, restart, tensorboard, store: See `training.Options`.
        perceptual_weights: A file with VGG-19's weights for objectives that need them; None takes Keras' own.
        select_on_test: Whether the weights are chosen on the scored pictures, as some papers do; the record says so.
        blur_steps: Only for `hdc`: the steps to train on and to score; None takes all that are there.
        tiles: How large pictures are cut for scoring; None restores them at once.
        guess_steps: Whether a network that takes the blur step is scored as if that was not known.
        pictures: How many images are kept as pictures.
        psf_file: Only for `hdc`: point spread functions for a network that takes them; None estimates them.
    """

    results: Path
    data_root: Path | None
    sample: bool
    profile: str
    variant: str | None
    protocol: str | None
    train_on: str | None
    weights: Path | None
    train: bool
    overrides: dict[str, Any]
    limit: int | None
    seed: int
    jit: str
    resume: bool
    restart: bool
    tensorboard: bool
    store: Path | None
    perceptual_weights: Path | None = None
    select_on_test: bool = False
    blur_steps: tuple[int, ...] | None = None
    tiles: Tiles | None = None
    guess_steps: bool = False
    psf_file: Path | None = None
    pictures: int = 3
