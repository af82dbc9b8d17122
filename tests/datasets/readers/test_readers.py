"""The readers of image folders: layouts, order, pairs, triplets, coverage, errors."""

import shutil

import pytest

import datasets
from datasets import DataError
from datasets.image import FileFrame
from datasets.readers import base, gopro, kohler


def frames(pairs):
    return [(pair.scene, pair.frame) for pair in pairs]


def names(pair):
    return [frame.name.rpartition("/")[2] for frame in pair.blurry]


def test_the_registry_answers_without_data():
    assert datasets.list_datasets("gopro*") == ["gopro", "gopro-gamma"]
    assert datasets.list_datasets("x*") == []
    totals = {name: dict(datasets.info(name).splits) for name in datasets.list_datasets()}
    assert totals["cifar10"] == {"train": 50_000, "test": 10_000}
    assert totals["gopro"] == totals["gopro-gamma"] == {"train": 2103, "test": 1111}
    assert totals["hide"] == {"train": 6397, "test": 2025}
    assert totals["reds"] == totals["reds-jpeg"] == {"train": 240 * 100, "val": 30 * 100}
    assert totals["kohler"] == {"test": 4 * 12}
    assert totals["hdc"] == {"train": 20 * 2 * 100, "test": 20 * 40}
    assert totals["div2k"] == {"train": 800, "val": 100}
    assert totals["realblur-j"] == totals["realblur-r"] == {"train": 3758, "test": 980}
    assert totals["rsblur"] == {"train": 8878, "val": 1120, "test": 3360}


@pytest.mark.parametrize(("typo", "nearest"), [("gorpo", "gopro"), ("Reds", "reds"), ("kohller", "kohler")])
def test_an_unknown_name_gets_the_nearest_one(tmp_path, typo, nearest):
    for ask in (lambda: datasets.info(typo), lambda: datasets.load(typo, tmp_path)):
        with pytest.raises(
            DataError, match=f"unknown data set '{typo}' .did you mean '{nearest}'\\?.; .*cifar10, div2k, folder, gopro"
        ):
            ask()


def test_official_tables_add_up():
    sums = {s: sum(last - first + 1 for first, last in t.values()) for s, t in gopro.SEQUENCES.items()}
    assert sums == {"train": 2103, "test": 1111}
    assert {split: len(table) for split, table in gopro.SEQUENCES.items()} == {"train": 22, "test": 11}
    assert sum(kohler.frame_count(*pair) for pair in kohler.PAIRS) == 9547
    assert len(kohler.PAIRS) == 48
    assert set(range(1, 200)) - set(kohler.scored_frames(1, 3)) == {30, 199}
    assert len(kohler.scored_frames(2, 11)) == 200


@pytest.mark.parametrize("place", [".", "GOPRO_Large", "gopro", "gopro/GOPRO_Large"])
def test_the_root_may_be_any_usual_folder(tmp_path, layouts, place):
    layouts.root = tmp_path / place
    layouts.gopro("test", "GOPR0384_11_00", [1], ("blur", "blur_gamma", "sharp"))
    for name in ("gopro", "gopro-gamma"):
        pairs = datasets.load(name, tmp_path)
        assert pairs.root == tmp_path / place
        assert (pairs.dataset, pairs.split, pairs[0].blurry[0].shape) == (name, "test", (8, 12, 3))


def test_a_missing_or_wrong_root_is_one_clear_line(tmp_path, layouts):
    with pytest.raises(DataError, match=r"gopro: data root .*/none is not a folder"):
        datasets.load("gopro", tmp_path / "none")
    layouts.image("images/1.png")
    for name in datasets.list_datasets():
        if datasets.info(name).own:  # has no official layout
            continue
        with pytest.raises(DataError, match=f"{name}: no .* layout in .*looked in .*datasets list {name}") as error:
            datasets.load(name, tmp_path)
        assert "\n" not in str(error.value)


