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

_Built = tuple[list[int], int]
_known: weakref.WeakKeyDictionary[keras.Model, _Built | None] = weakref.WeakKeyDictionary()
"""What a model was built with: places and checksum of some weights; None where these are trained ones."""


def remember(model: keras.Model) -> None:
    """Takes a model's weights for those that it was built with; one that has nothing to learn is never fresh."""
    # By their places, as the weights themselves would keep the model alive.
    places = [place for place, weight in enumerate(model.weights) if weight.trainable]
    some = places[:: -(-len(places) // _CHECKED)] if places else []
    _known[model] = (some, _digest(model, some)) if some else None


def remember_trained(model: keras.Model) -> None:
    """Takes a model's weights for trained ones."""
    _known[model] = None


def is_fresh(model: keras.Model) -> bool:
    """Whether a model's weights were neither trained nor loaded; False for one of which nothing is known.

    >>> import zoo
    >>> model = zoo.create("carlo", "tiny", filters=4)
    >>> is_fresh(model), is_fresh(zoo.load("photo-small"))
    (True, False)
    >>> model.set_weights([weight + 1 for weight in model.get_weights()])
    >>> is_fresh(model)
    False
    """
    return state_of(model) is False


def state_of(model: keras.Model) -> bool | None:
    """Whether a model's weights were trained or loaded; None for one that was neither built nor loaded here."""
    if model not in _known:
        return None
    built = _known[model]
    if built is not None and built[1] == _digest(model, built[0]):
        return False
    # Looked at once: every photograph asks, and weights do not become fresh again.
    remember_trained(model)
    return True


def _digest(model: keras.Model, places: list[int]) -> int:
    """A checksum of the weights at some places."""
    weights, digest = model.weights, 0
    for place in places:
        digest = zlib.crc32(keras.ops.convert_to_numpy(weights[place].value).tobytes(), digest)
    return digest
