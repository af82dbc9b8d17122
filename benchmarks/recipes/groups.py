"""The groups of a recipe: what a step sees, the optimiser, the learning rate, the critic, the text's preparation.

A field with a default never changes that default: keys of trainings are made of what differs from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from datasets.augment import NONE, Augmentation

ONE_STEP = ("aligned", "unaligned")
"""Preparations for models that are trained for one blur step."""

PENALTIES = ("per_pixel", "per_image")
"""Ways to take the norm of a gradient penalty."""

EARLIER_PENALTY = "per_image_in_0_1"
"""What trainings did before there was a choice: per image, at images in [0, 1], which nothing trains any more."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a training step sees.

    Attributes:
        crop: Side of the training crops in pixels.
        batch: Crops per step.
        augmentation: What is done to the crops.
        validation: Share of the training scenes (of the training images where there is one scene) held out.
        noise: Standard deviation of the Gaussian noise on the input, whose range is [0, 1].
        stride: Training pairs for each crop of an epoch: 3 where the source makes one sample of three frames.
        blur: Name of the distribution of blur that is made on the fly, see `datasets.blur.on_the_fly`.
    """

    crop: int
    batch: int
    augmentation: Augmentation = NONE
    validation: float = 0.0
    noise: float = 0.0
    stride: int = 1
    blur: str = "usual"


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """Adam's numbers, and AdamW's where weights decay.

    Attributes:
        learning_rate: At the start.
        beta_1: Decay of the first moment.
        epsilon: Added to the root of the second moment.
        clipnorm: Largest norm of each variable's gradient; None for no clipping.
        beta_2: Decay of the second moment.
        weight_decay: What every weight loses per step, as a share of it and of the learning rate; 0 for plain Adam.
        global_clipnorm: Largest norm of all gradients together; None for no clipping.
        accumulate: Parts that a batch is computed in, one after the other; their gradients are averaged before they
            are clipped and taken.
    """

    learning_rate: float
    beta_1: float = 0.9
    epsilon: float = 1e-7
    clipnorm: float | None = None
    beta_2: float = 0.999
    weight_decay: float = 0.0
    global_clipnorm: float | None = None
    accumulate: int = 1


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How the learning rate goes on.

    Attributes:
        kind: `"constant"`, `"plateau"` (ReduceLROnPlateau on the validation loss), `"cosine"` (to `final_rate`),
            `"halving"` (in regular steps) or `"linear"` (constant, then linearly to zero).
        share: Share of all steps: between two halvings, before the linear decay, of the warm-up to a cosine.
        final_rate: Learning rate at the end of a cosine.
    """

    kind: str = "constant"
    share: float = 0.0
    final_rate: float = 0.0


CONSTANT = Schedule()
"""A learning rate that stays."""


@dataclass(frozen=True, kw_only=True)
class Adversarial:
    """What a generator is trained against.

    Attributes:
        content: Content term beside the adversarial loss: `"vgg19"`, `"vgg19-random"` or `"mean_absolute_error"`.
        content_weight: Weight of the content term; the adversarial one has 1.
        content_activated: Whether VGG-19's features are taken after the ReLU.
        critic_steps: Steps of the critic for each one of the generator.
        critic_filters: Filters of the critic's first convolution.
        penalty: How a Wasserstein loss takes the norm of the critic's gradient: `"per_pixel"` (over the channels, as
            DeblurGAN's code does) or `"per_image"` (over everything, as the method is described); empty for a loss
            without one. Records say `EARLIER_PENALTY` of trainings before there was a choice.
    """

    content: str
    content_weight: float = 100.0
    content_activated: bool = False
    critic_steps: int = 1
    critic_filters: int = 64
    penalty: str = ""


@dataclass(frozen=True, kw_only=True)
class Hdc:
    """What is made of the photographs of `hdc` before they are trained on.

    Attributes:
        preparation: `"aligned"` (laid over the sharp ones), `"unaligned"` or `"small"` (see `datasets.hdc.refiner`).
        natural: Natural photographs that are blurred like the text and trained on with it.
        natural_validation: Further ones, of the photographs' own validation split, that are validated on; 0 holds a
            share of `natural` out, as of the text.
    """

    preparation: str
    natural: int = 0
    natural_validation: int = 0
