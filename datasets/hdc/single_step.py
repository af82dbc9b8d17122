"""Training pairs for one blur step of the Helsinki challenge: aligned text, and natural photographs blurred alike.

After Germer, Uelwer and Harmeling: the second camera's photographs are laid over the first one's by a warp that is
fitted on the first sample in Times; natural photographs are convolved with the point spread function that is estimated
on the same sample; all is kept with 8 bit.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from common.cores import cores
from common.files import atomic_open, cache_folder
from datasets.blur import estimate, warp
from datasets.blur.defocus import defocus
from datasets.blur.estimate import Blur
from datasets.errors import DataError
from datasets.files import read_arrays, read_mapped, write_arrays
from datasets.image import ArrayFrame, to_light
from datasets.pairs import Pair, Pairs, fingerprint

NATURAL = "natural"
"""Scene of the pairs that are made from natural photographs."""

_VERSION = 3


def blurred_natural(photograph: np.ndarray, blur: Blur) -> tuple[np.ndarray, np.ndarray]:
    """Blurs a natural photograph as the second camera would.

    Args:
        photograph: uint8 array (height, width, 3), or (height, width, 1); the green channel counts.
        blur: Point spread function and offset.

    Returns:
        The sharp image without the margin that the convolution does not know, and the blurry one: uint8, both
        (height - side + 1, width - side + 1, 1).

    Raises:
        DataError: When the photograph is smaller than the point spread function.
    """
    green = photograph[..., min(1, photograph.shape[-1] - 1)]
    side = len(blur.psf)
    if min(green.shape) <= side:
        raise DataError(f"a photograph of {green.shape} is too small for a point spread function of side {side}")
    margin = side // 2
    valid = np.s_[margin : green.shape[0] - margin, margin : green.shape[1] - margin]
    blurry = defocus(to_light(green[..., np.newaxis]), blur.psf, blur.offset)
    return green[valid][..., np.newaxis], _to_8_bit(blurry[valid])


def step_of(pairs: Pairs) -> int:
    """The one blur step of pairs.

    Raises:
        DataError: When there are several.
    """
    steps = sorted({pair.metadata["step"] for pair in pairs})
    if len(steps) != 1:
        raise DataError(
            f"hdc: a model for one blur step cannot be trained on steps {steps}; give one with --blur-steps"
        )
    return int(steps[0])


def by_step(pairs: Pairs) -> dict[int, Pairs]:
    """The pairs of each blur step, in the order of the steps."""
    places: dict[int, list[int]] = {}
    for index, pair in enumerate(pairs):
        places.setdefault(pair.metadata["step"], []).append(index)
    return {step: pairs.select(own) for step, own in sorted(places.items())}


def first_sample(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Sharp and blurry light (height, width) of the first sample in Times, which blur and warp are found on."""
    pair = next((pair for pair in pairs if pair.metadata["font"] == "Times"), pairs[0])
    return to_light(pair.sharp[0].read()), to_light(pair.blurry[0].read())


def fitted_warp(pairs: Pairs) -> np.ndarray:
    """The warp that lays the blurry photographs of one step over the sharp ones; fitted once."""
    path = _cache("warp", pairs, ())
    if not path.is_file():
        write_arrays(path, warp=warp.fit(*first_sample(pairs)))
    try:
        return read_arrays(path, "a fitted warp; delete it")["warp"]
    except KeyError as error:
        raise DataError(f"{path}: holds no fitted warp; delete it and run again") from error


def aligner(pairs: Pairs) -> Callable[[Pair], np.ndarray]:
    """What reads a pair's blurry light and lays it over the sharp one, by a warp for each step."""
    fitted = {step: fitted_warp(own) for step, own in by_step(pairs).items()}
    return lambda pair: warp.warp(_blurry_light(pair), fitted[pair.metadata["step"]])


