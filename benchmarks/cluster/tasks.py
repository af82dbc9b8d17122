"""What is sent to a process, on this machine or another one, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Part:
    """One experiment.

    Attributes:
        name: The experiment in a few words.
        options: The command line that repeats it, as the text of a TOML file.
        key: The key of its record: the process refuses to compute anything else.
        earlier: Records of it that are there already, by their file names: another run may add to one.
    """

    name: str
    options: str
    key: str
    earlier: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """The experiments that one process runs: one, or all that share a training.

    Attributes:
        name: The first of them in a few words, and how many more there are.
        stem: A name that no other task has, for its files.
        module: What `python -m` runs; it reads the task from its standard input.
        parts: The experiments.
        seconds: About how long all of it takes; a rough guess.
    """

    name: str
    stem: str
    module: str
    parts: tuple[Part, ...]
    seconds: float = 1.0


@dataclass(frozen=True)
class Place:
    """Where tasks run and what they may take.

    Attributes:
        results: The results folder, absolute.
        token: Name of a file in it that lies there while the grid runs: a machine that sees it shares the folder.
        working: The folder from which the grid was started, which relative paths count from.
        cpus: Threads of a task.
        environment: Further variables of its environment.
    """

    results: Path
    token: str
    working: Path
    cpus: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """How a task ended.

    Attributes:
        node: Name of the machine.
        seconds: How long it took there, start included.
        errors: Name of each experiment that failed -> the error in one line.
        files: What it wrote, by the path within the results folder; empty where that is shared.
    """

    node: str
    seconds: float
    errors: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


class Engine(Protocol):
    """What runs tasks, each in a process of its own."""

    def start(self, task: Task) -> None:
        """Takes a task; it runs as soon as there is room for it."""

    def ended(self) -> Sequence[tuple[Task, Ended]]:
        """The tasks that ended since the last call; waits for a moment."""

    def nodes(self) -> Mapping[str, str]:
        """Stem of each running task -> name of its machine."""

    def stop(self, at_once: bool = False) -> None:
        """Ends all tasks, after trainings have saved where they are, or at once; returns when they have ended."""


def all_failed(task: Task, node: str, seconds: float, reason: str) -> Ended:
    """How a task ended that told nothing itself."""
    return Ended(node, seconds, {part.name: reason for part in task.parts})
