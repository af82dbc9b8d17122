"""Models by a file or by a name of the catalogue of published weights."""

from __future__ import annotations

from pathlib import Path

from zoo import saving
from zoo.backend import keras
from zoo.weights import store


def load(source: Path | str, compile: bool = False) -> keras.Model:
    """Reads a model.

    Args:
        source: A `.keras` file, or the name of published weights that are here, see `python -m zoo weights`. A text
            that is a name of the catalogue means that; write `./NAME` for a file called so.
        compile: Whether to restore loss and optimiser too, for going on with a training.

    Raises:
        ZooError: When the file is missing or is not a model, or the weights are not here; the message says how to
            get them.
    """
    return saving.load(store.chosen(source), compile)


def load_weights(model: keras.Model, source: Path | str) -> None:
    """Sets a model's weights to those of a file or of a name of the catalogue.

    Args:
        model: The model.
        source: As for `load`.

    Raises:
        ZooError: When the weights do not fit; the message names the first that differ.
    """
    saving.load_weights(model, store.chosen(source))
