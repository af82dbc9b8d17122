"""The Helsinki challenge's comparisons of `python -m benchmarks.speed`."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from benchmarks.speed.compare import Comparison, alternate

SIDES = (31, 71, 121, 181, 261)
"""Sides of point spread functions, from blur step 0's to step 10's."""

_LINES = (("aBcDeFgHiJ", "kLmNoPqRsT", "uVwXyZ1234"), ("ZyXwVuTsRq", "PoNmLkJiHg", "FeDcBa5678"))


def recognition() -> list[Comparison]:
    """Photographs read per second: all cores against one Tesseract process times the cores."""
    from benchmarks.metrics import ocr
    from datasets.hdc import simulation
    from datasets.image import to_light

    cores = os.cpu_count() or 1
    rng = np.random.default_rng(0)

    def photograph(lines: tuple[str, ...], font: str) -> np.ndarray:
        pixels = simulation.photograph(simulation.show(list(lines), font), None, None, rng)
        return to_light(pixels[..., np.newaxis])

    pages = [(photograph(lines, font), lines) for lines in _LINES for font in ("Times", "Verdana")]
    photographs = [light for light, _ in pages * cores]
    texts = [lines for _, lines in pages * cores]
    seconds, alone = alternate(
        lambda: ocr.ocr_scores(photographs, texts),
        lambda: ocr.ocr_scores(photographs[: len(pages)], texts[: len(pages)], processes=1),
        3,
    )
    ours, other = len(photographs) / seconds, cores * len(pages) / alone
    # Cores that share a cache and a clock do not do all that one alone does.
    return [
        Comparison(
            f"photographs scored by character recognition: {cores} at once / one alone x {cores} cores",
            ours,
            other,
            "per second",
            ours / other,
            target=0.9,
        )
    ]


def blur_estimation() -> list[Comparison]:
    """Seconds that an estimation of the blur takes for a large function, against the smallest one."""
    from datasets.blur import estimate, warp
    from datasets.hdc import simulation

    rng = np.random.default_rng(0)
    sharp, blurry = rng.random((2, *simulation.SIZE), np.float32)

    def search(side: int) -> Callable[[], object]:
        problem = estimate.Problem(sharp, blurry, side)
        start = problem.pack(np.full((side, side), 1 / side**2), warp.identity())
        return lambda: problem(start)

    rows = []
    for side in SIDES[1:]:
        ours, other = (estimate.EVALUATIONS * seconds for seconds in alternate(search(side), search(SIDES[0]), 5))
        rows.append(
            Comparison(
                f"blur of 2360x1460 estimated by {estimate.EVALUATIONS} evaluations: side {side} / side {SIDES[0]}",
                ours,
                other,
                "s",
                other / ours,
                target=0.5,
            )
        )
    return rows
