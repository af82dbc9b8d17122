"""One photograph in, one photograph out: frames, tiles, padding to what a model accepts, cropping back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.progress import Progress
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.inference.image_files import read_image, to_array
from zoo.inference.inputs import check_batch, from_planes, known_blur, network_input, to_planes, with_medians
from zoo.inference.run import run_model
from zoo.inference.tiling import Tiles, reflected, restore_tiles, restored_rows
from zoo.registry import ModelInfo, spoken
from zoo.shapes import fixed_size

if TYPE_CHECKING:
    import keras
    from PIL import Image

PIXELS_AT_ONCE = 1 << 20
"""Grey planes of together at most this many pixels go through a model at once, to bound its memory."""

WHITE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
"""The white level of images of whole numbers."""


def pad_to_fit(batch: np.ndarray, info: ModelInfo, shrink: int = 0) -> tuple[np.ndarray, tuple[int, int]]:
    """Pads images by reflection until a model accepts their size; the door for odd sizes.

    Nothing is added when the size fits. The margin is split evenly, the odd pixel at the bottom and right.

    Args:
        batch: Images (batch, height, width, channels).
        info: The model's contract.
        shrink: Pixels by which each side of the output is smaller than that of the input; made up for here.

    Returns:
        The padded images, and (top, left) where the original starts in the model's output.

    >>> import zoo
    >>> padded, start = pad_to_fit(np.zeros((1, 33, 47, 3), np.float32), zoo.info("unet1"))
    >>> padded.shape, start
    ((1, 48, 48, 3), (7, 0))
    """
    margins = [margin_to_fit(side, info, shrink) for side in batch.shape[1:3]]
    widths = [(0, 0), *((margin // 2, margin - margin // 2) for margin in margins), (0, 0)]
    start = (widths[1][0] - shrink // 2, widths[2][0] - shrink // 2)
    return (np.pad(batch, widths, mode="reflect") if any(margins) else batch), start


def restore_batch(
    model: keras.Model,
    batch: np.ndarray,
    info: ModelInfo,
    blur_step: Any = None,
    tiles: Tiles | None = None,
    psf: Any = None,
) -> np.ndarray:
    """Runs a model on images of any size.

    Models for grey images restore colour ones channel by channel.

    Args:
        model: A model of this zoo.
        batch: Images (batch, height, width, frames x 3), or (batch, height, width, 1 or 3) for models of grey
            images; float32 in [0, 1].
        info: The model's contract.
        blur_step: For models that take it: one number, or one for each image.
        tiles: How large images are cut; None restores them at once.
        psf: For models that take it: the point spread function (rows, columns), or one for each image.

    Returns:
        Restored images (batch, height, width, 3, or 1 for grey input), float32, clipped to [0, 1].

    Raises:
        ZooError: When the model does not take such images or lacks what it needs to know of their blur; see
            `inputs.check_batch` and `inputs.known_blur`.

    >>> import zoo
    >>> model = zoo.create("identity")
    >>> restore_batch(model, np.zeros((2, 5, 7, 3), np.float32), zoo.info("identity")).shape
    (2, 5, 7, 3)
    """
    check_batch(batch, info, model_frames(model, info))
    blur = known_blur(batch, info, blur_step, psf)
    # What has the one size that a model takes is not cut.
    if tiles is None or batch.shape[1:3] == fixed_size(model):
        return _restore_whole(model, batch, info, blur)
    restored = []
    for index, image in enumerate(batch):
        own = None if blur is None else blur[index : index + 1]
        restored.append(restore_tiles(image, tiles, partial(_restore_piece, model=model, info=info, blur=own)))
    return np.stack(restored)


def _restore_piece(piece: np.ndarray, model: keras.Model, info: ModelInfo, blur: np.ndarray | None) -> np.ndarray:
    """Restores one piece (height, width, channels) of an image; see `tiling.restore_tiles`."""
    return _restore_whole(model, piece[np.newaxis], info, blur)[0]


def _restore_whole(model: keras.Model, batch: np.ndarray, info: ModelInfo, blur: np.ndarray | None) -> np.ndarray:
    """Restores checked images at once; see `restore_batch`."""
    if info.colour:
        return _restore_images(model, batch, info, blur)
    channels = batch.shape[-1]
    planes = to_planes(batch)
    blur = None if blur is None else np.repeat(blur, channels, axis=0)
    at_once = max(1, PIXELS_AT_ONCE // (batch.shape[1] * batch.shape[2]))
    restored = [
        _restore_images(model, planes[i : i + at_once], info, None if blur is None else blur[i : i + at_once])
        for i in range(0, len(planes), at_once)
    ]
    return from_planes(np.concatenate(restored), channels)


def model_frames(model: keras.Model, info: ModelInfo) -> int:
    """How many images a model takes along the channels."""
    shape = model.inputs[0].shape
    return int(shape[-1]) // info.channels


def shrink_of(model: keras.Model) -> int:
    """By how many pixels each side of a model's output is smaller than that of its input.

    >>> import zoo
    >>> shrink_of(zoo.create("identity")), shrink_of(zoo.create("refiner", "tiny"))
    (0, 26)
    """
    info, variant = identify(model)
    if not info.variant(variant).shrink:
        return 0
    # The model is asked, because options may have changed what the variant says.
    side = 1024
    shapes = [(1, side, side, model.inputs[0].shape[-1]), *((1, *tensor.shape[1:]) for tensor in model.inputs[1:])]
    result = model.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])
    return side - int((result[0] if isinstance(result[0], (tuple, list)) else result)[1])


def restore(
    model: keras.Model,
    image: np.ndarray | Path | str | Image.Image,
    tile: int | Tiles | None = None,
    overlap: int | None = None,
    blend: bool = True,
    blur_step: float | None = None,
    psf: np.ndarray | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Deblurs one photograph of any height and width.

    On TensorFlow one traced graph serves all sizes, and PyTorch compiles nothing; JAX compiles a model once for every
    new size, which tiles avoid.

    Args:
        model: A model of this zoo, from `create` or `load`.
        image: Array (height, width, 3), or (height, width, 9) with previous, current and next frame, or grey (height,
            width, 1); uint8 in [0, 255], uint16 in [0, 65535] or float in [0, 1]. Or the path of an image file, or a
            Pillow image; both are turned as their EXIF orientation says. A single image for a three-frame model stands
            for all three frames, a grey one for all three colours.
        tile: Restores tiles of so many pixels one after the other, which bounds the memory; None restores the
            photograph at once. `zoo.analysis.tile_size.chosen_cut` gives tiles that fit the memory and the model.
        overlap: Pixels that a model sees beyond each side of a tile, reflected at the border of the photograph; None
            takes a quarter of the tile (Germer et al. take 160 for 640).
        blend: Whether tiles fade into their neighbours where they overlap; otherwise the overlap is cut off.
        blur_step: How blurred the photograph is, for models that take it, e.g. 0 to 9 for the refiner.
        psf: Point spread function (rows, columns) of the blur, odd sides, for `wiener`.
        progress: Called with tiles done and in all.

    Returns:
        The sharp photograph (height, width, 3 or 1) in the type of the input: uint8 for files of 8 bits, float32 in
        [0, 1] for those of 16.

    Raises:
        ZooError: For another shape, type or range, for files that cannot be read, for a blur step or point spread
            function that the model does not take or lacks, for tiles that cannot be, for models that are not of this
            zoo, and for those whose weights give no numbers.

    >>> import numpy as np
    >>> import zoo
    >>> image = np.full((5, 7, 3), 100, np.uint8)
    >>> zoo.restore(zoo.create("identity"), image).shape
    (5, 7, 3)
    """
    info, variant = identify(model)
    image = _as_array(image)
    _check_image(image)
    if overlap is not None and not isinstance(tile, int):
        raise ZooError(f"overlap {overlap} without tiles; give tile too")
    tiles = Tiles.of(tile, overlap, blend) if tile is None or isinstance(tile, int) else tile
    frames = model_frames(model, info)

    def run(piece: np.ndarray) -> np.ndarray:
        """Restores an array of the image's type; a piece at a time, no float copy is made of a large photograph."""
        batch = _for_model(as_float(piece), info, frames)[np.newaxis]
        return restore_batch(model, batch, info, blur_step, None, psf)[0]

    if tiles is None:
        return to_type(run(image), image.dtype)
    contract = info.for_variant(variant)
    margins = [margin_to_fit(side, contract, 0) if tiles.seamless else 0 for side in image.shape[:2]]
    bands = _restored_bands(image, tiles, margins, run, progress)
    return _collected(bands, image, margins[0] // 2)


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


def _restore_images(model: keras.Model, batch: np.ndarray, info: ModelInfo, blur: np.ndarray | None) -> np.ndarray:
    """Pads, restores, crops and clips images, or grey planes, that all go through the model at once."""
    _, variant = identify(model)
    _check_fixed_size(model, batch)
    padded, (top, left) = pad_to_fit(batch, info.for_variant(variant), shrink_of(model))
    prepare = partial(with_medians, widths=info.medians) if info.medians else None
    # Medians are made within the model's own graph, at once with it.
    inputs = padded if info.colour or prepare else network_input(padded, info)
    restored, whole = run_model(model, [inputs] if blur is None else [inputs, blur], prepare)
    height, width = batch.shape[1:3]
    restored = restored[:, top : top + height, left : left + width]
    # The result alone does not tell: a ReLU may turn NaN into 0.
    if not whole or not np.isfinite(restored).all():
        raise ZooError(
            f"{spoken(model)} gives no numbers (NaN or infinity): "
            f"{'its precision is too low' if whole else 'its weights are damaged or its training diverged'}; "
            f"{'build it in float32' if whole else 'load other weights'}"
        )
    return np.clip(restored, 0.0, 1.0)


def _check_fixed_size(model: keras.Model, batch: np.ndarray) -> None:
    """Refuses images of another size than the only one that a model takes."""
    fixed, size = fixed_size(model), batch.shape[1:3]
    if fixed is None or size == fixed:
        return
    tiles = Tiles.seen_as(*fixed)
    remedy = f"restore in tiles, tile={tiles.tile} and overlap={tiles.overlap}" if tiles else "scale the image to that"
    raise ZooError(f"{spoken(model)} takes images of {fixed[0]}x{fixed[1]} alone, not of {size[0]}x{size[1]}; {remedy}")


def margin_to_fit(side: int, info: ModelInfo, shrink: int) -> int:
    """How many pixels a side lacks to the next size that the model accepts and gives the side back."""
    multiple = info.size_multiple
    wanted = max(side + shrink, info.minimum_size)
    return -(-wanted // multiple) * multiple - side


def _as_array(image: Any) -> np.ndarray:
    """The array of what is one, of an image file, or of a Pillow image."""
    if isinstance(image, np.ndarray):
        return image
    if isinstance(image, (str, Path)):
        return read_image(image)
    # Without importing Pillow: what is none of its images has no such method.
    if hasattr(image, "getexif"):
        return to_array(image)
    raise ZooError(
        f"an image must be an array (height, width, channels), a path or a Pillow image, not {type(image).__name__}"
    )


def _check_image(image: np.ndarray) -> None:
    """Refuses arrays that are no images."""
    if image.ndim != 3 or 0 in image.shape:
        raise ZooError(f"an image must be an array (height, width, channels), not {image.shape}")
    if image.dtype in WHITE:
        return
    if image.dtype.kind != "f":
        raise ZooError(
            f"an image must be uint8 in [0, 255], uint16 in [0, 65535] or float in [0, 1], not {image.dtype}; "
            "convert it first"
        )
    if not np.isfinite(image).all() or image.min() < 0 or image.max() > 1:
        raise ZooError("a float image must be finite and in [0, 1]; divide by its white level first")


def as_float(image: np.ndarray) -> np.ndarray:
    """An image as float32 in [0, 1]."""
    white = WHITE.get(image.dtype)
    return image.astype(np.float32) if white is None else image.astype(np.float32) / np.float32(white)


def to_type(sharp: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A restored image, float in [0, 1], in the type of the blurred one."""
    white = WHITE.get(dtype)
    if white is None:
        return sharp.astype(np.float32).astype(dtype)
    return np.floor(sharp.astype(np.float32) * np.float32(white) + np.float32(0.5)).astype(dtype)
