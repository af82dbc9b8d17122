"""From folders and data sets to pairs, each with its restored image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.errors import RunError
from benchmarks.evaluation.files import refuse_crops
from benchmarks.protocols import PROTOCOLS, Protocol, protocol_for, scored
from benchmarks.score.parser import Request
from datasets.image import FileFrame, Frame
from datasets.loading import load
from datasets.members import Found
from datasets.pairs import OWN_PAIRS, Pair, Pairs, fingerprint
from datasets.readers.matching import FOLDER, images_in, refuse_unpaired
from datasets.sizes import sizes

_SPLIT = "test"
_NAMED = 3
_WITHOUT_TRUTH = Protocol("none", "The restored images alone.", ())


@dataclass(frozen=True)
class Inputs:
    """What is scored.

    Attributes:
        restored: The restored image of each pair.
        pairs: The pairs; without a blurry image where that is not known, without a sharp one where there is none.
        protocol: How is scored.
    """

    restored: tuple[Frame, ...]
    pairs: Pairs
    protocol: Protocol


def inputs_of(request: Request) -> Inputs:
    """Lists and checks everything that is to be scored; decodes nothing.

    Raises:
        RunError, DataError: When files are missing, have no partner, another size, or a damaged header.
    """
    found = _of_dataset(request) if request.dataset is not None else _of_folders(request)
    both = tuple(
        replace(pair, blurry=(frame, *pair.blurry)) for frame, pair in zip(found.restored, found.pairs, strict=True)
    )
    # The sizes are told by the headers, before anything long begins.
    sizes(replace(found.pairs, items=both))
    return found


def _of_folders(request: Request) -> Inputs:
    """Pairs of files that are called alike."""
    places = {"--restored": request.restored, "--sharp": request.sharp, "--blurry": request.blurry}
    sides = {option: images_in(place) for option, place in places.items() if place is not None}
    if len({place.is_file() for place in places.values() if place is not None}) > 1:
        raise RunError("a folder and a single file cannot be compared; give folders everywhere, or files everywhere")
    names = list(sides["--restored"])
    if request.restored.is_file():
        # Of one image nobody doubts what belongs together.
        sides = {option: dict(zip(names, found.values(), strict=True)) for option, found in sides.items()}
    refuse_unpaired(sides)
    items = tuple(_pair(name, sides) for name in names)
    truth = sides.get("--sharp", sides["--restored"])
    marks = fingerprint([FOLDER, *sorted(f"{name}:{file.size}" for name, file in truth.items())])
    pairs = Pairs(FOLDER, _SPLIT, request.sharp or request.restored, items, OWN_PAIRS, marks)
    protocol = PROTOCOLS[request.protocol or "full"] if request.has_truth else _WITHOUT_TRUTH
    restored = tuple(_frame(sides["--restored"][name]) for name in names)
    return Inputs(restored, pairs, protocol.measuring(request.metrics))


def _pair(name: str, sides: Mapping[str, Mapping[str, Found]]) -> Pair:
    scene, _, frame = name.rpartition("/")
    blurry, sharp = ((_frame(sides[option][name]),) if option in sides else () for option in ("--blurry", "--sharp"))
    return Pair(FOLDER, _SPLIT, scene, frame, blurry, sharp)


def _frame(file: Found) -> FileFrame:
    """A file as an image that messages call by its whole path, as its name is that of the other side's file, too."""
    return FileFrame(str(file.path), file.path)


def _of_dataset(request: Request) -> Inputs:
    """The pairs of an official data set that count, and the files that are called like them."""
    dataset, root = str(request.dataset), request.root or Path()
    protocol = protocol_for(dataset, request.protocol)
    refuse_crops(protocol)
    pairs = scored(load(dataset, root), protocol)
    files = images_in(request.restored)
    # A way that calls two images alike, as frames of two scenes are, is none.
    ways = [names for names in zip(*map(_names, pairs), strict=True) if len(set(names)) == len(names)]
    best = max(ways, key=lambda names: sum(name in files for name in names))
    missing = [pair.name for pair, name in zip(pairs, best, strict=True) if name not in files]
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise RunError(
            f"{request.restored}: no restored image of {', '.join(missing[:_NAMED])}{more} ({len(missing)} of "
            f"{len(pairs)} of {dataset}); call files SCENE/FRAME, SCENE-FRAME or like the blurry ones"
        )
    return Inputs(tuple(_frame(files[name]) for name in best), pairs, protocol.measuring(request.metrics))


def _names(pair: Pair) -> tuple[str, ...]:
    """What the restored image of a pair may be called: by scene and frame, or as its blurry file."""
    path = _stem_of(pair.blurry[len(pair.blurry) // 2])
    return (pair.name, f"{pair.scene}-{pair.frame}", f"{pair.scene}_{pair.frame}", *_ends(path))


def _stem_of(frame: Frame) -> str:
    """The path of a file inside its data set, without the ending."""
    return frame.name.rpartition(".")[0] if isinstance(frame, FileFrame) else frame.name


def _ends(path: str) -> Iterator[str]:
    """The last one, two, three and four parts of a path; all of it where there are fewer."""
    parts = path.split("/")
    yield from ("/".join(parts[-count:]) for count in range(1, 5))
