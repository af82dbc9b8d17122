"""What a user or a machine gets wrong, as an exception whose message is one line, and the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """Something that was given cannot be used; the message is one line: what, which file or value, what to do."""


class FileError(InputError):
    """A file or folder cannot be read, written or found."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`" (did you mean ...?)"` for a mistyped name, or nothing when no known one is near.

    >>> did_you_mean("atrus", ["atrous", "carlo"])
    " (did you mean 'atrous'?)"
    >>> did_you_mean("unet", ["atrous", "carlo"])
    ''
    """
    close = difflib.get_close_matches(str(name).lower(), list(known), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
