"""Pairs of one's own: layouts, CSV files, order, identity, and whatever can be wrong with them, each in one line."""

import re
import shutil

import numpy as np
import pytest

import datasets
from datasets import DataError
from datasets.__main__ import main
from datasets.loading import training_split
from datasets.sizes import sizes

NAME = "folder"


def pairs_of(layouts, *names, sides=("blur", "sharp"), size=(8, 12)):
    """Writes both images of pairs; `{}` in a name stands for the side."""
    for name in names:
        for side in sides:
            layouts.image(name.format(side), size)


def names(pairs):
    return [pair.name for pair in pairs]


def refused(root, split=None):
    with pytest.raises(DataError) as caught:
        datasets.load(NAME, root, split)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "sides", [("blur", "sharp"), ("input", "target"), ("lq", "gt"), ("blurry", "sharp"), ("Blur", "SHARP")]
)
@pytest.mark.parametrize("split", ["", "Test/", "val/"])
def test_every_layout_is_read(layouts, sides, split):
    pairs_of(layouts, split + "{}/img10.png", split + "{}/img9.png", sides=sides)
    pairs = datasets.load(NAME, layouts.root)
    assert names(pairs) == ["img9", "img10"]
    assert (pairs.split, pairs.coverage) == (split.strip("/").casefold() or "all", "own pairs")
    assert [frame.name for frame in (*pairs[0].blurry, *pairs[0].sharp)] == [
        f"{split}{side}/img9.png" for side in sides
    ]
    report = datasets.verify(NAME, layouts.root)
    assert (report.ok, dict(report.counts), dict(report.coverage)) == (
        True,
        {pairs.split: 2},
        {pairs.split: "own pairs"},
    )
    assert pairs[:1].coverage == "own pairs"


@pytest.mark.parametrize("layout", ["{}/SCENE/1.png", "SCENE/{}/1.png", "a/SCENE/{}/1.png", "train/{}/SCENE/1.png"])
def test_scenes_have_a_folder_each(layouts, layout):
    pairs_of(layouts, *(layout.replace("SCENE", scene) for scene in ("shop 10", "shop 2")))
    layouts.text("__MACOSX/blur/._1.png", "")
    layouts.text("readme.txt", "")
    split = training_split(NAME, layouts.root)
    pairs = datasets.load(NAME, layouts.root, split)
    assert [scene.rpartition("/")[2] for scene in pairs.scenes] == ["shop 2", "shop 10"]
    assert split == ("train" if layout.startswith("train") else "all")


def test_endings_may_differ_and_other_files_are_passed_over(layouts):
    for name in ("blur/a.png", "sharp/a.JPG", "blur/b.webp", "sharp/b.bmp", "blur/c.tif", "sharp/c.tiff"):
        layouts.image(name)
    for name in ("blur/notes.txt", "sharp/Thumbs.db", "blur/.hidden.png", "sharp/._a.png", ".cache/blur/x.png"):
        layouts.text(name, "")
    pairs = datasets.load(NAME, layouts.root)
    assert names(pairs) == ["a", "b", "c"]
    assert sizes(pairs) == {(8, 12)}
    assert datasets.verify(NAME, layouts.root).ok
    assert pairs[1].sharp[0].read().shape == (8, 12, 3)


def test_neighbours_follow_by_name_within_a_scene(layouts):
    pairs_of(layouts, "{}/a/f1.png", "{}/a/f9.png", "{}/a/f10.png", "{}/b/f2.png")
    found = {
        pair.name: [f.name.partition("/")[2] for f in pair.blurry]
        for pair in datasets.load(NAME, layouts.root, frames=3)
    }
    assert found == {
        "a/f1": ["a/f1.png", "a/f1.png", "a/f9.png"],
        "a/f9": ["a/f1.png", "a/f9.png", "a/f10.png"],
        "a/f10": ["a/f9.png", "a/f10.png", "a/f10.png"],
        "b/f2": ["b/f2.png"] * 3,
    }


