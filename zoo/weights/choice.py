"""Which weights to take when nobody names any: the best for photographs that are here."""

from __future__ import annotations

from common.memory import free_memory
from zoo.errors import ZooError
from zoo.registry import info, list_models
from zoo.weights import catalogue, store

_DATASET, _METRIC = "gopro", "psnr"
# Weights in float32, a second time while they are read; what is left is for the images.
_BYTES_OF_A_WEIGHT = 8
_SHARE_OF_FREE = 0.5


def best_installed() -> catalogue.Entry:
    """The weights that are here, restore a photograph from nothing but itself, and have the highest PSNR on GoPro.

    The PSNR is the one that the catalogue states. Weights that would take more than half of the free memory are left
    out.

    Raises:
        ZooError: When there are none; the message says how to get some.
    """
    rated = [(score, entry) for entry in catalogue.entries() if (score := _score(entry)) is not None]
    fitting = [(score, entry) for score, entry in rated if store.is_here(entry.name) and _fits_memory(entry)]
    if not fitting:
        remedy = f"; {store.how_to_get(_easiest(rated).name)}" if rated else ""
        raise ZooError(f"no weights for photographs are here, and none are named with --weights{remedy}")
    return max(fitting, key=lambda each: each[0])[1]


def _score(entry: catalogue.Entry) -> float | None:
    """The PSNR on GoPro of weights that a photograph alone is enough for; None for others."""
    if entry.model not in list_models():
        return None
    model = info(entry.model)
    if model.takes_blur_step or model.takes_psf or model.variant(entry.variant).frames != 1:
        return None
    found = [each.value for each in entry.scores if (each.dataset, each.metric) == (_DATASET, _METRIC)]
    return max(found, default=None)


def _fits_memory(entry: catalogue.Entry) -> bool:
    free = free_memory()
    needed = _BYTES_OF_A_WEIGHT * info(entry.model).variant(entry.variant).parameters
    return free is None or needed <= _SHARE_OF_FREE * free


def _easiest(rated: list[tuple[float, catalogue.Entry]]) -> catalogue.Entry:
    """The best of those that a program may fetch, else the best of all."""
    fetched = [each for each in rated if any(offer.address for offer in each[1].files)]
    return max(fetched or rated, key=lambda each: each[0])[1]
