"""Which run record measures a claim: the papers' words for models, data and metrics, in ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import metrics
from benchmarks.records.record import Finished, Record
from benchmarks.tables.claims import Claim, Measured
from zoo.inference.modes import usual_mode
from zoo.weights import catalogue

_DATASETS = {
    "HDC2021": "hdc",
    "GoPro": "gopro",
    "HIDE": "hide",
    "Kohler": "kohler",
    "CIFAR-10": "cifar10",
    "REDS": "reds",
    "REDS, JPEG track": "reds-jpeg",
    "RealBlur-J": "realblur-j",
    "RealBlur-R": "realblur-r",
}
_MEGAPIXELS = {"gopro": 0.720 * 1.280, "kohler": 0.800 * 0.800}
# Published GoPro values of .96 mean MATLAB's SSIM of a volume; the report's own metric is TensorFlow's, per channel.
_METRICS = {
    "bologna": {"PSNR": "psnr", "SSIM": "ssim", "MSE": "mse"},
    "fcn": {"PSNR": "psnr", "SSIM": "ssim_matlab3d"},
    "lite": {"PSNR": "psnr", "SSIM": "ssim_matlab3d"},
    "weights": {"PSNR": "psnr", "SSIM": "ssim_matlab3d"},
}
_KOHLER = {"PSNR": "kohler_psnr", "SSIM": "kohler_mssim"}
# Protocol of a paper's table where it is not the data set's usual one.
_PROTOCOLS = {
    ("bologna", "reds"): "bologna",
    ("bologna", "gopro"): "bologna",
    ("weights", "reds-jpeg"): "val300",
    ("weights", "realblur-j"): "full",
    ("weights", "realblur-r"): "full",
}


@dataclass(frozen=True)
class Model:
    """What a paper's name of a model stands for.

    Attributes:
        model: Name in the zoo.
        fits: Further condition on the content of a record.
    """

    model: str
    fits: Callable[[Finished], bool] = lambda _: True


def _choice(run: Finished, name: str, default: Any = None) -> Any:
    return default if run.training is None else run.training.choice(name, default)


def _noise(run: Finished) -> float:
    return float(_choice(run, "noise", 0.0))


def _tiles(run: Finished, overlap: bool, blend: bool) -> bool:
    tiles = run.evaluation.tiles
    return tiles is not None and bool(tiles.overlap) == overlap and (not overlap or tiles.blend == blend)


def _plain_fba(run: Finished) -> bool:
    return _noise(run) > 0 and _choice(run, "preparation") == "aligned" and _tiles(run, True, True)


def _ablation(variant: str) -> Model:
    """FCN with one stage less or one part removed."""
    return Model("fcn", lambda run: run.variant.removeprefix("tiny-") == variant)


def _without(stages: int, part: str) -> str:
    return f"stages-{stages}-without-{part.lower()}"


def _not_tiny(run: Finished) -> bool:
    return not run.variant.startswith("tiny")


def _published(entry: catalogue.Entry) -> Model:
    """A model with published weights, restoring as its owners let it."""
    usual = usual_mode(entry.model, entry.variant)
    return Model(
        entry.model,
        lambda run: run.weights.startswith(f"{entry.name} sha256:") and run.evaluation.inference == usual,
    )


_MODELS: dict[str, dict[str, Model]] = {
    "weights": {entry.name: _published(entry) for entry in catalogue.entries()},
    "psfnn": {
        "U-Net 1": Model("unet1"),
        "U-Net 2": Model("unet2"),
        "U-Net 3": Model("unet3"),
        "IndexNet": Model("indexnet"),
        "FBA-Net": Model("fba", _plain_fba),
        "FBA-Net (team 06, HHU)": Model("fba", _plain_fba),
        "FBA-Net w/o noise aug.": Model("fba", lambda run: _noise(run) == 0),
        "FBA-Net w/o warping": Model("fba", lambda run: _choice(run, "preparation") == "unaligned"),
        "FBA-Net / No overlap": Model("fba", lambda run: _tiles(run, False, True)),
        "FBA-Net / Overlap & crop": Model("fba", lambda run: _tiles(run, True, False)),
        "FBA-Net / Overlap & blend": Model("fba", lambda run: _tiles(run, True, True)),
    },
    "fcn": {
        "MPRNet": Model("mprnet", _not_tiny),
        "Restormer": Model("restormer", _not_tiny),
        "FCN (ours)": Model("fcn", lambda run: run.variant in ("paper", "exact", "four-outputs", "tiny")),
        **{
            f"FCN, {stages} stage(s), without {part}": _ablation(_without(stages, part))
            for stages in range(1, 5)
            for part in ("PB", "EFEM", "MSAM", "RIM")
        },
    },
    "refiner": {
        "- Niko Nyrhilae, FIN (not submitted)": Model("refiner"),
        "median-filter recurrent refiner": Model("refiner"),
    },
    "lite": {"Ours": Model("deblurgan-lite"), "DeblurGAN": Model("deblurgan")},
    "bologna": {
        "CARLO_NET": Model("carlo"),
        "KAIST_NET": Model("kaist"),
        "ATROUS_NET": Model("atrous"),
        "ATROUS_NET (trained on REDS)": Model(
            "atrous", lambda run: run.training is not None and run.training.dataset == "reds"
        ),
        "Baseline (blurred input)": Model("identity"),
    },
}


def measure(claim: Claim, found: Sequence[Record]) -> Measured | None:
    """What the best fitting run measured for a claim; None where none did.

    Runs scored as the paper did come first, then those on more data, then papers' models and recipes, then later
    ones.

    Args:
        claim: A published number.
        found: The run records.
    """
    if claim.dataset == "Average":
        return _average([measure(replace(claim, dataset=name), found) for name in ("GoPro", "HIDE")])
    model, dataset = _MODELS.get(claim.paper, {}).get(claim.model), _DATASETS.get(claim.dataset)
    if model is None or dataset is None or claim.split == "train":
        return None
    protocol = _PROTOCOLS.get((claim.paper, dataset))
    candidates = [record for record in found if _fits(record, model, dataset)]
    for record in sorted(candidates, key=lambda record: _merit(record, protocol), reverse=True):
        measured = _read(claim, record, protocol)
        if measured is not None:
            return measured
    return None


def _average(parts: Sequence[Measured | None]) -> Measured | None:
    """The mean of measurements on several data sets; None where one is missing."""
    present = [part for part in parts if part is not None]
    if len(present) < len(parts):
        return None
    first = present[0]
    return replace(
        first,
        value=sum(float(part.value) for part in present) / len(present),
        low=None,
        high=None,
        data=", ".join(dict.fromkeys(part.data for part in present)),
        differs="; ".join(dict.fromkeys(part.differs for part in present if part.differs)),
    )


def _fits(record: Record, model: Model, dataset: str) -> bool:
    """Whether a record is of a model and a data set."""
    if not record.done or record.run.model != model.model or record.run.dataset != dataset:
        return False
    return not record.result.evaluation.blind and model.fits(record.result)


def _merit(record: Record, protocol: str | None) -> tuple[Any, ...]:
    """What sorts records, the best ones last."""
    run = record.result
    return (
        protocol is None or run.protocol == protocol,
        {"full": 2, "sample": 0}.get(run.evaluation.coverage, 1),
        len(run.scores.images),
        not run.variant.startswith("tiny"),
        run.training is not None and run.training.profile == "paper",
        run.created,
    )


def _read(claim: Claim, record: Record, protocol: str | None) -> Measured | None:
    """What a record says of a claim's metric."""
    run = record.result
    differs = _differs(claim, run, protocol)
    if claim.metric == "run time":
        if run.timing is None:
            return None
        seconds = run.timing.median * _MEGAPIXELS[run.dataset]
        note = f"{run.variant}, {run.machine.device}; scaled from 256x256"
        return Measured(
            seconds, protocol="batch of one", budget=note, differs="another machine", record=record.path.name
        )
    if claim.metric == "stop step":
        stop = run.scores.stop_step
        return None if stop is None else _measured(record, float(stop), None, None, differs)
    if claim.metric == "OCR score" or claim.metric.startswith("mean OCR accuracy"):
        scores = _pages(claim, run)
        if not scores:
            return None
        interval = metrics.mean_interval(scores)
        return _measured(record, interval.mean, interval.low, interval.high, differs)
    name = (_KOHLER if run.dataset == "kohler" else _METRICS.get(claim.paper, {})).get(claim.metric)
    mean = run.scores.means.get(name) if name else None
    return None if mean is None else _measured(record, mean.mean, mean.low, mean.high, differs)


