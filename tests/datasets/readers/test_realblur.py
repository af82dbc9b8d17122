"""Data sets whose official lists say which pairs are of which split, and the test folders of MPRNet and Restormer."""

import pytest

import datasets
from datasets import DataError


def names(pairs):
    return [pair.name for pair in pairs]


def flat(layouts, place, stems):
    for side in ("input", "target"):
        for stem in stems:
            layouts.image(f"{place}/{side}/{stem}.png")


def test_the_lists_say_what_is_of_which_split(layouts):
    layouts.realblur("J", "test", "scene230", [7, 2])
    layouts.realblur("J", "train", "scene001", [1, 3, 2])
    layouts.realblur("R", "test", "scene230", [5])
    test, train = (datasets.load("realblur-j", layouts.root, split) for split in ("test", "train"))
    assert (names(test), test.coverage) == (["scene230/7", "scene230/2"], "subset 2/980")
    assert (names(train), train.coverage) == (["scene001/1", "scene001/3", "scene001/2"], "subset 3/3758")
    assert test[0].sharp[0].name.endswith("scene230/gt/gt_7.png")
    assert test[0].blurry[0].name.endswith("scene230/blur/blur_7.png")
    other = datasets.load("realblur-r", layouts.root)
    assert (names(other), other.fingerprint == test.fingerprint) == (["scene230/5"], False)


def test_a_scene_that_is_not_there_makes_a_subset_and_a_lost_file_a_problem(layouts):
    layouts.realblur("J", "test", "scene230", [7, 2])
    path = layouts.root / "RealBlur_J_test_list.txt"
    path.write_text(path.read_text() + path.read_text().replace("scene230", "scene231"))
    assert names(datasets.load("realblur-j", layouts.root)) == ["scene230/7", "scene230/2"]
    next(layouts.root.glob("*/scene230/gt/gt_2.png")).unlink()
    what = "named in RealBlur_J_test_list.txt, but not there; fetch it again"
    with pytest.raises(DataError, match=rf"scene230/gt/gt_2\.png: {what}"):
        datasets.load("realblur-j", layouts.root)
    (problem,) = datasets.verify("realblur-j", layouts.root).problems
    assert (problem.path.rpartition("/")[2], problem.what) == ("gt_2.png", what)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a/scene1/gt/gt_1.png", "line 3 does not name a sharp and a blurry image; fetch this file again"),
        ("a/scene1/gt/gt_1.png a/scene1/blur/blur_2.png", "line 3 does not name"),
        ("a/scene1/blur/blur_1.png a/scene1/gt/gt_1.png", "line 3 does not name"),
        ("../x.png ../y.png", "line 3 does not name"),
        ("\xff", "not a list of paths; fetch this file again"),
    ],
)
def test_a_damaged_list_is_one_line(layouts, line, words):
    layouts.realblur("J", "test", "scene230", [7, 2])
    path = layouts.root / "RealBlur_J_test_list.txt"
    path.write_bytes(path.read_bytes() + line.encode("latin-1"))
    with pytest.raises(DataError, match=rf"RealBlur_J_test_list\.txt: {words}") as caught:
        datasets.load("realblur-j", layouts.root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["realblur-j", "rsblur"])
def test_without_any_list_nobody_knows_the_split(layouts, name):
    if name == "rsblur":
        layouts.rsblur("test", "0016", [1302])
    else:
        layouts.realblur("J", "test", "scene230", [7])
    next(layouts.root.glob("*.txt")).unlink()
    with pytest.raises(DataError, match=r"test\S*\.txt: missing, and only it says which pairs are of the test split"):
        datasets.load(name, layouts.root)


def test_an_image_in_both_splits_is_named(layouts):
    layouts.realblur("J", "train", "scene230", [7, 2])
    layouts.realblur("J", "test", "scene230", [2])
    problems = datasets.verify("realblur-j", layouts.root).problems
    assert {what for _, what in problems} == {"is in train and test alike; keep it in one of them"}
    assert sorted(path.rpartition("/")[2] for path, _ in problems) == ["blur_2.png", "gt_2.png"]


def test_rsblur_has_a_folder_for_each_pair(layouts):
    layouts.rsblur("val", "0016", [1302, 1303])
    layouts.rsblur("train", "0001", [1])
    layouts.image("0001/000001/avg65_img/avg_blur.png")
    pairs = datasets.load("rsblur", layouts.root, "val")
    assert (names(pairs), pairs.coverage) == (["0016/001302", "0016/001303"], "subset 2/1120")
    assert [pair.sharp[0].name for pair in pairs] == [f"0016/00130{n}/gt/gt_sharp.png" for n in (2, 3)]
    assert len(datasets.load("rsblur", layouts.root, "train")) == 1


@pytest.mark.parametrize("name", ["realblur-j", "realblur-r"])
def test_papers_score_by_alignment(name):
    assert datasets.info(name).protocols == ("aligned", "full")


FLAT = {"gopro": "GoPro", "hide": "HIDE", "realblur-j": "RealBlur_J", "realblur-r": "RealBlur_R"}


@pytest.mark.parametrize("layout", ["Datasets/test/{}", "Datasets/{}/test", "{}"])
def test_the_test_folders_of_mprnet_and_restormer(layouts, layout):
    """One folder holds four data sets, and each finds its own."""
    for count, folder in enumerate(FLAT.values(), 1):
        flat(layouts, layout.format(folder), [f"{folder} {number}" for number in range(count)])
    for count, (name, folder) in enumerate(FLAT.items(), 1):
        pairs = datasets.load(name, layouts.root / layout.partition("/")[0].replace("{}", "."))
        assert [pair.frame for pair in pairs] == [f"{folder} {number}" for number in range(count)]
        assert pairs.coverage == f"subset {count}/{datasets.info(name).splits['test']}"
        alone = datasets.load(name, layouts.root / layout.removesuffix("/test").format(folder))
        assert (names(alone), alone.fingerprint) == (names(pairs), pairs.fingerprint)
        with pytest.raises(DataError, match="nothing of split 'train'"):
            datasets.load(name, layouts.root / layout.partition("/")[0].replace("{}", "."), "train")


def test_whole_test_folders_are_full(tmp_path):
    for folder, count in (("RealBlur_J", 980), ("HIDE", 2025), ("GoPro", 1111)):
        for side in ("input", "target"):
            place = tmp_path / "test" / folder / side
            place.mkdir(parents=True)
            for number in range(count):
                (place / f"{number}.png").touch()
    for name in ("realblur-j", "hide", "gopro"):
        assert datasets.load(name, tmp_path).coverage == "full"


def test_the_official_layout_comes_before_a_test_folder(layouts):
    flat(layouts, "test/GoPro", ["1"])
    layouts.gopro("test", "GOPR0384_11_00", [1, 2])
    assert len(datasets.load("gopro", layouts.root)) == 2


def test_a_flat_folder_of_another_name_is_not_realblur(layouts):
    flat(layouts, "test", ["1"])
    flat(layouts, "RealBlur_R/test", ["1"])
    with pytest.raises(DataError, match="realblur-j: no RealBlur/ layout"):
        datasets.load("realblur-j", layouts.root)
