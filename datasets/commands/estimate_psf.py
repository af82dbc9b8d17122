"""`python -m datasets estimate-psf`: a camera's blur from two photographs of one scene, as numbers and as a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from datasets import files
from datasets.blur import estimate, warp
from datasets.blur.defocus import defocus
from datasets.errors import DataError
from datasets.image import read_picture, to_light

# Distance in pixels between the lines of the grid that shows the warp, and how much larger than true it is drawn.
_GRID = 100
_EXAGGERATION = 10


def command(
    sharp: Path,
    blurry: Path,
    side: int,
    penalty: float,
    evaluations: int,
    out: Path,
    progress: Callable[[int, int], None],
) -> None:
    """Estimates the blur between two photographs, writes it with a picture beside, and prints a summary.

    Args:
        sharp: The sharp photograph; colours are averaged.
        blurry: The same scene blurred, same size.
        side: See `estimate.estimate`.
        penalty: See `estimate.estimate`.
        evaluations: See `estimate.estimate`.
        out: The `.npz` file; the picture gets the ending `.png`.
        progress: Called with the evaluations done and their largest number.

    Raises:
        DataError: When a photograph cannot be read, the two do not fit, or a file cannot be written.
    """
    if out.suffix != ".npz":
        raise DataError(f"{out}: the result is a NumPy archive; give a name that ends in .npz")
    first, second = (to_light(read_picture(path)) for path in (sharp, blurry))
    blur = estimate.estimate(
        first, second, side, penalty, evaluations, lambda done, _: progress(min(done, evaluations), evaluations)
    )
    estimate.save(out, blur)
    picture = out.with_suffix(".png")
    draw(picture, first, second, blur)
    aside = np.hypot(*warp.displacement(blur.warp, (first.shape[0], first.shape[1])))
    print(f"point spread function  {side} x {side}, sum {blur.psf.sum():.4f}")
    print(f"offset                 {blur.offset:.4f}")
    print(f"warp                   {aside.mean():.1f} pixels on average, {aside.max():.1f} at most")
    print(f"root of the error      {np.sqrt(blur.losses[-1]):.5f} after {len(blur.losses)} evaluations")
    print(f"written                {out} and {picture}")


def draw(path: Path, sharp: np.ndarray, blurry: np.ndarray, blur: estimate.Blur) -> None:
    """Writes a picture: point spread function, warp, what is unlike before and after, and the course of the search.

    Args:
        path: A `.png` file.
        sharp: Grey photograph (height, width).
        blurry: The same scene blurred, same shape.
        blur: What was estimated between them.

    Raises:
        DataError: When the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 3)
    shown = axes[0, 0].imshow(blur.psf, cmap="magma")
    axes[0, 0].set_title(f"point spread function, sum {blur.psf.sum():.3f}")
    figure.colorbar(shown, ax=axes[0, 0])
    _draw_warp(axes[0, 1], blur.warp, (sharp.shape[0], sharp.shape[1]))
    axes[0, 2].semilogy(np.arange(1, len(blur.losses) + 1), blur.losses)
    axes[0, 2].set(title="mean squared error", xlabel="evaluations")
    margin = len(blur.psf) // 2
    inner = np.s_[margin : sharp.shape[0] - margin, margin : sharp.shape[1] - margin]
    modelled = defocus(sharp, blur.psf, blur.offset)[inner]
    before, after = blurry - sharp, warp.warp(blurry, blur.warp)
    _draw_difference(figure, axes[1, 0], before[inner], "blurry - sharp, before")
    _draw_difference(figure, axes[1, 1], after[inner] - modelled, "warped blurry - model, after")
    axes[1, 2].imshow(modelled, cmap="gray")
    axes[1, 2].set_title("sharp, blurred by the model")
    with files.atomic_open(path) as stream:
        figure.savefig(stream, dpi=110, format="png")


def _draw_warp(axis: Any, weights: np.ndarray, shape: tuple[int, int]) -> None:
    """Draws a regular grid as the warp bends it, exaggerated."""
    height, width = shape
    x_aside, y_aside = _EXAGGERATION * warp.displacement(weights, shape)
    y, x = np.mgrid[:height, :width]
    for row in range(0, height, _GRID):
        axis.plot(x[row] + x_aside[row], y[row] + y_aside[row], color="tab:blue", linewidth=0.8)
    for column in range(0, width, _GRID):
        axis.plot(x[:, column] + x_aside[:, column], y[:, column] + y_aside[:, column], color="tab:blue", linewidth=0.8)
    axis.set(title=f"warp, {_EXAGGERATION} times as large", aspect="equal")
    axis.invert_yaxis()


def _draw_difference(figure: Any, axis: Any, difference: np.ndarray, title: str) -> None:
    """Draws a difference in two colours around zero, its own range beside it."""
    reach = float(np.quantile(np.abs(difference), 0.999)) or 1.0
    shown = axis.imshow(difference, cmap="RdBu", vmin=-reach, vmax=reach)
    axis.set_title(f"{title}, rms {np.sqrt(np.mean(difference**2)):.4f}")
    figure.colorbar(shown, ax=axis)
