"""One photograph after the other is restored, in a thread that tells how far it is and can be stopped."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from common.console import duration
from common.pixels import to_eight_bits
from zoo.demo.offers import Offer
from zoo.errors import ZooError
from zoo.inference.files import Outcome, Way, restore_file
from zoo.inference.image_files import image_size, read_photograph
from zoo.inference.image_output import FORMATS, write_photograph
from zoo.inference.jobs import Job
from zoo.inference.score import reduced
from zoo.registry import spoken
from zoo.start import quiet_backend
from zoo.weights import catalogue, store

if TYPE_CHECKING:
    import keras

    from zoo.inference.tiling import SeamlessTiles

PREVIEW_SIDE = 2400
"""The page shows photographs up to this length of their longer side; what is downloaded has its full size."""

# A header that asks for more is not even compared.
_ABSURD = 10_000.0
_WHITE = 255


@dataclass(frozen=True)
class Limits:
    """What a visitor may ask for.

    Attributes:
        megapixels: Largest photograph.
        megabytes: Largest file, in millions of bytes.
    """

    megapixels: float = 24.0
    megabytes: float = 64.0

    @property
    def bytes(self) -> int:
        """Largest file in bytes."""
        return math.ceil(self.megabytes * 1e6)


@dataclass(frozen=True)
class Restored:
    """What came of a photograph.

    Attributes:
        before, after: What the page shows, of equal size.
        full: The restored photograph in its full size.
        notes: What a visitor should know, a line each.
    """

    before: Path
    after: Path
    full: Path
    notes: list[str] = field(default_factory=list)


class Stopped(Exception):
    """Somebody does not want the photograph any more."""


class Work:
    """A photograph that waits, is restored, or is done.

    Attributes:
        stage: What is being done, in words.
        done, total: Tiles, or 0 of 0 where their number is not known or there are none.
        since: When the stage began, by `time.monotonic`.
        files: What messages call the files of this machine.
    """

    def __init__(self, files: dict[Path, str]) -> None:
        self.files = files
        self.stage, self.since = "waiting for the photograph before", time.monotonic()
        self.done = self.total = 0
        self.future: Future[Restored] = Future()
        self._unwanted = Event()

    def enter(self, stage: str) -> None:
        """Begins with another part of the work.

        Raises:
            Stopped: When the work shall end.
        """
        self._go_on()
        self.stage, self.since, self.done, self.total = stage, time.monotonic(), 0, 0

    def report(self, done: int, total: int) -> None:
        """Takes tiles done and in all; a `Progress`.

        Raises:
            Stopped: When the work shall end.
        """
        self._go_on()
        self.done, self.total = done, total

    def stop(self) -> None:
        """Ends the work as soon as it can: before it begins, or after the tile that it is at."""
        self._unwanted.set()
        self.future.cancel()

    def ended_within(self, seconds: float) -> bool:
        """Waits so long at most; whether the work has ended."""
        return bool(wait([self.future], seconds).done)

    def spoken(self) -> str:
        """Where the work is, in one line."""
        passed = time.monotonic() - self.since
        if not self.done:
            return f"{self.stage} ({duration(passed)} so far)" if passed >= 1 else self.stage
        left = passed / self.done * (self.total - self.done)
        return f"{self.stage}: {self.done} of {self.total} tiles, about {duration(left)} left"

    def _go_on(self) -> None:
        if self._unwanted.is_set():
            raise Stopped


class Restorer:
    """Restores what visitors send, one photograph at a time.

    Args:
        offers: The weights that may be chosen.
        limits: What may be sent.
        folder: Where results go, each into a folder of its own.
    """

    def __init__(self, offers: Sequence[Offer], limits: Limits, folder: Path) -> None:
        self.offers = {offer.name: offer for offer in offers}
        self.limits = limits
        self._folder = folder
        self._loaded: tuple[Offer, keras.Model] | None = None
        # All files are read in this one thread, too: libraries in C are kept quiet process-wide meanwhile.
        self._thread = ThreadPoolExecutor(1, "restorer")
        self._works: list[Work] = []

    def prepare(self) -> None:
        """Loads the first of the weights, so that what is wrong with them is known before anybody comes.

        Raises:
            ZooError: When they cannot be loaded.
        """
        offer = next(iter(self.offers.values()))
        self._thread.submit(self._model, offer, Work({})).result()

    def start(self, upload: Path, weights: str, step: float | str | None = None) -> Work:
        """Lines a photograph up.

        Args:
            upload: The file that was sent.
            weights: Name of one of the offers.
            step: For models that take it: a blur step or `"auto"`. Other models are given none.

        Raises:
            ZooError: When there are no such weights, or a step is missing or none.
        """
        offer = self.offers.get(weights)
        if offer is None:
            raise ZooError(f"there are no weights {weights!r} here; choose one of {', '.join(self.offers)}")
        step = _checked_step(offer, step)
        work = Work({upload: upload.name, offer.path: offer.name})
        self._works = [each for each in self._works if not each.future.done()] + [work]
        work.future = self._thread.submit(self._restore, work, upload, offer, step)
        return work

    def close(self) -> None:
        """Stops what is under way, and waits for the tile that it is at."""
        for work in self._works:
            work.stop()
        self._thread.shutdown(cancel_futures=True)

    def _restore(self, work: Work, upload: Path, offer: Offer, step: float | str | None) -> Restored:
        """Restores a photograph into a folder of its own, which is there whole or not at all."""
        began = time.monotonic()
        work.enter("reading")
        height, width = self._check(upload)
        model = self._model(offer, work)
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        target = folder / f"{upload.stem}-restored{_ending(upload)}"
        work.files[target] = target.name
        try:
            notes: list[str] = []
            way = Way(model, lambda *size: self._tiles(model, size, work, notes), step, self.limits.megapixels)
            outcome = restore_file(Job(upload, target), way, work.report)
            work.enter("preparing the comparison")
            before, after = self._preview(upload, folder / "before.jpg"), self._preview(target, folder / "after.jpg")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        first = f"{width} x {height} pixels in {duration(max(1.0, time.monotonic() - began))} by {offer.name}"
        return Restored(before, after, target, [first, *_told(outcome, upload.name), *notes])

    def _check(self, upload: Path) -> tuple[int, int]:
        """Height and width of what was sent.

        Raises:
            ZooError: When it is too large or no photograph that can be read.
        """
        if Job(upload, upload).is_video:
            raise ZooError(f"{upload}: videos are restored by `python -m zoo restore`; send a photograph")
        if upload.stat().st_size > self.limits.bytes:
            raise ZooError(f"{upload}: larger than the {self.limits.megabytes:g} MB that are taken; send a smaller one")
        height, width = image_size(upload, _ABSURD)
        found = height * width / 1e6
        if found > self.limits.megapixels:
            raise ZooError(
                f"{upload}: {width} x {height} are {found:,.1f} megapixels, more than the "
                f"{self.limits.megapixels:g} that are taken here; send a smaller one"
            )
        return height, width

    def _model(self, offer: Offer, work: Work) -> keras.Model:
        """The model of the weights; the last one is kept."""
        if self._loaded is None or self._loaded[0] != offer:
            work.enter(f"loading {offer.name}")
            # The one before goes first: two large ones may not fit.
            self._loaded = None
            quiet_backend()
            from zoo import saving

            if catalogue.is_name(offer.name):
                store.verify(offer.name)
            self._loaded = (offer, saving.load(offer.path))
        return self._loaded[1]

    @staticmethod
    def _tiles(model: keras.Model, size: Sequence[int], work: Work, notes: list[str]) -> SeamlessTiles | None:
        """The tiles that memory asks for; tells how long it will take where no tiles tell how far it is."""
        from zoo.analysis.cost import seconds_for
        from zoo.analysis.tile_size import chosen_cut

        height, width = size
        cut = chosen_cut(model, height, width)
        stage = f"restoring {width} x {height} pixels"
        if cut.tiles is None:
            stage += f", about {duration(max(1.0, seconds_for(model, height * width)))}"
        if not cut.exact:
            notes.append(
                f"restored in tiles, for want of memory: a pixel of {spoken(model)} depends on all of the image that "
                "it is given, so the result differs a little from that of the whole photograph"
            )
        work.enter(stage)
        return cut.tiles

    def _preview(self, source: Path, target: Path) -> Path:
        """Writes a copy for the page: 8 bits, no larger than `PREVIEW_SIDE`, on white where it is transparent."""
        photograph = read_photograph(source, self.limits.megapixels)
        pixels = to_eight_bits(photograph.pixels)
        if photograph.alpha is not None:
            opacity = to_eight_bits(photograph.alpha)[..., np.newaxis].astype(np.float32) / _WHITE
            pixels = np.rint(pixels * opacity + _WHITE * (1 - opacity)).astype(np.uint8)
        write_photograph(
            target,
            replace(photograph, pixels=reduced(pixels, PREVIEW_SIDE / max(pixels.shape[:2])), alpha=None, exif=None),
        )
        return target


def _checked_step(offer: Offer, step: float | str | None) -> float | str | None:
    if not offer.info.takes_blur_step:
        return None
    if step is None:
        raise ZooError(f"{offer.name} needs to know how blurred the photograph is; choose a step")
    return step


def _ending(upload: Path) -> str:
    """The ending of the result: that of the photograph where it can be written, else PNG."""
    return upload.suffix if upload.suffix.lower() in FORMATS else ".png"


def _told(outcome: Outcome, name: str) -> list[str]:
    """What was noticed while a photograph was read and restored."""
    lines = [f"{name} {note}" for note in outcome.notes]
    if outcome.blur_step is not None:
        lines.append(f"blur step {outcome.blur_step} (guessed)")
    return lines
