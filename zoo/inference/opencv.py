"""OpenCV, and other libraries in C, without what they print on the standard error about damaged files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from zoo.start import errors_into

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
    with Path(os.devnull).open("wb") as nowhere, errors_into(nowhere.fileno()):
        yield