def test_gopro_keeps_sequences_in_order(layouts):
    layouts.gopro("train", "GOPR0374_11_00", [1, 2, 3])
    layouts.gopro("train", "GOPR0372_07_00", [48, 47])
    pairs = datasets.load("gopro", layouts.root, "train")
    assert frames(pairs) == [
        ("GOPR0372_07_00", "000047"),
        ("GOPR0372_07_00", "000048"),
        ("GOPR0374_11_00", "000001"),
        ("GOPR0374_11_00", "000002"),
        ("GOPR0374_11_00", "000003"),
    ]
    assert pairs.coverage == "subset 5/2103"
    assert pairs[0].blurry[0].name == "train/GOPR0372_07_00/blur/000047.png"
    assert pairs[0].sharp[0].name == "train/GOPR0372_07_00/sharp/000047.png"
    with pytest.raises(DataError, match="nothing of split 'test'"):
        datasets.load("gopro", layouts.root)
    with pytest.raises(DataError, match="gopro has no split 'val'; choose from train, test"):
        datasets.load("gopro", layouts.root, "val")


def test_gopro_gamma_pairs_what_it_has(layouts):
    layouts.gopro("train", "GOPR0374_11_00", range(1, 6))
    layouts.gopro("train", "GOPR0374_11_00", [2, 3], ("blur_gamma",))
    layouts.gopro("train", "GOPR0374_11_01", [203])
    assert frames(datasets.load("gopro-gamma", layouts.root, "train")) == [
        ("GOPR0374_11_00", "000002"),
        ("GOPR0374_11_00", "000003"),
    ]
    layouts.gopro("train", "GOPR0374_11_00", [9], ("blur_gamma",))
    with pytest.raises(DataError, match=r"blur_gamma/000009\.png: blurry image without a sharp one"):
        datasets.load("gopro-gamma", layouts.root, "train")


def test_gopro_flat_repacking(layouts):
    for stem in ("GOPR0384_11_00-000002", "GOPR0384_11_00-000001", "GOPR0385_11_01-003011"):
        layouts.image(f"test/input/{stem}.png")
        layouts.image(f"test/target/{stem}.png")
    pairs = datasets.load("gopro", layouts.root, frames=3)
    assert frames(pairs) == [
        ("GOPR0384_11_00", "000001"),
        ("GOPR0384_11_00", "000002"),
        ("GOPR0385_11_01", "003011"),
    ]
    first, second = "GOPR0384_11_00-000001.png", "GOPR0384_11_00-000002.png"
    assert names(pairs[0]) == [first, first, second]
    with pytest.raises(DataError, match="no GOPRO_Large/ layout"):
        datasets.load("gopro-gamma", layouts.root)
    with pytest.raises(DataError, match="no HIDE_dataset/ layout"):
        datasets.load("hide", layouts.root)


def test_gopro_flat_repacking_with_other_names(layouts):
    for stem in ("10", "9"):
        layouts.image(f"test/input/{stem}.png")
        layouts.image(f"test/target/{stem}.png")
    pairs = datasets.load("gopro", layouts.root, frames=3)
    assert frames(pairs) == [("test", "9"), ("test", "10")]
    assert names(pairs[1]) == ["10.png"] * 3


@pytest.mark.parametrize("lost", ["blur", "sharp"])
def test_a_image_without_its_partner_is_an_error(layouts, lost):
    layouts.gopro("test", "GOPR0384_11_00", [1, 2, 3])
    kept = "sharp" if lost == "blur" else "blur"
    for number in (2, 3):
        (layouts.root / f"test/GOPR0384_11_00/{lost}/{number:06d}.png").unlink()
    what = f"{kept}/000002.png: {'sharp' if lost == 'blur' else 'blurry'} image without a"
    with pytest.raises(DataError, match=f"{what} .* \\(and 1 more\\); `python -m datasets verify --dataset gopro"):
        datasets.load("gopro", layouts.root)


def test_triplets_stop_at_ends_and_gaps(layouts):
    layouts.gopro("test", "GOPR0384_11_00", [1, 2, 3, 5, 6])
    layouts.gopro("test", "GOPR0384_11_05", [4])
    triplets = {pair.frame: names(pair) for pair in datasets.load("gopro", layouts.root, frames=3)}
    expected = {1: (1, 1, 2), 2: (1, 2, 3), 3: (2, 3, 3), 5: (5, 5, 6), 6: (5, 6, 6), 4: (4, 4, 4)}
    assert triplets == {f"{k:06d}": [f"{n:06d}.png" for n in v] for k, v in expected.items()}
    for count in (0, 2, 5):
        with pytest.raises(DataError, match=f"frames={count}: choose 1, or 3"):
            datasets.load("gopro", layouts.root, frames=count)


