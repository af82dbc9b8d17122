"""Runs a task in a process of its own, so that no two experiments share a framework's state.

The process reads the task from its standard input, which stays open: when it is closed, because the grid is stopped or
whoever started the process is gone, the process saves its training and ends. No process is left over on a machine
whose cluster was shut down, and none goes on with what another machine has taken over.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.cluster import parcel
from benchmarks.cluster.tasks import Ended, Place, Task
from common.files import cache_folder

GRACE = 60.0
"""Seconds that a process has to save its training before it is killed."""

_POLL = 0.1
# What TensorFlow, oneDNN, PyTorch, JAX, OpenCV, NumPy and Tesseract ask how many threads they may have.
_THREADS = (
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "TF_NUM_INTRAOP_THREADS",
    "NPROC",
)
_DECIDING = ("KERAS_BACKEND", "XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS", "TF_DETERMINISTIC_OPS", "NVIDIA_TF32_OVERRIDE")


class Stop:
    """Tells those who watch processes to end them.

    Attributes:
        asked: Set when they shall end.
        at_once: Set when nobody waits for what they still save.
    """

    def __init__(self) -> None:
        self.asked, self.at_once = threading.Event(), threading.Event()


def run(task: Task, place: Place, node: str, stop: Stop | None = None) -> Ended:
    """Runs a task to its end.

    Args:
        task: What to run.
        place: Where and with what.
        node: Name of the machine.
        stop: What may end it before.

    Raises:
        KeyboardInterrupt: When it was stopped; its training is saved.
        FileError: When there is no place to keep anything.
    """
    began = time.monotonic()
    shared = (place.results / place.token).is_file()
    # The same folder at a second attempt, which goes on from the checkpoint of the first one.
    results = place.results if shared else cache_folder() / "grid" / task.stem
    log = results / "logs" / f"{task.stem}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deblur-zoo-") as scratch:
        told = Path(scratch) / "ended.json"
        order = {"parts": msgspec.to_builtins(task.parts), "told": str(told)}
        if not (shared and place.working.is_dir()):
            order["results"] = str(results)
        if not shared:
            for part in task.parts:
                parcel.write(results, {f"runs/{name}": text.encode() for name, text in part.earlier.items()})
        with log.open("a", encoding="utf-8") as stream:
            code = _watched(_started(task, place, stream), order, stop or Stop())
        errors = _errors(task, told, code, node)
    if not errors:
        # The log of what went well tells nobody anything.
        log.unlink(missing_ok=True)
    files = {} if shared else parcel.collect(results)
    if not errors and not shared:
        shutil.rmtree(results, ignore_errors=True)
    return Ended(node, time.monotonic() - began, errors, files)


def environment(place: Place) -> dict[str, str]:
    """The variables of a process that shares its machine with others."""
    threads = {name: str(place.cpus) for name in _THREADS}
    # One thread that waits for another one of the same kind would wait for ever.
    threads["TF_NUM_INTEROP_THREADS"] = str(max(2, place.cpus))
    # Lines shall be in the log at once.
    return {**os.environ, **threads, "PYTHONPATH": search_path(), "PYTHONUNBUFFERED": "1", **place.environment}


def carried() -> dict[str, str]:
    """The variables of this process by which numbers come out otherwise: they hold on every machine."""
    return {name: os.environ[name] for name in _DECIDING if name in os.environ}


def search_path() -> str:
    """Where Python looks for packages first: this checkout, whatever else is installed; nowhere for an installation."""
    root = str(Path(__file__).resolve().parents[len(__name__.split(".")) - 1])
    checkout = "" if root in (*site.getsitepackages(), site.getusersitepackages()) else root
    return os.pathsep.join(filter(None, (checkout, os.environ.get("PYTHONPATH"))))


def _started(task: Task, place: Place, log: Any) -> subprocess.Popen[bytes]:
    """The process, in a group of its own, as Ctrl-C on the terminal is for whoever started it."""
    return subprocess.Popen(
        [sys.executable, "-m", task.module],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment(place),
        cwd=place.working if place.working.is_dir() else None,
        start_new_session=True,
    )


def _watched(process: subprocess.Popen[bytes], order: dict[str, Any], stop: Stop) -> int:
    """Gives a process its order and waits for its end; gives its exit status."""
    line = json.dumps(order).encode() + b"\n"
    stream: Any = process.stdin
    try:
        # One that ended before it read anything says why by its status.
        with contextlib.suppress(BrokenPipeError):
            stream.write(line)
            stream.flush()
        while process.poll() is None:
            if stop.asked.wait(_POLL):
                raise KeyboardInterrupt
    finally:
        with contextlib.suppress(BrokenPipeError):
            stream.close()
        _end(process, stop)
    return int(process.returncode)


def _end(process: subprocess.Popen[bytes], stop: Stop) -> None:
    """Waits for the end of a process that was told to end, and kills it and all that it started when it does not."""
    until = time.monotonic() + GRACE
    with contextlib.suppress(KeyboardInterrupt):
        while process.poll() is None and time.monotonic() < until and not stop.at_once.wait(_POLL):
            pass
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _errors(task: Task, told: Path, code: int, node: str) -> dict[str, str]:
    """What failed, by what the process told; what it did not tell of failed as it ended."""
    try:
        known: dict[str, str | None] = json.loads(told.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    reason = f"its process on {node} ended with status {code}"
    if code < 0:
        name = signal.Signals(-code).name
        hint = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
        reason = f"its process on {node} was ended by {name}{hint}"
    reason += f"; see logs/{task.stem}.log in the results folder"
    found = {part.name: known.get(part.name, reason) for part in task.parts}
    return {name: error for name, error in found.items() if error is not None}
