"""`python -m benchmarks.run`: from pairs on disk to a row of the leaderboard."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.run.asking import request_of
from benchmarks.run.experiment import Experiment
from benchmarks.run.parser import parsed
from benchmarks.run.plan import plan_all
from benchmarks.run.request import REFERENCE, Request
from common.cli import guarded, name_problems
from common.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    return guarded(lambda: _run(parsed(sys.argv[1:] if arguments is None else arguments)))


def _run(options: argparse.Namespace) -> int:
    """Plans all experiments, runs them, prints the leaderboard; 1 when one failed."""
    request = request_of(options)
    experiments = plan_all(request)

    # Only now: these import what computes, which a mistake on the command line need not wait for.
    from benchmarks.leaderboard import ranking, terminal
    from zoo.start import quiet_frameworks

    quiet_frameworks()
    experiments = _on_devices(experiments, request)
    if not experiments:
        return 0
    failed = _run_all(experiments)
    results = request.output.results
    rows, found = ranking.update(results)
    name_problems(found.problems)
    mine = {(each.dataset, each.protocol.name, each.data.scored.fingerprint) for each in experiments}
    terminal.print_rankings([row for row in rows if (row["dataset"], row["protocol"], row["fingerprint"]) in mine])
    print(f"leaderboard: {results / 'leaderboard.csv'}")
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


def _run_all(experiments: Sequence[Experiment]) -> int:
    """Runs experiments; in a grid a failed one is recorded and the others go on. Returns how many failed."""
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
            reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            reason = reason.partition("\n")[0]
            execute.record_failure(experiment, reason)
            print(f"failed: {experiment.name}: {reason}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
