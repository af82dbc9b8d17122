"""Many experiments at once: what each process is told, what is kept of it, and how many failed."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import zoo
from benchmarks.cluster import engines, grid, parcel, process
from benchmarks.cluster.tasks import Ended, Part, Place, Task
from benchmarks.records import environment, layout
from benchmarks.run import config, earlier
from benchmarks.run.experiment import Experiment
from benchmarks.run.failures import reason_of, record_failure
from benchmarks.run.request import EngineOptions
from benchmarks.training import state
from benchmarks.training.epochs import PASSES_OF_A_STEP, total_steps
from common.errors import InputError
from common.files import write_text

_WORKER = "benchmarks.run.worker"
# Start of the frameworks, first step and timing, on whatever machine.
_START_SECONDS = 20.0
# A multiply-accumulate is two operations, and convolutions reach about half of the rate of a matrix product.
_MACS_OF_AN_OPERATION = 0.25
_COUNTED_PIXELS = 256**2


def run_all(experiments: Sequence[Experiment], options: EngineOptions) -> int:
    """Runs experiments in processes; gives how many failed, of which each leaves a record that says why.

    Args:
        experiments: Of one request, checked.
        options: What runs them.

    Raises:
        RunError: When there is no such cluster.
        FileError: When the results folder cannot be written.
        KeyboardInterrupt: After Ctrl-C.
    """
    asked = [each for each in experiments if earlier.told(each) is None]
    if not asked:
        return 0
    named = {each.name: each for each in asked}
    results = asked[0].request.output.results
    failed: dict[str, str] = {}

    def take(task: Task, ended: Ended) -> Ended:
        ended = _kept(ended, task, named, results)
        failed.update(ended.errors)
        return ended

    tasks = sorted(_tasks(asked), key=lambda task: -task.seconds)
    jobs = options.jobs or len(tasks)
    with _shown(results) as token:
        place = Place(results.absolute(), token, Path.cwd(), environment=process.carried())
        engine = engines.engine(options.cluster, min(jobs, len(tasks)), place, options.cpus, options.gpus)
        _restart(asked)
        grid.run(tasks, engine, take, options.jobs)
    if failed:
        name, reason = next(iter(failed.items()))
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        print(f"{len(failed)} of {len(asked)} experiments failed: {name}: {reason}{more}", file=sys.stderr)
    return len(failed)


@contextmanager
def _shown(results: Path) -> Iterator[str]:
    """Puts a file into the results folder by which other machines see that they share it; gives its name."""
    token = f".grid-{secrets.token_hex(8)}"
    write_text(results / token, "")
    try:
        yield token
    finally:
        (results / token).unlink(missing_ok=True)


def _tasks(experiments: Sequence[Experiment]) -> Iterator[Task]:
    """What each process runs: one experiment, or all those that are scored with one training."""
    groups: dict[str, list[Experiment]] = {}
    for each in experiments:
        groups.setdefault(each.training_key or f"{each.name} {each.key}", []).append(each)
    for group in groups.values():
        first, more = group[0], len(group) - 1
        yield Task(
            name=first.name + (f" and {more} more" if more else ""),
            stem=layout.stem_of(first.identity, first.key),
            module=_WORKER,
            parts=tuple(map(_part, group)),
            seconds=_seconds(group),
        )


def _part(experiment: Experiment) -> Part:
    found = earlier.find_any(experiment)
    there = {} if found is None else {found.path.name: found.path.read_text(encoding="utf-8")}
    training = experiment.request.training
    # What changes no experiment is not in its file, but holds for its process.
    passing = {"tensorboard": training.tensorboard, "devices": training.compute.devices}
    options = config.text_of(experiment) + "".join(
        f"{name} = {json.dumps(value)}\n" for name, value in passing.items() if value
    )
    return Part(experiment.name, options, experiment.key, there)


def _seconds(group: Sequence[Experiment]) -> float:
    """About how long the experiments of one process take, as the models' own entries and NumPy tell it.

    No framework is asked, which would take the GPU from those that compute; see `benchmarks.run.estimate`.
    """
    first = group[0]
    macs = zoo.info(first.model).variant(first.variant).macs / _COUNTED_PIXELS
    pixels = 0.0
    if first.recipe is not None and first.data.training is not None:
        steps = total_steps(first.recipe, len(first.data.training))
        pixels = PASSES_OF_A_STEP * steps * first.recipe.data.batch * first.recipe.data.crop**2
    for each in group:
        height, width = each.data.scored[0].sharp[0].shape[:2]
        pixels += len(each.data.scored) * (each.protocol.crop**2 if each.protocol.crop else height * width)
    rate = _MACS_OF_AN_OPERATION * environment.matrix_gflops() * 1e9
    return _START_SECONDS + pixels * macs / rate


def _restart(experiments: Sequence[Experiment]) -> None:
    """Takes away the checkpoints of trainings that are to begin anew: the processes go on from what they find."""
    for folder in {each.folder for each in experiments if each.recipe is not None and each.request.training.restart}:
        with state.held(folder, lambda: print("waiting for the end of a training that is to begin anew", flush=True)):
            (folder / state.LAST).unlink(missing_ok=True)


def _kept(ended: Ended, task: Task, named: dict[str, Experiment], results: Path) -> Ended:
    """Keeps what a task gave, and gives how it ended after all."""
    errors = dict(ended.errors)
    if ended.files:
        try:
            parcel.merge(ended, results)
        except InputError as error:
            errors |= {part.name: reason_of(error) for part in task.parts if part.name not in errors}
    for part in task.parts:
        if part.name in errors:
            record_failure(named[part.name], errors[part.name])
        elif ended.files:
            config.save(named[part.name])
    return replace(ended, errors=errors)
