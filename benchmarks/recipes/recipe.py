"""A recipe: everything that decides what a training computes, apart from data and seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, fields, replace
from typing import Any

from benchmarks.errors import RunError
from datasets.augment import NONE, Augmentation

# Three rows and five columns of overlapping crops, moved at random.
REFINER_CROPS = Augmentation(grid=(3, 5))

PROFILES = ("paper", "code", "quick")

ADVERSARIAL = ("relativistic", "wasserstein")
"""Losses of a generator against a critic."""

LOSSES = (
    "sum_of_absolute_differences",
    "mean_squared_error",
    "mean_absolute_error",
    "charbonnier",
    "charbonnier_edge",
    "root_squared_error",
    "binary_crossentropy",
    *ADVERSARIAL,
)
SCHEDULES = ("constant", "plateau", "cosine", "halving", "linear")

ONE_STEP = ("aligned", "unaligned")
"""Preparations for models that are trained for one blur step."""

PENALTIES = ("per_pixel", "per_image")
"""Ways to take the norm of a gradient penalty."""

EARLIER_PENALTY = "per_image_in_0_1"
"""What trainings did before there was a choice: per image, at images in [0, 1], which nothing trains any more."""

PROSE = ("source", "ours")
"""Fields that say something about a recipe and change nothing of what it computes."""


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
    """

    crop: int
    batch: int
    augmentation: Augmentation = NONE
    validation: float = 0.0
    noise: float = 0.0
    stride: int = 1


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """Adam's numbers.

    Attributes:
        learning_rate: At the start.
        beta_1: Decay of the first moment.
        epsilon: Added to the root of the second moment.
        clipnorm: Largest norm of each variable's gradient; None for no clipping.
    """

    learning_rate: float
    beta_1: float = 0.9
    epsilon: float = 1e-7
    clipnorm: float | None = None


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
        epochs: Passes over the training pairs; None when `steps` says how long.
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
    schedule: Schedule = Schedule()
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
        if (self.adversarial is not None) != (self.loss in ADVERSARIAL):
            wanted = "needs a critic" if self.loss in ADVERSARIAL else "has no critic"
            raise RunError(f"recipe of {self.model}: the loss {self.loss} {wanted}; mend `adversarial`")
        penalty = "" if self.adversarial is None else self.adversarial.penalty
        if penalty not in PENALTIES if self.loss == "wasserstein" else penalty:
            choices = ", ".join(PENALTIES) if self.loss == "wasserstein" else "none"
            raise RunError(f"recipe of {self.model}: the loss {self.loss} has no penalty {penalty!r}; take {choices}")

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain nested values, as they are after a way through JSON."""
        return {name: _plain(value) for name, value in asdict(self).items()}

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
            RunError: When both are given, or the recipe has no place for a value.
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
    "epochs": "--epochs",
    "steps": "--steps",
    "batch": "--batch-size",
    "crop": "--crop",
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
_GROUPS = {
    "data": Data,
    "optimiser": Optimiser,
    "schedule": Schedule,
    "adversarial": Adversarial,
    "hdc": Hdc,
    "augmentation": Augmentation,
}
_OPTIONAL = ("adversarial", "hdc")


def _fitting(critic: Adversarial, loss: str) -> Adversarial:
    """A critic with the penalty that its loss needs: the first of `PENALTIES` unless it has one, or none."""
    if loss != "wasserstein":
        return replace(critic, penalty="")
    return critic if critic.penalty else replace(critic, penalty=PENALTIES[0])


def choices_of(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What training keys are hashed from, of a recipe as plain nested values (see `Recipe.as_dict`)."""
    return _chosen({name: value for name, value in recipe.items() if name not in PROSE}, Recipe)


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
    nested = recipe if isinstance(recipe.get("data"), Mapping) else _nested(recipe)
    return {name: _plain(value) for name, value in _filled(nested, Recipe).items()}


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Puts the values of a flat recipe into their groups."""
    known = {field.name for field in fields(Recipe)} - set(_GROUPS)
    values: dict[str, Any] = {"data": {}, "optimiser": {}, "schedule": {}}
    for name, value in flat.items():
        if name in PLACES:
            group, field = PLACES[name]
            values.setdefault(group, {})[field] = value
        elif name in known:
            values[name] = value
        else:
            raise RunError(f"a recipe has no {name!r}; the record was written by another version of this project")
    # What a flat recipe of a loss without a critic says of one is what was left of the recipe that it changed.
    if flat.get("loss") not in ADVERSARIAL:
        values["adversarial"] = None
    else:
        critic = values.setdefault("adversarial", {})
        critic["content"] = critic.get("content") or _FIRST["adversarial"].content
        if flat["loss"] == "wasserstein":
            critic.setdefault("penalty", EARLIER_PENALTY)
    if not values.get("hdc", {}).get("preparation"):
        values["hdc"] = None
    return values


def _filled(values: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """Values of a group with the defaults of what they lack."""
    found: dict[str, Any] = {}
    for field in fields(kind):
        given = values.get(field.name, MISSING)
        if field.name in _GROUPS and not (field.name in _OPTIONAL and given in (None, MISSING)):
            found[field.name] = _filled({} if given is MISSING else given, _GROUPS[field.name])
        elif given is not MISSING:
            found[field.name] = given
        elif field.default is not MISSING:
            found[field.name] = field.default
    unknown = set(values) - {field.name for field in fields(kind)}
    if unknown:
        raise RunError(f"a recipe has no {min(unknown)!r}; the record was written by another version of this project")
    return found


def _chosen(values: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """Values of a group that differ from their defaults; an optional group that is there always does."""
    defaults = {field.name: _default(field) for field in fields(kind)}
    chosen = {}
    for name, value in values.items():
        if name in _GROUPS and isinstance(value, Mapping):
            inner = _chosen(value, _GROUPS[name])
            if inner or name in _OPTIONAL:
                chosen[name] = inner
        elif name not in defaults or value != defaults[name]:
            chosen[name] = value
    return chosen


def _default(field: Field[Any]) -> Any:
    return MISSING if field.default is MISSING else _plain(field.default)


def _plain(value: Any) -> Any:
    """A value as JSON gives it back: tuples are lists."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


Maker = Callable[[str, str], Recipe]
"""Makes the recipe of a model (by name) for a data set (by name)."""
