"""Models by a file or by a name of the catalogue of published weights."""

from __future__ import annotations

import warnings
from pathlib import Path

from zoo import saving
from zoo.backend import keras
from zoo.weights import given, store


def load(source: Path | str, compile: bool = False) -> keras.Model:
    """Reads a model.

    Args:
        source: A `.keras` file, or the name of published weights that are here, see `python -m zoo weights`. A text
            that is a name of the catalogue means that; write `./NAME` for a file called so. Or weights of others, such
            as a `.pth` file: the model and its sizes are read from the tensors' names and shapes, and what no file
            tells is taken as usual, which a warning says in one line.
        compile: Whether to restore loss and optimiser too, for going on with a training.

    Raises:
        ZooError: When the file is missing, is not a model or is not recognised, or the weights are not here; the
            message says how to get them.

    >>> import zoo
    >>> model = zoo.load("photo-small")
    >>> model.name, f"{model.count_params():,}"
    ('nafnet.photo', '908,292')
    """
    path = given.given_file(source)
    loaded = saving.load(path, compile)
    notes = store.source_of(path)
    if given.is_of_others(store.chosen(source)) and notes.get("untold"):
        warnings.warn(f"{source}: {notes['recognised']}", stacklevel=2)
    return loaded


def load_weights(model: keras.Model, source: Path | str) -> None:
    """Sets a model's weights to those of a file or of a name of the catalogue.

    Args:
        model: The model.
        source: As for `load`.

    Raises:
        ZooError: When the weights do not fit; the message names the first that differ.

    >>> import tempfile
    >>> import zoo
    >>> trained, fresh = (zoo.create("carlo", "tiny", filters=4) for _ in range(2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     zoo.save(trained, f"{folder}/mine.keras")
    ...     zoo.load_weights(fresh, f"{folder}/mine.keras")
    >>> all((a.numpy() == b.numpy()).all() for a, b in zip(trained.weights, fresh.weights))
    True
    """
    saving.load_weights(model, given.given_file(source))