def test_a_frame_is_the_same_object_wherever_it_appears(layouts):
    layouts.reds("val", "000", range(3))
    pairs = datasets.load("reds", layouts.root, frames=3)
    assert pairs[0].blurry[2] is pairs[1].blurry[1] is pairs[2].blurry[0]


def test_reds_tracks_are_apart(layouts):
    layouts.reds("val", "001", [0, 1])
    layouts.reds("val", "000", [1, 0])
    pairs = datasets.load("reds", layouts.root)
    assert (pairs.split, pairs.coverage) == ("val", "subset 4/3000")
    assert frames(pairs) == [("000", "00000000"), ("000", "00000001"), ("001", "00000000"), ("001", "00000001")]
    with pytest.raises(DataError, match="reds-jpeg: no REDS/ layout"):
        datasets.load("reds-jpeg", layouts.root)
    layouts.reds("val", "000", [0, 1], ("blur_jpeg",), ".jpg")
    layouts.reds("val", "001", [0, 1], ("blur_jpeg",), ".jpg")
    jpeg = datasets.load("reds-jpeg", layouts.root)
    assert jpeg[0].blurry[0].name == "val/val_blur_jpeg/000/00000000.jpg"
    assert jpeg.fingerprint != pairs.fingerprint
    with pytest.raises(DataError, match="has no split 'test'; choose from train, val"):
        datasets.load("reds", layouts.root, "test")


def test_hide_matches_by_name_over_two_test_folders(layouts):
    layouts.hide()
    test = datasets.load("hide", layouts.root)
    assert frames(test) == [("close-ups", "3fromA"), ("long-shot", "4fromB"), ("long-shot", "5fromB")]
    assert test[1].blurry[0].name == "test/test-long-shot/4fromB.png"
    assert test[1].sharp[0].name == "GT/4fromB.png"
    assert test.coverage == "subset 3/2025"
    train = datasets.load("hide", layouts.root, "train", frames=3)
    assert [names(pair) for pair in train] == [["1.png"] * 3, ["2.png"] * 3]
    (layouts.root / "GT/5fromB.png").unlink()
    with pytest.raises(DataError, match=r"test-long-shot/5fromB\.png: blurry image without a sharp one"):
        datasets.load("hide", layouts.root)


def test_hide_flat_repacking(layouts):
    for name in ("7fromC", "8fromC"):
        layouts.image(f"test/input/{name}.png")
        layouts.image(f"test/target/{name}.png")
    assert frames(datasets.load("hide", layouts.root)) == [("test", "7fromC"), ("test", "8fromC")]
    (layouts.root / "test/input/8fromC.png").unlink()
    with pytest.raises(DataError, match=r"target/8fromC\.png: sharp image without a blurry one"):
        datasets.load("hide", layouts.root)


def test_div2k_has_only_sharp_images(layouts):
    layouts.image("DIV2K_valid_HR/0802.png")
    layouts.image("DIV2K_valid_HR/0801.png")
    pairs = datasets.load("div2k", layouts.root)
    assert [pair.name for pair in pairs] == ["0801", "0802"]
    assert [len(pair.blurry) for pair in pairs] == [0, 0]
    assert pairs[0].sharp[0].read().shape == (8, 12, 3)


def test_hidden_and_foreign_files_are_passed_over(layouts):
    layouts.reds("val", "000", [0])
    layouts.text("val/val_blur/000/._00000000.png", "Mac resource fork")
    layouts.text("val/val_blur/000/Thumbs.db", "")
    layouts.text("val/val_sharp/.DS_Store/x.png", "")
    layouts.text("val/val_sharp/readme.txt", "")
    assert len(datasets.load("reds", layouts.root)) == 1


