"""The command line of `python -m benchmarks.score`: its options, and the request that they make."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

import zoo
from benchmarks.errors import RunError
from benchmarks.metrics import Metric
from benchmarks.metrics.asked import asked
from common.cli import Parser, count, folders, path, positive, words

_EXAMPLES = """examples:
  python -m benchmarks.score --restored OUT --sharp SHARP --blurry BLURRY --name mynet
  python -m benchmarks.score --restored OUT --dataset gopro --data-root DIR --metrics psnr_y,ssim_y
  python -m benchmarks.score --restored a.png --sharp b.png
  python -m benchmarks.score --restored OUT --sharp SHARP --compare other.csv
  python -m benchmarks.score --restored OUT --metrics niqe=modelparameters.mat
  python -m benchmarks.score --fit-niqe PHOTOS --out niqe.npz
"""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_OWN_PROTOCOLS = ("full", "aligned")


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Attributes:
        restored: A folder of restored images, or one.
        sharp, blurry: Folders of sharp and blurry images, or one each; None where there are none.
        dataset, root: An official data set in their place, and where it lies; None without.
        metrics: Metrics to measure beside the protocol's, with their files.
        protocol: Its name; None for the usual one.
        name: How records and tables call what restored.
        results: Results folder.
        table: Where every image's scores go; None for nowhere.
        compare: Records or tables of scores to compare with.
        images: How many images are kept with the record.
        workers: Threads; None for one on each core.
    """

    restored: Path
    sharp: Path | None
    blurry: Path | None
    dataset: str | None
    root: Path | None
    metrics: tuple[Metric, ...]
    protocol: str | None
    name: str
    results: Path
    table: Path | None
    compare: tuple[str, ...]
    images: int
    workers: int | None

    @property
    def has_truth(self) -> bool:
        """Whether there is something to compare with; else only metrics that need no truth can be measured."""
        return self.sharp is not None or self.dataset is not None


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = Parser(
        prog="python -m benchmarks.score",
        description="Score images that any program restored by the protocols and metrics of our own models, write a "
        "record and update the leaderboard.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_images(parser.add_argument_group("images: folders, with all folders below them, or single files"))
    _add_scoring(parser.add_argument_group("scoring"))
    _add_output(parser.add_argument_group("output"))
    _add_fitting(parser.add_argument_group("the model of NIQE"))
    return parser


def _add_images(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--restored", type=path, metavar="DIR", help="what the program made; files are matched by their names")
    add("--sharp", type=path, metavar="DIR", help="the sharp images; without, only metrics that need none can be had")
    add("--blurry", type=path, metavar="DIR", help="the blurry images, to show the gain and write their own row")
    add("--dataset", metavar="NAME", help="an official data set in their place: see python -m datasets list")
    add("--data-root", type=path, metavar="DIR", help="folder of that data set, or one folder with all data sets")


def _add_scoring(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--protocol", metavar="NAME", help="full or aligned; for a data set one of its own (default: the usual one)")
    add(
        "--metrics",
        type=words,
        default=(),
        metavar="NAME[,NAME=FILE]",
        help="metrics to measure beside the protocol's, like psnr_y, niqe=modelparameters.mat or lpips=alexnet.pth",
    )
    add(
        "--compare",
        nargs="+",
        default=(),
        metavar="RECORD",
        help="show how the scores differ from those of other records or .csv files, image by image",
    )
    add("--workers", type=positive, metavar="N", help="threads (default: one for each core)")


def _add_output(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--name", metavar="NAME", help="what tables call the program (default: the name of the restored folder)")
    add("--results", type=path, default=Path("results"), metavar="DIR", help="results folder (default: results)")
    add("--csv", type=path, metavar="FILE", help="write every image's scores there, too")
    add(
        "--images",
        type=count,
        default=3,
        metavar="N",
        help="images to keep with the record, worst to best (default: 3)",
    )


def _add_fitting(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--fit-niqe", type=folders, metavar="DIR[,DIR]", help="fit it to folders of sharp photographs, nothing else")
    add("--out", type=path, metavar="FILE", help="where the fitted model goes, an .npz file")


def request_of(options: argparse.Namespace) -> Request:
    """The checked request that parsed options make.

    Raises:
        RunError: For options that are missing or exclude each other, or a name that cannot be.
        MetricError: For metrics that cannot be measured.
    """
    _check_images(options)
    request = Request(
        restored=options.restored,
        sharp=options.sharp,
        blurry=options.blurry,
        dataset=options.dataset,
        root=options.data_root,
        metrics=tuple(asked(options.metrics)),
        protocol=options.protocol,
        name=_checked_name(options.name, options.restored),
        results=options.results,
        table=options.csv,
        compare=tuple(options.compare),
        images=options.images,
        workers=options.workers,
    )
    if not request.has_truth:
        _check_without_truth(request)
    return request


def _check_images(options: argparse.Namespace) -> None:
    """Raises RunError where it is not clear what shall be scored against what."""
    if options.fit_niqe or options.out:
        raise RunError("--fit-niqe and --out go together and with nothing else; leave the other options out")
    if options.restored is None:
        raise RunError("say what shall be scored with --restored DIR")
    if options.dataset is not None and (options.sharp or options.blurry):
        raise RunError("--dataset brings its own sharp and blurry images; leave --sharp and --blurry out")
    if (options.dataset is None) != (options.data_root is None):
        raise RunError("--dataset and --data-root go together; give both")
    if options.dataset is None and options.protocol not in (None, *_OWN_PROTOCOLS):
        known = " or ".join(_OWN_PROTOCOLS)
        raise RunError(f"--protocol {options.protocol}: for folders of one's own choose {known}")


def _checked_name(name: str | None, restored: Path) -> str:
    """The name of what restored, which files and tables can take and no model of the zoo has."""
    place = restored.resolve()
    found = (place.stem if place.is_file() else place.name) if name is None else name
    if not _NAME.fullmatch(found) or "--" in found:
        raise RunError(f"no name can be {found!r}; choose one of letters, digits and . _ + - (64, no --) with --name")
    if found.lower() in {model.lower() for model in zoo.list_models()}:
        raise RunError(f"{found} is a model of the zoo, whose name no other program can have; choose one with --name")
    return found


def _check_without_truth(request: Request) -> None:
    """Raises RunError where something needs the sharp images that are not there."""
    needing = [card.name for card in request.metrics if card.truth != "none"]
    if needing or not request.metrics:
        what = f"{needing[0]} needs" if needing else "the protocol's metrics need"
        raise RunError(f"{what} sharp images; give --sharp DIR, or only metrics without a truth, --metrics niqe=FILE")
    if request.blurry or request.protocol:
        raise RunError("--blurry and --protocol are for scores against sharp images; give --sharp DIR")
