"""How far a grid is: a table on a terminal, a line for every end elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from benchmarks.cluster.tasks import Ended, Task
from common.console import duration, listing, terminal

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

# Rows of a table that fits a terminal; the counts tell of the others.
_ROWS = 12


class Board:
    """Shows what is queued, running, done and failed.

    Args:
        tasks: All tasks.
        at_once: How many run at once, at most.
    """

    def __init__(self, tasks: Sequence[Task], at_once: int) -> None:
        self._tasks, self._at_once = {task.stem: task for task in tasks}, at_once
        self._ended: dict[str, Ended] = {}
        self._running: dict[str, tuple[str, float]] = {}
        self._most = 0
        self._live: Live | None = None
        if sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(console=terminal(), get_renderable=self._table, refresh_per_second=2, transient=True)

    def __enter__(self) -> Self:
        """Begins to show."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Takes the table away."""
        if self._live is not None:
            self._live.stop()

    def running(self, nodes: Mapping[str, str]) -> None:
        """Takes what runs at this moment, and where."""
        now = time.monotonic()
        known = {stem: node for stem, node in nodes.items() if stem in self._tasks and stem not in self._ended}
        self._running = {stem: (node, self._running.get(stem, ("", now))[1]) for stem, node in known.items()}
        self._most = max(self._most, len(self._running))

    def ended(self, task: Task, ended: Ended) -> None:
        """Takes how a task ended, and prints it."""
        # Replaced, not changed, as the table is drawn by another thread.
        self._ended = {**self._ended, task.stem: ended}
        self._running = {stem: found for stem, found in self._running.items() if stem != task.stem}
        place = f" on {ended.node}" if ended.node else ""
        for part in task.parts:
            error = ended.errors.get(part.name)
            if error is None:
                self._print(f"done: {part.name}{place}, {duration(ended.seconds)} ({self.counts})")
            else:
                self._print(f"failed: {part.name}{place}: {error} ({self.counts})")

    def _print(self, line: str) -> None:
        if self._live is not None:
            self._live.console.print(line, markup=False)
        else:
            print(line, flush=True)

    @property
    def counts(self) -> str:
        """How many experiments are in which state, and how long it will still take."""
        failed = sum(len(each.errors) for each in self._ended.values())
        done = sum(len(self._tasks[stem].parts) for stem in self._ended) - failed
        running = sum(len(self._tasks[stem].parts) for stem in self._running)
        total = sum(len(task.parts) for task in self._tasks.values())
        queued = total - done - failed - running
        left = f", about {duration(self.left)} left" if queued + running else ""
        return f"{queued} queued, {running} running, {done} done, {failed} failed{left}"

    @property
    def left(self) -> float:
        """Seconds until all tasks have ended.

        The guesses are wrong by some factor, on this grid's machines by about the same one for all tasks: that of those
        that have ended. Tasks that ran into an error are no measure.
        """
        ended = {stem: each.seconds for stem, each in self._ended.items() if not each.errors}
        factor = sum(ended.values()) / sum(self._tasks[stem].seconds for stem in ended) if ended else 1.0
        now, left = time.monotonic(), 0.0
        for stem, task in self._tasks.items():
            if stem not in self._ended:
                _, began = self._running.get(stem, ("", now))
                left += max(0.0, factor * task.seconds - (now - began))
        # How many a cluster runs at once shows when it does.
        width = min(self._most or self._at_once, len(self._tasks) - len(self._ended))
        return left / max(1, width)

    def _table(self) -> RenderableType:
        from rich.console import Group

        table = listing(("experiment", "state", "node", "time"), numbers=("time",))
        now = time.monotonic()
        failed = [(stem, each) for stem, each in self._ended.items() if each.errors]
        for stem, each in failed[-_ROWS // 2 :]:
            table.add_row(self._tasks[stem].name, "failed", each.node, duration(each.seconds))
        for stem, (node, began) in list(self._running.items())[:_ROWS]:
            table.add_row(self._tasks[stem].name, "running", node, duration(now - began))
        waiting = [stem for stem in self._tasks if stem not in self._ended and stem not in self._running]
        for stem in waiting[: max(0, _ROWS - len(self._running))]:
            table.add_row(self._tasks[stem].name, "queued", "", "")
        return Group(table, self.counts)