def test_neighbours_are_equally_large(layouts):
    for name, size in (("1", (8, 12)), ("2", (12, 8)), ("3", (12, 8))):
        pairs_of(layouts, f"{{}}/{name}.png", size=size)
    pairs = datasets.load(NAME, layouts.root, frames=3)
    assert [[f.name[5] for f in pair.blurry] for pair in pairs] == [["1"] * 3, ["2", "2", "3"], ["2", "3", "3"]]
    assert sizes(pairs) == {(8, 12), (12, 8)}


def test_what_is_scored_and_what_is_trained_on(layouts):
    splits = ("train", "val", "test")
    for last, scored in (("train", ""), ("val", "val"), ("test", "test")):
        pairs_of(layouts, last + "/{}/1.png")
        assert training_split(NAME, layouts.root) == "train"
        if scored:
            assert datasets.load(NAME, layouts.root).split == scored
        else:
            assert "nothing of split 'test'" in refused(layouts.root)
    assert {split: len(datasets.load(NAME, layouts.root, split)) for split in splits} == dict.fromkeys(splits, 1)
    assert "nothing of split 'all'" in refused(layouts.root, "all")


def test_the_fingerprint_tells_equally_called_and_large_files_apart(layouts, tmp_path):
    """Uncompressed images of one size have one size in bytes as well."""
    folders = []
    for number in range(2):
        layouts.root = tmp_path / str(number)
        pairs_of(layouts, "{}/1.bmp", "{}/2.bmp", size=(90, 120))
        folders.append(datasets.load(NAME, layouts.root))
    assert len({path.stat().st_size for path in tmp_path.rglob("*.bmp")}) == 1
    assert folders[0].fingerprint != folders[1].fingerprint
    shutil.copytree(tmp_path / "0", tmp_path / "copy")
    assert datasets.load(NAME, tmp_path / "copy").fingerprint == folders[0].fingerprint
    (tmp_path / "copy/blur/1.bmp").rename(tmp_path / "copy/blur/3.bmp")
    (tmp_path / "copy/blur/2.bmp").rename(tmp_path / "copy/blur/1.bmp")
    (tmp_path / "copy/blur/3.bmp").rename(tmp_path / "copy/blur/2.bmp")
    assert datasets.load(NAME, tmp_path / "copy").fingerprint != folders[0].fingerprint


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            [],
            "folder: no pairs in .* .looked for folders like blur/ and sharp/, and for pairs.csv.; `python -m datasets",
        ),
        (["photo.png"], "folder: no pairs in "),
        (["blur/1.png"], r"holds blur/, but no sharp/, target/ or gt/ beside it; put the sharp images there"),
        (
            ["train/GT/1.png"],
            r"train: holds GT/, but no blur/, blurry/, input/ or lq/ beside it; put the blurry images",
        ),
        (
            ["blur/1.png", "input/1.png", "sharp/1.png"],
            r"blur/ and input/ both hold blurry images; move one of them away",
        ),
        (["blur/1.png", "sharp/1.png", "gt/1.png"], r"gt/ and sharp/ both hold sharp images; move one of them away"),
        (["blur/1.png", "sharp/1.png", "blur/2.png"], r"blur/2\.png: blurry image without a sharp one; `python -m"),
        (["blur/1.png", *(f"sharp/{n}.png" for n in range(4))], r"sharp/0\.png: sharp image without .*\(and 2 more\)"),
        (["blur/1.png", "sharp/1.png", "sharp/1.jpg"], r"sharp/1\.jpg: 1\.png has the same name; keep one of the two"),
        (["blur/1_b.png", "sharp/1_s.png"], r"blur/1_b\.png: no name is in blur/ and in sharp/ both; .* in a CSV file"),
        (["blur/1.png", "sharp/1.png", "train/blur/1.png", "train/sharp/1.png"], r"holds blur/ beside train/; move"),
        (["test/blur/1.png", "Test/sharp/1.png"], r"Test/ and test/ are one split; keep one of the two"),
    ],
)
def test_folders_that_will_not_do_are_one_line(layouts, files, words):
    layouts.root.joinpath("empty").mkdir()
    for name in files:
        layouts.image(name)
    line = refused(layouts.root)
    assert re.search(words, line), line


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["blur.zip", "sharp.zip"], r"blur\.zip: an archive, and no pairs beside it; unpack it"),
        (["blur/all.tar.gz", "sharp/all.tar.gz"], r"blur/all\.tar\.gz: an archive where images should be; unpack it"),
        (["blur/a.txt", "sharp/a.txt"], r"nothing of split 'test' in|nothing of split 'all' in"),
    ],
)
def test_archives_instead_of_images_are_one_line(layouts, files, words):
    for name in files:
        layouts.text(name, "packed")
    assert re.search(words, refused(layouts.root))
    archive = layouts.text("pairs.zip", "packed")
    assert "pairs.zip is not a folder but an archive; unpack it and give the folder" in refused(archive)


