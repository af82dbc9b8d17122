"""`--batch-size auto`: the recipe's batch, halved until a training step of it fits into memory."""

from __future__ import annotations

from dataclasses import replace

import zoo
from benchmarks.recipes.recipe import Recipe
from benchmarks.run import estimate
from benchmarks.run.experiment import Experiment
from benchmarks.training import devices, memory
from benchmarks.training.loop import use_jit
from common.memory import free_memory


def fitted(experiment: Experiment) -> Experiment:
    """The experiment with a batch that fits, where that was asked for; its keys are those of the batch.

    A GPU takes a step to find out. A processor's memory is not tried, as a system may end the process instead of
    refusing; there the estimate decides.

    Raises:
        RunError: When not even the smallest batch fits.
    """
    recipe, training = experiment.recipe, experiment.data.training
    if not experiment.request.training.fit_batch or recipe is None or training is None:
        return experiment
    options = experiment.request.training
    on = devices.found(options.compute, recipe)

    def fits(tried: Recipe) -> bool:
        if devices.on_gpu(options.compute):
            return memory.step_fits(tried, use_jit(options.jit, on), on)
        free = free_memory()
        part = tried.replaced(batch=tried.data.batch // tried.optimiser.accumulate, accumulate=1)
        return free is None or estimate.training(part, model, len(training)).memory <= free

    model = zoo.create(recipe.model, recipe.variant)
    found = memory.fitting(recipe, on, fits)
    print(f"{experiment.name}: batches of {found.data.batch}, of {recipe.data.batch} in the recipe", flush=True)
    return replace(experiment, recipe=found)
