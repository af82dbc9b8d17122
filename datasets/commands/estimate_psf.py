"""`python -m datasets estimate-psf`: a camera's blur from two photographs of one scene, as numbers and as an image."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from common.cli import path
from common.console import progress
from common.files import atomic_open
from datasets.errors import DataError
from datasets.image import read_image, to_light

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from datasets.blur.estimate import Blur

# Distance in pixels between the lines of the grid that shows the warp, and how much larger than true it is drawn.
_GRID = 100
_EXAGGERATION = 10


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command and its options."""
    command = commands.add_parser("estimate-psf", help="estimate a camera's blur from two photographs of one scene")
    command.add_argument("--sharp", required=True, type=path, metavar="FILE", help="the sharp photograph")
    command.add_argument("--blurry", required=True, type=path, metavar="FILE", help="the same scene, blurred")
    command.add_argument(
        "--side", required=True, type=int, metavar="PIXELS", help="side of the point spread function, odd"
    )
    command.add_argument(
        "--out", required=True, type=path, metavar="FILE.npz", help="the result; an image goes beside it"
    )
    command.add_argument("--penalty", type=float, default=0.0, help="weight of its mean absolute value (default 0)")
    command.add_argument("--evaluations", type=int, default=300, metavar="N", help="length of the search (default 300)")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Estimates the blur between two photographs, writes it with an image beside, and prints a summary."""
    from datasets.blur import estimate, warp

    if args.out.suffix != ".npz":
        raise DataError(f"{args.out}: the result is a NumPy archive; give a name that ends in .npz")
    sharp, blurry = (to_light(read_image(file)) for file in (args.sharp, args.blurry))
    with progress("searching") as shown:
        blur = estimate.estimate(
            sharp,
            blurry,
            args.side,
            args.penalty,
            args.evaluations,
            # A line search may go a few evaluations beyond the number that is planned.
            lambda done, _: shown(min(done, args.evaluations), args.evaluations),
        )
    estimate.save(args.out, blur)
    image = args.out.with_suffix(".png")
    draw(image, sharp, blurry, blur)
    aside = np.hypot(*warp.displacement(blur.warp, (sharp.shape[0], sharp.shape[1])))
    print(f"point spread function  {args.side} x {args.side}, sum {blur.psf.sum():.4f}")
    print(f"offset                 {blur.offset:.4f}")
    print(f"warp                   {aside.mean():.1f} pixels on average, {aside.max():.1f} at most")
    print(f"root of the error      {np.sqrt(blur.losses[-1]):.5f} after {len(blur.losses)} evaluations")
    print(f"written                {args.out} and {image}")
    return 0


def draw(file: Path, sharp: np.ndarray, blurry: np.ndarray, blur: Blur) -> None:
    """Writes an image: point spread function, warp, what is unlike before and after, and the course of the search.

    Args:
        file: A `.png` file.
        sharp: Grey photograph (height, width).
        blurry: The same scene blurred, same shape.
        blur: What was estimated between them.

    Raises:
        FileError: When the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from datasets.blur import warp
    from datasets.blur.defocus import defocus

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
    with atomic_open(file) as stream:
        figure.savefig(stream, dpi=110, format="png")


def _draw_warp(axis: Axes, weights: np.ndarray, shape: tuple[int, int]) -> None:
    """Draws a regular grid as the warp bends it, exaggerated."""
    from datasets.blur import warp

    height, width = shape
    x_aside, y_aside = _EXAGGERATION * warp.displacement(weights, shape)
    y, x = np.mgrid[:height, :width]
    for row in range(0, height, _GRID):
        axis.plot(x[row] + x_aside[row], y[row] + y_aside[row], color="tab:blue", linewidth=0.8)
    for column in range(0, width, _GRID):
        axis.plot(x[:, column] + x_aside[:, column], y[:, column] + y_aside[:, column], color="tab:blue", linewidth=0.8)
    axis.set(title=f"warp, {_EXAGGERATION} times as large", aspect="equal")
    axis.invert_yaxis()


def _draw_difference(figure: Figure, axis: Axes, difference: np.ndarray, title: str) -> None:
    """Draws a difference in two colours around zero, its own range beside it."""
    largest = float(np.quantile(np.abs(difference), 0.999)) or 1.0
    shown = axis.imshow(difference, cmap="RdBu", vmin=-largest, vmax=largest)
    axis.set_title(f"{title}, rms {np.sqrt(np.mean(difference**2)):.4f}")
    figure.colorbar(shown, ax=axis)
