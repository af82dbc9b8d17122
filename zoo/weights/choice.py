"""Which weights restore a photograph: those that are named, or the best that are here, and what model they are of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.memory import free_memory
from zoo.entries import in_own_sizes, stranger
from zoo.errors import ZooError
from zoo.registry import OWN, ModelInfo, info, list_models
from zoo.shapes import FRAMES
from zoo.start import quiet_backend
from zoo.weights import catalogue, store
from zoo.weights.given import given_file, is_of_others, told_of

_DATASET, _METRIC = "gopro", "psnr"
# Weights in float32, a second time while they are read; what is left is for the images.
_BYTES_OF_A_WEIGHT = 8
_SHARE_OF_FREE = 0.5


@dataclass(frozen=True)
class Found:
    """The model in a file.

    Attributes:
        info: Its entry.
        variant: Its variant.
        trained: Whether there is nothing to train, or the file says where its weights come from.
    """

    info: ModelInfo
    variant: str
    trained: bool


def chosen_or_best(given: str | None) -> tuple[str, Path]:
    """The weights' name as it is told, and their file; the catalogue's are checked against what was written.

    Args:
        given: A name of the catalogue, a `.keras` file, or weights of others, which are recognised and converted;
            None takes the best that are here.

    Raises:
        ZooError: When they are not here, damaged or not recognised.
    """
    if given is None:
        entry = best_installed()
        store.verify(entry.name)
        return f"{entry.name}, the best for photographs that are here", store.located(entry.name)
    path = store.chosen(given)
    if catalogue.is_name(given):
        store.verify(given)
        return given, path
    if not is_of_others(path):
        return given, path
    # To convert them is the first that needs a framework.
    quiet_backend()
    converted = given_file(given)
    return f"{given}, {told_of(converted)}", converted


def model_in(path: Path) -> Found:
    """The model in a file, without loading it.

    Raises:
        ZooError: When it is neither of this zoo nor one that takes an image alone, or needs to know the blur itself.
    """
    from zoo.saving import read_channels, read_name, read_notes, says_trained

    name, _, variant = read_name(path).partition(".")
    if name in list_models() and variant in info(name).variants:
        model = info(name)
    elif name in list_models() and variant == OWN:
        # Of a file in the cache nobody knows the name.
        told = store.source_of(path).get("source", path)
        model = in_own_sizes(name, read_channels(path) or 0, str(told))
    else:
        frames = FRAMES.get(read_channels(path) or 0)
        if frames is None:
            raise ZooError(
                f"{path}: holds {name!r}, which is neither a model of this zoo nor one of colour images; take another "
                "file"
            )
        model = stranger(name, variant := variant or OWN, frames)
    if model.takes_psf:
        raise ZooError(f"{name} needs to know the blur itself; call zoo.restore with its psf from Python")
    learns = name not in list_models() or model.learns
    return Found(model, variant, not learns or bool(says_trained(path) or read_notes(path)))


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
