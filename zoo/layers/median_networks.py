"""Minima and maxima that find the medians of square windows.

Two forms are written down here, both as lists of minima and maxima of whole images (`Program`), free of any
branching, so that one instruction serves all pixels at once.

- `window_program`: one exchange network per window, 19 exchanges for 3x3 and 99 for 5x5. Columns are sorted, then rows
  as far as needed, then what may still be the median is thinned out. The columns sorted by one window are those of its
  neighbours, too; such equal work is done once.
- `shared_program`: small tiles of windows share much more. The pixels common to all windows of a tile are sorted once,
  values that cannot be the median of any are dropped at once, the tile is halved, each half merges in the pixels that
  its windows share beyond that, and so on down to single windows. The idea is that of A. Adams, "Fast median filters
  using separable sorting networks" (ACM Transactions on Graphics, 2021). Per pixel it takes 17, 57, 129 and 186 minima
  and maxima for the widths 3, 5, 7 and 9.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Rows and columns of windows that share work. Larger tiles save little or nothing and make the program longer.
TILES = {3: (2, 1), 5: (2, 1), 7: (2, 2), 9: (2, 2)}
EXCHANGE_WIDTHS = (3, 5)

Pair = tuple[int, int]


class Value(NamedTuple):
    """A node's value at the tile `down` rows and `right` columns of tiles from the one at hand.

    Nodes are numbered: first the pixels of a tile, row by row, then the results of the instructions.
    """

    node: int
    down: int
    right: int


class Instruction(NamedTuple):
    """The minimum, or the maximum, of two values, neither of them above or left of the tile at hand."""

    maximum: bool
    first: Value
    second: Value


@dataclass(frozen=True)
class Program:
    """Minima and maxima that lead from the pixels of all tiles to the medians of all windows.

    Attributes:
        tile: Rows and columns of pixels, and of windows, in a tile.
        instructions: In an order in which each finds its operands ready.
        outputs: The medians of the windows whose top left corners are the pixels of the tile, row by row.
        slots: For each node the number of the place that holds its result. A place is given to another node once its
            result is used up, but not to one that is computed from it.
    """

    tile: Pair
    instructions: tuple[Instruction, ...]
    outputs: tuple[Value, ...]
    slots: tuple[int, ...]


class _Builder:
    """Collects instructions; what is the same up to a shift by whole tiles is kept once."""

    def __init__(self, tile: Pair) -> None:
        self.tile = tile
        self.pixels = tile[0] * tile[1]
        self.instructions: list[Instruction] = []
        self.known: dict[Instruction, int] = {}

    def pixel(self, row: int, column: int) -> Value:
        """The pixel at a place counted from the tile's top left corner."""
        (down, row), (right, column) = divmod(row, self.tile[0]), divmod(column, self.tile[1])
        return Value(row * self.tile[1] + column, down, right)

    def exchange(self, a: Value, b: Value) -> tuple[Value, Value]:
        """The lower and the higher of two values."""
        return self._add(False, a, b), self._add(True, a, b)

    def _add(self, maximum: bool, a: Value, b: Value) -> Value:
        a, b = sorted((a, b))
        down, right = min(a.down, b.down), min(a.right, b.right)
        first, second = (Value(v.node, v.down - down, v.right - right) for v in (a, b))
        key = Instruction(maximum, first, second)
        if key not in self.known:
            self.known[key] = self.pixels + len(self.instructions)
            self.instructions.append(key)
        return Value(self.known[key], down, right)

    def program(self, outputs: Sequence[Value]) -> Program:
        """The program for some outputs, without the halves of exchanges that nothing asks for."""
        needed = {value.node for value in outputs}
        for node in range(self.pixels + len(self.instructions) - 1, self.pixels - 1, -1):
            if node in needed:
                needed.update(value.node for value in self.instructions[node - self.pixels][1:])
        kept = [node for node in range(self.pixels, self.pixels + len(self.instructions)) if node in needed]
        number = {node: node for node in range(self.pixels)}
        number.update((node, self.pixels + index) for index, node in enumerate(kept))

        def renumbered(value: Value) -> Value:
            return value._replace(node=number[value.node])

        chosen = (self.instructions[node - self.pixels] for node in kept)
        instructions = [Instruction(each.maximum, renumbered(each.first), renumbered(each.second)) for each in chosen]
        found = [renumbered(value) for value in outputs]
        return Program(self.tile, tuple(instructions), tuple(found), _slots(self.pixels, instructions, found))


