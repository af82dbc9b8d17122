"""What a record says of the machine and the software."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.records.record import Machine

_MATRIX_SIDE, _MATRIX_ROUNDS = 1024, 4

_SCORING_PACKAGES = ("numpy", "opencv-python-headless", "scipy")
_PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless", "jax", "torch")


def describe(framework: bool = True, settings: Mapping[str, str] | None = None) -> Machine:
    """The machine as it is now; what its system does not tell is None.

    Args:
        framework: Whether Keras computes; if not, the device is the processor, and no framework is started to find out.
        settings: How the device computes, where that was chosen.
    """
    return Machine(
        device=device() if framework else _processor(),
        cores=os.cpu_count(),
        memory_gib=_memory_gib(),
        load_average=_load_average(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        matrix_gflops=matrix_gflops(),
        settings=dict(settings or {}),
    )


@cache
def matrix_gflops() -> float:
    """The rate of float32 matrix products, in 10^9 floating-point operations a second.

    The best of a few products in NumPy, on all cores that it takes: it tells machines apart, and loads that were there
    all the time. It takes a fraction of a second, once for each process.
    """
    matrix = np.random.default_rng(0).random((_MATRIX_SIDE, _MATRIX_SIDE), np.float32)
    seconds = []
    for _ in range(_MATRIX_ROUNDS):
        start = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - start)
    return round(2 * _MATRIX_SIDE**3 / min(seconds) / 1e9, 1)


def _memory_gib() -> float | None:
    """The memory of the machine; None where the system has no such call, as Windows."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _load_average() -> float | None:
    """How many processes wanted to run in the last minute; None where the system does not tell, as Windows."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def versions(framework: bool = True) -> dict[str, str]:
    """The versions of this package, of Keras with its backend and of what computes.

    Args:
        framework: Whether Keras computes; if not, neither a backend is named nor what only models need.
    """
    found = {"deblur-zoo": _version("deblur-zoo") or "unknown"}
    if framework:
        import keras

        found["backend"] = keras.backend.backend()
    for package in _PACKAGES if framework else _SCORING_PACKAGES:
        version = _version(package)
        if version:
            found[package] = version
    return found


def device() -> str:
    """The name of the device that the Keras backend computes on."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        if gpus:
            return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))
    elif backend == "jax":
        import jax

        if jax.default_backend() != "cpu":
            return str(jax.devices()[0].device_kind)
    elif backend == "torch":
        import torch

        if torch.cuda.is_available():
            return str(torch.cuda.get_device_name())
    return _processor()


def commit() -> str | None:
    """The commit of the checkout, with `+` when code differs from it; None outside a checkout."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return None
    # A run changes the results folder itself; that does not change what the code computes.
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!results")
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str | None:
    """What a git command prints in the checkout, None when it fails."""
    root = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    """The processor's model name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    """The installed version of a package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
