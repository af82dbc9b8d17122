"""`python -m benchmarks.speed`: timings as ratios, competitors interleaved in one run on one machine.

Single times on a shared machine lie; ratios of neighbouring measurements hold. Every comparison alternates A and B and
reports the medians and their ratio.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

from benchmarks.errors import RunError
from common.cli import Parser, guarded, path

NAMES = ("crops", "blur", "step", "local", "metrics", "median", "torch", "peers", "ocr", "psf", "models")
# What was called so before.
_ALIASES = {"networks": "models"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit status."""

    def run() -> int:
        options = _parser().parse_args(arguments)
        asked = options.only.split(",") if options.only else ["models"] if options.model else list(NAMES)
        models = options.model.split(",") if options.model else None
        return _run([_ALIASES.get(name, name) for name in asked], models, options.json)

    return guarded(run)


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks.speed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="NAME[,NAME]", help=f"comparisons to run: {', '.join(NAMES)} (default: all)")
    parser.add_argument(
        "--model", metavar="NAME[,NAME]", help="models to time, like unet3/tiny or */tiny (default: all)"
    )
    parser.add_argument("--json", type=path, metavar="FILE", help="write the figures to a file, too")
    return parser


def _run(names: Sequence[str], models: list[str] | None, target: Path | None) -> int:
    """Runs the comparisons and prints them; 1 when one misses its target."""
    from benchmarks.records import environment
    from benchmarks.speed import cases, hdc, median, terminal
    from benchmarks.speed import models as speed_models
    from benchmarks.speed.compare import Comparison
    from common.files import write_text
    from zoo.start import quiet_frameworks

    known: dict[str, Callable[[], list[Comparison]]] = {
        "crops": cases.crops,
        "blur": cases.blurred_crops,
        "step": cases.training_step,
        "local": cases.local_convolution,
        "metrics": cases.image_metrics,
        "median": median.median,
        "torch": speed_models.against_torch,
        "peers": speed_models.against_peers,
        "ocr": hdc.recognition,
        "psf": hdc.blur_estimation,
    }
    for name in names:
        if name not in NAMES:
            raise RunError(f"unknown comparison {name!r}; choose from {', '.join(NAMES)}")
    quiet_frameworks()
    before = environment.describe()
    title = f"{before.device}, load {before.load_average}"
    rows = [row for name in names if name in known for row in known[name]()]
    if rows:
        terminal.print_comparisons(rows, title)
    speeds = speed_models.models(models) if "models" in names else []
    if speeds:
        terminal.print_speeds(speeds, f"1x{speed_models.SIDE}x{speed_models.SIDE}, float32, {title}")
    if target is not None:
        content = {
            "machine": msgspec.to_builtins(before),
            "versions": environment.versions(),
            "comparisons": [asdict(row) for row in rows],
            "models": [asdict(row) for row in speeds],
        }
        write_text(target, json.dumps(content, indent=1) + "\n")
    return int(any(row.target is not None and row.ratio < row.target for row in rows))


if __name__ == "__main__":
    sys.exit(main())
