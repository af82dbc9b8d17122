"""One row for each metric: what a new one must state to be tested like the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What is known of a metric.

    Attributes:
        perfect: Its value where restored and truth are the same.
        known: Its value on the recorded images of phases 0 and 0.3, to six digits; None where it takes no images.
        higher: Whether more is better.
        smallest: Least side in pixels that it takes.
        tesseract: Whether it needs Tesseract.
    """

    perfect: float
    known: float | None = None
    higher: bool = True
    smallest: int = 1
    tesseract: bool = False


ROWS = {
    "psnr": Row(perfect=float("inf"), known=22.532225),
    "ssim": Row(perfect=1.0, known=0.94521850, smallest=11),
    "ssim_matlab3d": Row(perfect=1.0, known=0.95174305),
    "mse": Row(perfect=0.0, known=0.00558184, higher=False),
    "kohler_psnr": Row(perfect=float("inf"), smallest=161),
    "kohler_mssim": Row(perfect=1.0, smallest=161),
    "ocr": Row(perfect=100.0, tesseract=True),
    "ocr_indel": Row(perfect=100.0, tesseract=True),
}
