"""How many processors there are to work on."""

from __future__ import annotations

import os


def cores() -> int:
    """How many cores this process may use, which is how many threads it should have.

    Several processes that share a machine are told their share by `OMP_NUM_THREADS`, as other libraries are.

    >>> cores() >= 1
    True
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(allowed, int(share))) if share.isdecimal() else allowed
