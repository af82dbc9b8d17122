"""The process of a grid that runs one experiment, or those that share a training: `python -m benchmarks.run.worker`.

It reads one line of JSON from its standard input (see `benchmarks.cluster.process`) and ends when that is closed: after
the running training step, with everything saved, as after Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.cluster.process import GRACE
from benchmarks.errors import RunError
from benchmarks.run.asking import request_of
from benchmarks.run.experiment import Experiment
from benchmarks.run.failures import reason_of
from benchmarks.run.parser import parsed
from benchmarks.run.plan import plan_all
from common.cli import INTERRUPTED, guarded
from common.errors import InputError
from common.files import write_text


def main() -> int:
    """Runs the experiments of the order on the standard input; gives the exit status."""
    lifeline = os.dup(0)
    order = json.loads(_line(lifeline))
    # What is started here shall not read, and hold open, what ends this process.
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    # Whoever was started in the background ignores Ctrl-C, Ray blocks it, and both hand that down. A scheduler ends by
    # SIGTERM.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    return guarded(lambda: _run(order))


def _line(descriptor: int) -> bytes:
    """The first line of a stream, of which nothing else is read."""
    found = bytearray()
    while not found.endswith(b"\n"):
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            break
        found += piece
    return bytes(found)


def _end_with(descriptor: int) -> None:
    """Waits for the end of a stream, then ends this process as Ctrl-C does, and if need be harder."""
    while os.read(descriptor, 1 << 16):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(GRACE)
    os._exit(INTERRUPTED)


def _run(order: Mapping[str, Any]) -> int:
    """Runs experiments one after the other and tells after each how it ended."""
    from zoo.start import quiet_frameworks

    quiet_frameworks()
    from benchmarks.run import execute
    from benchmarks.training import devices

    runner, told = execute.Runner(), dict[str, str | None]()
    for part in order["parts"]:
        print(f"{part['name']}, process {os.getpid()}", flush=True)
        try:
            experiment = _planned(part, order.get("results"))
            devices.start(experiment.request.training.compute)
            runner.run(experiment)
            told[part["name"]] = None
        except Exception as error:
            if not isinstance(error, InputError):
                traceback.print_exc()
            told[part["name"]] = reason_of(error)
            print(f"failed: {told[part['name']]}", file=sys.stderr, flush=True)
        write_text(order["told"], json.dumps(told))
    return int(any(told.values()))


def _planned(part: Mapping[str, Any], results: str | None) -> Experiment:
    """The experiment that was meant, planned anew from its options on this machine.

    Raises:
        RunError: When this machine has other data or files, so that it would be another experiment.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "experiment.toml"
        file.write_text(part["options"], encoding="utf-8")
        where = [] if results is None else ["--results", results]
        # Whoever started this has looked at what lies there; a second attempt goes on where the first one was lost.
        request = request_of(parsed(["--config", str(file), *where, "--resume"]))
    for experiment in plan_all(request):
        if experiment.key == part["key"]:
            return experiment
    raise RunError(
        f"{socket.gethostname()} has other data or other versions of what decides {part['name']} than the machine that "
        "started the grid; make them equal on all machines"
    )


if __name__ == "__main__":
    sys.exit(main())
