"""Model files made small enough to come with the zoo: weights in half precision, without what only a training needs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np

from common.files import atomic_path
from zoo.saving import load, read_notes, save

_WEIGHTS = "model.weights.h5"


def pack(source: Path | str, target: Path | str) -> None:
    """Writes a model again with every weight rounded to half precision; Keras makes single precision of it on loading.

    The optimiser's state is left out, the notes are kept. A weight of ordinary size changes by at most 2^-11 of itself,
    which moves no restored pixel by a 255th (see the tests).

    Args:
        source: A `.keras` file of this zoo.
        target: The `.keras` file to write.

    Raises:
        ZooError: When the source is not a model.
        FileError: When the target cannot be written.
    """
    with atomic_path(target) as temporary:
        save(load(source), temporary, read_notes(source))
        with zipfile.ZipFile(temporary) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        members[_WEIGHTS] = _halved(members[_WEIGHTS])
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)


def _halved(content: bytes) -> bytes:
    """An HDF5 file with its floating-point numbers in half precision."""
    made = io.BytesIO()
    with h5py.File(io.BytesIO(content), "r") as before, h5py.File(made, "w") as after:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                copied = after.require_group(name)
            else:
                values = item[()]
                small = values.astype(np.float16) if values.dtype.kind == "f" else values
                copied = after.create_dataset(name, data=small, track_times=False)
            for key, value in item.attrs.items():
                copied.attrs[key] = value

        before.visititems(copy)
        for key, value in before.attrs.items():
            after.attrs[key] = value
    return made.getvalue()
