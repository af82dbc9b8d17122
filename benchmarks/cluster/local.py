"""Several tasks at once on this machine."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent import futures
from dataclasses import replace
from pathlib import Path

from benchmarks.cluster import process
from benchmarks.cluster.tasks import Ended, Place, Task, all_failed
from benchmarks.errors import RunError
from common.cores import cores
from common.errors import InputError, first_line

_WAIT = 0.2


class Local:
    """Runs tasks in processes of this machine, whose cores and GPUs they share.

    Args:
        jobs: How many run at once.
        place: The results folder and where the grid was started.
        cpus: Threads of each; None for an equal share of the cores.
        gpus: GPUs of each; None for an equal share, of which several may have the same one.

    Raises:
        RunError: When there are fewer GPUs than asked for.
    """

    def __init__(self, jobs: int, place: Place, cpus: int | None = None, gpus: float | None = None) -> None:
        self._place = replace(place, cpus=cpus or max(1, cores() // jobs))
        self._free = _devices(jobs, visible_gpus(), gpus)
        self._stop = process.Stop()
        self._tasks: dict[futures.Future[Ended], tuple[Task, dict[str, str]]] = {}
        self._pool = futures.ThreadPoolExecutor(jobs)

    def start(self, task: Task) -> None:
        """Starts a task; there must be room for it."""
        devices = self._free.pop(0)
        place = replace(self._place, environment={**self._place.environment, **devices})
        self._tasks[self._pool.submit(_run, task, place, self._stop)] = (task, devices)

    def ended(self) -> Sequence[tuple[Task, Ended]]:
        """The tasks that ended since the last call; waits for a moment."""
        done, _ = futures.wait(self._tasks, _WAIT, futures.FIRST_COMPLETED)
        found = []
        for future in done:
            task, devices = self._tasks.pop(future)
            self._free.append(devices)
            found.append((task, future.result()))
        return found

    def nodes(self) -> Mapping[str, str]:
        """Stem of each running task -> this machine."""
        return {task.stem: socket.gethostname() for task, _ in self._tasks.values()}

    def stop(self, at_once: bool = False) -> None:
        """Ends all tasks; see `Engine`."""
        if at_once:
            self._stop.at_once.set()
        self._stop.asked.set()
        while any(not future.done() for future in self._tasks):
            time.sleep(_WAIT)
        self._pool.shutdown()


def _run(task: Task, place: Place, stop: process.Stop) -> Ended:
    """Runs a task; what this machine cannot do is how it ended."""
    began = time.monotonic()
    try:
        return process.run(task, place, socket.gethostname(), stop)
    except (InputError, OSError) as error:
        return all_failed(task, socket.gethostname(), time.monotonic() - began, first_line(error))


def visible_gpus() -> list[str]:
    """The GPUs of this machine that may be used, as CUDA_VISIBLE_DEVICES names them."""
    said = os.environ.get("CUDA_VISIBLE_DEVICES")
    if said is not None:
        return [name for name in said.split(",") if name.strip() not in ("", "-1")]
    return [path.name.removeprefix("nvidia") for path in sorted(Path("/dev").glob("nvidia[0-9]*"))]


def _devices(jobs: int, gpus: Sequence[str], each: float | None) -> list[dict[str, str]]:
    """The environment's variables of each of the tasks that run at once: which GPUs it sees.

    Raises:
        RunError: When there are fewer than asked for.
    """
    if each is None:
        each = min(1.0, len(gpus) / jobs)
    if each * jobs > len(gpus):
        raise RunError(
            f"{jobs} jobs with {each:g} GPUs each need more than the {len(gpus)} here; use fewer --jobs, or a share of "
            f"a GPU, --gpus {len(gpus) / jobs:g}"
        )
    found = []
    for job in range(jobs):
        first = int(job * each)
        mine = gpus[first : first + max(1, int(each))] if each else []
        # Of one that others use as well, no process takes all the memory at its start.
        sharing = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"} if each < 1 else {}
        found.append({"CUDA_VISIBLE_DEVICES": ",".join(mine) or "-1", **sharing})
    return found