def test_an_unreadable_folder_is_named(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DataError, match=r"loop: .*; make this folder readable"):
        base.scan(tmp_path, "loop")


def test_the_official_count_is_full_and_the_marker_makes_a_sample(tmp_path):
    for sequence, (first, last) in gopro.SEQUENCES["test"].items():
        for kind in ("blur", "sharp"):
            folder = tmp_path / "test" / sequence / kind
            folder.mkdir(parents=True)
            for number in range(first, last + 1):
                (folder / f"{number:06d}.png").touch()
    pairs = datasets.load("gopro", tmp_path)
    assert (len(pairs), pairs.coverage) == (1111, "full")
    assert pairs[:1110].coverage == "subset 1110/1111"
    # The right count is not enough: one frame outside the table.
    for kind in ("blur", "sharp"):
        folder = tmp_path / "test/GOPR0384_11_00" / kind
        (folder / "000100.png").rename(folder / "000101.png")
    foreign = datasets.load("gopro", tmp_path)
    assert foreign.coverage == "subset 1111/1111"
    assert foreign.fingerprint != pairs.fingerprint
    (tmp_path / "SAMPLE.json").write_text("{}")
    assert datasets.load("gopro", tmp_path).coverage == "sample"


def test_reds_is_full_with_thirty_times_a_hundred_frames(tmp_path):
    for kind in ("blur", "sharp"):
        for video in range(30):
            folder = tmp_path / f"val/val_{kind}/{video:03d}"
            folder.mkdir(parents=True)
            for number in range(100):
                (folder / f"{number:08d}.png").touch()
    pairs = datasets.load("reds", tmp_path, frames=3)
    assert pairs.coverage == "full"


def test_the_fingerprint_knows_names_sizes_and_splits(layouts):
    layouts.reds("val", "000", [0, 1, 2])
    layouts.reds("train", "000", [0, 1, 2])
    first = datasets.load("reds", layouts.root)
    assert first.fingerprint == datasets.load("reds", layouts.root, frames=3).fingerprint
    seen = {first.fingerprint, datasets.load("reds", layouts.root, "train").fingerprint}
    copy = layouts.root / "elsewhere"
    shutil.copytree(layouts.root / "val", copy / "val")
    assert datasets.load("reds", copy).fingerprint == first.fingerprint
    (copy / "val/val_blur/000/00000001.png").write_bytes(b"other")
    seen.add(datasets.load("reds", copy).fingerprint)
    for kind in ("blur", "sharp"):
        (copy / f"val/val_{kind}/000/00000002.png").unlink()
    seen.add(datasets.load("reds", copy).fingerprint)
    assert len(seen) == 4


def test_only_hdc_has_steps(layouts):
    layouts.reds("val", "000", [0])
    with pytest.raises(DataError, match="reds has no steps"):
        datasets.load("reds", layouts.root, steps=[1])


def test_real_gopro_and_reds(real_data):
    train = datasets.load("gopro", real_data, "train", frames=3)
    files = {
        split: list((real_data / "gopro").glob(f"GOPRO_Large/{split}/*/blur/*.png")) for split in ("train", "test")
    }
    assert (len(train), train.coverage) == (len(files["train"]), f"subset {len(files['train'])}/2103")
    assert all(pair.blurry[0] is pair.blurry[1] is pair.blurry[2] for pair in train)  # every eleventh frame: gaps
    assert train[0].blurry[0].read().shape == train[0].sharp[0].shape == (720, 1280, 3)
    assert len(datasets.load("gopro-gamma", real_data, "train")) == 4
    assert len(datasets.load("gopro", real_data / "gopro")) == len(files["test"])
    val = datasets.load("reds", real_data / "reds", frames=3)
    assert (val.coverage, val.scenes) == (f"subset {len(val)}/3000", ("000",))
    assert names(val[5]) == ["00000004.png", "00000005.png", "00000006.png"]
    assert isinstance(val[5].blurry[1], FileFrame)
    assert val[5].blurry[1].shape == val[5].sharp[0].read().shape == (360, 640, 3)
    photographs = datasets.load("div2k", real_data)
    assert photographs.coverage == f"subset {len(photographs)}/100"
