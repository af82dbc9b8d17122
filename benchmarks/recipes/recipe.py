"""How each paper trained each network on each data set, and what a laptop can do in minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import Any

from benchmarks.errors import RunError
from datasets.augment import Augmentation

# Three rows and five columns of overlapping crops, moved at random.
REFINER_CROPS = Augmentation(grid=(3, 5))

PROFILES = ("paper", "code", "quick")
# Losses of a generator against a critic.
ADVERSARIAL = ("relativistic", "wasserstein")
LOSSES = (
    "sum_of_absolute_differences", "mean_squared_error", "mean_absolute_error", "charbonnier", "charbonnier_edge",
    "root_squared_error", "binary_crossentropy", *ADVERSARIAL,
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training computes, apart from data and seed.

    Attributes:
        model: Network's name.
        variant: Network's variant.
        crop: Side of the training crops in pixels.
        batch: Crops per step.
        epochs: Passes over the training pairs; None when `steps` says how long.
        steps: Training steps; None when `epochs` says how long.
        loss: One of `LOSSES`; for networks with several outputs the distance of one of them.
        learning_rate: Adam's, at the start.
        clipnorm: Largest norm of each variable's gradient; None for no clipping.
        schedule: `"constant"`, `"plateau"` (ReduceLROnPlateau on the validation loss), `"cosine"` (to `final_rate`),
            `"halving"` (in regular steps) or `"linear"` (constant, then linearly to zero).
        augmentation: What is done to the crops.
        validation: Share of the training scenes (of the training pictures where there is one scene) held out.
        precision: Keras dtype policy.
        source: Where the numbers come from.
        ours: What the source leaves open and we chose, with the reason.
        schedule_share: Share of all steps: between two halvings, before the linear decay, of the warm-up to a cosine.
        final_rate: Learning rate at the end of a cosine.
        beta_1: Adam's decay of the first moment.
        epsilon: Adam's.
        noise: Standard deviation of the Gaussian noise on the input, whose range is [0, 1].
        trainable_ratios: Whether a network with several outputs learns the weights of their losses.
        validate_every: ((epochs between two validations, until this epoch), ...); empty for every epoch.
        critic_steps: Steps of the critic for each one of the generator.
        critic_filters: Filters of the critic's first convolution.
        content: Content term beside an adversarial loss: `"vgg19"`, `"vgg19-random"` or `"mean_absolute_error"`.
        content_weight: Weight of the content term; the adversarial one has 1.
        content_activated: Whether VGG-19's features are taken after the ReLU.
        preparation: What is made of the photographs of `hdc` first: `"aligned"` (laid over the sharp ones),
            `"unaligned"` or `"small"` (see `datasets.hdc.refiner`); empty for other data sets.
        natural: Natural photographs that are blurred like the text and trained on with it.
    """

    model: str
    variant: str
    crop: int
    batch: int
    epochs: int | None
    steps: int | None
    loss: str
    learning_rate: float
    clipnorm: float | None
    schedule: str
    augmentation: Augmentation
    validation: float
    precision: str
    source: str
    ours: str
    schedule_share: float = 0.0
    final_rate: float = 0.0
    beta_1: float = 0.9
    epsilon: float = 1e-7
    noise: float = 0.0
    trainable_ratios: bool = False
    validate_every: tuple[tuple[int, int], ...] = ()
    critic_steps: int = 1
    critic_filters: int = 64
    content: str = ""
    content_weight: float = 100.0
    content_activated: bool = False
    preparation: str = ""
    natural: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Returns the recipe as plain values for a record, without what it does not use.

        A field that is new in this project is at its default in older recipes; leaving it out keeps their records'
        keys as they are.
        """
        values = asdict(self) | {"augmentation": self.augmentation.as_dict()}
        defaults = {field.name: field.default for field in fields(self) if field.default is not MISSING}
        return {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}

    def changed(self, **overrides: Any) -> Recipe:
        """Returns the recipe with every override that is not None; `steps` and `epochs` replace each other."""
        given = {name: value for name, value in overrides.items() if value is not None}
        if "steps" in given and "epochs" in given:
            raise RunError("give --steps or --epochs, not both")
        if "steps" in given:
            given["epochs"] = None
        elif "epochs" in given:
            given["steps"] = None
        return replace(self, **given)


Maker = Callable[[str, str], Recipe]
"""Makes the recipe of a model (by name) for a data set (by name)."""
