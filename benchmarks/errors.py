"""The one exception of this package, and how commands turn exceptions into one line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import InputError


class RunError(InputError):
    """A run cannot start or go on; the message is one line and says what to do."""


class UnfitError(RunError):
    """A model and a data set do not go together; where the model was not named, that is no mistake."""


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turns a reader's error, which TensorFlow wraps in its own with a traceback, back into one line."""
    try:
        yield
    except Exception as error:
        found = re.search(r"(?:Data|File)Error: ([^\n]+)", str(error))
        if found is None:
            raise
        raise RunError(found.group(1)) from error
