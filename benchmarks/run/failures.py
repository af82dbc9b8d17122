"""What is kept of an experiment that failed: a record that says why, until the experiment succeeds."""

from __future__ import annotations

from benchmarks.records import record, store
from benchmarks.run import own
from benchmarks.run.experiment import Experiment
from common.errors import InputError


def reason_of(error: BaseException) -> str:
    """Why an experiment failed, in one line.

    >>> reason_of(InputError("no such file")), reason_of(ValueError("shapes differ"))
    ('no such file', 'ValueError: shapes differ')
    """
    reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
    return reason.partition("\n")[0]


def record_failure(experiment: Experiment, reason: str) -> record.Record:
    """Records that an experiment failed and why, so that a grid shows it; a finished record stays."""
    failed = record.Failed(key=experiment.key, **experiment.identity, own=own.section(experiment), error=reason)
    return store.write(experiment.request.output.results, failed)
