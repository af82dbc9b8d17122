"""Videos frame by frame: read and written by OpenCV, their sound copied by FFmpeg where it is installed."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import FileError
from common.files import atomic_path
from common.progress import Progress
from zoo.errors import ZooError
from zoo.inference.opencv import silent_opencv

WRITTEN = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".avi": "MJPG", ".mkv": "FFV1"}
"""Endings that are written, and the codec: MPEG-4 Part 2, Motion JPEG, and FFV1, which is without loss."""

VIDEO_ENDINGS = frozenset((*WRITTEN, ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv"))
"""Endings of files that are taken for videos."""

_FASTEST = 1000.0


@dataclass
class Video:
    """What is known of a video before its frames are read.

    Attributes:
        path: The file.
        height: Height in pixels.
        width: Width in pixels.
        rate: Frames a second.
        frames: Number of frames as the file states it, at least 0; it may be wrong.
        notes: What a user may not know, in words.
    """

    path: Path
    height: int
    width: int
    rate: float
    frames: int
    notes: list[str] = field(default_factory=list)


def open_video(path: Path, megapixels: float) -> Video:
    """Reads what a video file says of itself.

    Args:
        path: The file.
        megapixels: Largest size of a frame.

    Raises:
        ZooError: When it is missing, no video, or its frames are too large.
    """
    cv2 = silent_opencv()
    capture = _capture(path)
    try:
        width, height = (int(capture.get(each)) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        rate, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    finally:
        capture.release()
    if width < 1 or height < 1:
        raise ZooError(f"{path}: holds no frames that can be read; convert it to MP4 first")
    if width * height > megapixels * 1e6:
        raise ZooError(
            f"{path}: frames of {width} x {height} are more than the {megapixels:g} megapixels that are taken; raise "
            "that with --max-megapixels"
        )
    notes = []
    if not math.isfinite(rate) or not 0 < rate <= _FASTEST:
        notes.append("does not say how many frames it has a second; 25 are taken")
        rate = 25.0
    if width % 2 or height % 2:
        notes.append("has odd sides, which the codecs here cannot hold; the last column or row is repeated")
    return Video(path, height, width, rate, max(0, int(count)) if math.isfinite(count) else 0, notes)


def read_frames(path: Path) -> Iterator[np.ndarray]:
    """The frames of a video in their order, uint8 (height, width, 3) RGB.

    Raises:
        ZooError: When the file cannot be read.
    """
    cv2 = silent_opencv()
    capture = _capture(path)
    try:
        while True:
            there, frame = capture.read()
            if not there:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        capture.release()


def with_neighbours(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Each frame with the one before and the one after it along the channels; the ends stand for what they lack.

    >>> frames = [np.full((1, 1, 3), number, np.uint8) for number in (1, 2, 3)]
    >>> [frame[0, 0, ::3].tolist() for frame in with_neighbours(frames)]
    [[1, 1, 2], [1, 2, 3], [2, 3, 3]]
    """
    before: np.ndarray | None = None
    current: np.ndarray | None = None
    for after in frames:
        if current is not None:
            yield np.concatenate([current if before is None else before, current, after], axis=-1)
            before = current
        current = after
    if current is not None:
        yield np.concatenate([current if before is None else before, current, current], axis=-1)


def restore_video(
    video: Video, target: Path, restore: Callable[[np.ndarray], np.ndarray], frames: int, progress: Progress
) -> list[str]:
    """Restores a video frame by frame; the file is whole under its name or not there.

    Args:
        video: The video.
        target: The file to write; its ending says the codec, see `WRITTEN`.
        restore: Gives the restored frame (height, width, 3), uint8, of one with `frames` images along its channels.
        frames: 1, or 3 for previous, current and next.
        progress: Called with frames done and in all.

    Returns:
        What a user should know of the sound, in words.

    Raises:
        ZooError: When no frame can be read.
        FileError: When the file cannot be written.
    """
    source = read_frames(video.path)
    given = with_neighbours(source) if frames == 3 else source
    with atomic_path(target) as temporary:
        size = (video.width + video.width % 2, video.height + video.height % 2)
        writer = _writer(temporary, target.suffix.lower(), video.rate, size)
        written = 0
        try:
            for frame in given:
                writer.write(_bgr_of_size(restore(frame), size))
                written += 1
                progress(written, max(video.frames, written))
        finally:
            writer.release()
        if not written:
            raise ZooError(f"{video.path}: holds no frames that can be read; convert it to MP4 first")
        found = _count(temporary)
        if found != written:
            raise FileError(f"cannot write {target}: {found} of {written} frames arrived; free disk space")
        return _copy_sound(video.path, temporary)


def _capture(path: Path) -> Any:
    """OpenCV's reader of a file; ZooError where it is none of a video."""
    cv2 = silent_opencv()
    if not path.is_file():
        raise ZooError(f"{path}: no such video file")
    # Only FFmpeg's: the others take names for patterns of image files and for cameras.
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise ZooError(f"{path}: not a video that can be read; convert it to MP4 first")
    return capture


def _writer(path: Path, ending: str, rate: float, size: tuple[int, int]) -> Any:
    cv2 = silent_opencv()
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*WRITTEN[ending]), rate, size)
    if not writer.isOpened():
        raise FileError(f"cannot write {ending} of {size[0]} x {size[1]} pixels; take another ending, such as .mkv")
    return writer


def _bgr_of_size(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A frame as OpenCV writes it, its last row and column repeated where the size wants more."""
    missing = [(0, size[1] - frame.shape[0]), (0, size[0] - frame.shape[1]), (0, 0)]
    return np.ascontiguousarray(np.pad(frame, missing, mode="edge")[..., ::-1])


def _count(path: Path) -> int:
    """Frames in a file, counted."""
    cv2 = silent_opencv()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    found = 0
    while capture.grab():
        found += 1
    capture.release()
    return found


def _copy_sound(source: Path, restored: Path) -> list[str]:
    """Puts the sound of one file into another, and says what became of it."""
    program = shutil.which("ffmpeg")
    if program is None:
        return ["sound, if it has any, is not copied: ffmpeg is not installed"]
    both = restored.with_name(f"{restored.stem}-sound{restored.suffix}")
    inputs = ["-i", f"file:{restored}", "-protocol_whitelist", "file", "-i", f"file:{source}"]
    streams = ["-map", "0:v", "-map", "1:a?", "-c", "copy"]
    command = [program, "-nostdin", "-v", "error", "-y", *inputs, *streams, f"file:{both}"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 0 and both.is_file():
            both.replace(restored)
            return []
        said = next(iter(done.stderr.decode(errors="replace").splitlines()), f"status {done.returncode}")
        return [f"sound is not copied: ffmpeg says {said!r}"]
    except OSError as error:
        return [f"sound is not copied: {error.strerror or error}"]
    finally:
        both.unlink(missing_ok=True)
