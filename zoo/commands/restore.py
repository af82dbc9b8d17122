"""`python -m zoo restore`: blurred photographs and videos in, sharp ones out."""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.cli import count, number, positive, size
from common.console import duration, progress
from common.progress import Progress
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.inference.failures import in_one_line
from zoo.inference.image_files import MEGAPIXELS
from zoo.inference.jobs import Job, Wish, plan
from zoo.options import INFERENCE_MODES
from zoo.registry import ModelInfo, spoken
from zoo.start import quiet_backend
from zoo.weights import choice

if TYPE_CHECKING:
    import keras

    from zoo.inference.files import Outcome, Way

FAILED = 1
"""Exit status when a file could not be restored and the others were."""

_BACKENDS = ("tensorflow", "jax", "torch")
_FORMATS = ("png", "jpg", "webp", "tif", "bmp")
_AUTO = "auto"

_EXAMPLES = """examples:
  python -m zoo restore photo.jpg                            photo-restored.jpg, by the best weights that are here
  python -m zoo restore photo.jpg -o sharp.png --weights maxim-gopro --compare
  python -m zoo restore holiday/ -o sharp/ --recursive --resume
  python -m zoo restore clip.mp4 -o sharp.mp4 --weights mine.keras

Metadata and colour profiles are kept, 16 bits stay 16 bits in PNG and TIFF, JPEG is written with quality 95 at full
colour resolution, WebP without loss. The exit status is 0, or 1 when a file could not be restored and the others were,
2 for a mistake that is found before the work starts, and 130 after Ctrl-C.
"""


