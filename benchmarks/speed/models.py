"""Speed of every model, as a share of what this machine's matrix products reach, and against PyTorch."""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import zoo
from benchmarks.errors import RunError
from benchmarks.speed import peers
from benchmarks.speed.compare import Comparison
from zoo.registry import ALL, is_wildcard, matching, parted

SIDE, BATCH = 256, 1
_ROUNDS = 3
# Model of a peer's, too -> side of the image.
_PEERS = {"nafnet": 256, "restormer": 128, "mprnet": 64}
# A training step is a forward pass and two products as large backward, for inputs and for weights.
_STEP_PASSES = 3


@dataclass(frozen=True)
class Speed:
    """Figures of one model on images of 256x256, batch of one, float32.

    Attributes:
        name: Model and variant, `name/variant`.
        gmacs: Multiply-accumulates of a forward pass, in thousand millions.
        forward_ms, step_ms: Milliseconds of a forward pass and of a training step.
        forward_share, step_share: Floating-point operations per second as a share of the rate of a 2048 x 2048
            float32 matrix product in the same process; a step counts as three forward passes.
        forward_mib, step_mib: By how many MiB the first call made the process grow at most.
    """

    name: str
    gmacs: float
    forward_ms: float
    forward_share: float
    forward_mib: float
    step_ms: float
    step_share: float
    step_mib: float


def models(names: list[str] | None = None) -> list[Speed]:
    """Times models in processes of their own, one after the other.

    Args:
        names: `name` or `name/variant`, or wildcards of both, see `zoo.registry.matching`, of which models that learn
            nothing are left out; None takes the default variant of every model.

    Returns:
        Their figures.

    Raises:
        RunError: When a model has nothing to train, or a process fails.
    """
    rows = []
    for each in (one for text in names or [ALL] for one in _learning(text.replace(".", "/"))):
        name, asked = parted(each)
        info = zoo.info(name)
        variant = asked or info.default
        info.variant(variant)
        if not info.learns:
            raise RunError(f"{name} learns nothing, so it has no training step to time; leave it out of --model")
        figures = _measure("keras", name, variant, SIDE, BATCH)
        rows.append(_speed(f"{name}/{variant}", figures))
    return rows


def _learning(text: str) -> list[str]:
    """The models that a text means, of a wildcard those that learn."""
    return [each for each in matching(text) if not is_wildcard(text) or zoo.info(parted(each)[0]).learns]


def against_torch() -> list[Comparison]:
    """Compares a U-Net and a dilated residual block with plain PyTorch ones; nothing where PyTorch is missing.

    PyTorch is timed in both of its memory formats and its faster one counts. Processes alternate.
    """
    if importlib.util.find_spec("torch") is None:
        return []
    rows = []
    for title, ours, other, side in (
        ("U-Net (unet3) 1x256x256x3", ("unet3", ""), ("unet", ""), 256),
        ("dilated residual block 1x128x128x256", ("dilated_block", ""), ("dilated_block", ""), 128),
    ):
        rows += _compared(title, ours, other, side, target=0.95)
    return rows


def against_peers() -> list[Comparison]:
    """Compares models with the modules of a peer, spandrel, in the usual variant; one line says so where it is missing.

    Sides are as small as a step of some seconds asks for. PyTorch is timed in both of its memory formats and its faster
    one counts. Processes alternate.
    """
    if not peers.is_installed():
        print(f"the comparison with a peer's NAFNet, Restormer and MPRNet {peers.NEEDS}", file=sys.stderr)
        return []
    rows = []
    for model, side in _PEERS.items():
        variant = zoo.info(model).default
        title = f"{model}/{variant} 1x{side}x{side}x3"
        rows += _compared(title, (model, variant), (f"spandrel.{model}", variant), side, target=None)
    return rows


def _compared(
    title: str, ours: tuple[str, str], other: tuple[str, str], side: int, target: float | None
) -> list[Comparison]:
    """Forward pass and training step of a model beside another's of PyTorch, in alternating processes."""
    figures: dict[str, list[dict[str, float]]] = {"keras": [], "torch": []}
    for _ in range(_ROUNDS):
        figures["keras"].append(_measure("keras", *ours, side, BATCH))
        figures["torch"].append(_measure("torch", *other, side, BATCH))
    rows = []
    for what, key in (("forward", "forward_ms"), ("training step", "step_ms")):
        first, second = (statistics.median(found[key] for found in figures[name]) for name in ("keras", "torch"))
        rows.append(Comparison(f"{title}, {what}: ours / PyTorch", first, second, "ms", second / first, target))
    return rows


def _speed(name: str, figures: dict[str, float]) -> Speed:
    """Returns a row of the table."""
    operations = 2 * figures["macs"] / 1e9

    def share(milliseconds: float, passes: int) -> float:
        return passes * operations / (milliseconds / 1e3) / figures["matrix_gflops"]

    return Speed(
        name,
        figures["macs"] / 1e9,
        figures["forward_ms"],
        share(figures["forward_ms"], 1),
        figures["forward_mib"],
        figures["step_ms"],
        share(figures["step_ms"], _STEP_PASSES),
        figures["step_mib"],
    )


def _measure(framework: str, name: str, variant: str, side: int, batch: int) -> dict[str, float]:
    """Returns the figures that a process of its own measures."""
    command = [sys.executable, "-m", "benchmarks.speed.worker", framework, name, variant, str(side), str(batch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last: Any = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        raise RunError(f"timing {name}/{variant} failed: {last[0]}")
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures
