"""A reader of pickles that calls nothing: it admits plain containers, and names that it knows what to do with.

A pickle is a small program for a stack machine, and one that is run as Python runs it may call any function. Here the
machine is our own: its instructions are those that PyTorch's files use, and what they may ask for by name is a table
given by the caller. Anything else ends the reading with one line that names it.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from typing import Any

from zoo.errors import ZooError

Known = Mapping[tuple[str, str], Any]
"""(module, name) -> what stands for it: a function of ours for what a pickle calls, anything else for what it names."""

_MARK = object()
# Instructions that push what stands behind them.
_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_IGNORED = frozenset({"PROTO", "FRAME"})
_STORE = frozenset({"BINPUT", "LONG_BINPUT"})
_RECALL = frozenset({"BINGET", "LONG_BINGET"})


def read(content: bytes, known: Known, persistent: Callable[[Any], Any], where: str) -> Any:
    """The value that a pickle describes.

    Args:
        content: The pickle, protocol 2 or later.
        known: What it may ask for by name.
        persistent: Gives what a persistent identifier stands for.
        where: The file, for messages.

    Returns:
        Dicts, lists, tuples, numbers, texts, and what `known` and `persistent` give.

    Raises:
        ZooError: When it asks for a name that is not known or has an instruction that PyTorch's files do not use.
        ValueError, LookupError, TypeError: When it is damaged.
    """
    return _Machine(known, persistent, where).run(content)


class _Machine:
    """The stack machine of one pickle."""

    def __init__(self, known: Known, persistent: Callable[[Any], Any], where: str) -> None:
        self.known = known
        self.persistent = persistent
        self.where = where
        self.stack: list[Any] = []
        self.memo: dict[Any, Any] = {}

    def run(self, content: bytes) -> Any:
        for instruction, argument, _ in pickletools.genops(content):
            name = instruction.name
            if name == "STOP":
                return self.stack.pop()
            if name in _VALUES:
                self.stack.append(argument)
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name in _EMPTY:
                self.stack.append(_EMPTY[name]())
            elif name in _TUPLES:
                self._tuple(self._take(_TUPLES[name]))
            elif name in _STORE:
                self.memo[argument] = self.stack[-1]
            elif name in _RECALL:
                self.stack.append(self.memo[argument])
            elif name not in _IGNORED:
                self._act(name, argument)
        raise ValueError("it has no end")

    def _act(self, name: str, argument: Any) -> None:
        """Runs an instruction that is more than pushing a value."""
        action = getattr(self, f"_do_{name.lower()}", None)
        if action is None:
            raise ZooError(f"{self.where}: has the pickle instruction {name}, which weight files do not use; refused")
        action(argument)

    def _take(self, count: int) -> list[Any]:
        """Takes the last values off the stack."""
        if len(self.stack) < count:
            raise ValueError("too few values")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def _to_mark(self) -> list[Any]:
        """Takes the values after the last mark, and the mark."""
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise ValueError("a mark is missing")
        taken = self.stack[place + 1 :]
        del self.stack[place:]
        return taken

    def _tuple(self, values: list[Any]) -> None:
        self.stack.append(tuple(values))

    def _set(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(pairs) % 2:
            raise TypeError("items for what is no dict")
        target.update(zip(pairs[::2], pairs[1::2], strict=True))

    def _extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise TypeError("items for what is no list")
        target.extend(values)

    def _name(self, module: str, name: str) -> None:
        if (module, name) not in self.known:
            raise ZooError(
                f"{self.where}: asks for {module}.{name}, which is no tensor and no plain container; refused, as it "
                "could run a program; fetch the weights from their owner"
            )
        self.stack.append(self.known[module, name])

    def _do_mark(self, _: Any) -> None:
        self.stack.append(_MARK)

    def _do_pop(self, _: Any) -> None:
        self._take(1)

    def _do_pop_mark(self, _: Any) -> None:
        self._to_mark()

    def _do_dup(self, _: Any) -> None:
        self.stack.append(self.stack[-1])

    def _do_memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _do_tuple(self, _: Any) -> None:
        self._tuple(self._to_mark())

    def _do_list(self, _: Any) -> None:
        self.stack.append(self._to_mark())

    def _do_dict(self, _: Any) -> None:
        values = self._to_mark()
        self.stack.append({})
        self._set(values)

    def _do_setitem(self, _: Any) -> None:
        self._set(self._take(2))

    def _do_setitems(self, _: Any) -> None:
        self._set(self._to_mark())

    def _do_append(self, _: Any) -> None:
        self._extend(self._take(1))

    def _do_appends(self, _: Any) -> None:
        self._extend(self._to_mark())

    def _do_global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._name(module, name)

    def _do_stack_global(self, _: Any) -> None:
        module, name = self._take(2)
        self._name(str(module), str(name))

    def _do_reduce(self, _: Any) -> None:
        function, arguments = self._take(2)
        # Only a function of ours, out of the table, can be called.
        if not any(function is each for each in self.known.values()) or not callable(function):
            raise TypeError("a call of what is no function")
        self.stack.append(function(*arguments))

    def _do_build(self, _: Any) -> None:
        target, _state = self._take(2)
        # What it would add are attributes, such as the versions that PyTorch keeps beside a dict of tensors.
        if not isinstance(target, dict):
            raise TypeError("attributes for what is no dict")
        self.stack.append(target)

    def _do_binpersid(self, _: Any) -> None:
        self.stack.append(self.persistent(self._take(1)[0]))
