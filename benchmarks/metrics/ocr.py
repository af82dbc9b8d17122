"""OCR score of the Helsinki Deblur Challenge 2021: how much of the middle line of text Tesseract reads.

The rule is that of the challenge's own scoring script: grey 8-bit image, stretched so that the background is white,
half size, Tesseract's LSTM engine without dictionaries, and a fuzzy comparison of the second of three lines.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.metrics.base import PEAK, Metric, MetricError, quantise, register
from benchmarks.metrics.tesseract import INSTALL, check_tesseract, engine, one_thread_each
from common.cores import cores

if TYPE_CHECKING:
    from PIL import Image

THRESHOLD = 70.0
"""Mean score in percent that a step needs, for the next one to count (the challenge's rules)."""

LINES, SCORED_LINE = 3, 1
BACKGROUND_COLUMNS = 50
# Page segmentation "one uniform block of text"; the engine and every variable as in the official script.
_CONFIG = (
    "--oem 1 --psm 6 -c load_system_dawg=false -c load_freq_dawg=false -c textord_old_xheight=0 "
    "-c textord_min_xheight=100 -c preserve_interword_spaces=0"
)


def ocr_score(image: Any, text: str | Sequence[str], form: str = "difflib") -> int:
    """Scores a photograph of three lines of text by the challenge's rule.

    Args:
        image: Image (height, width), (height, width, 1) or (height, width, 3), uint8 or float in [0, 1].
        text: The true text, three lines or one string with line breaks.
        form: How two lines are compared, see `RATIOS`; the official script's is `"difflib"`.

    Returns:
        0 (nothing, or not three lines, could be read) to 100.

    Raises:
        MetricError: When the image, the text or the form is none, or Tesseract is missing or too old.

    What is compared is the second line (see `compare`):

    >>> compare(["VrkQCAeNBZ", "ResijkFLTX", "GgceTmrxD2"], ["VrkQCAeNBZ", "RcsijkFLTX", "GgceTmrxD2"])
    90
    """
    return compare(read_lines(image), text, form)


def ocr_scores(
    images: Sequence[Any], texts: Sequence[str | Sequence[str]], form: str = "difflib", processes: int | None = None
) -> list[int]:
    """Scores many photographs at the same time, in their order.

    Args:
        images: Images, or paths of image files; see `ocr_score` and `read_file`.
        texts: Their true texts.
        form: See `ocr_score`.
        processes: How many run at once; None takes one for each core.

    Returns:
        One score for each image.

    Raises:
        MetricError: As `ocr_score`, or when there is not one text for each image.
    """
    if len(images) != len(texts):
        raise MetricError(f"{len(images)} images and {len(texts)} texts; pass one text for each image")
    check_tesseract()

    def score(image: Any, text: str | Sequence[str]) -> int:
        return ocr_score(read_file(image) if isinstance(image, str | Path) else image, text, form)

    with ThreadPoolExecutor(processes or cores()) as pool:
        return list(pool.map(score, images, texts))


def read_file(path: str | Path) -> np.ndarray:
    """The 8-bit grey pixels (height, width) of an image file, as the official script opens it.

    16-bit files are divided by 257, which that script cannot read.

    Raises:
        MetricError: When the file cannot be read.
    """
    from PIL import Image

    try:
        with Image.open(path) as opened:
            if opened.mode.startswith("I"):
                return np.rint(np.asarray(opened, np.float64) / 257).astype(np.uint8)
            return np.asarray(opened.convert("L"))
    except OSError as error:
        raise MetricError(f"{path}: cannot be read as an image ({error}); check the file") from error


def read_lines(image: Any) -> list[str]:
    """The lines that Tesseract reads, stripped, without empty ones.

    Raises:
        MetricError: See `ocr_score`.
    """
    import pytesseract

    check_tesseract()
    prepared = prepare(image)
    try:
        with one_thread_each():
            text = pytesseract.image_to_string(prepared, config=_CONFIG)
    except pytesseract.TesseractError as error:
        raise MetricError(f"Tesseract failed: {' '.join(error.message.split())}; {INSTALL}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def prepare(image: Any) -> Image.Image:
    """What Tesseract gets to see: grey, stretched until the background is white, half the size.

    The stretch is (v - least) x 255 / (least of the left-most 50 columns), clipped and truncated. Where those columns
    hold a zero, the official script divides by it: everything above the least value becomes white.

    Args:
        image: See `ocr_score`.

    Raises:
        MetricError: See `ocr_score`.
    """
    from PIL import Image

    pixels = quantise(image)
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    if (
        pixels.ndim not in (2, 3)
        or (pixels.ndim == 3 and pixels.shape[-1] != 3)
        or min(pixels.shape[:2], default=0) < 2
    ):
        raise MetricError(f"got shape {np.shape(image)}; pass one grey or RGB image, 2x2 pixels at least")
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    least, background = int(grey.min()), int(grey[:, :BACKGROUND_COLUMNS].min())
    shifted = grey.astype(np.float64) - least
    stretched = shifted * PEAK / background if background else np.where(shifted > 0, PEAK, 0.0)
    white = Image.fromarray(np.clip(stretched, 0, PEAK).astype(np.uint8))
    return white.resize((white.width // 2, white.height // 2), Image.Resampling.BICUBIC)


def compare(read: Sequence[str], text: str | Sequence[str], form: str = "difflib") -> int:
    """Compares the second line that was read with the true one.

    Args:
        read: Lines that Tesseract read; a number of them other than three scores 0.
        text: See `ocr_score`.
        form: See `ocr_score`.

    Returns:
        0 to 100.

    Raises:
        MetricError: When the text has not three lines, or there is no such form.
    """
    if form not in RATIOS:
        raise MetricError(f"no ratio {form!r}; choose one of {', '.join(RATIOS)}")
    lines = text.splitlines() if isinstance(text, str) else text
    truth = [line.rstrip() for line in lines if line.strip()]
    if len(truth) != LINES:
        raise MetricError(f"the true text has {len(truth)} lines instead of {LINES}; check the text file")
    return RATIOS[form](truth[SCORED_LINE], read[SCORED_LINE]) if len(read) == LINES else 0


def difflib_ratio(first: str, second: str) -> int:
    """Similarity 0 to 100 by the matching blocks of difflib: what `fuzz.ratio` gives by the challenge's requirements.

    round(100 x 2 M / (length + length)), M the characters in the blocks that difflib finds greedily.

    >>> difflib_ratio("ababab", "aaaaab")
    33
    """
    if not first or not second:
        return 0
    return round(100 * difflib.SequenceMatcher(None, first, second).ratio())


def indel_ratio(first: str, second: str) -> int:
    """Similarity 0 to 100 by insertions and deletions: what `fuzz.ratio` gives where python-Levenshtein is installed.

    As `difflib_ratio`, with M the longest common subsequence, so never less.

    >>> indel_ratio("ababab", "aaaaab")
    67
    """
    import Levenshtein

    if not first or not second:
        return 0
    return round(100 * Levenshtein.ratio(first, second))


RATIOS = {"difflib": difflib_ratio, "indel": indel_ratio}
"""The two forms of the ratio by name; the challenge's requirements install only the first."""


@dataclass(frozen=True)
class Standing:
    """How far a method gets in the challenge.

    Attributes:
        means: Blur step -> mean score of its images, in order.
        stop_step: The last step of those that were scored, from the lowest on, without a mean under `THRESHOLD`; None
            when the first one fails.
    """

    means: dict[int, float]
    stop_step: int | None


def standing(scores: Sequence[float], steps: Sequence[int]) -> Standing:
    """The mean score of each step and the last step that is passed.

    Args:
        scores: One score for each image.
        steps: The images' blur steps.

    Raises:
        MetricError: When there are no scores or not one step for each.

    >>> standing([90, 100, 70, 70, 0, 100], [0, 0, 1, 1, 2, 2])
    Standing(means={0: 95.0, 1: 70.0, 2: 50.0}, stop_step=1)
    """
    if not scores or len(scores) != len(steps):
        raise MetricError(f"{len(scores)} scores and {len(steps)} steps; pass one step for each score")
    means = {
        step: float(np.mean([score for score, own in zip(scores, steps, strict=True) if own == step]))
        for step in sorted(set(steps))
    }
    stop = None
    for step, mean in means.items():
        if mean < THRESHOLD:
            break
        stop = step
    return Standing(means, stop)


def _require() -> None:
    """Raises MetricError when Tesseract cannot score."""
    check_tesseract()


register(
    Metric(
        name="ocr",
        title="OCR",
        convention="official HDC2021 script: Tesseract's LSTM engine without dictionaries, second of three lines, "
        "difflib's ratio; 0 unless three lines are read",
        unit="%",
        higher_is_better=True,
        bounds=(0.0, 100.0),
        function=ocr_score,
        truth="text",
        require=_require,
        engine=engine,
    )
)
register(
    Metric(
        name="ocr_indel",
        title="OCR (Indel)",
        convention="as ocr, with the ratio that the script gives where python-Levenshtein is installed",
        unit="%",
        higher_is_better=True,
        bounds=(0.0, 100.0),
        function=partial(ocr_score, form="indel"),
        truth="text",
        require=_require,
        engine=engine,
    )
)
