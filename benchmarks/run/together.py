"""One training on several hosts: all plan it, meet and compute; the first one decides, writes and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.run import earlier
from benchmarks.run.execute import Runner, training_options
from benchmarks.run.experiment import Experiment
from benchmarks.training import devices, hosts, loop
from benchmarks.training import pairs as training_pairs


def train(experiments: Sequence[Experiment]) -> list[Experiment]:
    """Trains with the other hosts and leaves them.

    Args:
        experiments: The experiments of the command, of which one trains.

    Returns:
        What is left to do on this host: the same experiments, with the training done, on the first one; nothing on
        the others.

    Raises:
        RunError: When the hosts do not meet or do not mean the same.
    """
    wanted = experiments[0].request.training.compute
    trained = [each for each in experiments if each.recipe is not None]
    hosts.connect(wanted, f"{wanted.hosts} {' '.join(str(each.training_key) for each in trained)}")
    for experiment in trained:
        if wanted.host:
            _assist(experiment)
        else:
            if earlier.find(experiment) is None:
                Runner().train(experiment)
            hosts.told(0)
    hosts.disconnect()
    if wanted.host:
        print(f"host {wanted.host}: done; host 0 scores", flush=True)
        return []
    done = replace(experiments[0].request.training, restart=False)
    return [replace(each, request=replace(each.request, training=done)) for each in experiments]


def _assist(experiment: Experiment) -> None:
    """Computes this host's share of a training, if the first host says that there is something to train."""
    recipe, pairs = experiment.recipe, experiment.data.training
    if recipe is None or pairs is None:
        return
    options = training_options(experiment, devices.found(experiment.request.training.compute, recipe))
    pairs = training_pairs.prepared(recipe, pairs, experiment.data.natural)
    selection = experiment.data.scored if experiment.options.select_on_test else None
    while hosts.told(0):
        print(f"host {options.devices.host}: training on {options.devices.words}", flush=True)
        loop.assist(recipe, pairs, options, experiment.options.weights, selection)
