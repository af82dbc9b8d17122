"""A recipe: everything that decides what a training computes, apart from data and seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from benchmarks.errors import RunError
from benchmarks.recipes.groups import (
    CONSTANT,
    EARLIER_PENALTY,
    ONE_STEP,
    PENALTIES,
    Adversarial,
    Data,
    Hdc,
    Optimiser,
    Schedule,
)
from benchmarks.recipes.plain import chosen, filled, no_such_value, plain
from datasets.augment import Augmentation

__all__ = [
    "ADVERSARIAL",
    "EARLIER_PENALTY",
    "LOSSES",
    "ONE_STEP",
    "OPTIONS",
    "PENALTIES",
    "PLACES",
    "PROFILES",
    "PROSE",
    "REFINER_CROPS",
    "SCHEDULES",
    "Adversarial",
    "Data",
    "Hdc",
    "Maker",
    "Optimiser",
    "Recipe",
    "Schedule",
    "choices_of",
    "upgrade",
]

# Three rows and five columns of overlapping crops, moved at random.
REFINER_CROPS = Augmentation(grid=(3, 5))

PROFILES = ("paper", "code", "quick", "own")

ADVERSARIAL = ("relativistic", "wasserstein")
"""Losses of a generator against a critic."""

LOSSES = (
    "sum_of_absolute_differences",
    "mean_squared_error",
    "mean_absolute_error",
    "charbonnier",
    "charbonnier_edge",
    "root_squared_error",
    "negative_psnr",
    "binary_crossentropy",
    *ADVERSARIAL,
)
SCHEDULES = ("constant", "plateau", "cosine", "halving", "linear")

PROSE = ("source", "ours")
"""Fields that say something about a recipe and change nothing of what it computes."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides what a training computes, apart from data and seed.

    A field with a default never changes that default: keys of trainings are made of what differs from it.

    Attributes:
        model: Model's name.
        variant: Model's variant.
        loss: One of `LOSSES`; for models with several outputs the distance of one of them.
        data: Crops, batches, augmentation.
        optimiser: Adam's numbers.
        schedule: How the learning rate goes on.
        epochs: Passes over the training pairs, or over one in `data.stride` of them; None when `steps` says how long.
        steps: Training steps; None when `epochs` says how long.
        trainable_ratios: Whether a model with several outputs learns the weights of their losses.
        validate_every: ((epochs between two validations, until this epoch), ...); empty for every epoch.
        precision: Keras dtype policy.
        adversarial: The critic and the content term; None for a loss without a critic.
        hdc: The preparation of the Helsinki challenge's photographs; None for other data sets.
        source: Where the numbers come from.
        ours: What the source leaves open and we chose, with the reason.
    """

    model: str
    variant: str
    loss: str
    data: Data
    optimiser: Optimiser
    schedule: Schedule = CONSTANT
    epochs: int | None = None
    steps: int | None = None
    trainable_ratios: bool = False
    validate_every: tuple[tuple[int, int], ...] = ()
    precision: str = "float32"
    adversarial: Adversarial | None = None
    hdc: Hdc | None = None
    source: str = ""
    ours: str = ""

    def __post_init__(self) -> None:
        for name, value, known in (("loss", self.loss, LOSSES), ("schedule", self.schedule.kind, SCHEDULES)):
            if value not in known:
                raise RunError(f"recipe of {self.model}: unknown {name} {value!r}; choose one of {', '.join(known)}")
        if (self.epochs is None) == (self.steps is None):
            raise RunError(f"recipe of {self.model}: epochs={self.epochs}, steps={self.steps}; give one of them")
        if self.optimiser.clipnorm is not None and self.optimiser.global_clipnorm is not None:
            raise RunError(f"recipe of {self.model}: gradients clipped one by one and together; give one of them")
        if (self.adversarial is not None) != (self.loss in ADVERSARIAL):
            wanted = "needs a critic" if self.loss in ADVERSARIAL else "has no critic"
            raise RunError(f"recipe of {self.model}: the loss {self.loss} {wanted}; mend `adversarial`")
        penalty = "" if self.adversarial is None else self.adversarial.penalty
        if penalty not in PENALTIES if self.loss == "wasserstein" else penalty:
            choices = ", ".join(PENALTIES) if self.loss == "wasserstein" else "none"
            raise RunError(f"recipe of {self.model}: the loss {self.loss} has no penalty {penalty!r}; take {choices}")
        if self.optimiser.accumulate > 1:
            self._check_parts(self.optimiser.accumulate)

    def _check_parts(self, parts: int) -> None:
        """Raises RunError where a batch cannot be computed in so many parts as if it were whole."""
        if self.adversarial is not None:
            raise RunError(
                f"--accumulate is not for {self.model}: its critic looks at the batch as a whole; take a smaller "
                "--batch-size"
            )
        if self.precision == "mixed_float16":
            raise RunError("--accumulate and mixed_float16 do not go together; take --precision mixed_bfloat16")
        if self.data.batch % parts:
            raise RunError(
                f"--accumulate {parts} does not divide the batch of {self.data.batch} of {self.model}; take a divisor "
                "of it, or another --batch-size"
            )

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain nested values, as they are after a way through JSON."""
        return {name: plain(value) for name, value in asdict(self).items()}

    def choices(self) -> dict[str, Any]:
        """What training keys are hashed from: the plain values without prose and without what is at its default."""
        return choices_of(self.as_dict())

    def replaced(self, **values: Any) -> Recipe:
        """The recipe with values of any group, by their flat names (see `PLACES`).

        A loss without a critic drops the critic and its content term, one with a critic that had none gets the
        smallest: mean absolute error as content term. A Wasserstein loss gets a penalty, another one drops it.

        >>> from benchmarks.recipes.select import recipe
        >>> recipe("atrous", "reds").replaced(crop=64, learning_rate=1e-3).data.crop
        64
        """
        changes: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            group, field = PLACES.get(name, (name, ""))
            changes.setdefault(group, {})[field] = value
        whole: dict[str, Any] = {}
        loss = changes.get("loss", {}).get("", self.loss)
        for group, inner in changes.items():
            own = inner.pop("", getattr(self, group))
            whole[group] = replace(own or _FIRST[group], **inner) if inner else own
        if loss not in ADVERSARIAL:
            whole["adversarial"] = None
        else:
            whole["adversarial"] = _fitting(whole.get("adversarial", self.adversarial) or _FIRST["adversarial"], loss)
        return replace(self, **whole)

    def changed(self, **overrides: Any) -> Recipe:
        """The recipe with every override of the command line that is not None.

        Args:
            **overrides: Flat names of `OPTIONS`; `steps` and `epochs` replace each other.

        Raises:
            RunError: When both are given, the recipe has no place for a value, or its learning rate would rise.
        """
        given = {name: value for name, value in overrides.items() if value is not None}
        for name in given:
            self._check_place(name, given.get("loss", self.loss))
        if "steps" in given and "epochs" in given:
            raise RunError("give --steps or --epochs, not both")
        if "steps" in given:
            given["epochs"] = None
        elif "epochs" in given:
            given["steps"] = None
        rate, end = given.get("learning_rate"), self.schedule.final_rate
        if rate is not None and self.schedule.kind == "cosine" and rate <= end:
            raise RunError(f"--learning-rate {rate:g} is not above {end:g}, where the recipe of {self.model} ends")
        if given.get("natural") == 0:
            given["natural_validation"] = 0
        return self.replaced(**given)

    def _check_place(self, name: str, loss: str) -> None:
        """Raises RunError for an override that this recipe has no place for."""
        if name not in OPTIONS:
            raise RunError(f"nothing of a recipe is called {name!r}; choose from {', '.join(OPTIONS)}")
        if name == "content" and self.adversarial is None:
            raise RunError(f"{self.model} is trained without perceptual loss; leave out {OPTIONS[name]}")
        if name == "content" and loss not in ADVERSARIAL:
            raise RunError(f"--loss {loss} has no perceptual term; leave out {OPTIONS[name]}")
        if name == "loss" and loss in ADVERSARIAL and self.adversarial is None:
            raise RunError(f"{self.model} is trained without a critic; leave out --loss {loss}")
        if name in ("natural", "preparation") and (self.hdc is None or self.hdc.preparation not in ONE_STEP):
            raise RunError(f"{OPTIONS[name]} has no use for {self.model}; leave it out")