def _slots(pixels: int, instructions: Sequence[Instruction], outputs: Sequence[Value]) -> tuple[int, ...]:
    """Returns `Program.slots`."""
    last_use = {value.node: index for index, each in enumerate(instructions) for value in each[1:]}
    last_use.update((value.node, len(instructions)) for value in outputs)
    slots = list(range(pixels))
    free: list[int] = []
    for index, (_, first, second) in enumerate(instructions):
        slots.append(free.pop() if free else max(slots) + 1)
        free += [slots[node] for node in {first.node, second.node} if last_use[node] == index]
    return tuple(slots)


# --- One exchange network per window ---------------------------------------------------------------------------------

# Exchanges within a column or row: the first place gets the lower value, the second the higher one.
_SORT = {
    3: ((0, 1), (1, 2), (0, 1)),
    5: ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (3, 4), (1, 3), (2, 4), (2, 3)),
}
# Of five values: the two and the three highest, in order, to the end.
_HIGHEST_TWO = ((0, 1), (1, 2), (2, 3), (3, 4), (0, 1), (1, 2), (2, 3))
_HIGHEST_THREE = ((0, 1), (0, 2), (0, 3), (1, 2), (3, 4), (1, 3), (2, 4), (2, 3))


def _mirrored(exchanges: Iterable[Pair], size: int) -> tuple[Pair, ...]:
    """The exchanges that do for the lowest values what those given do for the highest."""
    return tuple((size - 1 - high, size - 1 - low) for low, high in exchanges)


# With columns and rows sorted, the place (row, column) has at least (row + 1)(column + 1) - 1 values below it. So the
# median is among the highest of the first rows and the lowest of the last ones; this is what is needed of each row.
_ROWS = {
    3: (((0, 1), (1, 2)), _SORT[3], ((1, 2), (0, 1))),
    5: (_HIGHEST_TWO, _HIGHEST_THREE, _SORT[5], _mirrored(_HIGHEST_THREE, 5), _mirrored(_HIGHEST_TWO, 5)),
}
# The exchanges among the 3 and 13 values left, places as two digits (row, column). Those of width 5 were found by a
# beam search over the zeros and ones that sorted columns and rows allow. They leave the median in the centre.
_REST = {
    3: "02:11 11:20 02:11",
    5: "03:31 13:41 13:30 14:31 04:30 14:40 04:32 12:40 14:23 21:30 04:14 30:40 14:30 14:22 22:30",
}


def window_exchanges(width: int) -> list[Pair]:
    """The exchange network that brings the median of a window to its centre.

    Args:
        width: Width of the window, 3 or 5.

    Returns:
        Exchanges (low, high) of places counted row by row: 19 for width 3, 99 for width 5. Each puts the lower of two
        values at its first place and the higher one at its second place.
    """
    columns = [(low * width + column, high * width + column) for column in range(width) for low, high in _SORT[width]]
    rows = [
        (row * width + low, row * width + high) for row, exchanges in enumerate(_ROWS[width]) for low, high in exchanges
    ]
    rest = [tuple(int(place, width) for place in pair.split(":")) for pair in _REST[width].split()]
    return [*columns, *rows, *((low, high) for low, high in rest)]


