"""The weights that the page lets a visitor choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import ZooError
from zoo.registry import ModelInfo
from zoo.weights import catalogue, choice, store


@dataclass(frozen=True)
class Offer:
    """Weights to choose.

    Attributes:
        name: What a visitor reads; never a path of this machine.
        path: The `.keras` file.
        info: The model's entry.
        about: The model and where its weights come from, in one line.
    """

    name: str
    path: Path
    info: ModelInfo
    about: str


def find_offers(given: Sequence[str] = ()) -> tuple[list[Offer], list[str]]:
    """The weights that are named, in their order, then those of the catalogue that are here, the best of them first.

    Args:
        given: Names of the catalogue, `.keras` files and weights of others.

    Returns:
        The weights, and why some of the catalogue's that are here are left out.

    Raises:
        ZooError: When one of those that are named cannot be used, or there are none at all; the message says how to
            get some.
    """
    offers = [_named(each) for each in given]
    problems = []
    for entry in _installed():
        try:
            offers.append(_of_catalogue(entry))
        except ZooError as error:
            problems.append(str(error))
    if not offers:
        # Says how to get the best.
        offers.append(_of_catalogue(choice.best_installed()))
    return _told_apart(offers), problems


def _named(given: str) -> Offer:
    told, path = choice.chosen_or_best(given)
    if catalogue.is_name(given):
        return _of_catalogue(catalogue.find(given))
    found = choice.model_in(path)
    about = f"{found.info.title}, {found.variant}"
    if not found.trained:
        about += "; the file does not say that its weights were ever trained: what comes out may be noise"
    # A visitor reads the file's name without its folder.
    about += told.removeprefix(given).replace(", ", "; ", 1)
    return Offer(Path(given).name, path, found.info, about)


def _installed() -> list[catalogue.Entry]:
    """The catalogue's weights that are here, the best for photographs first."""
    found = [each for each in catalogue.entries() if store.is_here(each.name)]
    try:
        best = choice.best_installed().name
    except ZooError:
        # Those that are here are for something else, or large for the memory that is free.
        return found
    return sorted(found, key=lambda entry: entry.name != best)


def _of_catalogue(entry: catalogue.Entry) -> Offer:
    path = store.located(entry.name)
    found = choice.model_in(path)
    about = f"{found.info.title}, {found.variant}, trained on {entry.trained_on}; {entry.licence}"
    if entry.packaged is not None:
        about += f". Where it fails: {entry.packaged.fails}"
    return Offer(entry.name, path, found.info, about)


def _told_apart(offers: Sequence[Offer]) -> list[Offer]:
    """The same offers, each once, with a number behind names that several files share."""
    kept: list[Offer] = []
    for offer in offers:
        if offer.path in [each.path for each in kept]:
            continue
        name, number = offer.name, 2
        while name in [each.name for each in kept]:
            name, number = f"{offer.name} ({number})", number + 1
        kept.append(Offer(name, offer.path, offer.info, offer.about))
    return kept
