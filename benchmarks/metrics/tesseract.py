"""Tesseract itself: whether it can score, which one it is, and how many of it run side by side."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from benchmarks.metrics.base import MetricError

_OLDEST = (4, 0)
INSTALL = "install it with `apt-get install tesseract-ocr` (Debian, Ubuntu) or `brew install tesseract` (macOS)"
_THREADS = "OMP_THREAD_LIMIT"
_MODEL, _HASH_DIGITS = "eng.traineddata", 16
# Where packages put models, below the root; asked only where Tesseract (4) does not name its folder.
_MODEL_FOLDERS = (
    "usr/share/tesseract-ocr/*/tessdata",
    "usr/share/tessdata",
    "usr/local/share/tessdata",
    "opt/homebrew/share/tessdata",
)


@lru_cache(maxsize=1)
def check_tesseract() -> str:
    """Tesseract's version, after checking that it can score.

    Raises:
        MetricError: When Tesseract is missing, has no LSTM engine or lacks the English model.
    """
    import pytesseract

    version, release = _version()
    if release < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise MetricError(f"Tesseract {version} is too old, OCR scores need {oldest} or newer; {INSTALL}")
    try:
        languages = pytesseract.get_languages()
    except pytesseract.TesseractNotFoundError:
        raise MetricError(f"Tesseract does not list its languages; {INSTALL}") from None
    if "eng" not in languages:
        raise MetricError("Tesseract lacks its English model; install it with `apt-get install tesseract-ocr-eng`")
    return version


def _version() -> tuple[str, tuple[int, ...]]:
    """Tesseract's version as text and as major and minor number."""
    import pytesseract

    try:
        found = pytesseract.get_tesseract_version()
        return str(found), found.release[:2]
    except pytesseract.TesseractNotFoundError:
        raise MetricError(f"Tesseract is not installed, which OCR scores need; {INSTALL}") from None
    except SystemExit as error:
        # So pytesseract ends the program for versions before 3.05, and for answers that name none.
        named = re.search(r"(\d+)\.(\d+)[.\w]*", str(error))
        if named is None:
            raise MetricError(f"what is called tesseract here names no version of its own; {INSTALL}") from None
        return named[0], (int(named[1]), int(named[2]))


@lru_cache(maxsize=1)
def engine() -> dict[str, str]:
    """What reads: two records are comparable when both have the same.

    Returns:
        `"tesseract"`, its version, and `"eng.traineddata"`, the first 16 hexadecimal digits of the SHA-256 of its
        English model, `"unknown"` where Tesseract does not say where that lies.

    Raises:
        MetricError: As `check_tesseract`, or when the model cannot be read.
    """
    version, path = check_tesseract(), _english_model()
    if path is None:
        return {"tesseract": version, "eng.traineddata": "unknown"}
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:_HASH_DIGITS]
    except OSError as error:
        raise MetricError(
            f"{path}: cannot be read ({error.strerror}); install Tesseract's English model anew"
        ) from None
    return {"tesseract": version, "eng.traineddata": digest}


def _english_model() -> Path | None:
    """The file that Tesseract reads English with, None where it cannot be found."""
    import pytesseract

    command = [pytesseract.pytesseract.tesseract_cmd, "--list-langs"]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout
    # Tesseract 5 says: List of available languages in "/usr/share/tesseract-ocr/5/tessdata/" (2):
    named = re.search(r'languages in "([^"]+)"', os.fsdecode(answer))
    folders = [Path(named[1])] if named else []
    prefix = os.environ.get("TESSDATA_PREFIX")
    folders += [Path(prefix), Path(prefix) / "tessdata"] if prefix else []
    folders += [folder for pattern in _MODEL_FOLDERS for folder in sorted(Path("/").glob(pattern))]
    return next((folder / _MODEL for folder in folders if (folder / _MODEL).is_file()), None)


_LOCK = threading.Lock()
_RUNNING = 0


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Lets Tesseract use one thread, as several of them run side by side; a limit that the user set stays."""
    global _RUNNING
    with _LOCK:
        mine = _THREADS not in os.environ or _RUNNING > 0
        if mine:
            os.environ[_THREADS] = "1"
            _RUNNING += 1
    try:
        yield
    finally:
        with _LOCK:
            if mine:
                _RUNNING -= 1
                if not _RUNNING:
                    os.environ.pop(_THREADS, None)
