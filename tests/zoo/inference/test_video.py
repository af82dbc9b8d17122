"""Videos frame by frame: what is read, what is written, what is refused."""

from __future__ import annotations

import shutil
import stat

import numpy as np
import pytest

import zoo
from common.errors import FileError
from zoo.__main__ import main
from zoo.errors import ZooError
from zoo.inference.opencv import silent_opencv
from zoo.inference.video import WRITTEN, open_video, read_frames, restore_video

cv2 = silent_opencv()
RATE = 23.976


def frames(count=7, height=48, width=64):
    """A bright square that moves over a slope."""
    for number in range(count):
        frame = np.linspace(40, 120, width * 3).reshape(1, width, 3).repeat(height, 0).astype(np.uint8)
        frame[10:30, 5 + 4 * number : 25 + 4 * number] = (230, 60, 20)
        yield frame


def write(path, images, size=(64, 48)):
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*WRITTEN[path.suffix]), RATE, size)
    for image in images:
        writer.write(np.ascontiguousarray(image[..., ::-1]))
    writer.release()
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write(tmp_path_factory.mktemp("clip") / "clip.mkv", frames())


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    made = {}
    for variant in ("image", "video"):
        made[variant] = tmp_path_factory.mktemp("weights") / f"{variant}.keras"
        zoo.save(zoo.create("identity", variant), made[variant])
    return made


@pytest.mark.parametrize("ending", WRITTEN)
@pytest.mark.parametrize("variant", ["image", "video"])
def test_a_clip_keeps_its_size_rate_and_frames(ending, variant, clip, weights, tmp_path, capsys):
    target = tmp_path / f"sharp{ending}"
    assert main(["restore", str(clip), "-o", str(target), "--weights", str(weights[variant])]) == 0
    video = open_video(target, 1.0)
    assert (video.height, video.width, round(video.rate, 3)) == (48, 64, RATE)
    found = list(read_frames(target))
    assert len(found) == 7
    for there, given in zip(found, read_frames(clip), strict=True):
        assert np.abs(there.astype(int) - given).mean() <= (0 if ending == ".mkv" else 6)
    assert f"{clip} -> {target}" in capsys.readouterr().out
    assert [each.name for each in tmp_path.iterdir()] == [target.name]


def test_a_model_of_three_frames_sees_the_neighbours(clip, tmp_path):
    seen = []

    def restore(frame):
        seen.append(frame)
        return frame[..., 3:6]

    told = []
    restore_video(open_video(clip, 1.0), tmp_path / "x.mkv", restore, 3, lambda done, total: told.append((done, total)))
    given = list(read_frames(clip))
    for place, frame in enumerate(seen):
        before, after = given[max(place - 1, 0)], given[min(place + 1, 6)]
        assert np.array_equal(frame, np.concatenate([before, given[place], after], axis=-1))
    assert told == [(number, 7) for number in range(1, 8)]
    assert all(map(np.array_equal, read_frames(tmp_path / "x.mkv"), given))


def test_odd_sides_are_filled_with_a_note(tmp_path):
    video = open_video(write(tmp_path / "odd.mkv", frames(3)), 1.0)
    video.height, video.width = 47, 63
    restore_video(video, tmp_path / "x.mkv", lambda frame: frame[:47, :63], 1, lambda done, total: None)
    found = next(read_frames(tmp_path / "x.mkv"))
    assert found.shape == (48, 64, 3)
    assert np.array_equal(found[47], found[46])


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, ZooError, MemoryError])
def test_what_goes_wrong_half_way_leaves_no_file(interrupt, clip, tmp_path):
    count = iter(range(9))

    def restore(frame):
        if next(count) == 3:
            raise interrupt
        return frame

    with pytest.raises(interrupt):
        restore_video(open_video(clip, 1.0), tmp_path / "x.mp4", restore, 1, lambda done, total: None)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_video_is_one_line(tmp_path, weights, capfd):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.avi").write_bytes(b"")
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttps://example.com/a.ts\n")
    cut = write(tmp_path / "cut.mp4", frames())
    cut.write_bytes(cut.read_bytes()[:700])
    write(tmp_path / "good.mkv", frames(2))
    run = ["restore", str(tmp_path), "-o", str(tmp_path / "out"), "--weights", str(weights["image"])]
    capfd.readouterr()
    assert main(run) == 1
    lines = capfd.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in lines if not line.startswith("note: ")] == ["failed"] * 4
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["good.mkv"]
    for name in ("text.mp4", "none.mp4"):
        with pytest.raises(ZooError, match=r"not a video|no such video"):
            open_video(tmp_path / name, 1.0)
    with pytest.raises(ZooError, match=r"frames of 64 x 48 are more than the 0\.001 megapixels"):
        open_video(tmp_path / "good.mkv", 0.001)
    with pytest.raises(FileError):
        restore_video(
            open_video(tmp_path / "good.mkv", 1), tmp_path / "text.mp4/x.mkv", lambda frame: frame, 1, lambda *_: None
        )


def _program(folder, text, monkeypatch):
    """Puts a program called ffmpeg on the path, and nothing else but the system's."""
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_sound_is_copied_where_ffmpeg_is(clip, tmp_path, monkeypatch):
    def run(target):
        return restore_video(open_video(clip, 1.0), target, lambda frame: frame, 1, lambda done, total: None)

    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert run(tmp_path / "a.mkv") == ["sound, if it has any, is not copied: ffmpeg is not installed"]
    monkeypatch.undo()
    # It gets the restored file second and the new one last.
    copy = (
        'shift 5; from=${1#file:}; for last; do :; done; cp "$from" "${last#file:}"; echo "$@" > ' + f"{tmp_path}/told"
    )
    _program(tmp_path / "good", copy, monkeypatch)
    assert run(tmp_path / "b.mkv") == []
    assert len(list(read_frames(tmp_path / "b.mkv"))) == 7
    assert f"-i file:{clip} -map 0:v -map 1:a? -c copy" in (tmp_path / "told").read_text()
    _program(tmp_path / "bad", "echo no such codec >&2; exit 1", monkeypatch)
    assert run(tmp_path / "c.mkv") == ["sound is not copied: ffmpeg says 'no such codec'"]
    assert len(list(read_frames(tmp_path / "c.mkv"))) == 7
    assert not list(tmp_path.glob(".tmp-*"))
