"""The one exception that this package raises for unknown names and unusable arguments, and the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ZooError(ValueError):
    """A model cannot be built, loaded or used as asked; the message is one line and says what to do."""


def nearest(name: object, known: Iterable[str]) -> str:
    """`" (did you mean ...?)"` for a mistyped name, or nothing when no known one is near.

    >>> nearest("atrus", ["atrous", "carlo"])
    " (did you mean 'atrous'?)"
    >>> nearest("unet", ["atrous", "carlo"])
    ''
    """
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
