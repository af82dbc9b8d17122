"""How long a training or a scoring will take on this machine and how much memory, told before it starts.

The rule: a pass over an image costs the model's multiply-accumulates, a training step three passes over its batch
(forwards, and the gradients of inputs and of weights). Convolutions reach about half of the rate of a large matrix
product (0.3 to 0.65 over models and sizes on two cores), which is measured in the precision of the layers. A training
keeps what every layer puts out, a scoring at most what one layer takes and puts out, twice. All of it is right within a
factor of two or so, which is enough to know whether to wait, to come back tomorrow, or to ask for less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras

import zoo
from benchmarks.recipes.recipe import Recipe
from benchmarks.training.epochs import PASSES_OF_A_STEP, total_steps
from common.console import duration
from datasets.pairs import Pairs
from datasets.registry import info as dataset_info
from zoo.analysis.cost import SHARE_OF_MATRIX_RATE, WORTH_TELLING, cost_of, matrix_rate, weights_size
from zoo.analysis.macs import COUNTED_SIDE, count_macs
from zoo.backend import policy_of
from zoo.inference.tiling import Tiles
from zoo.models.patchgan import patchgan

# Multiply-accumulates of VGG-19 up to block3_conv3 for a pixel of the image.
_VGG_MACS = 9 * (3 * 64 + 64 * 64 + (64 * 128 + 128 * 128) / 4 + (128 * 256 + 2 * 256 * 256) / 16)
# Interpreter, frameworks and their buffers.
_BASE_MEMORY = 2**30
# Weights, gradients and Adam's two moments.
_COPIES_OF_WEIGHTS = 4
_ACTIVATIONS = 1.5
_LARGEST_LAYER = 2.0


@dataclass(frozen=True)
class Estimate:
    """What some work will take, roughly.

    Attributes:
        work: Name of the work.
        macs: Multiply-accumulates in all.
        seconds: Time.
        memory: Bytes of main memory, or of the accelerator's.
    """

    work: str
    macs: float
    seconds: float
    memory: float

    @property
    def line(self) -> str:
        """The estimate for a reader."""
        return (
            f"{self.work} will take about {duration(self.seconds)} and {self.memory / 2**30:.1f} GiB here "
            f"({self.macs:.1e} multiply-accumulates at {self.macs / self.seconds / 1e9:.0f} billion a second)"
        )


def announce(estimate: Estimate) -> None:
    """Prints an estimate, if it is about a minute or more."""
    if estimate.seconds >= WORTH_TELLING:
        print(estimate.line, flush=True)


def training(recipe: Recipe, model: keras.Model, pairs: int, taken: int = 0) -> Estimate:
    """What a training will take, validations left out.

    Args:
        recipe: How to train.
        model: The model, or one like it.
        pairs: Training pairs.
        taken: Steps that were taken before a resume.
    """
    cost = cost_of(model)
    pixels = recipe.data.batch * recipe.data.crop**2
    macs = PASSES_OF_A_STEP * cost.macs + _beside_the_generator(recipe, cost.macs)
    memory = _ACTIVATIONS * pixels * cost.outputs + _COPIES_OF_WEIGHTS * weights_size(model)
    work = max(0, total_steps(recipe, pairs) - taken) * pixels * macs
    return _estimate("training", work, memory, keras.DTypePolicy(recipe.precision))


def scoring(model: keras.Model, pairs: Pairs, crop: int | None = None, tiles: Tiles | None = None) -> Estimate:
    """What a scoring will take, metrics left out.

    Args:
        model: The model.
        pairs: The pairs that count.
        crop: Side of the crops that the protocol scores; None for whole images.
        tiles: How large images are cut; None for not at all.
    """
    info, _ = zoo.identify(model)
    passes = 1 if info.colour or dataset_info(pairs.dataset).channels == 1 else 3
    # Every image counts with what the model sees of it, and the largest piece is what memory must hold.
    sides = [(crop, crop) if crop is not None else pair.sharp[0].shape[:2] for pair in pairs]
    if tiles is None:
        pixels, largest = sum(height * width for height, width in sides), max(h * w for h, w in sides)
    else:
        largest = (tiles.tile + 2 * tiles.overlap) ** 2
        pixels = sum(math.ceil(h / tiles.tile) * math.ceil(w / tiles.tile) for h, w in sides) * largest
    cost = cost_of(model)
    memory = _LARGEST_LAYER * largest * cost.traffic + weights_size(model)
    return _estimate("scoring", passes * pixels * cost.macs, memory, policy_of(model))


def _estimate(work: str, macs: float, memory: float, policy: keras.DTypePolicy) -> Estimate:
    rate = SHARE_OF_MATRIX_RATE * matrix_rate(policy.compute_dtype)
    # Work without multiplications, as of a baseline, takes a moment too.
    return Estimate(work, macs, max(macs / rate, 1e-3), _BASE_MEMORY + memory)


def _beside_the_generator(recipe: Recipe, generator: float) -> float:
    """Multiply-accumulates of a step beside the generator's own, for a pixel: critic and content term."""
    own = recipe.adversarial
    if own is None:
        return 0.0
    critic = count_macs(patchgan(filters=own.critic_filters), COUNTED_SIDE, COUNTED_SIDE) / COUNTED_SIDE**2
    # Truth and result go there and back; for the gradient penalty a mixture does, twice.
    images = 4 if recipe.loss == "wasserstein" else 2
    critic_step = generator + images * PASSES_OF_A_STEP * critic
    content = PASSES_OF_A_STEP * _VGG_MACS if own.content.startswith("vgg19") else 0.0
    return own.critic_steps * critic_step + PASSES_OF_A_STEP * critic + content
