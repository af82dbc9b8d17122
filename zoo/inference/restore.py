"""One photograph in, one photograph out: frames, tiles, padding to what a model accepts, cropping back."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from common.errors import one_line
from common.progress import Progress
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.fresh import is_fresh
from zoo.inference.batches import margin_to_fit, model_frames, restore_batch
from zoo.inference.guard import Guard, guards, say
from zoo.inference.inputs import normalised
from zoo.inference.pixels import as_array, as_float, check_image, counted, one_channel, to_type
from zoo.inference.tiling import Tiles, reflected, restored_rows
from zoo.inference.video import with_neighbours
from zoo.registry import ModelInfo, spoken

if TYPE_CHECKING:
    import keras
    from PIL import Image

_LOG = logging.getLogger(__name__)
_warned: weakref.WeakSet[Any] = weakref.WeakSet()


@overload
def restore(
    model: keras.Model,
    image: np.ndarray | Path | str | Image.Image,
    tile: int | Tiles | None = None,
    overlap: int | None = None,
    blend: bool = True,
    blur_step: float | None = None,
    psf: np.ndarray | None = None,
    progress: Progress | None = None,
    guard: Guard | bool = True,
) -> np.ndarray: ...
@overload
def restore(
    model: keras.Model,
    image: Sequence[np.ndarray | Path | str | Image.Image],
    tile: int | Tiles | None = None,
    overlap: int | None = None,
    blend: bool = True,
    blur_step: float | None = None,
    psf: np.ndarray | None = None,
    progress: Progress | None = None,
    guard: Guard | bool = True,
) -> list[np.ndarray]: ...
def restore(
    model: keras.Model,
    image: Any,
    tile: int | Tiles | None = None,
    overlap: int | None = None,
    blend: bool = True,
    blur_step: float | None = None,
    psf: np.ndarray | None = None,
    progress: Progress | None = None,
    guard: Guard | bool = True,
) -> np.ndarray | list[np.ndarray]:
    """Deblurs one photograph of any height and width, a batch of them, or the frames of a video.

    On TensorFlow one traced graph serves all sizes, and PyTorch compiles nothing; JAX compiles a model once for every
    new size, which tiles avoid.

    Args:
        model: A model of this zoo, from `create` or `load`.
        image: Array (height, width, 3), or (height, width, 9) with previous, current and next frame, or grey (height,
            width) or (height, width, 1); uint8 in [0, 255], uint16 in [0, 65535] or float in [0, 1]. Or the path of an
            image file, or a Pillow image; both are turned as their EXIF orientation says. A single image for a
            three-frame model stands for all three frames, a grey one for all three colours. An array with one more
            axis in front is a batch of images; a list or tuple of any of these holds the frames of a video in their
            order, each of which a three-frame model sees with its neighbours.
        tile: Restores tiles of so many pixels one after the other, which bounds the memory; None restores the
            photograph at once. `zoo.analysis.tile_size.chosen_cut` gives tiles that fit the memory and the model.
        overlap: Pixels that a model sees beyond each side of a tile, reflected at the border of the photograph; None
            takes a quarter of the tile (Germer et al. take 160 for 640).
        blend: Whether tiles fade into their neighbours where they overlap; otherwise the overlap is cut off.
        blur_step: How blurred the photograph is, for models that take it, e.g. 0 to 9 for the refiner.
        psf: Point spread function (rows, columns) of the blur, odd sides, for `wiener`; one whose sum is not 1 is
            divided by it, which is said.
        progress: Called with tiles done and in all; for several images with images.
        guard: Whether parts where a model for photographs answers with what is none stay as they were, which is said;
            a `zoo.inference.guard.Guard` counts them instead of saying so.

    Returns:
        The sharp photograph (height, width, 3 or 1), without the last axis where the input had none, in the type of the
        input: uint8 for files of 8 bits, float32 in [0, 1] for those of 16. An array of them for a batch, a list for a
        list.

    Raises:
        ZooError: For another shape, type or range, for files that cannot be read, for a blur step or point spread
            function that the model does not take or lacks, for tiles that cannot be, for models that are not of this
            zoo, and for those whose weights give no numbers.

    >>> import numpy as np
    >>> import zoo
    >>> image = np.full((5, 7, 3), 100, np.uint8)
    >>> zoo.restore(zoo.create("identity"), image).shape
    (5, 7, 3)
    >>> zoo.restore(zoo.create("identity"), image[..., 0]).shape, len(zoo.restore(zoo.create("identity"), [image] * 2))
    ((5, 7), 2)
    """
    info, _ = identify(model)
    _warn_if_fresh(model)
    watch = (guard if isinstance(guard, Guard) else Guard()) if guard and guards(info) else None
    tiles = _as_tiles(tile, overlap, blend)
    one = partial(_restore_one, model, tiles=tiles, blur_step=blur_step, psf=normalised(psf, info), guard=watch)
    restored = _restored(image, one, model_frames(model, info), progress)
    if watch is not None and watch is not guard:
        say(model, watch)
    return restored


def _restored(
    image: Any, one: Callable[..., np.ndarray], frames: int, progress: Progress | None
) -> np.ndarray | list[np.ndarray]:
    """Restores whatever an image was given as, by a function that restores one (height, width, channels)."""
    if isinstance(image, (list, tuple)):
        return _restored_frames([as_array(each) for each in image], one, frames, progress)
    image = as_array(image)
    if image.ndim == 4 and len(image):
        return np.stack([one(each) for each in counted(image, progress)])
    if image.ndim == 2:
        return one_channel(one(image[..., np.newaxis], progress=progress))[..., 0]
    return one(image, progress=progress)


def _restore_one(
    model: keras.Model,
    image: np.ndarray,
    tiles: Tiles | None,
    blur_step: float | None,
    psf: np.ndarray | None,
    guard: Guard | None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Deblurs one photograph (height, width, channels); see `restore`."""
    info, variant = identify(model)
    check_image(image)
    frames = model_frames(model, info)

    def run(piece: np.ndarray) -> np.ndarray:
        """Restores an array of the image's type; a piece at a time, no float copy is made of a large photograph."""
        batch = _for_model(as_float(piece), info, frames)[np.newaxis]
        return restore_batch(model, batch, info, blur_step, None, psf, guard)[0]

    if tiles is None:
        return to_type(run(image), image.dtype)
    contract = info.for_variant(variant)
    margins = [margin_to_fit(side, contract, 0) if tiles.seamless else 0 for side in image.shape[:2]]
    bands = _restored_bands(image, tiles, margins, run, progress)
    return _collected(bands, image, margins[0] // 2)


def _as_tiles(tile: Any, overlap: int | None, blend: bool) -> Tiles | None:
    """What `restore` is told of tiles as such, or None without; ZooError for what is none."""
    if tile is None or isinstance(tile, Tiles):
        if overlap is not None:
            raise ZooError(f"overlap {overlap} without a tile in pixels; give tile too")
        return tile
    for name, value in (("tile", tile), ("overlap", overlap)):
        if value is not None and (not isinstance(value, Integral) or isinstance(value, bool)):
            raise ZooError(f"{name}={one_line(value)} must be a whole number of pixels")
    return Tiles.of(int(tile), overlap, blend)


def _warn_if_fresh(model: keras.Model) -> None:
    """Says once of a model that nobody trained it: what it gives looks like a broken photograph."""
    if model not in _warned and is_fresh(model):
        _warned.add(model)
        _LOG.warning(
            "%s was never trained, nor were weights loaded: what it gives is noise; zoo.load gives trained models, "
            "`python -m zoo weights list` names them",
            spoken(model),
        )


def _restored_frames(
    images: Sequence[np.ndarray], one: Callable[..., np.ndarray], frames: int, progress: Progress | None
) -> list[np.ndarray]:
    """Restores the frames of a video (height, width, 1 or 3), each with its neighbours for a three-frame model."""
    whole = [image[..., np.newaxis] if image.ndim == 2 else image for image in images]
    for image in whole:
        check_image(image)
    if frames == 3:
        if len({image.shape for image in whole}) > 1:
            raise ZooError("the frames of a video must have one size; restore photographs one by one")
        whole = list(with_neighbours(np.repeat(each, 3, -1) if each.shape[-1] == 1 else each for each in whole))
    restored = [one(image) for image in counted(whole, progress)]
    return [
        one_channel(sharp)[..., 0] if image.ndim == 2 else sharp for image, sharp in zip(images, restored, strict=True)
    ]


def _restored_bands(
    image: np.ndarray,
    tiles: Tiles,
    margins: Sequence[int],
    run: Callable[[np.ndarray], np.ndarray],
    progress: Progress | None,
) -> Iterator[np.ndarray]:
    """Restores a photograph of any type by rows of tiles.

    Args:
        image: The photograph (height, width, channels).
        tiles: How it is cut.
        margins: Pixels, rows and columns, by which it is enlarged before it is cut; half of them lie on either side.
        run: Restores a piece.
        progress: Called with tiles done and in all.

    Yields:
        float64 arrays (some rows, width, channels) of the enlarged height, but of the photograph's width.
    """
    height, width = image.shape[:2]
    size = (height + margins[0], width + margins[1])
    top, left = margins[0] // 2, margins[1] // 2

    def piece(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return run(image[np.ix_(reflected(rows - top, height), reflected(columns - left, width))])

    for band in restored_rows(size, (tiles.windows(size[0]), tiles.windows(size[1])), piece, progress):
        yield band[:, left : left + width]


def _collected(bands: Iterator[np.ndarray], image: np.ndarray, top: int) -> np.ndarray:
    """An array like the image out of bands, of which the first `top` rows do not belong to it."""
    sharp: np.ndarray | None = None
    start = -top
    for band in bands:
        if sharp is None:
            sharp = np.empty((*image.shape[:2], band.shape[-1]), image.dtype)
        first, last = max(start, 0), min(start + len(band), len(sharp))
        if first < last:
            sharp[first:last] = to_type(band[first - start : last - start], image.dtype)
        start += len(band)
    assert sharp is not None
    return sharp


def _for_model(pixels: np.ndarray, info: ModelInfo, frames: int) -> np.ndarray:
    """One image as a model takes it: a grey one as three colours, a single one as all frames."""
    if info.colour and pixels.shape[-1] == 1:
        pixels = np.repeat(pixels, 3, axis=-1)
    return np.tile(pixels, frames) if pixels.shape[-1] == 3 and frames > 1 else pixels
