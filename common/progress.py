"""How long work tells how far it is: by calling what it was given. Who draws it is not its business."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Progress = Callable[[int, int], None]
"""Called with work done and in all."""

Bar = Callable[[str], AbstractContextManager[Progress]]
"""Opens something that shows progress under a title."""


@contextmanager
def silent(title: str) -> Iterator[Progress]:
    """A `Bar` that shows nothing.

    >>> with silent("scoring") as progress:
    ...     progress(1, 2)
    """
    yield lambda done, total: None


def up_to(progress: Progress, total: int) -> Callable[[int, float], None]:
    """What shows the evaluations of a search, which may take a few more than the `total` that is planned.

    >>> up_to(print, 10)(12, 0.5)
    10 10
    """
    return lambda done, _: progress(min(done, total), total)
