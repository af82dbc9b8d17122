"""What went wrong with a file, in one line, also where a framework says it in many."""

from __future__ import annotations

from pathlib import Path

from common.errors import InputError

_FRAMEWORKS = ("tensorflow", "jax", "jaxlib", "torch", "keras", "cv2", "PIL")
_EXHAUSTION = ("RESOURCE_EXHAUSTED", "OOM when allocating", "out of memory", "can't allocate memory")
_LONGEST = 200


def in_one_line(error: Exception, source: Path, target: Path, remedy: str = "take smaller tiles (--tile N)") -> str:
    """What went wrong with a file; errors of frameworks are theirs, all others of this program pass on.

    Args:
        error: What was raised.
        source: The file that was read; it is named where the error names neither file.
        target: The file that was to be written.
        remedy: What to do where memory is short.

    Raises:
        Exception: The error itself, where it is a mistake in this program.
    """
    if isinstance(error, InputError):
        said = str(error)
        return said if str(source) in said or str(target) in said else f"{source}: {said}"
    kind, said = type(error), f"{error}".strip() or type(error).__name__
    if isinstance(error, MemoryError) or "OutOfMemory" in kind.__name__ or any(each in said for each in _EXHAUSTION):
        return f"{source}: not enough memory; {remedy}"
    if isinstance(error, OSError):
        return f"{source}: {error.strerror or said}; check that path and the disk it is on"
    if kind.__module__.partition(".")[0] in _FRAMEWORKS:
        return f"{source}: {' '.join(said.split())[:_LONGEST]}; take other weights or tiles"
    raise error
