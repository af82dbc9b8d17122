"""`python -m benchmarks.speed`: timings as ratios, competitors interleaved in one run on one machine.

Single times on a shared machine lie; ratios of neighbouring measurements hold. Every comparison alternates A and B and
reports the medians and their ratio.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.errors import RunError, guarded


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    names = ("crops", "step", "local", "metrics")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAME[,NAME]", help=f"comparisons to run: {', '.join(names)} (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file, too")
    options = parser.parse_args(arguments)
    return guarded(lambda: _run((options.only or ",".join(names)).split(","), options.json))


def _run(names: Sequence[str], target: Path | None) -> int:
    """Runs the comparisons and prints them; 1 when one misses its target."""
    from benchmarks import console, machine, speed_cases
    from benchmarks.comparison import Comparison
    from datasets.atomic import write_text

    known: dict[str, Callable[[], list[Comparison]]] = {
        "crops": speed_cases.crops,
        "step": speed_cases.training_step,
        "local": speed_cases.local_convolution,
        "metrics": speed_cases.metrics_room,
    }
    for name in names:
        if name not in known:
            raise RunError(f"unknown comparison {name!r}; choose from {', '.join(known)}")
    console.quiet_frameworks()
    before = machine.describe()
    rows = [row for name in names for row in known[name]()]
    console.print_comparisons(rows, f"{before['device']}, load {before['load_average']}")
    if target is not None:
        content = {"machine": before, "versions": machine.versions(), "comparisons": [asdict(row) for row in rows]}
        write_text(target, json.dumps(content, indent=1) + "\n")
    return int(any(row.target is not None and row.ratio < row.target for row in rows))


if __name__ == "__main__":
    sys.exit(main())