def _differs(claim: Claim, run: Finished, protocol: str | None) -> str:
    """In what a run is other than the paper's, in a few words; empty where it is in nothing."""
    found = []
    if not _not_tiny(run):
        found.append(run.variant)
    if run.training is not None and run.training.profile in ("quick", "own"):
        found.append(f"{run.training.profile} training")
    coverage = run.evaluation.coverage
    if coverage.startswith("subset"):
        found.append(f"{len(run.scores.images):,} of {int(coverage.rpartition('/')[2]):,} images")
    elif coverage != "full":
        found.append(coverage)
    # No images of the claim's split, but those of the test split.
    if re.search("held-out|validation", claim.split):
        found.append("other images")
    if protocol is not None and run.protocol != protocol:
        found.append(f"protocol {run.protocol}")
    return ", ".join(found)


def _pages(claim: Claim, run: Finished) -> list[float]:
    """The OCR scores of the pages of a claim's blur step, and font where it names one."""
    step = re.search(r"step (\d+)", f"{claim.split} {claim.metric}")
    font = re.search(r"Times|Verdana", claim.split)
    if step is None or "ocr" not in run.scores.values:
        return []
    start = f"step{step[1]}/{font[0]}/" if font else f"step{step[1]}/"
    pages = zip(run.scores.images, run.scores.values["ocr"], strict=True)
    return [score for name, score in pages if name.startswith(start) and score is not None]


def _measured(record: Record, value: float, low: float | None, high: float | None, differs: str) -> Measured:
    """A number of a record with what it stands on."""
    run = record.result
    budget = run.variant if run.training is None else f"{run.variant}, {run.training.budget}"
    return Measured(value, low, high, run.evaluation.coverage, run.protocol, budget, differs, record.path.name)
