"""Downloads from a server that may break off, change its file or give something else."""

from __future__ import annotations

import errno
import hashlib
import http.server
import os
import re
import threading
from contextlib import contextmanager
from pathlib import Path

import filelock
import pytest

from common.errors import InputError
from zoo.weights import download

CONTENT = os.urandom(1_000_000)
HASH = hashlib.sha256(CONTENT).hexdigest()


class _Server(http.server.ThreadingHTTPServer):
    """Gives one file.

    Attributes:
        content: What it gives.
        breaks_after: Bytes after which it cuts the connection, once; None for never.
        version: Its mark of the file; None for none.
        takes_ranges: Whether it gives parts.
        kind: Content type.
        asked: The ranges that were asked for.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.breaks_after, self.version = CONTENT, None, '"1"'
        self.takes_ranges, self.kind, self.asked = True, "application/octet-stream", []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/weights.pth"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://example.com/weights.pth")
            self.end_headers()
            return
        if self.path != "/weights.pth":
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        server.asked.append(asked)
        content, begins = server.content, 0
        if asked and server.takes_ranges and self.headers.get("If-Range") == server.version:
            begins = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            if begins >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begins}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        rest = content[begins:]
        self.send_header("Content-Type", server.kind)
        self.send_header("Content-Length", str(len(rest)))
        if server.version:
            self.send_header("ETag", server.version)
        self.end_headers()
        if server.breaks_after is not None:
            rest, server.breaks_after = rest[: server.breaks_after], None
            self.close_connection = True
        self.wfile.write(rest)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with _Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def fetch(server, folder, sha256=HASH, progress=lambda done, total: None, address=None):
    return download.fetch(address or server.address, folder / "weights.pth", sha256, progress)


def names_in(folder):
    return [path.name for path in folder.iterdir()]


@contextmanager
def refused(*words):
    with pytest.raises(InputError) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_whole_file(server, tmp_path):
    seen = []
    path = fetch(server, tmp_path / "new" / "folder", progress=lambda *each: seen.append(each))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert names_in(path.parent) == ["weights.pth"]
    # What is there and right is not fetched again.
    fetch(server, path.parent)
    assert server.asked == [None]


def test_without_a_hash(server, tmp_path):
    assert fetch(server, tmp_path, None).read_bytes() == CONTENT


class TestBrokenOff:
    @pytest.fixture
    def part(self, server, tmp_path):
        """What is left of a download that broke off."""
        server.breaks_after = 400_000
        with refused(server.address, "broke off after 400,000 of 1,000,000 bytes; run it again to go on from there"):
            fetch(server, tmp_path)
        assert not (tmp_path / "weights.pth").exists()
        part = tmp_path / "weights.pth.part"
        assert part.read_bytes() == CONTENT[:400_000]
        return part

    def test_it_goes_on(self, server, tmp_path, part):
        seen = []
        assert fetch(server, tmp_path, progress=lambda *each: seen.append(each)).read_bytes() == CONTENT
        assert server.asked == [None, "bytes=400000-"]
        assert seen[0][0] > 400_000
        assert seen[-1] == (1_000_000, 1_000_000)
        assert names_in(tmp_path) == ["weights.pth"]

    def test_another_file_begins_anew(self, server, tmp_path, part):
        server.content, server.version = CONTENT[::-1], '"2"'
        assert fetch(server, tmp_path, None).read_bytes() == CONTENT[::-1]

    def test_a_server_without_parts_begins_anew(self, server, tmp_path, part):
        server.takes_ranges = False
        assert fetch(server, tmp_path).read_bytes() == CONTENT

    def test_a_file_without_a_version_begins_anew(self, server, tmp_path, part):
        (tmp_path / "weights.pth.part.version").unlink()
        assert fetch(server, tmp_path).read_bytes() == CONTENT
        assert server.asked == [None, None]

    def test_a_part_that_is_whole_already(self, server, tmp_path, part):
        part.write_bytes(CONTENT)
        assert fetch(server, tmp_path).read_bytes() == CONTENT

    def test_a_part_of_something_else_is_noticed(self, server, tmp_path, part):
        part.write_bytes(bytes(400_000))
        with refused("SHA-256", "was deleted"):
            fetch(server, tmp_path)
        assert names_in(tmp_path) == []


def test_another_hash(server, tmp_path):
    with refused(server.address, f"has the SHA-256 {HASH[:16]}..., not {'0' * 16}...", "was deleted"):
        fetch(server, tmp_path, "0" * 64)
    assert names_in(tmp_path) == []


def test_no_such_file(server, tmp_path):
    with refused("/none: 127.0.0.1 answers 404"):
        fetch(server, tmp_path, address=server.address.replace("weights.pth", "none"))
    assert names_in(tmp_path) == []


def test_a_web_page_is_no_file(server, tmp_path):
    server.kind = "text/html; charset=utf-8"
    with refused("gives a web page, not a file"):
        fetch(server, tmp_path, None)
    assert names_in(tmp_path) == []


def test_nobody_answers(server, tmp_path):
    with refused("http://127.0.0.1:1/x: 127.0.0.1 cannot be reached (Connection refused)"):
        fetch(server, tmp_path, address="http://127.0.0.1:1/x")
    with refused("https://no.such.host.invalid/x: no.such.host.invalid cannot be reached"):
        fetch(server, tmp_path, address="https://no.such.host.invalid/x")


@pytest.mark.parametrize("address", ["http://example.com/x", "ftp://example.com/x", "file:///etc/passwd", "x"])
def test_what_is_not_encrypted_is_not_fetched(server, tmp_path, address):
    with refused(f"{address}: is not fetched; an address must begin with https://"):
        fetch(server, tmp_path, address=address)


def test_a_full_disk(server, tmp_path, monkeypatch):
    real = Path.open

    def full(path, mode="r", *arguments, **options):
        if path.suffix == ".part" and "w" in mode:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    with refused("cannot write", "weights.pth.part: No space left on device; free disk space"):
        fetch(server, tmp_path)
    assert not (tmp_path / "weights.pth").exists()


def test_an_interrupted_download_keeps_its_part(server, tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, tmp_path, progress=interrupt)
    assert not (tmp_path / "weights.pth").exists()
    assert (tmp_path / "weights.pth.part").stat().st_size > 0
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked[1].startswith("bytes=")


def test_two_at_once(server, tmp_path):
    with filelock.FileLock(tmp_path / "weights.pth.part.lock"), refused("another command is fetching it"):
        fetch(server, tmp_path)
