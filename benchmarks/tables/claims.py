"""The published numbers, `results/published.csv`, and the table that each belongs to."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import RunError
from zoo.weights import catalogue

PAPERS = {
    "bologna": "Mancini, Simonati: CARLO_NET, KAIST_NET, ATROUS_NET",
    "fcn": 'Zhang et al.: FCN, "feature catcher"',
    "psfnn": "Germer, Uelwer, Harmeling: the Helsinki Deblur Challenge",
    "refiner": "Nyrhilae: median-filter recurrent refiner",
    "lite": "Li et al.: depth-separable DeblurGAN",
    "weights": "Published weights of NAFNet, MAXIM, MPRNet, Restormer and others, by their names in the catalogue",
}
"""Name on the command line -> authors and subject; the last one's claims are those of the catalogue of weights."""

WEIGHTS = "weights"

COLUMNS = ("paper", "table", "dataset", "split", "model", "metric", "value", "unit", "note", "source")
FILE = "published.csv"
OWN = Path(__file__).parents[2] / "results" / FILE

_TITLES = {
    "text": "Facts in the text",
    "model summary": "Model summary",
    "repository README (not in the paper)": "README of the public code (not in the paper)",
}
# The catalogue's names in the words of papers.
_DATASETS = {
    "gopro": "GoPro",
    "hide": "HIDE",
    "realblur-j": "RealBlur-J",
    "realblur-r": "RealBlur-R",
    "reds-jpeg": "REDS, JPEG track",
    "hdc": "HDC2021",
}
_METRICS = {"psnr": "PSNR", "ssim": "SSIM", "ocr": "OCR score"}
_UNITS = {"psnr": "dB", "ocr": "percent"}
# Figures whose numbers the text gives.
_FIGURES = {("fcn", "parameters "): "Figure 1", ("refiner", "mean OCR accuracy"): "Figures 17 to 19"}


@dataclass(frozen=True)
class Claim:
    """One published number.

    Attributes:
        paper: One of `PAPERS`.
        table: Where the paper has it.
        dataset, split, model, metric: What it is about, in the paper's words.
        value: The number as it is printed.
        unit: Its unit; empty for none.
        note: What a reader must know, misprints among it.
        source: Authors and place.
    """

    paper: str
    table: str
    dataset: str
    split: str
    model: str
    metric: str
    value: str
    unit: str
    note: str
    source: str

    @property
    def number(self) -> float | None:
        """The value as a number; None for words and ranges."""
        power = re.fullmatch(r"10\^(-?[\d.]+)", self.value)
        if power:
            return 10 ** float(power[1])
        plain = re.fullmatch(r"(-?[\d.]+(?:e-?\d+)?)(M?)", self.value)
        return float(plain[1]) * (1e6 if plain[2] else 1) if plain else None

    @property
    def title(self) -> str:
        """The table or figure that shows it here."""
        for (paper, start), title in _FIGURES.items():
            if self.paper == paper and self.table == "text" and self.metric.startswith(start):
                return title
        return _TITLES.get(self.table, self.table)


def load(folder: Path) -> list[Claim]:
    """Reads the published numbers.

    Args:
        folder: The results folder; where it has no such file, the project's own one is read. Further columns behind
            the known ones are left alone.

    Raises:
        RunError: When the file is missing, is not such a table, or names an unknown paper.
    """
    path = folder / FILE if (folder / FILE).is_file() else OWN
    try:
        # A spreadsheet puts a byte-order mark in front.
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RunError(f"{path}: cannot be read ({error}); it comes with the project, restore it") from error
    if not rows or tuple(rows[0][: len(COLUMNS)]) != COLUMNS:
        raise RunError(
            f"{path}: the columns are not {', '.join(COLUMNS)}; restore the file that comes with the project"
        )
    claims = []
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]) or row[0] not in PAPERS:
            raise RunError(
                f"{path}, line {line}: {len(row)} columns, paper {row[0] if row else ''!r}; correct the line"
            )
        claims.append(Claim(*row[: len(COLUMNS)]))
    return claims + _of_catalogue()


def _of_catalogue() -> list[Claim]:
    """What is claimed of published weights."""
    found = []
    for entry in catalogue.entries():
        # What this project says of its own weights it has measured itself.
        for score in entry.scores if entry.packaged is None else ():
            # Those of the challenge are for one blur step each, and name the font.
            step = re.search(r"step-(\d+)", entry.name)
            split = f"step {step[1]}, {score.protocol.partition(',')[0]}" if step else ""
            found.append(
                Claim(
                    paper=WEIGHTS,
                    table="Published weights",
                    dataset=_DATASETS.get(score.dataset, score.dataset),
                    split=split,
                    model=entry.name,
                    metric=_METRICS[score.metric],
                    value=f"{score.value:g}",
                    unit=_UNITS.get(score.metric, ""),
                    note=score.protocol,
                    source=f"{entry.citation}; {score.source}",
                )
            )
    return found


def tables(claims: Sequence[Claim], paper: str) -> dict[str, list[Claim]]:
    """The tables of a paper, each with its claims in the order of the file."""
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        if claim.paper == paper:
            found.setdefault(claim.title, []).append(claim)
    return dict(sorted(found.items(), key=lambda table: (not table[0].startswith(("Table", "Figure")), table[0])))


@dataclass(frozen=True)
class Measured:
    """A number of ours.

    Attributes:
        value: The number, or words where the claim is words.
        low, high: 95 % interval; None for facts that need no data.
        data: `full`, `subset n/N` or `sample`; empty for facts that need none.
        protocol: How it was scored; empty for facts.
        budget: What was trained how long, or where a fact comes from.
        differs: Why the difference to the claim would mean nothing, such as `tiny, 8 of 1,111 images`; empty where all
            is as the paper had it.
        record: The run record; empty for facts.
    """

    value: float | str
    low: float | None = None
    high: float | None = None
    data: str = ""
    protocol: str = ""
    budget: str = ""
    differs: str = ""
    record: str = ""
