"""Several hosts in one training, by JAX: they meet, see that they plan the same, and take what the first one has."""

from __future__ import annotations

import hashlib
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.errors import RunError
from benchmarks.training.devices import Wanted

# Bytes that are sent at once.
_CHUNK = 2**26
_BETWEEN_TRIES = 0.5


def connect(wanted: Wanted) -> None:
    """Meets the other hosts; returns when all are there.

    Raises:
        RunError: On another backend than JAX, and when the first host or one of the others does not answer.
    """
    import keras

    if keras.backend.backend() != "jax":
        raise RunError(f"--hosts is for KERAS_BACKEND=jax, not for {keras.backend.backend()}; set it on every host")
    import jax

    host, _, port = wanted.address.rpartition(":")
    _reach(host, int(port), wanted)
    try:
        jax.distributed.initialize(wanted.address, wanted.hosts, wanted.host, initialization_timeout=wanted.patience)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise RunError(
            f"--hosts {wanted.address}: not all of the {wanted.hosts} hosts came together within {wanted.patience} s "
            f"({reason}); start the same command on each, with its own --host-index"
        ) from error


def _reach(host: str, port: int, wanted: Wanted) -> None:
    """Waits until the first host listens, which JAX would not survive in vain; the first one tries its own door."""
    if wanted.host == 0:
        try:
            with socket.create_server(("", port)):
                return
        except OSError as error:
            raise RunError(
                f"--hosts {wanted.address}: cannot listen there ({error.strerror}); take another port on every host"
            ) from error
    end = time.monotonic() + wanted.patience
    while True:
        try:
            with socket.create_connection((host, port), timeout=max(1.0, end - time.monotonic())):
                return
        except OSError as error:
            if time.monotonic() > end:
                raise RunError(
                    f"--hosts {wanted.address}: no answer within {wanted.patience} s ({error.strerror or error}); "
                    "start host 0 there, and check address, port and firewall"
                ) from error
        time.sleep(_BETWEEN_TRIES)


def disconnect() -> None:
    """Leaves the other hosts, all at once; what only one of them does later keeps none waiting."""
    import jax

    jax.distributed.shutdown()


def agree(text: str, what: str) -> None:
    """Makes sure that all hosts mean the same.

    Args:
        text: What this host means.
        what: What it is, for the message.

    Raises:
        RunError: On every host, when one differs.
    """
    from jax.experimental import multihost_utils

    digest = np.frombuffer(hashlib.sha256(text.encode()).digest()[:4], np.uint32)
    found = np.asarray(multihost_utils.process_allgather(digest)).reshape(-1)
    other = next((host for host, each in enumerate(found) if each != found[0]), None)
    if other is not None:
        raise RunError(f"host {other} has {what} other than host 0; give all hosts the same command, data and weights")


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
