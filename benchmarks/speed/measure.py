"""Seconds and memory of a call, for a process that does nothing else."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

# Rounds are added until this many seconds have gone by.
_SECONDS = 4.0
_FEWEST, _MOST = 3, 15


def seconds(function: Callable[[], object]) -> float:
    """The median seconds of a function after two calls of warm-up."""
    function()
    function()
    times: list[float] = []
    while len(times) < _FEWEST or (sum(times) < _SECONDS and len(times) < _MOST):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak(function: Callable[[], object]) -> float:
    """By how many MiB the process grew at most during a call; NaN where the system does not tell."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
        before = _status("VmRSS")
        function()
        return (_status("VmHWM") - before) / 1024
    except OSError:
        function()
        return float("nan")


def _status(field: str) -> int:
    """A field of the process's memory status in KiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])
