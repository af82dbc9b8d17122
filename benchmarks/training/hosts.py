"""Several hosts in one training, by JAX: connected, told what the first one decides, given what it has."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.errors import RunError
from benchmarks.training.devices import Wanted
from benchmarks.training.meeting import meet

# Bytes that are sent at once.
_CHUNK = 2**26


def connect(wanted: Wanted, plan: str) -> None:
    """Meets the other hosts; returns when all are connected.

    Args:
        wanted: Where they meet, and how many.
        plan: What this host is going to compute, in a few digits; see `benchmarks.training.meeting`.

    Raises:
        RunError: On another backend than JAX, when a host does not come, or plans something else.
    """
    import keras

    if keras.backend.backend() != "jax":
        raise RunError(f"--hosts is for KERAS_BACKEND=jax, not for {keras.backend.backend()}; set it on every host")
    import jax

    meet(wanted, plan)
    try:
        jax.distributed.initialize(wanted.address, wanted.hosts, wanted.host, initialization_timeout=wanted.patience)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise RunError(f"--hosts {wanted.address}: JAX cannot connect the hosts ({reason}); start all anew") from error


def disconnect() -> None:
    """Leaves the other hosts, all at once; what only one of them does later keeps none waiting."""
    import jax

    jax.distributed.shutdown()


def told(number: int) -> int:
    """What the first host says, on every host."""
    from jax.experimental import multihost_utils

    return int(multihost_utils.broadcast_one_to_all(np.array(number, np.int32)))


@contextmanager
def copied(path: Path | None, host: int) -> Iterator[Path | None]:
    """A file of the first host as every host can read it inside the block; None where the first one has none.

    Args:
        path: The file; what others than the first host give is not looked at.
        host: Which host this is.
    """
    from jax.experimental import multihost_utils

    content = path.read_bytes() if host == 0 and path is not None else b""
    size = told(len(content) if path is not None else 0) if host == 0 else told(0)
    if not size:
        yield None
        return
    pieces = []
    for begin in range(0, size, _CHUNK):
        length = min(_CHUNK, size - begin)
        own = np.frombuffer(content[begin : begin + length], np.uint8) if host == 0 else np.zeros(length, np.uint8)
        pieces.append(np.asarray(multihost_utils.broadcast_one_to_all(own)).astype(np.uint8).tobytes())
    if host == 0:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "received.keras"
        copy.write_bytes(b"".join(pieces))
        yield copy
