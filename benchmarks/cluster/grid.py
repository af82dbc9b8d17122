"""Runs the tasks of a grid on an engine, shows how far they are, and ends them cleanly when it is stopped."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence

from benchmarks.cluster.progress import Board
from benchmarks.cluster.tasks import Ended, Engine, Task


def run(
    tasks: Sequence[Task], engine: Engine, take: Callable[[Task, Ended], Ended], at_once: int | None = None
) -> None:
    """Runs tasks to their end.

    Args:
        tasks: What to run; those that take longest should come first, so that none of them is the last one alone.
        engine: What runs them.
        take: Called with each task as it ends; gives how it ended after all.
        at_once: How many may run at once; None leaves it to the engine.

    Raises:
        KeyboardInterrupt: After Ctrl-C, when everything has ended.
    """
    waiting, started = deque(tasks), 0
    limit = at_once or len(tasks)
    with Board(tasks, limit) as board:
        try:
            while waiting or started:
                while waiting and started < limit:
                    engine.start(waiting.popleft())
                    started += 1
                for task, ended in engine.ended():
                    started -= 1
                    board.ended(task, take(task, ended))
                board.running(engine.nodes())
        except BaseException:
            # After an error here, too, nothing goes on computing for nobody.
            _stop(engine)
            raise
    engine.stop()


def _stop(engine: Engine) -> None:
    print("stopping: trainings save where they are; Ctrl-C again does not wait for them", file=sys.stderr, flush=True)
    try:
        engine.stop()
    except KeyboardInterrupt:
        engine.stop(at_once=True)
