"""Files that are whole or not there."""

import errno
import os
from pathlib import Path

import pytest

from common.errors import FileError
from common.files import atomic_folder, atomic_open, atomic_path, write_text


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_text(path, "old\n")
    with pytest.raises(RuntimeError), atomic_open(path, "w") as stream:
        stream.write("half")
        raise RuntimeError
    assert path.read_text() == "old\n"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_text(path, "old\n")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match=r"cannot write .*a\.txt: No space left on device; free disk space"):
        write_text(path, "new\n")
    assert path.read_text() == "old\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_written_file_has_the_usual_permissions(tmp_path):
    write_text(tmp_path / "a", "")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("name", ["a.keras", "x" * 250, "x." + "y" * 250, ".hidden"])
def test_whatever_writes_by_name_finds_the_ending(tmp_path, name):
    with atomic_path(tmp_path / name) as temporary:
        assert name != "a.keras" or temporary.suffix == ".keras"
        temporary.write_bytes(b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"new")]


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "model"
    with pytest.raises(RuntimeError), atomic_folder(path) as folder:
        (folder / "half").touch()
        raise RuntimeError
    assert list(path.parent.iterdir()) == []
    for content in ("first", "second"):
        with atomic_folder(path) as folder:
            (folder / content).touch()
            assert content == "first" or [each.name for each in path.iterdir()] == ["first"]
        assert [each.name for each in path.iterdir()] == [content]
        assert [each.name for each in path.parent.iterdir()] == ["model"]
    with pytest.raises(RuntimeError), atomic_folder(path) as folder:
        raise RuntimeError
    assert [each.name for each in path.iterdir()] == ["second"]
    plain = tmp_path / "plain"
    plain.mkdir()
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").touch()
    rename = Path.rename

    def refused(self, target):
        if target == path and not self.name.endswith("-old"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(FileError, match=r"cannot write .*model: Permission denied"), atomic_folder(path) as folder:
        (folder / "new").touch()
    assert [each.name for each in path.iterdir()] == ["old"]
    assert [each.name for each in tmp_path.iterdir()] == ["model"]
