"""Whether both sides of each pair are equally large and turned alike, told by the headers alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from datasets.errors import DataError
from datasets.image import FileFrame
from datasets.pairs import Pair, Pairs


def sizes(pairs: Pairs, progress: Callable[[int, int], None] | None = None) -> set[tuple[int, int]]:
    """Reads every image's header, in threads; a frame remembers its own.

    Args:
        pairs: Any pairs; different ones may have different sizes, as whole images are scored one by one.
        progress: Called with the pairs done and in all.

    Returns:
        Every (height, width) that there is, in pixels.

    Raises:
        DataError: For the first pair whose images differ in size or in orientation, and for an unreadable header.

    Examples:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> from datasets.image import ArrayFrame
        >>> image = ArrayFrame("a", np.zeros((4, 6, 3), np.uint8))
        >>> sizes(Pairs("reds", "val", Path("."), (Pair("reds", "val", "", "a", (image,), (image,)),), "sample", "0"))
        {(4, 6)}
    """
    found = set()
    pool = ThreadPoolExecutor()
    try:
        for done, size in enumerate(pool.map(pair_size, pairs), 1):
            found.add(size)
            if progress:
                progress(done, len(pairs))
    finally:
        pool.shutdown(cancel_futures=True)
    return found


def pair_size(pair: Pair) -> tuple[int, int]:
    """Gives the one (height, width) of a pair's images, in pixels.

    Raises:
        DataError: When two of its images differ in size, or only one of them says that it must be turned: then it
            cannot be told whether a program has turned the other one already.
    """
    first, *others = (*pair.sharp, *pair.blurry)
    size = first.shape[:2]
    for frame in others:
        if frame.shape[:2] != size:
            raise DataError(
                f"{pair.dataset} {pair.name}: {frame.name} is {frame.shape[0]}x{frame.shape[1]}, but {first.name} is "
                f"{size[0]}x{size[1]}; both images of a pair must have one size"
            )
    if flaw := other_orientation(pair.blurry, pair.sharp):
        raise DataError(f"{pair.dataset} {pair.name}: {flaw}")
    return size


def other_orientation(blurry: tuple[object, ...], sharp: tuple[object, ...]) -> str:
    """Says what is wrong with the orientations of a pair's image files; empty where they agree."""
    turned = {frame.name: frame.header.orientation for frame in (*blurry, *sharp) if isinstance(frame, FileFrame)}
    if len(set(turned.values())) < 2:
        return ""
    told = ", ".join(f"{name} has {orientation}" for name, orientation in list(turned.items())[:2])
    return f"EXIF orientation differs between the images of the pair ({told}); save both upright, without the mark"
