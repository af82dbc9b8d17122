"""What every reader owes, asked of every data set; a new data set adds one row to the table."""

import os
import unicodedata
from dataclasses import dataclass

import numpy as np
import pytest

import datasets
from datasets import DataError
from datasets.members import Reader
from datasets.sizes import sizes


@dataclass(frozen=True)
class Row:
    """A small piece of one layout.

    Attributes:
        build: Writes it, with `Layouts`.
        split: The split that it is of.
        count: Its pairs.
        blurry: Name of one blurry file (of the only file of a pair, where nothing is blurry).
        other: The same name with an ending that the reader takes as well; empty where it takes one only.
    """

    build: object
    split: str
    count: int
    blurry: str
    other: str = ""


def _kohler(layouts):
    for kernel in (5, 6):
        layouts.image(f"BlurryImages/Blurry2_{kernel}.png")
        layouts.image(f"Image2/Kernel{kernel}/GroundTruth2_{kernel}_1.png")
    layouts.text("SAMPLE.json", "{}")  # a real trajectory has 199 frames


def _div2k(layouts):
    for number in (801, 802):
        layouts.image(f"DIV2K_valid_HR/{number:04d}.png")


def _photographs(layouts):
    for name in ("a", "b"):
        layouts.image(f"test/{name}.png")


REALBLUR = "RealBlur-{}{}_ECC_IMCORR_centroid_itensity_ref/scene230/blur/blur_7.png"


def _pairs(layouts):
    for name in ("blur/a.png", "blur/b.png", "sharp/a.png", "sharp/b.png"):
        layouts.image(f"test/{name}")


TABLE = {
    "cifar10": Row(lambda to: to.cifar("test_batch", 3), "test", 3, ""),
    "div2k": Row(_div2k, "val", 2, "DIV2K_valid_HR/0801.png", "DIV2K_valid_HR/0801.PNG"),
    "folder": Row(_pairs, "test", 2, "test/blur/a.png", "test/blur/a.jpg"),
    "gopro": Row(
        lambda to: to.gopro("train", "GOPR9000_11_00", [1, 2]),
        "train",
        2,
        "train/GOPR9000_11_00/blur/000001.png",
        "train/GOPR9000_11_00/blur/000001.PNG",
    ),
    "gopro-gamma": Row(
        lambda to: to.gopro("train", "GOPR9000_11_00", [1, 2], ("blur_gamma", "sharp")),
        "train",
        2,
        "train/GOPR9000_11_00/blur_gamma/000001.png",
        "train/GOPR9000_11_00/blur_gamma/000001.PNG",
    ),
    "hdc": Row(
        lambda to: to.hdc(3, "Times", [1, 2]),
        "train",
        2,
        "step3/Times/CAM02/focusStep_3_timesR_size_30_sample_0001.tif",
        "step3/Times/CAM02/focusStep_3_timesR_size_30_sample_0001.tiff",
    ),
    "hide": Row(
        lambda to: to.hide(),
        "test",
        3,
        "test/test-long-shot/4fromB.png",
        "test/test-long-shot/4fromB.PNG",
    ),
    "kohler": Row(_kohler, "test", 2, "BlurryImages/Blurry2_5.png", "BlurryImages/Blurry2_5.PNG"),
    "realblur-j": Row(lambda to: to.realblur("J", "test", "scene230", [7, 2]), "test", 2, REALBLUR.format("J", "")),
    "realblur-r": Row(
        lambda to: to.realblur("R", "test", "scene230", [7, 2]), "test", 2, REALBLUR.format("R", "_BM3D")
    ),
    "reds": Row(
        lambda to: to.reds("val", "004", range(100)),
        "val",
        100,
        "val/val_blur/004/00000007.png",
        "val/val_blur/004/00000007.PNG",
    ),
    "reds-jpeg": Row(
        lambda to: to.reds("val", "004", range(100), ("blur_jpeg", "sharp"), ".jpg"),
        "val",
        100,
        "val/val_blur_jpeg/004/00000007.jpg",
        "val/val_blur_jpeg/004/00000007.png",
    ),
    "rsblur": Row(lambda to: to.rsblur("test", "0016", [1302, 1303]), "test", 2, "0016/001302/real_blur/real_blur.png"),
    "synthetic": Row(_photographs, "test", 2, "test/a.png"),
}
OWN = [name for name in TABLE if datasets.info(name).own]
WITH_FILES = [name for name, row in TABLE.items() if row.blurry]


@pytest.fixture(params=TABLE)
def name(request):
    return request.param


@pytest.fixture
def row(name, layouts):
    TABLE[name].build(layouts)
    return TABLE[name]


