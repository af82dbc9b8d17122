"""Learning rates that Keras has not: halving in regular steps, constant and then linear to zero."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from benchmarks.recipes.recipe import Recipe


@keras.saving.register_keras_serializable(package="deblur_zoo")
class Halving(keras.optimizers.schedules.LearningRateSchedule):
    """Halves the learning rate every `period` steps.

    Source: Zhang et al., "feature catcher" (2022), training details.

    Args:
        rate: Learning rate at the start.
        period: Steps between two halvings.
    """

    def __init__(self, rate: float, period: int) -> None:
        self.rate, self.period = rate, period

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step."""
        return self.rate * 0.5 ** ops.floor(ops.cast(step, "float32") / self.period)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the schedule."""
        return {"rate": self.rate, "period": self.period}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class ConstantThenLinear(keras.optimizers.schedules.LearningRateSchedule):
    """Keeps the learning rate, then lowers it linearly to zero.

    Source: Kupyn et al., DeblurGAN (CVPR 2018), and Li et al., training details.

    Args:
        rate: Learning rate at the start.
        constant: Steps that keep it.
        steps: Steps in all, after which it is zero.
    """

    def __init__(self, rate: float, constant: int, steps: int) -> None:
        self.rate, self.constant, self.steps = rate, constant, steps

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step."""
        left = (self.steps - ops.cast(step, "float32")) / max(1, self.steps - self.constant)
        return self.rate * ops.clip(left, 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the schedule."""
        return {"rate": self.rate, "constant": self.constant, "steps": self.steps}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class OfUpdates(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule over updates for an optimiser that counts the parts which an update is accumulated from.

    Keras gives a schedule the number of parts, not of updates.

    Args:
        schedule: The schedule over updates.
        parts: Parts of an update.
    """

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, parts: int) -> None:
        self.schedule, self.parts = schedule, parts

    def __call__(self, step: Any) -> Any:
        """The learning rate of a part."""
        return self.schedule(ops.floor_divide(step, self.parts))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the schedule."""
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "parts": self.parts}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> OfUpdates:
        """Rebuilds the schedule."""
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["parts"])


def learning_rate(recipe: Recipe, steps: int) -> Any:
    """The learning rate of a recipe, as a number or as a schedule over so many updates."""
    rate, parts = _over_updates(recipe, steps), recipe.optimiser.accumulate
    return rate if parts == 1 or isinstance(rate, float) else OfUpdates(rate, parts)


def _over_updates(recipe: Recipe, steps: int) -> Any:
    """As `learning_rate`, for an optimiser that counts updates."""
    schedule, rate = recipe.schedule, recipe.optimiser.learning_rate
    part = max(1, round(schedule.share * steps))
    if schedule.kind == "cosine":
        floor = schedule.final_rate / rate
        if not schedule.share:
            return keras.optimizers.schedules.CosineDecay(rate, steps, alpha=floor)
        return keras.optimizers.schedules.CosineDecay(
            0.0, max(1, steps - part), alpha=floor, warmup_target=rate, warmup_steps=part
        )
    if schedule.kind == "halving":
        return Halving(rate, part)
    if schedule.kind == "linear":
        return ConstantThenLinear(rate, part, steps)
    return rate