def window_program(width: int) -> Program:
    """The program that runs `window_exchanges(width)` on every window."""
    builder = _Builder((1, 1))
    values = [builder.pixel(row, column) for row in range(width) for column in range(width)]
    for low, high in window_exchanges(width):
        values[low], values[high] = builder.exchange(values[low], values[high])
    return builder.program([values[width**2 // 2]])


# --- Tiles of windows that share work --------------------------------------------------------------------------------


class _Sorted(NamedTuple):
    """Sorted values of some pixels of a window, without those that are known not to be the window's median.

    Attributes:
        values: What is left, ascending.
        below: How many were dropped below these.
        seen: How many pixels there were.
    """

    values: list[Value]
    below: int
    seen: int


def shared_program(width: int, tile: Pair | None = None) -> Program:
    """The program in which the windows of a tile share work.

    Args:
        width: Odd width of the windows.
        tile: Rows and columns of windows in a tile, at most `width` each; None takes what was measured to be fast.
    """
    tile = tile or TILES[width]
    medians = _TileMedians(width, _Builder(tile))
    rows, columns = range(tile[0]), range(tile[1])
    by_rows = len(rows) > len(columns)
    medians.descend(rows, columns, medians.block(medians.common(rows), medians.common(columns), by_rows))
    return medians.builder.program([medians.found[row, column] for row in rows for column in columns])


class _TileMedians:
    """Finds the medians of the windows of a tile."""

    def __init__(self, width: int, builder: _Builder) -> None:
        self.width = width
        self.builder = builder
        self.rank = width**2 // 2
        self.found: dict[Pair, Value] = {}

    def common(self, windows: range) -> range:
        """The pixel rows (or columns) common to the windows that start at rows (or columns) `windows`."""
        return range(windows[-1], windows[0] + self.width)

    def descend(self, rows: range, columns: range, shared: _Sorted) -> None:
        """Finds the medians of the windows starting at `rows` x `columns` from the pixels that they share."""
        if len(rows) == len(columns) == 1:
            (self.found[rows[0], columns[0]],) = shared.values
            return
        by_rows = len(rows) > len(columns)
        whole = rows if by_rows else columns
        middle = len(whole) // 2
        for half in (whole[:middle], whole[middle:]):
            before, after = self.common(whole), self.common(half)
            new = range(after[0], before[0]) if after[0] < before[0] else range(before[-1] + 1, after[-1] + 1)
            if by_rows:
                self.descend(half, columns, self._join(shared, self.block(new, self.common(columns), by_rows)))
            else:
                self.descend(rows, half, self._join(shared, self.block(self.common(rows), new, by_rows)))

    def block(self, rows: range, columns: range, by_rows: bool) -> _Sorted:
        """Sorts a rectangle of pixels, its rows (or columns) first: those recur in other rectangles."""
        lines = []
        for outer in rows if by_rows else columns:
            places = [(outer, inner) if by_rows else (inner, outer) for inner in (columns if by_rows else rows)]
            lines.append(self._join_all([_Sorted([self.builder.pixel(*place)], 0, 1) for place in places]))
        return self._join_all(lines)

    def _join_all(self, parts: list[_Sorted]) -> _Sorted:
        """Joins neighbours two by two; groups of 2, 4, 8 then recur in other windows."""
        while len(parts) > 1:
            parts = [self._join(*parts[i : i + 2]) if i + 1 < len(parts) else parts[i] for i in range(0, len(parts), 2)]
        return parts[0]

    def _join(self, a: _Sorted, b: _Sorted) -> _Sorted:
        """Merges two sorted lists and drops what has more than half of the window above or below it."""
        values, below, seen = self._merge(a.values, b.values), a.below + b.below, a.seen + b.seen
        first = max(below, seen - 1 - self.rank)
        return _Sorted(values[first - below : self.rank + 1 - below], first, seen)

    def _merge(self, a: list[Value], b: list[Value]) -> list[Value]:
        """Merges two sorted lists by Batcher's odd-even merge."""
        if not a or not b:
            return a + b
        if len(a) == len(b) == 1:
            return list(self.builder.exchange(a[0], b[0]))
        even, odd = self._merge(a[::2], b[::2]), self._merge(a[1::2], b[1::2])
        merged = even[:1]
        for low, high in zip(odd, even[1:], strict=False):
            merged += self.builder.exchange(low, high)
        # One of the two lists may be longer by up to two.
        return merged + odd[len(even) - 1 :] + even[len(odd) + 1 :]
