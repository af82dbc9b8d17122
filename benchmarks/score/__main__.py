"""`python -m benchmarks.score`: from images that any program restored to a row of the leaderboard."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.errors import RunError
from benchmarks.score.parser import Request, build_parser, request_of
from common.cli import guarded, name_problems
from common.files import check_folder

if TYPE_CHECKING:
    from benchmarks.score.execute import Outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    return guarded(lambda: _run(build_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    """Fits NIQE's model, or scores images and shows where they stand."""
    if options.fit_niqe and options.out and options.restored is None:
        return _fit(options)
    request = request_of(options)

    # Only now: a mistake on the command line need not wait for what these import.
    from benchmarks.leaderboard import terminal
    from benchmarks.records import store
    from benchmarks.score import execute
    from benchmarks.score.inputs import inputs_of

    inputs = inputs_of(request)
    inputs.protocol.require()
    others = execute.others(request, inputs)
    if request.table is not None:
        check_folder(request.table.parent, "--csv")
    if request.has_truth:
        with store.locked(request.results):
            # A folder that cannot be written is told before anything is scored.
            pass
    outcome = execute.run(request, inputs)
    _show(request, outcome)
    for other in others:
        terminal.print_differences(request.name, other[0], execute.compared(request, outcome, other))
    if outcome.kept is not None:
        print(f"record: {outcome.kept.path}\nleaderboard: {request.results / 'leaderboard.csv'}")
    return 0


def _show(request: Request, outcome: Outcome) -> None:
    """Prints the ranking and the gain over the blurry images; the means alone where there is no ranking."""
    from benchmarks.leaderboard import ranking, terminal
    from benchmarks.records import compare

    if outcome.kept is None:
        terminal.print_means(request.name, outcome.scores)
    else:
        run = outcome.kept.result
        rows, found = ranking.update(request.results)
        name_problems(found.problems)
        mine = (run.dataset, run.protocol, run.evaluation.fingerprint)
        terminal.print_rankings([row for row in rows if (row["dataset"], row["protocol"], row["fingerprint"]) == mine])
        if outcome.baseline is not None:
            gain = compare.compare(outcome.kept, outcome.baseline)
            terminal.print_differences(request.name, "the blurry images", gain)


def _fit(options: argparse.Namespace) -> int:
    """Fits the model of NIQE to photographs and writes it."""
    from benchmarks.metrics.natural import PATCH
    from benchmarks.metrics.niqe import fit, write_model
    from datasets.frame_store import to_uint8
    from datasets.image import read_image
    from datasets.readers.matching import images_in

    if options.out.suffix.lower() != ".npz":
        raise RunError(f"--out {options.out}: the model is an .npz file; call it so")
    files = [file for folder in options.fit_niqe for file in images_in(folder).values()]
    large = [file.path for file in files if min(file.frame.shape[:2]) >= PATCH]
    if len(large) < len(files):
        name_problems([f"{len(files) - len(large)} photographs smaller than {PATCH}x{PATCH} pixels"])
    write_model(options.out, fit(to_uint8(read_image(path)) for path in large))
    print(f"{options.out}: NIQE's model of {len(large)} photographs; measure with --metrics niqe={options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
