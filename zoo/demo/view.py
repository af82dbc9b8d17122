"""What the page shows while a photograph is restored and afterwards, in words and HTML."""

from __future__ import annotations

import html
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zoo.demo.work import Restored, Restorer, Stopped, Work
from zoo.errors import ZooError
from zoo.inference.failures import in_one_line

_SECONDS_BETWEEN_VIEWS = 0.5
_NOT_OURS = "something went wrong in this program, and its log says what; try another photograph or other weights"
_SHORT_OF_MEMORY = "send a smaller photograph, or choose smaller weights"


@dataclass(frozen=True)
class View:
    """What the page shows.

    Attributes:
        status: HTML of the line below the buttons.
        restored: What came of the photograph; None as long as there is nothing.
        running: Whether the work goes on.
    """

    status: str
    restored: Restored | None = None
    running: bool = False


def views(restorer: Restorer, upload: str | None, weights: str, step: float | str | None) -> Iterator[View]:
    """Restores a photograph, and says every now and then what to show.

    Whoever stops asking stops the work.

    Args:
        restorer: What restores.
        upload: The file that was sent; None when there is none.
        weights: Name of the weights.
        step: Blur step, or `"auto"`, for models that take it.

    Yields:
        Any number of views that are running, then one that is not.
    """
    if upload is None:
        yield View(failure("there is no photograph yet; drop one, or take an example"))
        return
    try:
        work = restorer.start(Path(upload), weights, step)
    except ZooError as error:
        yield View(failure(str(error)))
        return
    try:
        yield View(under_way(work), running=True)
        while not work.ended_within(_SECONDS_BETWEEN_VIEWS):
            yield View(under_way(work), running=True)
    finally:
        work.stop()
    yield _outcome(work)


def _outcome(work: Work) -> View:
    """What to show when the work has ended."""
    if work.future.cancelled():
        return View(stopped())
    error = work.future.exception()
    if error is None:
        restored = work.future.result()
        return View(success(restored), restored)
    if isinstance(error, Stopped):
        return View(stopped())
    if not isinstance(error, Exception):
        raise error
    return View(failure(explained(error, work)))


def explained(error: Exception, work: Work) -> str:
    """What went wrong, in one line without any path of this machine; what is no fault of the file goes to the log."""
    upload = next(iter(work.files))
    try:
        said = in_one_line(error, upload, next(reversed(work.files)), _SHORT_OF_MEMORY)
    except Exception:
        traceback.print_exception(error, file=sys.stderr)
        return _NOT_OURS
    for path, name in work.files.items():
        said = said.replace(str(path), name)
    return " ".join(said.split())


def under_way(work: Work) -> str:
    """HTML of a bar and where the work is."""
    value = f' max="{work.total}" value="{work.done}"' if work.done else ""
    return f'<div class="status" role="status"><progress{value}></progress>{_text(work.spoken())}</div>'


def success(restored: Restored) -> str:
    """HTML of what came of a photograph."""
    return f'<div class="status" role="status">{"<br>".join(map(_text, restored.notes))}</div>'


def failure(message: str) -> str:
    """HTML of an error."""
    return f'<div class="status failed" role="alert">{_text(message)}</div>'


def stopped() -> str:
    """HTML of what a visitor has stopped."""
    return '<div class="status" role="status">stopped</div>'


def _text(words: str) -> str:
    return html.escape(words)
