"""`python -m benchmarks.run`: from pairs on disk to a row of the leaderboard."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.run import ending, grid
from benchmarks.run.asking import request_of
from benchmarks.run.experiment import Experiment
from benchmarks.run.failures import reason_of, record_failure
from benchmarks.run.parser import parsed
from benchmarks.run.plan import plan_all
from benchmarks.run.request import REFERENCE, Request
from common.cli import guarded, name_problems
from zoo.start import quiet_backend, quiet_frameworks


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    return guarded(lambda: _run(parsed(sys.argv[1:] if arguments is None else arguments)))


def _run(options: argparse.Namespace) -> int:
    """Plans all experiments, runs them, prints the leaderboard; 1 when one failed."""
    request = request_of(options)
    experiments = plan_all(request)
    if request.engine.dry_run:
        return _tell(experiments)
    in_processes = request.engine.jobs is not None or request.engine.cluster is not None
    if not in_processes:
        quiet_frameworks()
        experiments = _on_devices(experiments, request)
        if not experiments:
            return 0
    failed = grid.run_all(experiments, request.engine) if in_processes else _run_here(experiments)

    # Only now: what writes tables need not be there for a mistake on the command line.
    from benchmarks.leaderboard import ranking, terminal

    results = request.output.results
    rows, found = ranking.update(results)
    name_problems(found.problems)
    mine = {(each.dataset, each.protocol.name, each.data.scored.fingerprint) for each in experiments}
    terminal.print_rankings([row for row in rows if (row["dataset"], row["protocol"], row["fingerprint"]) in mine])
    print("\n".join(ending.lines(experiments, results)))
    return 1 if failed else 0


def _on_devices(experiments: list[Experiment], request: Request) -> list[Experiment]:
    """Sets the devices up, and refuses what they cannot train before any of it starts.

    Of several hosts all train here; what they leave to do is the first one's.
    """
    from benchmarks.training import devices
    from benchmarks.training.loop import use_jit

    wanted = request.training.compute
    devices.start(wanted)
    if wanted.hosts > 1:
        from benchmarks.run import together

        return together.train(experiments)
    for experiment in experiments:
        if experiment.recipe is not None:
            use_jit(request.training.jit, devices.found(wanted, experiment.recipe))
    return experiments


def _tell(experiments: Sequence[Experiment]) -> int:
    """Prints what would run."""
    quiet_backend()
    from benchmarks.run import dry_run

    dry_run.show(experiments, experiments[0].request.engine)
    return 0


def _run_here(experiments: Sequence[Experiment]) -> int:
    """Runs experiments; in a grid a failed one is recorded and the others go on. Returns how many failed."""
    # Only now: this imports what computes, which a mistake on the command line need not wait for.
    from benchmarks.run import execute

    asked = [each for each in experiments if each.model != REFERENCE]
    runner = execute.Runner()
    failed = 0
    for experiment in experiments:
        try:
            runner.run(experiment)
        except Exception as error:
            if len(asked) <= 1:
                raise
            failed += 1
            reason = reason_of(error)
            record_failure(experiment, reason)
            print(f"failed: {experiment.name}: {reason}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
