"""How much main memory this process may still take."""

from __future__ import annotations

import os
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
# Version 2 of Linux's control groups, then version 1.
_GROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current"), Path("/sys/fs/cgroup/memory.stat")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.stat"),
    ),
)


def free_memory() -> int | None:
    """Bytes that can be had without swapping, a container's limit included; None where the system does not say."""
    found = [each for each in (_available(_MEMINFO), *(_within(*paths) for paths in _GROUPS)) if each is not None]
    if found:
        return max(0, min(found))
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _available(meminfo: Path) -> int | None:
    """What Linux counts as available: free, or taken by what can be read again."""
    kilobytes = _fields(meminfo).get("MemAvailable:")
    return None if kilobytes is None else kilobytes * 1024


def _within(limit: Path, used: Path, statistics: Path) -> int | None:
    """What a control group leaves; None without a limit."""
    try:
        left = int(limit.read_text()) - int(used.read_text())
    except (OSError, ValueError):
        return None
    # The group's use counts cached files, which give way.
    return left + _fields(statistics).get("inactive_file", 0)


def _fields(path: Path) -> dict[str, int]:
    """The first number behind each name of a file of lines."""
    try:
        words = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {line[0]: int(line[1]) for line in words if len(line) > 1 and line[1].isdecimal()}
