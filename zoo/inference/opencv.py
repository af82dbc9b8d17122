"""OpenCV without what it and FFmpeg print on the standard error about damaged files."""

from __future__ import annotations

import os
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
