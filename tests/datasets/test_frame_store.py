"""The frame store: decoded once, read by crop, never half-written."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from common.files import cache_folder
from datasets import frame_store
from datasets.errors import DataError
from datasets.image import ArrayFrame, Window
from datasets.loading import load

SIZE = (24, 32)
FIRST_SCENE = [f"reds/train/000.{kind}.{ending}" for kind in ("blurry", "sharp") for ending in ("json", "u8")]


def write_videos(layouts, **videos):
    """Writes a REDS training split of videos with so many frames each, named v000, v001, ... in the call."""
    for video, count in videos.items():
        for kind in ("blur", "sharp"):
            for number in range(count):
                layouts.image(f"train/train_{kind}/{video[1:]}/{number:08d}.png", SIZE)


@pytest.fixture
def videos(layouts):
    write_videos(layouts, v000=4, v001=3)
    return layouts.root


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def images(pairs):
    return [frame for pair in pairs for frame in (*pair.blurry, *pair.sharp)]


def store_files(store):
    return {path.relative_to(store).as_posix(): path for path in store.rglob("*") if path.is_file()}


def states(store):
    return {name: (path.stat().st_ino, path.stat().st_mtime_ns) for name, path in store_files(store).items()}


def undecoded(root, store):
    return frame_store.attach(load("reds", root, "train"), store)[1]


def assert_equal_pixels(stored, decoded):
    for ours, theirs in zip(images(stored), images(decoded), strict=True):
        assert ours.name == theirs.name
        assert ours.shape == theirs.shape
        assert np.array_equal(ours.read(), theirs.read())


def test_stored_images_and_crops_equal_the_decoded_ones(videos, store):
    decoded = load("reds", videos, "train", frames=3)
    frame_store.prepare(decoded, store)
    stored, missing = frame_store.attach(decoded, store)
    assert missing == 0
    assert all(isinstance(frame, frame_store.StoredFrame) for frame in images(stored))
    assert_equal_pixels(stored, decoded)
    rng = np.random.default_rng(0)
    for ours, theirs in zip(images(stored), images(decoded), strict=True):
        top, left = int(rng.integers(0, SIZE[0] - 10)), int(rng.integers(0, SIZE[1] - 12))
        window = Window(top, left, 10, 12)
        assert np.array_equal(ours.read(window), theirs.read(window))
    with pytest.raises(DataError, match="does not fit in 24x32"):
        images(stored)[0].read(Window(20, 0, 8, 8))
    assert (stored.fingerprint, stored.coverage) == (decoded.fingerprint, decoded.coverage)


def test_a_crop_is_a_read_only_view_of_the_mapped_file(videos, store):
    decoded = load("reds", videos, "train")
    frame_store.prepare(decoded, store)
    frame = frame_store.attach(decoded, store)[0][2].blurry[0]
    crop = frame.read(Window(3, 4, 5, 6))
    assert isinstance(frame.data.base, np.memmap)
    assert np.shares_memory(crop, frame.data)
    assert not crop.flags.writeable
    assert crop.strides == (SIZE[1] * 3, 3, 1)
    first = crop.__array_interface__["data"][0] - frame.data.__array_interface__["data"][0]
    assert first == frame.offset + 3 * SIZE[1] * 3 + 4 * 3


def test_one_file_for_each_scene_and_kind_with_an_index(videos, store):
    report = frame_store.prepare(load("reds", videos, "train"), store)
    names = [f"reds/train/{scene}.{kind}" for scene in ("000", "001") for kind in ("blurry", "sharp")]
    files = store_files(store)
    assert sorted(files) == sorted(f"{name}.{ending}" for name in names for ending in ("u8", "json"))
    for name in names:
        index = json.loads(files[f"{name}.json"].read_text())
        content = files[f"{name}.u8"].read_bytes()
        assert index["bytes"] == len(content)
        assert index["sha256"] == hashlib.sha256(content).hexdigest()
        assert index["shapes"] == [[*SIZE, 3]] * (4 if "000" in name else 3)
    assert (report.written, report.kept, report.frames) == (4, 0, 14)
    assert report.size == sum(files[f"{name}.u8"].stat().st_size for name in names) == 14 * SIZE[0] * SIZE[1] * 3


def test_what_is_up_to_date_is_kept(videos, store):
    frame_store.prepare(load("reds", videos, "train"), store)
    before = states(store)
    for count in (1, 3):
        report = frame_store.prepare(load("reds", videos, "train", frames=count), store)
        assert (report.written, report.kept, report.frames) == (0, 4, 14)
    assert states(store) == before


@pytest.mark.parametrize("change", ["content", "time", "one more"])
def test_a_changed_source_makes_its_scene_stale_and_no_other(change, videos, store, layouts):
    frame_store.prepare(load("reds", videos, "train"), store)
    before = states(store)
    source = videos / "train/train_blur/001/00000001.png"
    if change == "content":
        layouts.image("train/train_blur/001/00000001.png", (26, 30))
    elif change == "time":
        os.utime(source, ns=(0, source.stat().st_mtime_ns + 1))
    else:
        for kind in ("blur", "sharp"):
            layouts.image(f"train/train_{kind}/001/00000003.png", SIZE)
    pairs = load("reds", videos, "train")
    stored, missing = frame_store.attach(pairs, store)
    assert missing == (8 if change == "one more" else 3)
    assert_equal_pixels(stored, pairs)
    assert frame_store.prepare(pairs, store).written == (2 if change == "one more" else 1)
    after = states(store)
    changed = {name for name in before if after[name] != before[name]}
    kinds = ("blurry", "sharp") if change == "one more" else ("blurry",)
    assert changed == {f"reds/train/001.{kind}.{ending}" for kind in kinds for ending in ("u8", "json")}
    stored, missing = frame_store.attach(pairs, store)
    assert missing == 0
    assert_equal_pixels(stored, pairs)


def test_a_image_that_cannot_be_read_stops_the_work_and_keeps_what_is_done(videos, store):
    broken = videos / "train/train_blur/001/00000001.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-20])
    with pytest.raises(DataError, match=r"001/00000001\.png: truncated PNG") as caught:
        frame_store.prepare(load("reds", videos, "train"), store)
    assert "\n" not in str(caught.value)
    done = states(store)
    assert sorted(done) == [
        f"reds/train/000.{kind}.{ending}" for kind in ("blurry", "sharp") for ending in ("json", "u8")
    ]
    assert undecoded(videos, store) == 6
    broken.write_bytes(whole)
    report = frame_store.prepare(load("reds", videos, "train"), store)
    assert (report.written, report.kept) == (2, 2)
    assert states(store).items() > done.items()
    assert undecoded(videos, store) == 0


def test_interrupting_leaves_no_half_written_file(videos, store):
    def interrupt(done, total):
        if done > 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        frame_store.prepare(load("reds", videos, "train"), store, interrupt)
    assert sorted(store_files(store)) == FIRST_SCENE


def test_interrupting_a_renewal_keeps_the_old_copy_apart_from_its_new_source(videos, store):
    frame_store.prepare(load("reds", videos, "train"), store)
    before = states(store)
    source = videos / "train/train_blur/000/00000000.png"
    os.utime(source, ns=(0, 0))

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        frame_store.prepare(load("reds", videos, "train"), store, interrupt)
    assert states(store) == before
    assert undecoded(videos, store) == 4


_KILLED = """
import sys, time
from datasets import frames
from datasets.loading import load