PLACES = {
    name: (group, field)
    for group, names in {
        "data": {field.name: field.name for field in fields(Data)},
        "optimiser": {field.name: field.name for field in fields(Optimiser)},
        "schedule": {"schedule": "kind", "schedule_share": "share", "final_rate": "final_rate"},
        "adversarial": {field.name: field.name for field in fields(Adversarial)},
        "hdc": {field.name: field.name for field in fields(Hdc)},
    }.items()
    for name, field in names.items()
}
"""Flat name of a value -> its group and its name there; flat records and the command line know it by the flat one."""

OPTIONS = {
    "blur": "--blur",
    "epochs": "--epochs",
    "steps": "--steps",
    "batch": "--batch-size",
    "accumulate": "--accumulate",
    "crop": "--crop",
    "learning_rate": "--learning-rate",
    "precision": "--precision",
    "loss": "--loss",
    "content": "--perceptual-weights",
    "noise": "--no-noise",
    "natural": "--natural",
    "preparation": "--no-warp",
}
"""What the command line may change -> the option that changes it."""

# What a group is made of where a recipe had none.
_FIRST: dict[str, Any] = {"adversarial": Adversarial(content="mean_absolute_error"), "hdc": Hdc(preparation="aligned")}


def _fitting(critic: Adversarial, loss: str) -> Adversarial:
    """A critic with the penalty that its loss needs: the first of `PENALTIES` unless it has one, or none."""
    if loss != "wasserstein":
        return replace(critic, penalty="")
    return critic if critic.penalty else replace(critic, penalty=PENALTIES[0])


