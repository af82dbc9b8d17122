"""Whether a model still has the random weights that it was built with.

A model that nobody trained answers with noise, which looks like a bad model. So some of the weights that can be learnt
are remembered when a model is built: they change with the first step of a training, and when others are loaded, in
whatever way.
"""

from __future__ import annotations

import weakref
import zlib

from zoo.backend import keras

_CHECKED = 8

_built_with: weakref.WeakKeyDictionary[keras.Model, tuple[list[int], int]] = weakref.WeakKeyDictionary()


def remember(model: keras.Model) -> None:
    """Takes a model's weights for those that it was built with; one that has nothing to learn is never fresh."""
    # By their places, as the weights themselves would keep the model alive.
    places = [place for place, weight in enumerate(model.weights) if weight.trainable]
    if places:
        some = places[:: -(-len(places) // _CHECKED)]
        _built_with[model] = (some, _digest(model, some))


def is_fresh(model: keras.Model) -> bool:
    """Whether a model's weights were neither trained nor loaded; False for one that was not built here.

    >>> import zoo
    >>> model = zoo.create("carlo", "tiny", filters=4)
    >>> is_fresh(model), is_fresh(zoo.load("photo-small"))
    (True, False)
    >>> model.set_weights([weight + 1 for weight in model.get_weights()])
    >>> is_fresh(model)
    False
    """
    if model not in _built_with:
        return False
    some, digest = _built_with[model]
    return digest == _digest(model, some)


def _digest(model: keras.Model, places: list[int]) -> int:
    """A checksum of the weights at some places."""
    weights, digest = model.weights, 0
    for place in places:
        values = keras.ops.convert_to_numpy(weights[place].value).astype("float64")
        digest = zlib.crc32(values.tobytes(), digest)
    return digest
