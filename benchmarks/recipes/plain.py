"""Nested dataclasses as plain values: filled up with defaults, and cut down to what differs from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

from benchmarks.errors import RunError


def plain(value: Any) -> Any:
    """A value as JSON gives it back: tuples are lists.

    >>> plain({"grid": (3, 5)})
    {'grid': [3, 5]}
    """
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def filled(values: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Plain values of a dataclass with the defaults of what they lack; what has no default stays away.

    Raises:
        RunError: When a value has a name that no field has.
    """
    groups, found = _groups(kind), {}
    for field in fields(kind):
        given = values.get(field.name, MISSING)
        group, optional = groups.get(field.name, (None, False))
        if group is not None and not (optional and (given is None or given is MISSING)):
            found[field.name] = filled({} if given is MISSING else given, group)
        elif given is not MISSING:
            found[field.name] = plain(given)
        elif field.default is not MISSING:
            found[field.name] = plain(field.default)
    unknown = set(values) - {field.name for field in fields(kind)}
    if unknown:
        raise no_such_value(min(unknown))
    return found


def chosen(values: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Plain values of a dataclass without those at their defaults.

    A group that may be missing is there even when everything in it is at its default.
    """
    groups = _groups(kind)
    defaults = {field.name: plain(field.default) for field in fields(kind) if field.default is not MISSING}
    kept = {}
    for name, value in values.items():
        group, optional = groups.get(name, (None, False))
        if group is not None and isinstance(value, Mapping):
            inner = chosen(value, group)
            if inner or optional:
                kept[name] = inner
        elif name not in defaults or value != defaults[name]:
            kept[name] = value
    return kept


def no_such_value(name: str) -> RunError:
    """The error for a value that no recipe ever had."""
    return RunError(f"a recipe has no {name!r}; the record was written by another version of this project")


@cache
def _groups(kind: type) -> dict[str, tuple[type, bool]]:
    """Fields that are dataclasses themselves: name -> which one, and whether it may be missing."""
    found = {}
    for name, hint in get_type_hints(kind).items():
        parts = get_args(hint) or (hint,)
        group = next((part for part in parts if is_dataclass(part)), None)
        if isinstance(group, type):
            found[name] = (group, NoneType in parts)
    return found