def choices_of(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What training keys are hashed from, of a recipe as plain nested values (see `Recipe.as_dict`)."""
    return chosen({name: value for name, value in recipe.items() if name not in PROSE}, Recipe)


def upgrade(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The plain nested values of a recipe as any version of this project wrote it into records.

    The first recipes were flat, and left out what was new and at its default. What a newer recipe has in addition is
    filled in with its default; what a recipe lacks that has none stays away.

    Args:
        recipe: `training.recipe` of a record, flat or nested.

    Returns:
        Nested values, whose `choices_of` are those of the same numbers today.

    Raises:
        RunError: When a value has a name that no recipe ever had.

    >>> upgrade({"model": "unet1", "crop": 64, "loss": "mean_squared_error"})["data"]["crop"]
    64
    """
    nested = dict(recipe) if isinstance(recipe.get("data"), Mapping) else _nested(recipe)
    if nested.get("loss") == "wasserstein" and "penalty" not in nested["adversarial"]:
        nested["adversarial"] = nested["adversarial"] | {"penalty": EARLIER_PENALTY}
    return filled(nested, Recipe)


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Puts the values of a flat recipe into their groups."""
    known = {field.name for field in fields(Recipe)} - {group for group, _ in PLACES.values()}
    values: dict[str, Any] = {"data": {}, "optimiser": {}, "schedule": {}}
    for name, value in flat.items():
        if name in PLACES:
            group, field = PLACES[name]
            values.setdefault(group, {})[field] = value
        elif name in known:
            values[name] = value
        else:
            raise no_such_value(name)
    # What a flat recipe of a loss without a critic says of one is what was left of the recipe that it changed.
    if flat.get("loss") not in ADVERSARIAL:
        values["adversarial"] = None
    else:
        critic = values.setdefault("adversarial", {})
        critic["content"] = critic.get("content") or _FIRST["adversarial"].content
    if not values.get("hdc", {}).get("preparation"):
        values["hdc"] = None
    return values


Maker = Callable[[str, str], Recipe]
"""Makes the recipe of a model (by name) for a data set (by name)."""
