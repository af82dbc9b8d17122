"""Photographs of one's own: found in any folders, blurred when they are read, and honestly named."""

import numpy as np
import pytest

import datasets
from datasets import DataError, frame_store
from datasets.augment import NONE, training_crop
from datasets.commands import prepare
from datasets.image import DrawnFrame, FileFrame, Window
from datasets.photographs import LONGEST_SIDE, BlurredFrame, Photograph
from datasets.pipeline import TrainingBatches


@pytest.fixture
def album(layouts):
    """Five photographs in folders, and what is none."""
    for name in ("b.png", "a.JPG", "old/c.webp", "old/deep/d.tif", "old_deep/e.png"):
        layouts.image(name, (40, 52))
    layouts.text("notes.txt", "not an image")
    layouts.image(".hidden/f.png", (40, 52))
    return layouts.root


def names(pairs):
    return [pair.name for pair in pairs]


def test_photographs_are_found_in_all_folders(album):
    pairs = datasets.load("synthetic", album)
    assert names(pairs) == ["a.JPG", "b.png", "old/c.webp", "old/deep/d.tif", "old_deep/e.png"]
    assert pairs.coverage == "own photographs"
    assert pairs[:2].coverage == "own photographs"
    assert pairs[:2].fingerprint != pairs.fingerprint


def test_endings_make_different_photographs(layouts):
    for name in ("a.png", "a.jpg"):
        layouts.image(name)
    assert names(datasets.load("synthetic", layouts.root)) == ["a.jpg", "a.png"]


def test_folders_train_and_test_keep_photographs_apart(layouts):
    for name in ("train/1.png", "train/more/2.png", "test/3.png", "4.png"):
        layouts.image(name)
    assert names(datasets.load("synthetic", layouts.root, "train")) == ["train/1.png", "train/more/2.png"]
    assert names(datasets.load("synthetic", layouts.root, "test")) == ["test/3.png"]


def test_several_folders_are_taken_together(album, layouts):
    layouts.root = album / "old" / "other"
    layouts.image("g.png")
    pairs = datasets.load("synthetic", [album / "old", album / "old_deep", album / "old" / "deep"])
    assert pairs.root.samefile(album)
    assert names(pairs) == ["old/c.webp", "old/deep/d.tif", "old/other/g.png", "old_deep/e.png"]
    one = datasets.load("synthetic", [album / "old"])
    assert names(one) == ["c.webp", "deep/d.tif", "other/g.png"]
    assert one.fingerprint != pairs.fingerprint


@pytest.mark.parametrize(
    ("name", "roots", "words"),
    [
        ("gopro", ["a", "b"], "gopro lies in one folder; give one, not 2"),
        ("synthetic", [], "no folder given"),
        ("synthetic", ["none", "a"], "data root .*none is not a folder; give the folder"),
        ("synthetic", ["a"], "nothing of split 'test' in .*a; `python -m datasets list synthetic`"),
    ],
)
def test_folders_that_will_not_do_are_one_line(tmp_path, name, roots, words):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    with pytest.raises(DataError, match=words) as caught:
        datasets.load(name, [tmp_path / root for root in roots])
    assert "\n" not in str(caught.value)


def test_folders_that_lie_in_a_circle_are_seen_once(album):
    (album / "old" / "again").symlink_to(album, target_is_directory=True)
    assert len(datasets.load("synthetic", album)) == 5


def test_the_generator_is_part_of_the_fingerprint(album, monkeypatch):
    from dataclasses import replace

    from datasets import loading

    before = datasets.load("synthetic", album)
    other = replace(datasets.reader("synthetic"), fingerprint=("another version",))
    monkeypatch.setattr(loading, "reader", lambda name: other)
    assert datasets.load("synthetic", album).fingerprint != before.fingerprint


def test_a_broken_photograph_is_named(album):
    (album / "b.png").write_bytes((album / "b.png").read_bytes()[:90])
    report = datasets.verify("synthetic", album)
    assert [where for where, _ in report.problems] == ["b.png"]
    with pytest.raises(DataError, match=r"b\.png"):
        datasets.load("synthetic", album)[1].blurry[0].read()


