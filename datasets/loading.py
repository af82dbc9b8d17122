"""From a data root to the pairs of one split."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from common.errors import one_line
from datasets.errors import DataError
from datasets.pairs import OWN_PAIRS, OWN_PHOTOGRAPHS, Pair, Pairs, fingerprint
from datasets.readers.base import Member, Reader, base_of, coverage, is_sample, locate
from datasets.registry import DatasetInfo, info, list_datasets, reader


def load(
    name: str,
    root: Path | str | Sequence[Path | str],
    split: str | None = None,
    frames: int = 1,
    *,
    steps: Sequence[int] | None = None,
) -> Pairs:
    """Lists the pairs of one split; no image is decoded.

    Args:
        name: Name in the registry.
        root: The official folder, its parent, or a folder that holds one folder for each data set. For photographs of
            one's own (`synthetic`) any folder, or several; for pairs of one's own (`folder`) their folder or a CSV
            file that lists them.
        split: A split of the data set; None takes the one that results are reported on, which for pairs of one's own
            is `"test"`, `"val"` or `"all"`, the first that is there.
        frames: 1, or 3 for (previous, current, next) blurry frames of the same scene. Where a video begins, ends or
            has a gap in its frame numbers, the current frame stands in for the missing neighbour; so it does for
            every image of a data set that is not video. Pairs of one's own follow each other by their names, as long
            as they are equally large.
        steps: The blur steps to keep, for a data set that has such (`hdc`: 0 to 19).

    Returns:
        The pairs in the data set's own order.

    Raises:
        DataError: Unknown name, split or number of frames; missing root or wrong layout; no images; an image
            without its partner; a wrong text; an unsafe or damaged CIFAR-10 batch.

    Examples:
        >>> import tempfile
        >>> from datasets import samples
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = samples.build("div2k", folder)
        ...     pairs = load("div2k", folder)
        >>> len(pairs), pairs.coverage
        (2, 'sample')
    """
    dataset, source = info(name), reader(name)
    _check_split(dataset, split)
    if not isinstance(root, str | Path | Sequence):
        raise DataError(f"{name}: root must be a folder, not {one_line(root)}; give where the data set is")
    if frames not in (1, 3):
        raise DataError(f"frames={frames}: choose 1, or 3 for previous, current and next")
    folder, within = _folders(name, root)
    split = split or _first_there(dataset, source, folder, dataset.evaluation_split)
    members = _at_steps(source.members(folder, split, within), dataset, steps)
    if not members:
        raise DataError(
            f"{name}: nothing of split {split!r} in {folder}; `python -m datasets list {name}` says what to put where"
        )
    _refuse_flaws(members, name, folder)
    # Members of what is no video have no number, and are their own neighbours.
    neighbours = _triplets(members, dataset.own_pairs) if frames == 3 else [(m, m, m) for m in members]
    items = tuple(
        Pair(
            dataset=name,
            split=split,
            scene=member.scene,
            frame=member.frame,
            blurry=member.blurry if frames == 1 else tuple(f for m in around for f in m.blurry),
            sharp=member.sharp,
            metadata=member.metadata,
        )
        for member, around in zip(members, neighbours, strict=True)
    )
    covered = coverage_of(dataset, source, folder, split, members)
    return Pairs(name, split, folder, items, covered, _fingerprint(dataset, source, split, members), within)


def training_split(name: str, root: Path | str | Sequence[Path | str]) -> str:
    """The split to train on of data that has one: the data set's own, or the one that stands in for it.

    Args:
        name: Name in the registry.
        root: As for `load`.

    Raises:
        DataError: When there is nothing to train on; as `load` for a missing root or a wrong layout.
    """
    dataset, source = info(name), reader(name)
    if dataset.training_split is None:
        raise DataError(f"{name} has nothing to train on; choose another data set")
    if not dataset.instead:
        return dataset.training_split
    return _first_there(dataset, source, _folders(name, root)[0], dataset.training_split)


def _first_there(dataset: DatasetInfo, source: Reader, folder: Path, split: str) -> str:
    """A split, or the first that stands in for it where it is not there; the split itself where none is."""
    others = dataset.instead.get(split, ())
    return next((each for each in (split, *others) if source.has(folder, each)), split) if others else split


def folder_of(name: str, root: Path | str) -> Path:
    """Finds the folder that holds a data set's layout; see `datasets.readers.base.locate`.

    What is a user's own is looked for in that folder itself.
    """
    dataset, source = info(name), reader(name)
    if source.place is not None:
        return source.place(root)
    return locate(name, root, dataset.folder, lambda place: any(source.has(place, split) for split in dataset.splits))


def _folders(name: str, root: Path | str | Sequence[Path | str]) -> tuple[Path, tuple[Path, ...]]:
    """The folder that holds a data set, and the folders below it that count where several were given."""
    roots = [root] if isinstance(root, str | Path) else list(root)
    if not roots:
        raise DataError(f"{name}: no folder given; give one at least")
    if len(roots) == 1:
        return folder_of(name, roots[0]), ()
    if not info(name).own_photographs:
        raise DataError(f"{name} lies in one folder; give one, not {len(roots)}")
    found = [Path(os.path.realpath(folder_of(name, each))) for each in roots]
    try:
        return Path(os.path.commonpath(found)), tuple(found)
    except ValueError as error:
        raise DataError(f"{name}: {found[0]} and {found[1]} lie on different drives; use folders of one") from error


def coverage_of(dataset: DatasetInfo, source: Reader, folder: Path, split: str, members: Sequence[Member]) -> str:
    """Says how much of the official split the usable members are; see `datasets.readers.base.coverage`."""
    if dataset.own:
        own = OWN_PHOTOGRAPHS if dataset.own_photographs else OWN_PAIRS
        return "sample" if is_sample(folder) else own
    usable = [member for member in members if not member.flaws]
    official = dataset.splits[split]
    complete = len(usable) == official and source.complete(split, usable)
    return coverage(len(usable), official, complete, is_sample(folder))


def _check_split(dataset: DatasetInfo, split: str | None) -> None:
    """Raises DataError for a split that a data set cannot have; None is the default one."""
    if split is not None and split not in dataset.splits:
        raise DataError(f"{dataset.name} has no split {split!r}; choose from {', '.join(dataset.splits)}")


def _at_steps(members: list[Member], dataset: DatasetInfo, steps: Sequence[int] | None) -> list[Member]:
    """Keeps the members of the wanted steps."""
    if steps is None:
        return members
    if not dataset.blur_steps:
        with_steps = " and ".join(name for name in list_datasets() if info(name).blur_steps)
        raise DataError(f"steps={list(steps)}: {dataset.name} has no steps; only {with_steps} has")
    kept = [member for member in members if member.metadata["step"] in set(steps)]
    if members and not kept:
        there = sorted({member.metadata["step"] for member in members})
        raise DataError(f"{dataset.name}: none of the steps {list(steps)} is there; choose from {there}")
    return kept


def _refuse_flaws(members: Sequence[Member], name: str, folder: Path) -> None:
    """Raises DataError when any member cannot be used."""
    flaws = [flaw for member in members for flaw in member.flaws]
    if flaws:
        more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
        raise DataError(
            f"{name}: {base_of(folder) / flaws[0].path}: {flaws[0].what}{more}; "
            f"`python -m datasets verify --dataset {name} --root {folder}` lists everything"
        )


def _triplets(members: Sequence[Member], any_size: bool) -> list[tuple[Member, Member, Member]]:
    """Puts each member between its neighbours in time, or itself where there is none.

    Args:
        members: The members, which have a number where they have an order.
        any_size: Whether neighbours need not be equally large; those that are not are none then.
    """
    at = {(member.scene, member.number): member for member in members if member.number is not None}

    def beside(member: Member, step: int) -> Member:
        if member.number is None:
            return member
        other = at.get((member.scene, member.number + step), member)
        if any_size and other.blurry[0].shape[:2] != member.blurry[0].shape[:2]:
            return member
        return other

    return [(beside(member, -1), member, beside(member, 1)) for member in members]


def _fingerprint(dataset: DatasetInfo, source: Reader, split: str, members: Sequence[Member]) -> str:
    """Hashes the data set, the split and what tells every file from others."""
    return fingerprint([dataset.name, split, *source.fingerprint, *source.identity(members)])
