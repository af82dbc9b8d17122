"""DIV2K (Agustsson and Timofte 2017): sharp photographs, `DIV2K_{train,valid}_HR/{4 digits}.png`.

There is nothing blurry here: the pairs have an empty `blurry` and are a source of sharp pictures for forward models.
"""

from __future__ import annotations

from pathlib import Path

from datasets.readers.base import Member, Reader, natural, scan

FOLDERS = {"train": "DIV2K_train_HR", "val": "DIV2K_valid_HR"}


def fits(root: Path) -> bool:
    """Whether `root` holds one of the two folders of photographs."""
    return any((root / folder).is_dir() for folder in FOLDERS.values())


def find(root: Path, split: str) -> list[Member]:
    """Returns the photographs of a split in the order of their numbers."""
    found = scan(root, FOLDERS[split])
    return [
        Member(scene="", frame=frame, blurry=(), sharp=(found[frame].frame,), files=(found[frame],))
        for frame in sorted(found, key=natural)
    ]


READER = Reader(fits=fits, find=find)