def wait(done, total):
    if done > 8:
        print("in the middle", flush=True)
        time.sleep(60)

frames.prepare(load("reds", sys.argv[1], "train"), sys.argv[2], wait)
"""


def test_kill_in_the_middle_loses_one_scene_and_leaves_nothing_that_counts(videos, store):
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(videos), str(store)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGKILL)
    (scrap,) = (path for path in store_files(store).values() if path.name.startswith(".tmp-"))
    assert undecoded(videos, store) == 6
    assert frame_store.check(store) == []
    pairs = load("reds", videos, "train")
    report = frame_store.prepare(pairs, store)
    assert (report.written, report.kept) == (2, 2)
    assert_equal_pixels(frame_store.attach(pairs, store)[0], pairs)
    # Another run might be writing so new a file; an old one is removed with the next writing of its scene.
    assert scrap.exists()
    os.utime(scrap, (time.time() - 86400,) * 2)
    for file in (videos / "train/train_blur/001").iterdir():
        os.utime(file, ns=(0, 0))
    frame_store.prepare(load("reds", videos, "train"), store)
    assert not scrap.exists()


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def _edit_index(path, **values):
    index_path = path.with_suffix(".json")
    index_path.write_text(json.dumps(json.loads(index_path.read_text()) | values))


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        lambda path: path.unlink(),
        lambda path: path.with_suffix(".json").unlink(),
        lambda path: path.with_suffix(".json").write_text('{"schema": 1, "byt'),
        lambda path: path.with_suffix(".json").write_text("[1, 2]"),
        lambda path: _edit_index(path, schema=0),
        lambda path: _edit_index(path, shapes=[[24, 32, 3]] * 3),
        lambda path: _edit_index(path, shapes=[[24, 32, 1]] * 4),
    ],
    ids=["truncated", "no pixels", "no index", "half an index", "no object", "other schema", "too few", "wrong shapes"],
)
def test_a_damaged_store_file_is_not_used_and_made_again(damage, videos, store):
    pairs = load("reds", videos, "train")
    frame_store.prepare(pairs, store)
    damage(store / "reds/train/000.sharp.u8")
    stored, missing = frame_store.attach(pairs, store)
    assert missing == 4
    assert_equal_pixels(stored, pairs)
    assert frame_store.prepare(pairs, store).written == 1
    assert frame_store.attach(pairs, store)[1] == 0
    assert frame_store.check(store) == []


def test_check_finds_a_flipped_bit_and_lost_or_senseless_files(videos, store):
    frame_store.prepare(load("reds", videos, "train"), store)
    assert frame_store.check(store) == []
    flipped, lost = store / "reds/train/000.blurry.u8", store / "reds/train/000.sharp.u8"
    content = bytearray(flipped.read_bytes())
    content[1000] ^= 1
    flipped.write_bytes(content)
    lost.unlink()
    senseless = store / "reds/train/001.sharp.json"
    senseless.write_text("[]")
    assert frame_store.check(store) == [
        f"{flipped}: bytes differ from the index; delete it and run prepare again",
        f"{lost}: No such file or directory; run prepare again",
        f"{senseless}: not an index; delete it and run prepare again",
    ]


def test_sixteen_bits_are_rounded_to_the_nearest_of_eight():
    values = np.arange(65536, dtype=np.uint16)
    rounded = frame_store.to_uint8(values)
    assert rounded.dtype == np.uint8
    # No value lies half-way, because 257 is odd: rounding is never a matter of convention.
    assert np.array_equal(rounded, np.rint(values / 257))
    assert np.array_equal(frame_store.to_uint8(np.arange(256, dtype=np.uint16) * 257), np.arange(256))
    small = np.arange(256, dtype=np.uint8)
    assert frame_store.to_uint8(small) is small


def test_sixteen_bit_images_are_stored_in_eight(layouts, store):
    layouts.hdc(3, "Times", (1, 2))
    pairs = load("hdc", layouts.root, "train")
    assert pairs[0].sharp[0].read().dtype == np.uint16
    report = frame_store.prepare(pairs, store)
    assert report.size == sum(path.stat().st_size for path in store.rglob("*.u8")) == 4 * 8 * 12
    stored, missing = frame_store.attach(pairs, store)
    assert missing == 0
    for ours, theirs in zip(images(stored), images(pairs), strict=True):
        assert ours.shape == (8, 12, 1)
        assert np.array_equal(ours.read(), frame_store.to_uint8(theirs.read()))


def test_images_of_different_sizes_share_a_file(layouts, store):
    sizes = {"a": (8, 12), "b": (20, 7), "c": (1, 1), "d": (9, 30)}
    for name, size in sizes.items():
        for folder in ("input", "target"):
            layouts.image(f"train/{folder}/{name}.png", size)
    pairs = load("hide", layouts.root, "train")
    assert frame_store.prepare(pairs, store).written == 2
    stored, missing = frame_store.attach(pairs, store)
    assert missing == 0
    assert [pair.sharp[0].shape[:2] for pair in stored] == list(sizes.values())
    assert_equal_pixels(stored, pairs)


def test_neighbouring_triplets_share_their_frames(videos, store):
    pairs = load("reds", videos, "train", frames=3)
    report = frame_store.prepare(pairs, store)
    assert report.frames == 14
    stored = frame_store.attach(pairs, store)[0]
    assert stored[1].blurry[0] is stored[0].blurry[1]
    assert stored[1].blurry[2] is stored[2].blurry[1]
    assert len({id(frame) for frame in images(stored)}) == 14
    assert len({id(frame.data) for frame in images(stored)}) == 4


@pytest.mark.parametrize("count", [1, 3])
def test_some_pairs_of_a_scene_use_the_store_of_the_whole_scene(count, videos, store):
    frame_store.prepare(load("reds", videos, "train"), store)
    before = states(store)
    some = load("reds", videos, "train", frames=count).select([5, 2, 1])
    stored, missing = frame_store.attach(some, store)
    assert missing == 0
    assert_equal_pixels(stored, some)
    assert frame_store.prepare(some, store).written == 0
    assert states(store) == before


def test_pairs_that_are_attached_already_stay_as_they_are(videos, store):
    pairs = load("reds", videos, "train", frames=3)
    frame_store.prepare(pairs, store)
    stored = frame_store.attach(pairs, store)[0]
    again, missing = frame_store.attach(stored, store)
    assert missing == 0
    assert again == stored
    assert frame_store.prepare(stored, store).frames == 0


def test_a_scene_that_is_not_prepared_is_decoded_beside_one_that_is(videos, store, layouts):
    frame_store.prepare(load("reds", videos, "train"), store)
    write_videos(layouts, v002=2)
    pairs = load("reds", videos, "train")
    stored, missing = frame_store.attach(pairs, store)
    assert missing == 4
    assert [isinstance(pair.sharp[0], frame_store.StoredFrame) for pair in stored] == [True] * 7 + [False] * 2
    assert_equal_pixels(stored, pairs)


def test_a_data_set_in_memory_needs_nothing(layouts, store):
    layouts.cifar("test_batch", 3)
    pairs = load("cifar10", layouts.root, "test")
    report = frame_store.prepare(pairs, store)
    assert (report.written, report.frames, report.size) == (0, 0, 0)
    attached, missing = frame_store.attach(pairs, store)
    assert missing == 0
    assert attached == pairs
    assert all(isinstance(frame, ArrayFrame) for frame in images(attached))
    assert not store.exists()


def test_a_image_that_vanished_is_named(videos, store):
    pairs = load("reds", videos, "train")
    (videos / "train/train_sharp/000/00000002.png").unlink()
    for call in (frame_store.prepare, frame_store.attach):
        with pytest.raises(DataError, match=r"train_sharp/000/00000002\.png: No such file or directory; check the"):
            call(pairs, store)


def test_progress_counts_images(videos, store, monkeypatch):
    monkeypatch.setattr(frame_store, "_DECODE_AHEAD", 2)
    seen = []
    frame_store.prepare(load("reds", videos, "train"), store, lambda done, total: seen.append((done, total)))
    assert seen == [(done, 14) for done in (2, 4, 6, 8, 10, 11, 13, 14)]
    frame_store.prepare(load("reds", videos, "train"), store, lambda done, total: pytest.fail("nothing was to be done"))


def test_every_root_has_a_store_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path / "cache"))
    for folder in ("a/REDS", "b/REDS"):
        (tmp_path / folder).mkdir(parents=True)
    first, second = (frame_store.store_folder(tmp_path / folder) for folder in ("a/REDS", "b/REDS"))
    assert first != second
    assert first.parent == second.parent == tmp_path / "cache" / "store"
    monkeypatch.chdir(tmp_path / "a")
    assert frame_store.store_folder("REDS") == frame_store.store_folder("../b/../a/REDS") == first
    monkeypatch.delenv("DEBLUR_ZOO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "deblur-zoo"