def add_to(commands: Any) -> None:
    """Adds the command to a parser's commands."""
    command = commands.add_parser(
        "restore",
        help="restore blurred photographs and videos",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("inputs", nargs="+", metavar="PATH", help="images, videos, folders of them, wildcards")
    add = command.add_argument_group("files").add_argument
    add("-o", "--output", metavar="PATH", help="a file for one input, else a folder (default: NAME-restored beside it)")
    add("--format", choices=_FORMATS, help="format of restored images in a folder or beside (default: the input's)")
    add("--recursive", action="store_true", help="take the folders within folders, too; their tree is kept")
    add("--resume", action="store_true", help="leave out inputs whose outputs are there already")
    add("--overwrite", action="store_true", help="replace outputs that are there already")
    add("--compare", action="store_true", help="write before and after side by side, too (NAME-compare.png)")
    add("--sharp", metavar="PATH", help="the sharp image, or a folder of them: print PSNR and SSIM before and after")
    add(
        "--max-megapixels",
        type=size,
        default=MEGAPIXELS,
        metavar="N",
        help="refuse larger (default: %(default)g)",
    )
    add = command.add_argument_group("model").add_argument
    add(
        "--weights",
        metavar="NAME|FILE",
        help="weights of the catalogue, a .keras file, or a file of others such as a .pth (default: the best here)",
    )
    add("--blur-step", type=_blur_step, metavar="K|auto", help="how blurred, for models that take it; auto guesses")
    add("--inference", choices=INFERENCE_MODES, help="where means are taken, for models that go by them")
    add("--no-guard", action="store_true", help="keep answers that are no photograph, such as coloured mosaics")
    add("--backend", choices=_BACKENDS, help="what computes (default: $KERAS_BACKEND, else TensorFlow)")
    add = command.add_argument_group("memory").add_argument
    add("--tile", type=_tile, metavar="auto|N", help="side of tiles in pixels; auto goes by free memory (default)")
    add(
        "--overlap",
        type=count,
        metavar="N",
        help="pixels seen around a tile (default: half of the receptive field, or 64)",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Restores files; everything that can be refused before the model is loaded is."""
    _choose_backend(args.backend)
    jobs, done = plan(_wish(args))
    name, path = choice.chosen_or_best(args.weights)
    _check_model(path, args)
    if done:
        print(f"{done} of {done + len(jobs)} done before, left out")
    if not jobs:
        return 0
    print(f"weights: {name}", flush=True)
    way = _way(path, args)
    failed = _restore_all(jobs, way)
    if len(jobs) > 1 or failed:
        print(f"{len(jobs) - failed} of {len(jobs)} restored")
    return FAILED if failed else 0


def _wish(args: argparse.Namespace) -> Wish:
    if args.overwrite and args.resume:
        raise ZooError("--overwrite replaces outputs that are there, --resume keeps them; give one of the two")
    return Wish(
        inputs=args.inputs,
        output=args.output,
        recursive=args.recursive,
        ending=None if args.format is None else f".{args.format}",
        overwrite=args.overwrite,
        resume=args.resume,
        compare=args.compare,
        sharp=args.sharp,
    )


def _choose_backend(asked: str | None) -> None:
    """Sets the backend before Keras is imported."""
    backend = asked or os.environ.get("KERAS_BACKEND", "tensorflow")
    if importlib.util.find_spec(backend) is None:
        raise ZooError(f"{backend} is not installed; install it with `pip install 'deblur-zoo[{backend}]'`")
    if asked is None:
        return
    loaded = sys.modules.get("keras")
    if loaded is not None and loaded.backend.backend() != asked:
        raise ZooError(f"Keras runs on {loaded.backend.backend()} in this process already; start another for {asked}")
    os.environ["KERAS_BACKEND"] = asked


def _check_model(path: Path, args: argparse.Namespace) -> None:
    """Refuses what the model in a file does not take, and warns of weights that nobody trained."""
    found = choice.model_in(path)
    _check_step(found.info, args.blur_step)
    if not found.trained:
        _warn(f"{path}: does not say that its weights were ever trained; what follows may be noise")


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr, flush=True)


def _check_step(model: ModelInfo, step: float | str | None) -> None:
    if model.takes_blur_step and step is None:
        raise ZooError(f"{model.name} needs to know how blurred an image is; give --blur-step K, or --blur-step auto")
    if not model.takes_blur_step and step is not None:
        raise ZooError(f"{model.name} takes no blur step; leave --blur-step out")


def _way(path: Path, args: argparse.Namespace) -> Way:
    """Loads the model, and decides how files go through it."""
    quiet_backend()
    from zoo import saving
    from zoo.analysis.tile_size import chosen_cut
    from zoo.inference.files import Way
    from zoo.inference.modes import inference_mode
    from zoo.inference.tiling import SeamlessTiles

    model = saving.load(path)
    # Before any photograph: only the loaded model tells what it gives.
    identify(model)
    if args.inference is not None:
        model = inference_mode(model, args.inference)
    warned = False

    def tiles_for(height: int, width: int) -> SeamlessTiles | None:
        nonlocal warned
        cut = chosen_cut(model, height, width, args.tile, args.overlap)
        if not cut.exact and not warned:
            warned = True
            _warn(_why_inexact(model))
        _announce(model, cut.tiles, height, width)
        return cut.tiles

    return Way(model, tiles_for, args.blur_step, args.max_megapixels, args.compare, not args.no_guard)


def _why_inexact(model: keras.Model) -> str:
    """Why tiles differ from the whole photograph."""
    from zoo.analysis.tile_size import field_of_model

    field = field_of_model(model)
    if field is None:
        return (
            f"a pixel of {spoken(model)} depends on all of the image it is given, so tiles differ a little from the "
            "whole photograph; larger tiles (--tile) differ less"
        )
    return (
        f"{spoken(model)} sees {field // 2} pixels around each, more than the overlap, so tiles differ from the whole "
        "photograph; leave --overlap out"
    )


def _announce(model: keras.Model, tiles: Any, height: int, width: int) -> None:
    """Says how long a large image will take, since one that is restored at once shows no progress."""
    from zoo.analysis.cost import WORTH_TELLING, seconds_for

    pixels = height * width
    if tiles is not None:
        seen = [sum(len(each.weights) for each in tiles.windows(side)) for side in (height, width)]
        pixels = seen[0] * seen[1]
    seconds = seconds_for(model, pixels)
    if seconds >= WORTH_TELLING:
        cut = "at once" if tiles is None else f"in tiles of {tiles.tile} with {tiles.overlap} more on each side"
        print(f"{width} x {height} pixels {cut}: about {duration(seconds)}", file=sys.stderr, flush=True)


def _restore_all(jobs: Sequence[Job], way: Way) -> int:
    """Restores one file after the other, and tells what came of each; gives the number of failures."""
    from zoo.inference.files import pixels_of, restore_file

    sizes = [pixels_of(job, way.megapixels) for job in jobs]
    failed = 0
    with progress(f"restoring {len(jobs)} file{'s' * (len(jobs) > 1)}, kilopixels") as report:
        for number, job in enumerate(jobs):
            start = time.monotonic()
            try:
                outcome = restore_file(job, way, _share(report, sizes, number))
            except Exception as error:
                failed += 1
                print(f"failed: {in_one_line(error, job.source, job.target)}", file=sys.stderr, flush=True)
            else:
                _tell(job, outcome, time.monotonic() - start, way.compare)
    return failed


def _share(report: Progress, sizes: Sequence[int], number: int) -> Progress:
    """Progress within one file as progress within all of them."""
    before, own, total = sum(sizes[:number]), sizes[number], max(1, sum(sizes))
    return lambda done, of: report((before + own * done // max(1, of)) // 1000, math.ceil(total / 1000))


def _tell(job: Job, outcome: Outcome, seconds: float, compared: bool) -> None:
    """Prints where a restored file is, what was noticed and how good it is."""
    print(f"{job.source} -> {job.target} ({duration(seconds)})")
    for note in outcome.notes:
        print(f"note: {job.source} {note}", file=sys.stderr)
    if outcome.blur_step is not None:
        print(f"  blur step {outcome.blur_step} (guessed)")
    for when, (psnr, ssim) in outcome.scores.items():
        print(f"  {when:<7} PSNR {psnr:.2f} dB" + ("" if ssim is None else f", SSIM {ssim:.4f}"))
    if compared and not job.is_video:
        print(f"  before and after: {job.comparison}")
    sys.stdout.flush()


def _tile(text: str) -> int | None:
    """The side of tiles for argparse; None for `auto`."""
    return None if text == _AUTO else positive(text)


def _blur_step(text: str) -> float | str:
    """A blur step for argparse."""
    if text == _AUTO:
        return text
    return number(text, "must be auto or a number of at least 0", lambda value: value >= 0)