def estimated_blur(pairs: Pairs, progress: Callable[[int, float], None] | None = None) -> Blur:
    """The blur of one step, by the authors' schedule; estimated once (minutes at the full size)."""
    schedule = estimate.SCHEDULES.get(step_of(pairs))
    if schedule is None:
        raise DataError(
            f"hdc: no schedule for blur step {step_of(pairs)}; steps 0 to {max(estimate.SCHEDULES)} have one"
        )
    path = _cache("blur", pairs, ())
    if not path.is_file():
        estimate.save(path, estimate.estimate(*first_sample(pairs), schedule.side, progress=progress))
    return estimate.load(path)


def prepare(pairs: Pairs, aligned: bool = True, natural: Pairs | None = None, blur: Blur | None = None) -> Pairs:
    """Prepares the joint list of training pairs, once: what was prepared before is taken from the cache.

    Args:
        pairs: Pairs of HDC, of one blur step.
        aligned: Whether the blurry photographs are laid over the sharp ones.
        natural: Sharp photographs to blur; None for text alone.
        blur: How; needed with natural photographs.

    Returns:
        Pairs of memory-mapped uint8 images, text first.

    Raises:
        DataError, FileError: When an image cannot be read or the cache not be written.
    """
    step, parts = step_of(pairs), [str(aligned)]
    read = aligner(pairs) if aligned else _blurry_light
    jobs: list[tuple[Pair, Callable[[], tuple[np.ndarray, np.ndarray]]]] = [
        (pair, partial(_text_images, pair, read)) for pair in pairs
    ]
    if natural and blur is not None:
        parts += [natural.fingerprint, hash_of(blur)]
        jobs += [
            (
                replace(source, dataset="hdc", scene=NATURAL, metadata={"step": step}),
                partial(_natural_images, source, blur),
            )
            for source in natural
        ]
    folder = _cache("pairs", pairs, parts).with_suffix("")

    def made(pair: Pair, make: Callable[[], tuple[np.ndarray, np.ndarray]]) -> Pair:
        path = folder / f"{pair.name.replace('/', '-')}.npy"
        if not path.is_file():
            with atomic_open(path) as stream:
                np.save(stream, np.stack(make()))
        sharp, blurry = read_mapped(path)
        return replace(
            pair,
            sharp=(ArrayFrame(f"{pair.name} (sharp)", sharp),),
            blurry=(ArrayFrame(f"{pair.name} (blurry)", blurry),),
        )

    with ThreadPoolExecutor(cores()) as pool:
        items = tuple(pool.map(made, *zip(*jobs, strict=True)))
    return replace(pairs, items=items, fingerprint=fingerprint([pairs.fingerprint, *parts]))


def hash_of(blur: Blur) -> str:
    """Digits that change with the point spread function or the offset."""
    return fingerprint([blur.psf.tobytes().hex(), repr(blur.offset)])


def _text_images(pair: Pair, read: Callable[[Pair], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The sharp and the blurry photograph with 8 bit."""
    return _to_8_bit(to_light(pair.sharp[0].read())), _to_8_bit(read(pair))


def _natural_images(source: Pair, blur: Blur) -> tuple[np.ndarray, np.ndarray]:
    """A natural photograph's sharp and blurry image."""
    return blurred_natural(source.sharp[0].read(), blur)


def _blurry_light(pair: Pair) -> np.ndarray:
    """The blurry photograph as it is, float32 (height, width) in [0, 1]."""
    return to_light(pair.blurry[0].read())


def _to_8_bit(light: np.ndarray) -> np.ndarray:
    """Light (height, width), clipped, as uint8 (height, width, 1)."""
    result: np.ndarray = np.rint(np.clip(light, 0, 1) * 255).astype(np.uint8)[..., np.newaxis]
    return result


def _cache(kind: str, pairs: Pairs, parts: list[str] | tuple[str, ...]) -> Path:
    """Where something that was computed from pairs lies."""
    digits = fingerprint([pairs.fingerprint, *parts])
    return cache_folder() / "hdc" / f"{kind}-{digits}-{_VERSION}.npz"