def test_every_data_set_has_a_row():
    assert set(TABLE) == set(datasets.list_datasets())


def test_its_entry_is_whole(name):
    info = datasets.info(name)
    assert info.name == name
    assert info.evaluation_split in info.splits
    assert info.training_split is None or info.training_split in info.splits
    assert info.own or info.source.startswith("http")
    assert info.folder in info.layout
    assert all((info.title, info.summary, info.licence, info.size))
    assert info.validation_unit in ("scene", "image", "frame")
    assert info.known_blur in ("", "sigma", "estimated")
    for other in (info.train_on, info.natural_images):
        assert not other or datasets.info(other).training_split


def test_pairs_are_named_once_and_have_one_size(name, row, layouts):
    pairs = datasets.load(name, layouts.root, row.split)
    assert len(pairs) == row.count
    assert len({pair.name for pair in pairs}) == row.count
    assert {(pair.dataset, pair.split) for pair in pairs} == {(name, row.split)}
    assert len(sizes(pairs)) == 1
    for pair in pairs:
        for frame in (*pair.blurry, *pair.sharp):
            assert frame.shape == frame.read().shape
            assert frame.read().dtype in (np.uint8, np.uint16)
            assert not frame.name.startswith(("/", ".."))
    again = datasets.load(name, layouts.root, row.split)
    assert (again.fingerprint, again.coverage) == (pairs.fingerprint, pairs.coverage)
    assert [pair.name for pair in again] == [pair.name for pair in pairs]


def test_three_frames_are_neighbours_of_one_scene(name, row, layouts):
    pairs = datasets.load(name, layouts.root, row.split, frames=3)
    for pair in pairs:
        assert len(pair.blurry) == (3 if datasets.info(name).protocols else 0)
        still = not (datasets.info(name).video or datasets.info(name).own_pairs)
        assert not pair.blurry or not still or pair.blurry[0] is pair.blurry[1] is pair.blurry[2]


def test_sound_files_are_verified_as_such(name, row, layouts):
    report = datasets.verify(name, layouts.root)
    assert report.ok, report.problems
    assert report.counts[row.split] == row.count
    known = f"subset {row.count}/{datasets.info(name).splits[row.split]}"
    assert (
        report.coverage[row.split] == ("own pairs" if datasets.info(name).own_pairs else "own photographs")
        if name in OWN
        else report.coverage[row.split] in ("sample", known)
    )


@pytest.mark.parametrize("name", [name for name in TABLE if name not in OWN])
def test_folders_deeper_or_in_another_case_are_found(name, layouts, tmp_path):
    folder = datasets.info(name).folder
    for number, place in enumerate(
        (folder, f"{folder}/{folder}", folder.lower(), folder.upper(), f"data/../{name.title()}", f"{name}/{folder}")
    ):
        layouts.root = tmp_path / str(number) / place
        layouts.root.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / str(number) / "data").mkdir(exist_ok=True)
        TABLE[name].build(layouts)
        pairs = datasets.load(name, tmp_path / str(number), TABLE[name].split)
        assert len(pairs) == TABLE[name].count, place
        assert pairs.root.samefile(layouts.root)


def test_a_split_that_is_not_there_is_one_line(name, row, layouts):
    for split in datasets.info(name).splits:
        if split != row.split and name != "hide":  # written whole
            with pytest.raises(DataError, match=f"{name}: nothing of split '{split}'") as error:
                datasets.load(name, layouts.root, split)
            assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", [name for name in WITH_FILES if TABLE[name].other])
def test_two_files_of_one_name_are_a_fault(name, row, layouts):
    first, second = layouts.root / row.blurry, layouts.root / row.other
    second.write_bytes(first.read_bytes())
    with pytest.raises(DataError, match="has the same name; keep one of the two") as error:
        datasets.load(name, layouts.root, row.split)
    assert "\n" not in str(error.value)
    problems = datasets.verify(name, layouts.root).problems
    assert len([what for _, what in problems if "has the same name" in what]) == 1
    both = {first.name, second.name}
    assert any({path.rpartition("/")[2], what.partition(" ")[0]} == both for path, what in problems)


@pytest.mark.parametrize("name", WITH_FILES)
def test_a_symbolic_link_loop_is_named(name, row, layouts):
    path = layouts.root / row.blurry
    path.unlink()
    path.symlink_to(path.name)
    with pytest.raises(DataError, match=rf"{path.name}: Too many levels of symbolic links; fetch this file again"):
        datasets.load(name, layouts.root, row.split)
    assert row.blurry in [where for where, _ in datasets.verify(name, layouts.root).problems]


