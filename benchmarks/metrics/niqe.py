"""NIQE: how far an image's statistics lie from those of sharp photographs, without a truth.

Mittal, Soundararajan and Bovik, "Making a 'completely blind' image quality analyzer", IEEE Signal Processing Letters
20 (3), 2013. The model of sharp photographs, a mean and a covariance of 36 features, is no part of this package: it
comes from a file, the authors' `modelparameters.mat` or one that `fit` made of sharp photographs. Values of different
models cannot be compared; records name the file.

What it was checked against: BasicSR 1.4.2, whose makers found the authors' MATLAB code equal to four decimals on one
image. Features agree to 4e-6 and values to 3e-3; to 0.02 where much of an image is flat and its statistics are those
of rounding errors. MATLAB itself was not at hand.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from benchmarks.metrics.base import Metric, MetricError, quantised_image, register
from benchmarks.metrics.natural import FEATURES, PATCH, patch_features, sharp_patches
from common.files import atomic_open, file_hash

_FILE = "the parameters of NIQE's model, the authors' .mat or an .npz of --fit-niqe"
_NAMES = ("mu_prisparam", "cov_prisparam")
# How a widespread copy of the authors' file calls both.
_OTHER_NAMES = ("mu_pris_param", "cov_pris_param")


@dataclass(frozen=True)
class Model:
    """The statistics of sharp photographs.

    Attributes:
        mean: Mean features, float64 (36,).
        covariance: Their covariance, float64 (36, 36).
    """

    mean: np.ndarray
    covariance: np.ndarray


def niqe(image: Any, truth: None = None, model: Model | None = None) -> float:
    """Natural image quality evaluator: less is better, about 2 to 5 for photographs, 10 and more for damaged ones.

    8-bit grey as MATLAB's rgb2gray, patches of 96x96 without overlap, two scales, nothing cut off the border.

    Args:
        image: Image (height, width, channels), uint8 or float in [0, 1]; it must hold two patches of 96x96 at least.
        truth: Nothing; other metrics take the sharp image here.
        model: The statistics of sharp photographs.

    Returns:
        A distance of 0 at least.

    Raises:
        MetricError: Without a model, for an image that is too small, flat, or of a wrong type or value.

    >>> import skimage.data
    >>> sharp = skimage.data.astronaut()
    >>> model = fit([sharp, *(image[..., np.newaxis] for image in (skimage.data.brick(), skimage.data.grass()))])
    >>> niqe(sharp, model=model) < niqe(sharp[::4, ::4].repeat(4, 0).repeat(4, 1), model=model)
    True
    """
    pixels = quantised_image(image, PATCH)
    if model is None:
        raise MetricError(f"niqe needs {_FILE}; ask for niqe=FILE")
    if (pixels.shape[0] // PATCH) * (pixels.shape[1] // PATCH) < 2:
        raise MetricError(
            f"image of shape {pixels.shape} is too small; niqe needs two patches of {PATCH}x{PATCH} pixels"
        )
    features, _ = patch_features(pixels)
    complete = features[np.isfinite(features).all(axis=1)]
    if len(complete) < 2:
        raise MetricError("niqe cannot be computed of an image without any variation; leave it out")
    # As the authors, the mean takes every number that there is, the covariance only whole patches.
    apart = model.mean - np.nanmean(features, axis=0)
    spread = np.linalg.pinv((model.covariance + np.cov(complete, rowvar=False)) / 2)
    return float(np.sqrt(max(0.0, apart @ spread @ apart)))


def fit(images: Iterable[np.ndarray]) -> Model:
    """The statistics of sharp photographs, by the published procedure: of each its sharpest patches.

    Args:
        images: Photographs (height, width, 1 or 3), uint8, both sides at least 96; read one at a time. The authors took
            125 of 480x320 to 1280x720 pixels.

    Raises:
        MetricError: When a photograph is too small, or there are not more patches than features.
    """
    patches = [sharp_patches(quantised_image(image, PATCH)) for image in images]
    count = sum(map(len, patches))
    if count <= FEATURES:
        raise MetricError(f"only {count} sharp patches of {PATCH}x{PATCH}, too few for a model; give more photographs")
    features = np.concatenate(patches)
    return Model(features.mean(axis=0), np.cov(features, rowvar=False))


def write_model(path: Path, model: Model) -> None:
    """Writes a model as `.npz` with the names of the authors' file."""
    with atomic_open(path) as stream:
        np.savez(stream, mu_prisparam=model.mean, cov_prisparam=model.covariance)


def read_model(path: Path) -> Model:
    """Reads the authors' `.mat` or an `.npz` with the same names.

    Raises:
        MetricError: When the file cannot be read or does not hold such a model.
    """
    try:
        with path.open("rb") as stream:
            mean, covariance = (np.asarray(array, np.float64) for array in _arrays(stream))
    except (OSError, KeyError, ValueError, TypeError, NotImplementedError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}".partition("\n")[0]
        raise MetricError(f"{path}: cannot be read ({reason}); give {_FILE}") from error
    model = Model(mean.reshape(-1), covariance)
    if model.mean.shape != (FEATURES,) or covariance.shape != (FEATURES, FEATURES) or not np.isfinite(covariance).all():
        raise MetricError(f"{path}: {mean.shape} and {covariance.shape} are not {FEATURES} features; give {_FILE}")
    return model


def _arrays(stream: BinaryIO) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance in a file, whichever of both kinds it is."""
    if zipfile.is_zipfile(stream):
        stream.seek(0)
        found = np.load(stream)
    else:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError

        stream.seek(0)
        try:
            found = loadmat(stream)
        except MatReadError as error:
            raise ValueError(f"no .npz, and as .mat: {error}") from error
    mean, covariance = _NAMES if _NAMES[0] in found else _OTHER_NAMES
    return found[mean], found[covariance]


def _given(path: Path) -> Metric:
    """The card with the model of a file."""
    model, engine = read_model(path), {"model": file_hash(path, _FILE)}
    return replace(CARD, function=partial(niqe, model=model), engine=lambda: engine)


CARD = register(
    Metric(
        name="niqe",
        title="NIQE",
        convention="no truth; 8-bit grey of rgb2gray, patches of 96x96, two scales, the model of a file that is named",
        unit="",
        higher_is_better=False,
        bounds=(0.0, 1e4),
        function=niqe,
        truth="none",
        file=_FILE,
        given=_given,
    )
)
