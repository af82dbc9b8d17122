"""Where the built-in samples lie."""

from __future__ import annotations

from pathlib import Path

from datasets.frame_store import cache_folder


def sample_root(name: str, seed: int = 0) -> Path:
    """Returns the folder that holds the built-in sample of a data set; the sample is made if it is missing.

    Args:
        name: Data set's name.
        seed: Seed of the sample.

    Raises:
        DataError: When there is no sample of that name or it cannot be written.
    """
    from datasets.samples import build

    folder = cache_folder() / "samples" / f"seed-{seed}"
    build.build(name, folder, seed)
    return folder
