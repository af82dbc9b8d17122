"""Tasks on a Ray cluster: Ray places them on machines and takes them to another one when theirs is lost.

Only Ray's tasks are used, which do not care what they compute. Ray Train does not work with Keras 3.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from benchmarks.cluster import process
from benchmarks.cluster.tasks import Ended, Place, Task, all_failed
from benchmarks.errors import RunError
from common.errors import InputError, first_line

NAME, SCHEME = "ray", "ray://"

_ATTEMPTS = 5
_WAIT = 0.5
_ANSWER = 5.0
_HEAD = "node:__internal_head__"


class Ray:
    """Runs tasks on the machines of a Ray cluster.

    Args:
        address: `ray://HOST:PORT` of a cluster; `ray` for the one that `RAY_ADDRESS` names or that runs on this
            machine, else for this machine alone.
        place: The results folder, where the grid was started, and the cores that Ray counts for each task.
        gpus: GPUs that Ray gives each task; a part of one is shared.

    Raises:
        RunError: When no cluster answers, or no machine of it has that many cores or GPUs.
    """

    def __init__(self, address: str, place: Place, gpus: float) -> None:
        # Ray would send statistics of its use to its makers.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        self._ray, self._place = ray, place
        self._connect(address)
        self._check(place.cpus, gpus)
        self._tasks: dict[Any, Task] = {}
        self._board = ray.remote(_Board).options(num_cpus=0, max_restarts=-1, resources={_HEAD: 0.001}).remote()
        self._remote = ray.remote(_run).options(num_cpus=place.cpus, num_gpus=gpus, max_retries=_ATTEMPTS - 1)

    def _connect(self, address: str) -> None:
        given = address if address.startswith(SCHEME) else os.environ.get("RAY_ADDRESS", "")
        if given.startswith(SCHEME):
            _check_answer(given)
        quiet = {"logging_level": "ERROR", "log_to_driver": False}
        search = {"env_vars": {"PYTHONPATH": process.search_path()}}
        try:
            self._ray.init(given or None, runtime_env=search, **quiet)
        except Exception as error:
            raise RunError(
                f"no Ray cluster answers at {given or 'this machine'} ({first_line(error)}); start one with `ray start "
                "--head`, or give --cluster ray://HOST:10001"
            ) from error

    def _check(self, cpus: int, gpus: float) -> None:
        """Refuses what would wait for ever."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        if not any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
            most = ", ".join(f"{node.get('CPU', 0):g} and {node.get('GPU', 0):g}" for node in nodes)
            raise RunError(
                f"no machine of the Ray cluster has {cpus} cores and {gpus:g} GPUs for an experiment (they have "
                f"{most}); use smaller --cpus and --gpus"
            )

    def start(self, task: Task) -> None:
        """Hands a task to Ray, which starts it where there is room."""
        self._tasks[self._remote.remote(task, self._place, self._board)] = task

    def ended(self) -> Sequence[tuple[Task, Ended]]:
        """The tasks that ended since the last call; waits for a moment."""
        done, _ = self._ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=_WAIT)
        return [(task := self._tasks.pop(reference), self._result(task, reference)) for reference in done]

    def _result(self, task: Task, reference: Any) -> Ended:
        try:
            found: Ended = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            lost = isinstance(error, self._ray.exceptions.RaySystemError | self._ray.exceptions.WorkerCrashedError)
            reason = f"lost {_ATTEMPTS} machines one after the other" if lost else f"Ray: {first_line(error)}"
            return all_failed(task, "", 0.0, reason)
        return found

    def nodes(self) -> Mapping[str, str]:
        """Stem of each running task -> name of its machine, as far as it is known at this moment."""
        try:
            found: dict[str, str] = self._ray.get(self._board.shown.remote(), timeout=_ANSWER)
        except self._ray.exceptions.RayError:
            return {}
        return found

    def stop(self, at_once: bool = False) -> None:
        """Ends all tasks; see `Engine`."""
        for reference in self._tasks:
            self._ray.cancel(reference, force=at_once)
        if self._tasks and not at_once:
            self._ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=process.GRACE)
        self._ray.shutdown()


def _check_answer(address: str) -> None:
    """Refuses an address behind which there is nothing, which Ray itself finds out after half a minute."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 10001
    except ValueError as error:
        raise RunError(f"{address} is no address; write ray://HOST:PORT") from error
    try:
        with socket.create_connection((host, port), _ANSWER):
            pass
    except OSError as error:
        raise RunError(
            f"no Ray cluster answers at {address} ({error.strerror or error}); is it running, and is {port} the port "
            "of its client server?"
        ) from error


class _Board:
    """Knows which task runs on which machine; lives on the cluster's head, where nothing is lost alone."""

    def __init__(self) -> None:
        self._nodes: dict[str, str] = {}

    def put(self, stem: str, node: str) -> None:
        self._nodes[stem] = node

    def taken(self, stem: str) -> None:
        self._nodes.pop(stem, None)

    def shown(self) -> dict[str, str]:
        return self._nodes


def _run(task: Task, place: Place, board: Any) -> Ended:
    """Runs a task on the machine that Ray chose."""
    import ray

    began = time.monotonic()
    # Two nodes of a test are one machine with one name.
    node = f"{socket.gethostname()}/{ray.get_runtime_context().get_node_id()[:4]}"
    board.put.remote(task.stem, node)
    try:
        return process.run(task, place, node)
    except (InputError, OSError) as error:
        return all_failed(task, node, time.monotonic() - began, first_line(error))
    finally:
        board.taken.remote(task.stem)
