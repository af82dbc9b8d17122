"""What a user or a machine gets wrong, as an exception whose message is one line, and the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 300
_SHOWN = 60


class InputError(Exception):
    """Something that was given cannot be used; the message is one line: what, which file or value, what to do."""


class FileError(InputError):
    """A file or folder cannot be read, written or found."""


def first_line(error: BaseException) -> str:
    """What an error says in its first line with words, cut to what one can read; its type where it says nothing.

    >>> first_line(ValueError("  no such side ")), first_line(KeyError())
    ('no such side', 'KeyError')
    """
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "") or type(error).__name__
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def one_line(value: object) -> str:
    """A value as a message shows it: in one line, and not longer than one reads.

    >>> one_line(None), one_line([1, 2])
    ('None', '[1, 2]')
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= _SHOWN else f"{type(value).__name__} {text[:_SHOWN]}..."


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`" (did you mean ...?)"` for a mistyped name, or nothing when no known one is near.

    >>> did_you_mean("atrus", ["atrous", "carlo"])
    " (did you mean 'atrous'?)"
    >>> did_you_mean("foo", ["gopro", "reds"])
    ''
    """
    close = difflib.get_close_matches(str(name).lower(), list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""