@pytest.mark.parametrize("name", [name for name in WITH_FILES if name != "kohler"])  # known by its files
def test_folders_that_hold_nothing_are_a_problem(name, row, layouts):
    for path in layouts.root.rglob("*.*"):
        if path.is_file():
            path.unlink()
    report = datasets.verify(name, layouts.root)
    assert not report.ok
    assert (row.split, f"its folders hold no usable file; `python -m datasets list {name}` helps") in report.problems


@pytest.mark.parametrize("root", ["missing", "x" * 300, "loop", "file"])
def test_a_root_that_is_no_folder_is_one_line(name, tmp_path, root):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=f"{name}: data root .* is not a folder") as error:
        datasets.load(name, tmp_path / root)
    assert "\n" not in str(error.value)


def test_the_home_directory_stands_for_a_tilde(name, row, layouts, monkeypatch):
    monkeypatch.setenv("HOME", str(layouts.root.parent))
    root = f"~/{layouts.root.name}"
    assert len(datasets.load(name, root, row.split)) == row.count
    assert datasets.verify(name, root).counts[row.split] == row.count


@pytest.mark.parametrize("name", ["hide", "gopro", "div2k"])
def test_composed_and_decomposed_names_pair(name, layouts):
    composed, decomposed = (unicodedata.normalize(form, "köhler é") for form in ("NFC", "NFD"))
    assert composed != decomposed
    if name == "hide":
        layouts.image(f"test/test-close-ups/{decomposed}.png")
        layouts.image(f"GT/{composed}.png")
    elif name == "gopro":
        layouts.image(f"test/input/{composed}.png")
        layouts.image(f"test/target/{decomposed}.png")
    else:
        layouts.image(f"DIV2K_valid_HR/{decomposed}.png")
    pairs = datasets.load(name, layouts.root)
    assert [pair.frame for pair in pairs] == [composed]
    assert pairs[0].sharp[0].read().shape == (8, 12, 3)
    renamed = layouts.root / "other"
    renamed.mkdir()
    for path in list(layouts.root.rglob("*.png")):
        copy = renamed / unicodedata.normalize("NFC", str(path.relative_to(layouts.root)))
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    assert datasets.load(name, renamed).fingerprint == pairs.fingerprint


def test_names_in_another_encoding_are_read(layouts):
    layouts.hide()
    strange = os.fsdecode(b"caf\xe9")
    for folder in ("test/test-close-ups", "GT"):
        (layouts.root / folder / "3fromA.png").rename(layouts.root / folder / f"{strange}.png")
    pairs = datasets.load("hide", layouts.root)
    assert strange in [pair.frame for pair in pairs]
    assert datasets.verify("hide", layouts.root).ok
    assert pairs.fingerprint == datasets.load("hide", layouts.root).fingerprint


def test_numbers_that_int_cannot_read_are_names(layouts):
    for stem in ("²³", "10", "9", "٣"):
        for folder in ("input", "target"):
            layouts.image(f"test/{folder}/{stem}.png")
    assert [pair.frame for pair in datasets.load("gopro", layouts.root, frames=3)] == ["٣", "9", "10", "²³"]


def test_a_data_set_from_outside_the_package_is_one_call(layouts):
    """The reader of a toy, entered and taken out again; nothing else knows of it."""
    from dataclasses import replace

    from datasets.readers import base

    def find(root, split):
        return base.pair_up(base.scan(root, "soft"), base.scan(root, "crisp"), "")

    reader = Reader(has=lambda root, split: (root / "soft").is_dir(), find=find)
    info = replace(
        datasets.info("hide"), name="toy", folder="TOY", splits={"test": 2}, training_split=None, train_on=""
    )
    datasets.register(info, reader)
    try:
        for folder in ("soft", "crisp"):
            for number in (1, 2):
                layouts.image(f"{folder}/{number}.png")
        pairs = datasets.load("toy", layouts.root)
        assert (len(pairs), pairs.coverage) == (2, "full")
        assert datasets.verify("toy", layouts.root).ok
        with pytest.raises(DataError, match="there is a data set 'toy' already"):
            datasets.register(info, reader)
        with pytest.raises(DataError, match=r"toy has no built-in sample; .*choose from"):
            from datasets import samples

            samples.build("toy", layouts.root)
        with pytest.raises(DataError, match="other: no split train among test; add it"):
            datasets.register(replace(info, name="other", training_split="train"), reader)
    finally:
        datasets.unregister("toy")
    with pytest.raises(DataError, match="unknown data set 'toy'"):
        datasets.load("toy", layouts.root)
