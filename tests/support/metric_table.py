"""One row for each metric: what a new one must state to be tested like the others."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest


@dataclass(frozen=True)
class Row:
    """What is known of a metric.

    Attributes:
        perfect: Its value where restored and truth are the same; None where there is no such value.
        known: Its value on the recorded images of phases 0 and 0.3, to six digits; None where it takes no images.
        higher: Whether more is better.
        smallest: Least side in pixels that it takes.
        tesseract: Whether it needs Tesseract.
        asked: Whether it is in no protocol, and measured where it is asked for.
        file: Writes the file that it needs below a folder; None for most.
    """

    perfect: float | None
    known: float | None = None
    higher: bool = True
    smallest: int = 1
    tesseract: bool = False
    asked: bool = False
    file: Callable[[Path], Path] | None = None


def _model(folder: Path) -> Path:
    """Statistics that no photographs have, with which NIQE can be computed."""
    np.savez(folder / "model.npz", mu_prisparam=np.zeros(36), cov_prisparam=np.eye(36))
    return folder / "model.npz"


def _alexnet(folder: Path) -> Path:
    """Random weights of AlexNet's convolutions; skips where PyTorch or the heads are not installed."""
    torch = pytest.importorskip("torch")
    if importlib.util.find_spec("lpips") is None:
        pytest.skip("lpips is not installed")
    random = np.random.default_rng(0)
    shapes = {0: (64, 3, 11, 11), 3: (192, 64, 5, 5), 6: (384, 192, 3, 3), 8: (256, 384, 3, 3), 10: (256, 256, 3, 3)}
    tensors = {}
    for index, shape in shapes.items():
        tensors[f"features.{index}.weight"] = random.normal(0, 0.02, shape)
        tensors[f"features.{index}.bias"] = np.zeros(shape[0])
    torch.save({name: torch.from_numpy(array) for name, array in tensors.items()}, folder / "alexnet.pth")
    return folder / "alexnet.pth"


ROWS = {
    "psnr": Row(perfect=float("inf"), known=22.532225),
    "ssim": Row(perfect=1.0, known=0.94521850, smallest=11),
    "ssim_matlab3d": Row(perfect=1.0, known=0.95174305),
    "mse": Row(perfect=0.0, known=0.00558184, higher=False),
    "kohler_psnr": Row(perfect=float("inf"), smallest=161),
    "kohler_mssim": Row(perfect=1.0, smallest=161),
    "ocr": Row(perfect=100.0, tesseract=True),
    "ocr_indel": Row(perfect=100.0, tesseract=True),
    "psnr_y": Row(perfect=float("inf"), asked=True),
    "ssim_y": Row(perfect=1.0, smallest=11, asked=True),
    "niqe": Row(perfect=None, higher=False, smallest=96, asked=True, file=_model),
    "lpips": Row(perfect=0.0, higher=False, smallest=31, asked=True, file=_alexnet),
}
