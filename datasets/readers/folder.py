"""Blurry and sharp images of one's own: two folders side by side, or a CSV file that lists the pairs.

`{blur,blurry,input,lq}` beside `{sharp,target,gt}`, in any case, flat or with a folder for each scene (in the two, or
around them), with or without folders `train`, `val` and `test` above. Images of one name are a pair, whatever their
endings. A file `pairs.csv` comes before all folders; for it, or any CSV file that is given instead of a folder, see
`datasets.readers.table`.

Without split folders there is one split, `all`. It is scored, or trained on, and the benchmarks refuse to do both with
the same images.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from common.files import expand
from datasets.errors import DataError
from datasets.image import unreadable
from datasets.readers import table
from datasets.readers.base import (
    ARCHIVES,
    Findings,
    Found,
    Member,
    Problem,
    Reader,
    archives,
    existing,
    folders,
    pair_up,
    scan,
    tree,
)
from datasets.readers.listed import in_several_splits
from datasets.readers.matching import FOLDER, natural_order
from datasets.registry import DatasetInfo, register

NAME = FOLDER
ENDINGS = table.ENDINGS
WHOLE = "all"
"""The split of pairs that nobody has split."""

_BLURRY, _SHARP = table.BLURRY, table.SHARP
_DEPTH = 3
_SAMPLED = 4096
# What macOS puts into archives beside the folders that were packed.
_BESIDE_ARCHIVES = "__MACOSX"
_HELP = f"`python -m datasets list {NAME}` says what to put where"


class _Place(NamedTuple):
    """Two folders side by side: what scenes below them begin with, and their paths below the root."""

    scene: str
    blurry: str
    sharp: str


def place(root: Path | str) -> Path:
    """The folder of the pairs, or the CSV file that lists them.

    Raises:
        DataError: When it is neither, or a folder without pairs; the message says what was looked for.
    """
    given = expand(root)
    if given.suffix.lower() in (table.ENDING, *ARCHIVES) and _is_file(given):
        if given.suffix.lower() == table.ENDING:
            return given
        raise DataError(f"{NAME}: data root {given} is not a folder but an archive; unpack it and give the folder")
    folder = existing(NAME, given, " of pairs, or a CSV file that lists them")
    lists = [name for name in scan(folder, ".", (table.ENDING,), whole_names=True) if name.casefold() == table.NAME]
    if len(lists) > 1:
        raise DataError(f"{folder}: {lists[0]} and {lists[1]} both list pairs; keep one of the two")
    if lists:
        return folder / lists[0]
    if not any(_places(folder, below) for below in _splits(folder).values()):
        raise DataError(_without_pairs(folder))
    return folder


def _is_file(path: Path) -> bool:
    """Whether a path is a file that can be looked at."""
    try:
        return path.is_file()
    except OSError:
        return False


def _without_pairs(folder: Path) -> str:
    """Says that a folder holds no pairs, and what may be the matter."""
    packed = archives(folder, ".")
    if packed:
        return f"{folder / packed[0]}: an archive, and no pairs beside it; unpack it"
    return f"{NAME}: no pairs in {folder} (looked for folders like blur/ and sharp/, and for {table.NAME}); {_HELP}"


def has(root: Path, split: str) -> bool:
    """Whether there is a place for pairs of a split."""
    if table.is_table(root):
        return table.has(root, split)
    below = _splits(root).get(split)
    return below is not None and bool(_places(root, below))


def find(root: Path, split: str) -> list[Member]:
    """The pairs of a split, scene by scene in the order of their names, in which numbers count as such.

    Raises:
        DataError: When archives lie where the images should.
    """
    if table.is_table(root):
        return _in_order(table.find(root, split))
    below = _splits(root).get(split)
    places = [] if below is None else _places(root, below)
    found = [member for each in places for member in _members(root, each)]
    packed = [path for each in places for side in (each.blurry, each.sharp) for path in archives(root, side)]
    if not found and packed:
        raise DataError(f"{root / packed[0]}: an archive where images should be; unpack it")
    return _in_order(found)


def _splits(root: Path) -> dict[str, str]:
    """The splits of a folder, each with its folder below; `"."` of `all` where nobody has split the pairs."""
    found: dict[str, str] = {}
    for name in folders(root, "."):
        split = name.casefold()
        if split in table.SPLITS and split in found:
            raise DataError(f"{root}: {found[split]}/ and {name}/ are one split; keep one of the two")
        if split in table.SPLITS:
            found[split] = name
    if not found:
        return {WHOLE: "."}
    beside = [name for name in folders(root, ".") if name.casefold() in (*_BLURRY, *_SHARP)]
    if beside:
        raise DataError(
            f"{root}: holds {beside[0]}/ beside {', '.join(f'{name}/' for name in found.values())}; move those pairs "
            "into a split, or all of them out of the splits"
        )
    return found


def _places(root: Path, below: str, scene: str = "", depth: int = 0) -> list[_Place]:
    """Finds folders of blurry and sharp images side by side, in a folder or in the scenes in it."""
    names = [name for name in folders(root, below) if name != _BESIDE_ARCHIVES]
    sides = [[name for name in names if name.casefold() in known] for known in (_BLURRY, _SHARP)]
    for side, what in zip(sides, ("blurry", "sharp"), strict=True):
        if len(side) > 1:
            raise DataError(f"{root / below}: {side[0]}/ and {side[1]}/ both hold {what} images; move one of them away")
    (blurry, sharp), prefix = sides, "" if below == "." else f"{below}/"
    if blurry and sharp:
        return [_Place(scene, prefix + blurry[0], prefix + sharp[0])]
    if blurry or sharp:
        there, wanted = (blurry[0], _SHARP) if blurry else (sharp[0], _BLURRY)
        wanted_names = f"{'/, '.join(wanted[:-1])}/ or {wanted[-1]}/"
        other = "sharp" if blurry else "blurry"
        raise DataError(
            f"{root / below}: holds {there}/, but no {wanted_names} beside it; put the {other} images there"
        )
    if depth == _DEPTH:
        return []
    deeper = (_places(root, prefix + name, f"{scene}/{name}".strip("/"), depth + 1) for name in names)
    return [found for places in deeper for found in places]


def _members(root: Path, at: _Place) -> Iterator[Member]:
    """Yields the pairs below two folders; each folder in them is a scene."""
    sides = [[Path(name).relative_to(side).as_posix() for name in tree(root, root / side)] for side in at[1:]]
    scenes = list(dict.fromkeys(name for side in sides for name in side))
    found = [
        member
        for scene in scenes
        for member in pair_up(
            _images(root, at.blurry, scene),
            _images(root, at.sharp, scene),
            "/".join(part for part in (at.scene, scene) if part not in ("", ".")),
        )
    ]
    if found and not any(member.blurry and member.sharp for member in found):
        what = (
            f"no name is in {at.blurry}/ and in {at.sharp}/ both; give both images of a pair one name, or list the "
            "pairs in a CSV file"
        )
        first, *rest = found
        found = [replace(first, flaws=(Problem(first.files[0].name, what),)), *rest]
    yield from found


def _images(root: Path, side: str, scene: str) -> dict[str, Found]:
    return scan(root, side if scene == "." else f"{side}/{scene}", ENDINGS)


def _in_order(members: Sequence[Member]) -> list[Member]:
    """Members scene by scene in natural order, each with its place in its scene, which tells neighbours."""
    ordered = sorted(members, key=lambda member: (natural_order(member.scene), natural_order(member.frame)))
    counts: dict[str, int] = {}
    results = []
    for member in ordered:
        number = counts.get(member.scene, 0)
        counts[member.scene] = number + 1
        results.append(replace(member, number=number))
    return results


def identity(members: Sequence[Member]) -> list[str]:
    """What tells pairs from others: names, sizes and some bytes of every file, and which are a pair.

    Two folders of images called 1 to 100, uncompressed and equally large, must not be taken for one another.
    """
    with ThreadPoolExecutor() as pool:
        return list(pool.map(_identity, members))


def _identity(member: Member) -> str:
    files = (f"{file.name}:{file.size}:{_sampled(file):08x}" for file in member.files)
    return unicodedata.normalize("NFC", "|".join((member.scene, member.frame, *files)))


def _sampled(file: Found) -> int:
    """A checksum of the first, middle and last bytes of a file."""
    checksum = 0
    try:
        with file.path.open("rb") as stream:
            for start in (0, file.size // 2, max(0, file.size - _SAMPLED)):
                stream.seek(start)
                checksum = zlib.crc32(stream.read(_SAMPLED), checksum)
    except OSError as error:
        raise unreadable(file.path, error) from error
    return checksum


def check(root: Path, members: Mapping[str, Sequence[Member]]) -> Findings:
    """Lists the files that several splits hold."""
    return Findings(in_several_splits(members), [])


INFO = DatasetInfo(
    name=NAME,
    title="Pairs of one's own",
    summary="Any blurry and sharp images of one size each, in two folders or listed in a CSV file.",
    source="your own pairs",
    licence="that of the images",
    size="any number of pairs",
    layout="""Any folder of PNG, JPEG, TIFF, WebP or BMP files, given with --data-root DIR; two of one name are a pair:
pairs/
  blur/1.png, blur/2.png, ...      or blurry, input, lq; in any case
  sharp/1.png, sharp/2.jpg, ...    or target, gt
Scenes may have a folder each, blur/SCENE/1.png or SCENE/blur/1.png. Folders `train`, `val` and `test` above keep pairs
to train on and to score apart; what is scored is test, or else val. Without them all pairs are one split, `all`, which
is scored or trained on, never both. Images whose names differ are listed in DIR/pairs.csv, or in any CSV file given
instead of DIR, with paths relative to it:
  blurry,sharp,split,scene
  a_soft.png,a_crisp.png,train,garden
The columns split and scene may be left out.""",
    splits=dict.fromkeys((*table.SPLITS, WHOLE), 0),
    training_split="train",
    evaluation_split="test",
    instead={"train": (WHOLE,), "test": ("val", WHOLE)},
    protocols=("full", "aligned"),
    video=False,
    folder="pairs",
    own_pairs=True,
)

READER = Reader(has=has, find=find, check=check, place=place, identity=identity)

register(INFO, READER)
