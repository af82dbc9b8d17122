"""A CSV file that lists pairs: columns `blurry` and `sharp`, and where wanted `split` and `scene`.

Paths are relative to the file. Columns may stand in any order and be written in any case, others are passed over;
commas, semicolons and tabs separate them.
"""

from __future__ import annotations

import csv
import difflib
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from common.errors import did_you_mean
from datasets.errors import DataError
from datasets.readers.base import IMAGES, Found, Member, Problem, found_at

NAME, ENDING = "pairs.csv", ".csv"
ENDINGS = (*IMAGES, ".bmp")
SPLITS = ("train", "val", "test")
BLURRY = ("blur", "blurry", "input", "lq")
SHARP = ("sharp", "target", "gt")

# Parts of a path that are no scene.
_NO_SCENES = (*BLURRY, *SHARP, *SPLITS, "..", "/")
_NEEDED, _OPTIONAL = ("blurry", "sharp"), ("split", "scene")
_SEPARATORS = ",;\t"
# A column may be called nearly like one of ours and mean something else: `source` is none of them.
_NEAR = 0.75


class _Row(NamedTuple):
    """One line: its number in the file, and its cells."""

    line: int
    blurry: str
    sharp: str
    split: str
    scene: str | None


def is_table(root: Path) -> bool:
    """Whether a place of pairs is a CSV file."""
    return root.suffix.lower() == ENDING and root.is_file()


def has(path: Path, split: str) -> bool:
    """Whether a table lists pairs of a split.

    Raises:
        DataError: When it is no such table.
    """
    return any(row.split == split for row in _read(path))


def find(path: Path, split: str) -> list[Member]:
    """The pairs of a split in the order of the table; what a line lacks is a flaw of its pair.

    Args:
        path: The table.
        split: The split; `"all"` where the table has no such column.

    Raises:
        DataError: When it is no such table.
    """
    members: dict[tuple[str, str], Member] = {}
    lines: dict[tuple[str, str], int] = {}
    for row in _read(path):
        if row.split != split:
            continue
        member = _member(path, row)
        key = member.scene, member.frame
        if key in members:
            name = "/".join(filter(None, key))
            what = f"line {row.line} names {name} again after line {lines[key]}; leave one, or tell scenes apart"
            members[key] = members[key].flawed(Problem(path.name, what))
        else:
            members[key], lines[key] = member, row.line
    return list(members.values())


def _member(path: Path, row: _Row) -> Member:
    """The pair of a line, with what is wrong with it."""
    sides: list[Found | None] = []
    flaws = []
    for column, text in zip(_NEEDED, (row.blurry, row.sharp), strict=True):
        name = unicodedata.normalize("NFC", text.replace("\\", "/"))
        file = None
        if not name:
            flaws.append(Problem(path.name, f"line {row.line} has no {column} image; name one"))
        else:
            file = found_at(path.parent / text.replace("\\", "/"), name)
            if file is None:
                flaws.append(Problem(name, f"named in line {row.line} of {path.name}, but there is no such file"))
            elif Path(name).suffix.lower() not in ENDINGS:
                flaws.append(Problem(name, f"named in line {row.line} of {path.name}, but no image by its ending"))
        sides.append(file)
    blurry, sharp = sides
    if blurry and sharp and blurry.path == sharp.path:
        flaws.append(Problem(blurry.name, f"both images of line {row.line} of {path.name}; name two"))
    shown = PurePosixPath((row.blurry or row.sharp).replace("\\", "/"))
    scene = "/".join(part for part in shown.parts[:-1] if part.casefold() not in _NO_SCENES)
    return Member(
        scene=scene if row.scene is None else row.scene,
        frame=shown.stem or f"line {row.line}",
        blurry=(blurry.frame,) if blurry else (),
        sharp=(sharp.frame,) if sharp else (),
        files=tuple(file for file in sides if file),
        flaws=tuple(flaws),
    )


def _read(path: Path) -> list[_Row]:
    """The lines of a table."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=first.count), strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; check the data root") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text in UTF-8; save the table as CSV in UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path}: not a CSV file ({error}); save the table as CSV") from error
    lines = [(number, cells) for number, cells in lines if any(cells)]
    if not lines:
        raise DataError(f"{path}: empty; write a line of columns, blurry,sharp, and one for each pair")
    places = _columns(path, lines[0][1])
    if len(lines) == 1:
        raise DataError(f"{path}: lists no pairs; write a line for each")
    return [_row(path, number, cells, places) for number, cells in lines[1:]]


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Where each column stands; an unknown one that is called nearly like an optional one is refused."""
    names = [name.casefold() for name in header]
    for name in _NEEDED:
        if name not in names:
            raise DataError(
                f"{path}: no column {name!r}{did_you_mean(name, names)}; the first line must name blurry and sharp"
            )
    known = (*_NEEDED, *_OPTIONAL)
    for name in names:
        if name in known and names.count(name) > 1:
            raise DataError(f"{path}: two columns {name!r}; leave one of them")
        lacking = [each for each in _OPTIONAL if each not in names]
        near = [] if name in known else difflib.get_close_matches(name, lacking, n=1, cutoff=_NEAR)
        if near:
            raise DataError(f"{path}: unknown column {name!r}; did you mean {near[0]!r}? Rename it")
    return {name: names.index(name) for name in known if name in names}


def _row(path: Path, line: int, cells: Sequence[str], places: dict[str, int]) -> _Row:
    """One line with the cells that it has."""
    values = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
    split = values.get("split", "all")
    if "split" in places and split.casefold() not in SPLITS:
        raise DataError(
            f"{path}: line {line} has the split {split!r}{did_you_mean(split, SPLITS)}; write train, val or test"
        )
    return _Row(line, values["blurry"], values["sharp"], split.casefold(), values.get("scene"))