def test_large_photographs_are_scaled_down(layouts):
    path = layouts.image("large.png", (LONGEST_SIDE // 2, 2 * LONGEST_SIDE))
    frame = Photograph("large.png", path)
    assert frame.shape == (LONGEST_SIDE // 4, LONGEST_SIDE, 3)
    assert frame.read().shape == frame.shape
    assert np.array_equal(frame.read(Window(3, 5, 20, 30)), frame.read()[3:23, 5:35])


def test_reading_blurs_always_alike_and_drawing_anew(album):
    pair = datasets.load("synthetic", album)[1]
    (blurry,), (sharp,) = pair.blurry, pair.sharp
    assert isinstance(blurry, DrawnFrame)
    assert (blurry.name, blurry.shape) == ("b.png blurred", sharp.shape)
    window = Window(4, 6, 24, 32)
    assert np.array_equal(blurry.read(window), blurry.read(window))
    assert blurry.read().shape == sharp.shape
    assert np.array_equal(BlurredFrame(FileFrame("b.png", album / "b.png")).read(window), blurry.read(window))
    drawn = [blurry.draw(window, np.random.default_rng(seed)) for seed in range(6)]
    assert len({pixels.tobytes() for pixels in drawn}) > 3
    with pytest.raises(DataError, match=r"b\.png blurred: crop 50x50 at \(0, 0\) does not fit in 40x52"):
        blurry.read(Window(0, 0, 50, 50))


def test_every_visit_has_a_blur_of_its_own_and_every_step_always_the_same(album):
    pairs = datasets.load("synthetic", album, "train").select([1])
    batches = TrainingBatches(pairs, 40, 1, seed=3)
    visits = [batches(step) for step in range(6)]
    again = TrainingBatches(pairs, 40, 1, seed=3)(4)
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(again, visits[4], strict=True))
    assert len({blurry.tobytes() for blurry, _ in visits}) > 3
    pixels = pairs[0].sharp[0].read()
    for _, sharp in visits:
        assert any(np.array_equal(sharp[0], pixels[:, left : left + 40]) for left in range(13))


def test_three_frames_are_one_and_the_same(album):
    pair = datasets.load("synthetic", album, frames=3)[1]
    blurry, sharp = training_crop(pair, 32, NONE, np.random.default_rng(2))
    assert blurry.shape == (32, 32, 9)
    assert np.array_equal(blurry[..., :3], blurry[..., 3:6])
    assert np.array_equal(blurry[..., :3], blurry[..., 6:])
    assert sharp.shape == (32, 32, 3)


def test_photographs_are_decoded_once(album, tmp_path):
    pairs, store = datasets.load("synthetic", album, "train", 3), tmp_path / "store"
    assert frame_store.attach(pairs, store)[1] == 5
    report = frame_store.prepare(pairs, store)
    assert (report.frames, report.written) == (5, 4)  # old/deep and old_deep have a file each
    attached, undecoded = frame_store.attach(pairs, store)
    assert undecoded == 0
    ours, theirs = (TrainingBatches(each, 32, 5, seed=1)(0) for each in (attached, pairs))
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    for pair in attached:
        assert isinstance(pair.blurry[0].source, frame_store.StoredFrame)
        assert pair.blurry[0] is pair.blurry[1] is pair.blurry[2]


def test_prepare_takes_several_folders(album, tmp_path, capsys):
    from datasets.__main__ import main

    folders = f"{album / 'old'},{album / 'old_deep'}"
    command = ["prepare", "--dataset", "synthetic", "--root", folders, "--out", str(tmp_path / "s")]
    assert main(command) == 0
    assert "synthetic train: 3 images" in capsys.readouterr().out
    assert main([*command, "--check"]) == 0
    pairs = datasets.load("synthetic", folders.split(","), "train")
    assert frame_store.attach(pairs, tmp_path / "s")[1] == 0
    assert prepare._splits_with_data("synthetic", [album]) == ["train"]
