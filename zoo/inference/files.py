"""Image and video files through a model: read, restored, written, compared, scored."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from common.progress import Progress
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.inference import score
from zoo.inference.batches import model_frames
from zoo.inference.blind import guessed_step
from zoo.inference.guard import Guard
from zoo.inference.image_files import Photograph, image_size, read_photograph
from zoo.inference.image_output import write_photograph, written_as
from zoo.inference.jobs import Job
from zoo.inference.pixels import one_channel
from zoo.inference.restore import restore
from zoo.inference.tiling import Tiles
from zoo.inference.video import open_video, restore_video
from zoo.registry import spoken

if TYPE_CHECKING:
    import keras

AUTOMATIC = "auto"
"""In place of a blur step: it is guessed for every image."""


@dataclass
class Way:
    """How files are restored.

    Attributes:
        model: The model.
        tiles_for: Gives the tiles of a photograph of that height and width; None for the whole photograph.
        blur_step: For models that take it, a number or `AUTOMATIC`.
        megapixels: Largest image that is decoded.
        compare: Whether before and after are written side by side.
        guarded: Whether parts where the model answers with what is no photograph stay as they were.
    """

    model: keras.Model
    tiles_for: Callable[[int, int], Tiles | None]
    blur_step: float | str | None
    megapixels: float
    compare: bool = False
    guarded: bool = True

    def watch(self) -> Guard | bool:
        """What looks over the answers for one file."""
        return Guard() if self.guarded else False


@dataclass
class Outcome:
    """What came of a file.

    Attributes:
        notes: What a user should know, in words that go on after the file's name.
        scores: PSNR and SSIM before and after, where there is a sharp image; SSIM is None for tiny ones.
        blur_step: The step that was guessed; None where none was.
    """

    notes: list[str] = field(default_factory=list)
    scores: dict[str, tuple[float, float | None]] = field(default_factory=dict)
    blur_step: int | None = None


def pixels_of(job: Job, megapixels: float) -> int:
    """Pixels of an image, or of all frames of a video; 0 for what cannot be read, which is told when it is its turn."""
    try:
        if job.is_video:
            video = open_video(job.source, megapixels)
            return video.height * video.width * max(1, video.frames)
        return math.prod(image_size(job.source, megapixels))
    except ZooError:
        return 0


def restore_file(job: Job, way: Way, progress: Progress) -> Outcome:
    """Restores one file; what it writes is whole or not there.

    Args:
        job: The files.
        way: How.
        progress: Called with work done and in all.

    Raises:
        ZooError: For files that cannot be read.
        FileError: For files that cannot be written.
    """
    return _restore_video(job, way, progress) if job.is_video else _restore_image(job, way, progress)


def _restore_image(job: Job, way: Way, progress: Progress) -> Outcome:
    """Restores an image file."""
    blurred = read_photograph(job.source, way.megapixels)
    outcome = Outcome([*blurred.notes, *written_as(blurred, job.target.suffix)])
    sharp = None
    if job.sharp is not None:
        # Before the work: a wrong file is found at once.
        sharp = read_photograph(job.sharp, way.megapixels)
        score.check_pair(blurred.pixels, sharp.pixels, str(job.sharp))
    height, width = blurred.pixels.shape[:2]
    step = way.blur_step
    if step == AUTOMATIC:
        outcome.blur_step = guessed_step(way.model, blurred.pixels)
        step = outcome.blur_step
    tiles, watch = way.tiles_for(height, width), way.watch()
    pixels = restore(
        way.model,
        blurred.pixels,
        tiles,
        blur_step=None if step is None else float(step),
        progress=progress,
        guard=watch,
    )
    outcome.notes += _guarded(watch)
    grey = blurred.pixels.shape[2] == 1
    restored = replace(blurred, pixels=one_channel(pixels) if grey else pixels)
    write_photograph(job.target, restored)
    if sharp is not None:
        outcome.scores = _scores(blurred, restored, sharp, job.sharp)
    if way.compare:
        panels = [each.pixels for each in (blurred, restored, sharp) if each is not None]
        write_photograph(job.comparison, Photograph(score.side_by_side(panels)))
    progress(1, 1)
    return outcome


def _scores(
    blurred: Photograph, restored: Photograph, sharp: Photograph, name: Path | None
) -> dict[str, tuple[float, float | None]]:
    """PSNR and SSIM to the sharp image before and after."""
    found = {}
    for when, image in (("before", blurred), ("after", restored)):
        first, second = score.check_pair(image.pixels, sharp.pixels, str(name))
        found[when] = (score.psnr(first, second), score.ssim(first, second))
    return found


def _restore_video(job: Job, way: Way, progress: Progress) -> Outcome:
    """Restores a video file."""
    video = open_video(job.source, way.megapixels)
    if way.blur_step == AUTOMATIC:
        raise ZooError(f"{job.source}: the blur step of a video is not guessed; give it with --blur-step K")
    step = None if way.blur_step is None else float(way.blur_step)
    info, _ = identify(way.model)
    frames = model_frames(way.model, info)
    if frames not in (1, 3):
        raise ZooError(f"{spoken(way.model)} takes {frames} frames; take a model of one or three")
    tiles, watch = way.tiles_for(video.height, video.width), way.watch()

    def run(frame: np.ndarray) -> np.ndarray:
        return restore(way.model, frame, tiles, blur_step=step, guard=watch)

    said = restore_video(video, job.target, run, frames, progress)
    return Outcome([*video.notes, *said, *_guarded(watch)])


def _guarded(watch: Guard | bool) -> list[str]:
    """What a guard has to say."""
    return [watch.words] if isinstance(watch, Guard) and watch.words else []
