"""A file from an address: resumed where it stopped, checked, and there only when it is whole."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from common.errors import FileError
from common.files import write_text
from common.progress import Progress
from zoo.errors import ZooError

_CHUNK = 1 << 18
_SECONDS = 60.0
_LOCAL = ("localhost", "127.0.0.1", "::1")
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_WHOLE, _PART, _BEYOND = 200, 206, 416
_AGAIN = "run it again to go on from there"


def fetch(address: str, target: Path, sha256: str | None, progress: Progress) -> Path:
    """Downloads a file.

    What came before the connection broke stays beside the target (`.part`), and the next call goes on from there, if
    the server still has the same file.

    Args:
        address: Begins with `https://`.
        target: Where the whole file goes; one that is there and has the hash is not fetched again.
        sha256: The file's hash; None where it is not known.
        progress: Called with bytes done and in all, where the server tells how many.

    Raises:
        ZooError: When the address cannot be reached, has no such file, breaks off, or gives another file.
        FileError: When the file cannot be written.
    """
    _check_address(address)
    if target.is_file() and sha256 is not None and _hash(target) == sha256:
        return target
    part = target.with_name(f"{target.name}.part")
    with _alone(part), _explained(address, part):
        _continue(address, part, progress)
        if sha256 is not None and (found := _hash(part)) != sha256:
            _forget(part)
            raise ZooError(
                f"{address}: the file that came has the SHA-256 {found[:16]}..., not {sha256[:16]}...; it is another "
                "or a damaged one, and was deleted"
            )
        part.replace(target)
        _forget(part)
    return target


def _check_address(address: str) -> None:
    """Only what is encrypted on its way, or comes from this machine, is fetched."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise ZooError(f"{address}: is not fetched; an address must begin with https://")


@dataclass(frozen=True)
class _Answer:
    """What a server says of the rest of a file.

    Attributes:
        begins: Where the bytes that follow belong.
        total: Bytes of the whole file; None where it does not tell.
        version: The server's mark of this version of the file; empty where it has none.
    """

    begins: int
    total: int | None
    version: str


def _continue(address: str, part: Path, progress: Progress) -> None:
    """Fetches what is missing of a partial file."""
    part.parent.mkdir(parents=True, exist_ok=True)
    have, version = (part.stat().st_size, _version(part)) if part.is_file() else (0, "")
    if not version:
        # Without a mark nobody could tell that the server has another file now.
        have = 0
    with _opened(address, have, version) as response:
        _check_address(response.url)
        answer = _answer(response, address)
        if answer.version != version or not answer.begins:
            write_text(_mark(part), json.dumps(answer.version))
        with part.open("r+b" if answer.begins else "wb") as stream:
            stream.seek(answer.begins)
            stream.truncate()
            done = answer.begins
            while chunk := response.read(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                progress(done, answer.total or done)
    if answer.total is not None and done < answer.total:
        raise ZooError(f"{address}: broke off after {done:,} of {answer.total:,} bytes; {_AGAIN}")


@contextmanager
def _opened(address: str, have: int, version: str) -> Iterator[Any]:
    """The server's answer to a request for the rest of a file, or for all of it where it has another one now."""
    headers = {"User-Agent": "deblur-zoo", "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    try:
        response = urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != _BEYOND or not have:
            raise
        # All of it is there already, or more than all; a fresh start finds out.
        response = urllib.request.urlopen(urllib.request.Request(address, headers=_plain(headers)), timeout=_SECONDS)
    with response:
        yield response


def _plain(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if "Range" not in name}


def _answer(response: Any, address: str) -> _Answer:
    """Reads the headers of an answer."""
    if response.headers.get_content_type() == "text/html":
        raise ZooError(f"{address}: gives a web page, not a file; fetch the file by hand and import it")
    version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    if response.status == _PART:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None:
            raise ZooError(f"{address}: answers with a part and does not say which; try again later")
        return _Answer(int(match[1]), int(match[2]), version)
    length = response.headers.get("Content-Length")
    return _Answer(0, int(length) if length and length.isdecimal() else None, version)


@contextmanager
def _explained(address: str, part: Path) -> Iterator[None]:
    """Turns what can go wrong on the way into one line."""
    host = urlsplit(address).hostname
    try:
        yield
    except urllib.error.HTTPError as error:
        raise ZooError(f"{address}: {host} answers {error.code} ({error.reason}); see its page for the file") from error
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise ZooError(f"{address}: {host} cannot be reached ({reason}); check the connection and try again") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
        said = str(error) or type(error).__name__
        raise ZooError(f"{address}: the connection broke ({said}); {_AGAIN}") from error
    except OSError as error:
        raise FileError(
            f"cannot write {part}: {error.strerror or error}; free disk space or set DEBLUR_ZOO_CACHE to another folder"
        ) from error


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Lets one process at a time write a file."""
    lock = part.with_name(f"{part.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock)
        held.acquire(timeout=0)
    except Timeout as error:
        raise ZooError(f"{part}: another command is fetching it; wait for its end") from error
    except OSError as error:
        raise FileError(f"cannot write {lock}: {error.strerror or error}; set DEBLUR_ZOO_CACHE to a folder") from error
    try:
        yield
    finally:
        held.release()
        lock.unlink(missing_ok=True)


def _mark(part: Path) -> Path:
    """The file that says which version of the file a part is of."""
    return part.with_name(f"{part.name}.version")


def _version(part: Path) -> str:
    try:
        return str(json.loads(_mark(part).read_bytes()))
    except (OSError, ValueError):
        return ""


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _mark(part).unlink(missing_ok=True)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
