"""Frameworks started without the notes that they print and nobody wants to read."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_START_UP_NOTE = re.compile(r"[IW]\d{4} |WARNING: All log messages before absl|To enable the following instructions|$")


def quiet_frameworks() -> None:
    """Imports TensorFlow with its start-up notes hidden, not its errors.

    The first notes are written before TensorFlow has read its own log level, so the standard error is caught at the
    file descriptor while it starts, and what is not a note is passed on.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # As TensorFlow below, JAX takes a GPU's memory as it needs it: other processes may want some.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    on_cpu = False
    with caught_errors(lambda line: not _START_UP_NOTE.match(line) and not (on_cpu and "cuInit" in line)):
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        on_cpu = not gpus
    # Once TensorFlow computes it takes no settings, and went on with its own.
    with suppress(RuntimeError):
        if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
            for gpu in gpus:
                tf.config.experimental.set_memory_growth(gpu, True)
        else:
            # It only feeds the others, whose memory it would take.
            tf.config.set_visible_devices([], "GPU")
    if on_cpu:
        # Grappler's remapper fails on convolutions with LeakyReLU, says so in an error line for every function, and
        # gains nothing measurable on these models.
        tf.config.optimizer.set_experimental_options({"remapping": False, "layout_optimizer": False})


def quiet_backend() -> None:
    """As `quiet_frameworks`, where Keras will run on TensorFlow."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        quiet_frameworks()


@contextmanager
def caught_errors(told: Callable[[str], bool] = lambda line: False) -> Iterator[None]:
    """Catches the standard error at the file descriptor, where libraries write that know nothing of Python.

    Args:
        told: Which lines are passed on when the block ends, also by an error; without it none.
    """
    with tempfile.TemporaryFile() as caught:
        try:
            with errors_into(caught.fileno()):
                yield
        finally:
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines():
                if told(line):
                    print(line, file=sys.stderr)


@contextmanager
def errors_into(descriptor: int) -> Iterator[None]:
    """Leads the standard error of the whole process, libraries in C included, to an open file."""
    sys.stderr.flush()
    try:
        before = os.dup(2)
    except OSError:
        # There is no standard error to lead anywhere.
        yield
        return
    os.dup2(descriptor, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)