def test_unequal_and_unreadable_images_are_named(layouts, capsys):
    pairs_of(layouts, "{}/1.png", "{}/2.png", "{}/3.png")
    layouts.image("sharp/2.png", (8, 13))
    path = layouts.root / "blur/3.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"blur/2\.png is 8x12, but sharp/2\.png is 8x13; both .* must have one size"):
        sizes(datasets.load(NAME, layouts.root)[:2])
    assert main(["verify", "--dataset", NAME, "--root", str(layouts.root)]) == 1
    printed = capsys.readouterr().out
    assert "all: 3 pairs, own pairs" in printed
    assert "problem: sharp/2.png: 8x13, but its blurry image is 8x12" in printed
    assert "problem: blur/3.png: " in printed
    assert "2 problems" in printed


class TestTable:
    @pytest.fixture
    def table(self, layouts):
        """Writes a CSV file beside four images."""
        for number, name in enumerate(("soft 1.png", "crisp 1.png", "more/soft 2.png", "more/crisp 2.jpg")):
            layouts.image(name, (8, 12 + 0 * number))

        def write(text, name="pairs.csv", encoding="utf-8"):
            path = layouts.root / name
            path.write_bytes(text.encode(encoding))
            return path

        return write

    def test_a_table_pairs_what_it_says(self, table):
        path = table("blurry,sharp\nmore/soft 2.png,more/crisp 2.jpg\nsoft 1.png,crisp 1.png\n")
        for root in (path, path.parent):
            pairs = datasets.load(NAME, root)
            assert (names(pairs), pairs.split, pairs.root) == (["soft 1", "more/soft 2"], "all", path)
            assert pairs[1].sharp[0].name == "more/crisp 2.jpg"
        other = table("blurry,sharp\nsoft 1.png,crisp 1.png\n", "mine.CSV")
        assert names(datasets.load(NAME, other)) == ["soft 1"]

    def test_columns_stand_in_any_order_case_and_with_any_separator(self, table):
        text = "\ufeffSharp;note;Scene;BLURRY;Split\ncrisp 1.png;x;shop;soft 1.png;Train\n\n"
        path = table(text + "more\\crisp 2.jpg;;shop;.\\more\\soft 2.png;test\n")
        assert names(datasets.load(NAME, path)) == ["shop/soft 2"]
        assert names(datasets.load(NAME, path, "train")) == ["shop/soft 1"]
        assert training_split(NAME, path) == "train"
        report = datasets.verify(NAME, path)
        assert (report.ok, dict(report.counts)) == (True, {"train": 1, "test": 1})

    def test_folders_of_sides_are_no_scenes(self, layouts):
        pairs_of(layouts, "{}/a/1.png", "{}/a/2.png")
        folder = datasets.load(NAME, layouts.root)
        layouts.text("pairs.csv", "blurry\tsharp\nblur/a/1.png\tsharp/a/1.png\nblur/a/2.png\tsharp/a/2.png\n")
        table = datasets.load(NAME, layouts.root)
        assert (names(table), table.fingerprint) == (names(folder), folder.fingerprint)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", r"pairs\.csv: empty; write a line of columns, blurry,sharp, and one for each pair"),
            ("blurry,shrap\n", r"pairs\.csv: no column 'sharp' \(did you mean 'shrap'\?\); the first line must name"),
            ("soft 1.png,crisp 1.png\n", r"no column 'blurry'; the first line must name blurry and sharp"),
            ("blurry,sharp,splt\n", r"unknown column 'splt'; did you mean 'split'\? Rename it"),
            ("blurry,sharp,sharp\n", r"two columns 'sharp'; leave one of them"),
            (
                "blurry,sharp\nsoft 1.png,lost.png\n",
                r"lost\.png: named in line 2 of pairs\.csv, but there is no such file",
            ),
            (
                "blurry,sharp\nsoft 1.png,a\0b.png\n",
                r"named in line 2 of pairs\.csv, but there is no such file|CSV file",
            ),
            ("blurry,sharp\nsoft 1.png,more\n", r"more: named in line 2 of pairs\.csv, but there is no such file"),
            ("blurry,sharp\nsoft 1.png,pairs.csv\n", r"named in line 2 of pairs\.csv, but no image by its ending"),
            ("blurry,sharp\n\nsoft 1.png,\n", r"pairs\.csv: line 3 has no sharp image; name one"),
            ("blurry,sharp\nsoft 1.png\n", r"line 2 has no sharp image; name one"),
            ("blurry,sharp\nsoft 1.png,soft 1.png\n", r"both images of line 2 of pairs\.csv; name two"),
            (
                "blurry,sharp\nsoft 1.png,crisp 1.png\nsoft 1.png,more/crisp 2.jpg\n",
                r"line 3 names soft 1 again after line 2",
            ),
            (
                "blurry,sharp,split\na,b,tets\n",
                r"line 2 has the split 'tets' \(did you mean 'test'\?\); write train, val or",
            ),
            ("blurry,sharp,split\na,b,\n", r"line 2 has the split ''; write train, val or test"),
            ('blurry,sharp\n"a,b\n', r"pairs\.csv: not a CSV file \(.*\); save the table as CSV"),
            ("blurry,sharp\n", r"pairs\.csv: lists no pairs; write a line for each"),
        ],
    )
    def test_tables_that_will_not_do_are_one_line(self, table, text, words):
        line = refused(table(text))
        assert re.search(words, line), line

    def test_what_is_no_table_is_one_line(self, table, layouts, tmp_path):
        assert "not a text in UTF-8; save the table as CSV in UTF-8" in refused(
            table("blurry,shärp\n", encoding="latin-1")
        )
        assert re.search(
            "data root .*none.csv is not a folder; give the folder of pairs, or a CSV file",
            refused(tmp_path / "none.csv"),
        )
        table("blurry,sharp\n", "Pairs.csv")
        assert "Pairs.csv and pairs.csv both list pairs; keep one of the two" in refused(layouts.root)

    def test_verify_names_every_fault(self, table, capsys):
        path = table("blurry,sharp\nsoft 1.png,lost.png\ngone.png,crisp 1.png\n")
        assert main(["verify", "--dataset", NAME, "--root", str(path)]) == 1
        printed = capsys.readouterr().out
        assert "all: 0 pairs, own pairs" in printed
        assert "problem: lost.png: named in line 2" in printed
        assert "problem: gone.png: named in line 3" in printed

    def test_a_pair_in_two_splits_is_a_problem(self, table):
        path = table("blurry,sharp,split\nsoft 1.png,crisp 1.png,train\nsoft 1.png,crisp 1.png,test\n")
        problems = datasets.verify(NAME, path).problems
        assert [where for where, _ in problems] == ["crisp 1.png", "soft 1.png"]
        assert {what for _, what in problems} == {"is in train and test alike; keep it in one of them"}


def test_pairs_are_decoded_once(layouts, tmp_path, capsys):
    pairs_of(layouts, "train/{}/1.png", "train/{}/2.png", "test/{}/3.png")
    command = ["prepare", "--dataset", NAME, "--root", str(layouts.root), "--out", str(tmp_path / "store")]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "folder train: 4 images" in printed
    assert "folder test: 2 images" in printed
    assert main([*command, "--check"]) == 0
    pairs, undecoded = datasets.frames.attach(datasets.load(NAME, layouts.root, "train"), tmp_path / "store")
    assert undecoded == 0
    assert np.array_equal(pairs[0].sharp[0].read(), datasets.load(NAME, layouts.root, "train")[0].sharp[0].read())


def test_it_is_explained(capsys):
    assert main(["list", NAME]) == 0
    printed = capsys.readouterr().out
    for words in ("any number", "blurry,sharp,split,scene", "pairs.csv", "full, aligned"):
        assert words in printed
