"""What can run a grid: processes of this machine, a Ray cluster or SLURM; its options and what is refused of them."""

from __future__ import annotations

import argparse
import importlib.util
from dataclasses import replace

from benchmarks.cluster import local, ray_tasks, slurm
from benchmarks.cluster.tasks import Engine, Place
from benchmarks.errors import RunError
from common.cli import number, positive

# Name -> the package that it needs and the extra that brings it.
_NEEDS = {ray_tasks.NAME: ("ray", "Ray"), slurm.NAME: ("submitit", "submitit")}


def add_options(group: argparse._ArgumentGroup) -> None:
    """Adds the options to the command line's group."""
    add = group.add_argument
    add("--jobs", type=positive, metavar="N", help="run so many experiments at once, each in a process of its own")
    add(
        "--cluster",
        metavar="NAME",
        help="run them on a cluster: ray (of this machine or of RAY_ADDRESS), ray://HOST:PORT or slurm",
    )
    add(
        "--cpus",
        type=positive,
        metavar="N",
        help="cores of each experiment (default: an equal share with --jobs, 1 on a cluster)",
    )
    add(
        "--gpus",
        type=share,
        metavar="N",
        help="GPUs of each experiment, 0.5 for two on each (default: an equal share with --jobs, 0 on a cluster)",
    )
    add("--dry-run", action="store_true", help="tell what would run and what it costs, and start nothing")


def share(text: str) -> float:
    """GPUs of an experiment, whole ones or a part of one, for argparse.

    >>> share("0.5"), share("2")
    (0.5, 2.0)
    """
    return number(
        text,
        "must be a whole number, or a part of 1 as 0.5 is",
        lambda value: 0 <= value <= 1 or value == int(value) > 0,
    )


def check(name: str) -> None:
    """Refuses a cluster that is not known, or whose package is not installed.

    Args:
        name: What was given with `--cluster`.

    Raises:
        RunError: In one line.
    """
    kind = ray_tasks.NAME if name.startswith(ray_tasks.SCHEME) else name
    if kind not in _NEEDS:
        raise RunError(f"unknown cluster {name!r}; take ray, ray://HOST:PORT or slurm")
    package, title = _NEEDS[kind]
    if importlib.util.find_spec(package) is None:
        raise RunError(f"--cluster {kind} needs {title}: pip install -e '.[{kind}]'")


def engine(cluster: str | None, jobs: int, place: Place, cpus: int | None, gpus: float | None) -> Engine:
    """What runs a grid.

    Args:
        cluster: Name or address of the cluster; None for this machine.
        jobs: How many run at once on this machine.
        place: The results folder and where the grid was started.
        cpus: Cores of each experiment; None for the usual ones.
        gpus: GPUs of each; None for the usual ones.

    Raises:
        RunError: When there is no such cluster, or too little of what is asked for.
    """
    if cluster is None:
        return local.Local(jobs, place, cpus, gpus)
    place = replace(place, cpus=cpus or 1)
    return slurm.Slurm(place, gpus or 0.0) if cluster == slurm.NAME else ray_tasks.Ray(cluster, place, gpus or 0.0)
