"""Tasks as jobs of SLURM, by submitit, which writes what it sends and receives into the shared results folder."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.cluster import process
from benchmarks.cluster.tasks import Ended, Place, Task, all_failed
from benchmarks.errors import RunError
from common.errors import first_line

NAME = "slurm"

_WAIT = 2.0
_MINUTES = 24 * 60


class Slurm:
    """Runs every task as a job of SLURM.

    Args:
        place: The results folder, which all machines must share, and the cores of each task.
        gpus: GPUs of each task, whole ones.
        kind: What submitit submits to; for tests, which have no SLURM.

    Raises:
        RunError: Where there is no SLURM, or for a part of a GPU.
    """

    def __init__(self, place: Place, gpus: float, kind: str = NAME) -> None:
        # Its log lines are for its makers, and it would hold on to the streams of the moment.
        os.environ.setdefault("SUBMITIT_LOG_LEVEL", "NOCONFIG")
        import submitit

        if gpus != int(gpus):
            raise RunError(f"SLURM shares no GPU between jobs; give a whole number with --gpus, not {gpus:g}")
        self._place, self._jobs = place, dict[str, tuple[Task, Any]]()
        try:
            self._executor = submitit.AutoExecutor(place.results / "logs" / "slurm", cluster=kind)
        except RuntimeError as error:
            raise RunError(f"there is no SLURM here ({first_line(error)}); run this where sbatch is") from error
        self._executor.update_parameters(
            name="deblur-zoo", cpus_per_task=place.cpus, gpus_per_node=int(gpus), timeout_min=_MINUTES
        )

    def start(self, task: Task) -> None:
        """Submits a task, which waits in SLURM's queue."""
        self._jobs[task.stem] = (task, self._executor.submit(_Run(), task, self._place))

    def ended(self) -> Sequence[tuple[Task, Ended]]:
        """The tasks that ended since the last call; waits for a moment."""
        time.sleep(_WAIT)
        done = [(task, job) for task, job in self._jobs.values() if job.done()]
        for task, _ in done:
            del self._jobs[task.stem]
        return [(task, _result(task, job)) for task, job in done]

    def nodes(self) -> Mapping[str, str]:
        """Stem of each running task -> the number of its job."""
        return {stem: f"job {job.job_id}" for stem, (_, job) in self._jobs.items() if job.state == "RUNNING"}

    def stop(self, at_once: bool = False) -> None:
        """Cancels all jobs; SLURM's signals reach their processes, which save where they are."""
        for _, job in self._jobs.values():
            job.cancel()


class _Run:
    """Runs a task in a job; SLURM may take the machine away and start it again elsewhere."""

    def __call__(self, task: Task, place: Place) -> Ended:
        return process.run(task, place, socket.gethostname())

    def checkpoint(self, task: Task, place: Place) -> Any:
        """What submitit submits again; the training goes on from its checkpoint."""
        import submitit

        return submitit.helpers.DelayedSubmission(self, task, place)


def _result(task: Task, job: Any) -> Ended:
    try:
        found: Ended = job.result()
    except Exception as error:
        # submitit wraps whatever happened there in errors of many kinds.
        return all_failed(task, f"job {job.job_id}", 0.0, f"SLURM job {job.job_id}: {first_line(error)}")
    return found
