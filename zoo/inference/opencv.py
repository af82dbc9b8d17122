"""OpenCV, and other libraries in C, without what they print on the standard error about damaged files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

# FFmpeg's quietest level, and what it may open: a file can name other files and addresses to be read.
_LEVEL = "-8"
_WAYS = "protocol_whitelist;file"


def silent_opencv() -> ModuleType:
    """OpenCV; what goes wrong is told by those who ask it for something."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _LEVEL)
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", _WAYS)
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    found: ModuleType = cv2
    return found


@contextmanager
def silent_libraries() -> Iterator[None]:
    """Lets what is printed on the standard error fall away, also by libraries in C (libtiff, libpng)."""
    sys.stderr.flush()
    try:
        before = os.dup(2)
    except OSError:
        # There is no standard error to keep clean.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)
