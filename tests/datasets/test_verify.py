"""`datasets.verify`: every unreadable, missing, unpaired or wrongly sized file is named, and nothing else."""

import numpy as np
import pytest
from scipy.io import savemat

import datasets
from datasets import DataError
from datasets.readers import gopro, kohler
from datasets.readers.base import coverage


def listed(report):
    return dict(report.problems)


def test_good_files_make_no_problems(layouts):
    layouts.hide()
    report = datasets.verify("hide", layouts.root)
    assert report.ok
    assert report.counts == {"train": 2, "test": 3}
    assert report.coverage == {"train": "subset 2/6397", "test": "subset 3/2025"}
    assert report.notes == ("blurry images of an unofficial size, which is 720x1280: 8x12 (5)",)
    assert (report.dataset, report.root) == ("hide", layouts.root)


def test_broken_images_are_named(layouts, capfd):
    layouts.hide()
    paths = [layouts.root / name for name in ("train/1.png", "GT/3fromA.png", "GT/4fromB.png")]
    paths[0].write_bytes(paths[0].read_bytes()[:150])
    paths[1].write_bytes(b"")
    paths[2].write_bytes(b"not an image")
    report = datasets.verify("hide", layouts.root)
    assert {path: what.partition(";")[0] for path, what in report.problems} == {
        "train/1.png": "truncated PNG",
        "GT/3fromA.png": "empty file",
        "GT/4fromB.png": "not a readable image",
    }
    assert all(what.endswith("fetch this file again") for what in listed(report).values())
    assert capfd.readouterr().err == ""


def test_broken_tiff_files_are_named_without_noise(layouts, capfd):
    layouts.hdc(0, "Times", [1, 2])
    path = layouts.root / "step0/Times/CAM02/focusStep_0_timesR_size_30_sample_0002.tif"
    path.write_bytes(path.read_bytes()[:100])
    report = datasets.verify("hdc", layouts.root)
    assert listed(report) == {
        "step0/Times/CAM02/focusStep_0_timesR_size_30_sample_0002.tif": "not a readable image; fetch this file again"
    }
    assert capfd.readouterr().err == ""


def test_unpaired_images_are_named(layouts):
    layouts.hide()
    (layouts.root / "GT/1.png").unlink()
    layouts.image("GT/99.png")
    report = datasets.verify("hide", layouts.root)
    assert listed(report) == {
        "train/1.png": "blurry image without a sharp one",
        "GT/99.png": "sharp image without a blurry one",
    }
    assert report.counts == {"train": 1, "test": 3}


def test_hide_without_one_split_does_not_blame_its_sharp_images(layouts):
    layouts.hide()
    for name in ("1", "2"):
        (layouts.root / f"train/{name}.png").unlink()
    report = datasets.verify("hide", layouts.root)
    assert report.coverage["train"] == "missing"
    assert report.notes[0] == "2 sharp images belong to no split that is here"
    # A folder that holds nothing is a mistake, one that is not there a subset.
    assert listed(report) == {"train": "its folders hold no usable file; `python -m datasets list hide` helps"}
    (layouts.root / "train").rmdir()
    assert datasets.verify("hide", layouts.root).ok


def test_wrong_sizes_are_named(layouts):
    layouts.gopro("test", "GOPR0862_11_00", range(1, 78))
    layouts.image("test/GOPR0862_11_00/sharp/000003.png", (12, 8))
    for kind in ("blur", "sharp"):
        layouts.image(f"test/GOPR0862_11_00/{kind}/000007.png", (6, 6))
    report = datasets.verify("gopro", layouts.root)
    assert listed(report) == {
        "test/GOPR0862_11_00/sharp/000003.png": "12x8, but its blurry image is 8x12",
        "test/GOPR0862_11_00/blur/000007.png": "6x6, but its video is 8x12",
        "test/GOPR0862_11_00/sharp/000007.png": "6x6, but its video is 8x12",
    }
    assert report.notes == ("blurry images of an unofficial size, which is 720x1280: 8x12 (76), 6x6 (1)",)


def test_grey_is_not_the_size_of_colour(layouts):
    layouts.reds("val", "000", range(100))
    layouts.image("val/val_sharp/000/00000050.png", grey16=True)
    assert listed(datasets.verify("reds", layouts.root)) == {
        "val/val_sharp/000/00000050.png": "8x12x1, but its blurry image is 8x12"
    }


def test_gopro_frames_missing_from_the_official_range_are_named(layouts):
    first, last = gopro.SEQUENCES["test"]["GOPR0862_11_00"]
    kept = set(range(first, last + 1)) - {5, 6, 7, 30}
    layouts.gopro("test", "GOPR0862_11_00", kept)
    report = datasets.verify("gopro", layouts.root)
    assert listed(report) == {
        "test/GOPR0862_11_00/blur": "4 of 77 frames missing: 000005-000007, 000030",
    }
    assert report.coverage == {"train": "missing", "test": "subset 73/1111"}


def test_gopro_frames_of_another_making_are_a_note(layouts):
    layouts.gopro("train", "GOPR0477_11_00", [6, 17, 292])
    layouts.gopro("train", "GOPR0477_11_00", [6], ("blur_gamma",))
    layouts.gopro("train", "GOPR9000_11_00", [1])
    report = datasets.verify("gopro", layouts.root)
    assert report.ok
    assert report.coverage["train"] == "subset 4/2103"
    assert report.notes[:2] == (
        "train/GOPR0477_11_00: 1 of 3 frames lie outside the official range 000001-000080: 000292",
        "train/GOPR9000_11_00: not one of the official train sequences",
    )
    assert datasets.verify("gopro-gamma", layouts.root).ok


def test_reds_frames_missing_from_a_video_are_named(layouts):
    layouts.reds("val", "004", [n for n in range(100) if n not in (0, 98, 99)])
    layouts.reds("train", "100", range(100))
    report = datasets.verify("reds", layouts.root)
    assert listed(report) == {"val/val_blur/004": "3 of 100 frames missing: 00000000, 00000098-00000099"}
    assert report.coverage == {"train": "subset 100/24000", "val": "subset 97/3000"}


def test_videos_of_another_split_are_named_and_not_trained_on(layouts):
    """BasicSR's regrouping of REDS: the validation videos as 240 to 269 of the training split."""
    for video in ("000", "240", "269", "270", "abc"):
        layouts.reds("train", video, range(100))
    layouts.reds("val", "030", range(100))
    report = datasets.verify("reds", layouts.root)
    assert listed(report) == {
        "train/train_blur/240": "validation video 000 by BasicSR's numbering; move it to val",
        "train/train_blur/269": "validation video 029 by BasicSR's numbering; move it to val",
        "train/train_blur/270": "none of the official train videos 000 to 239; move it out of train",
        "train/train_blur/abc": "none of the official train videos 000 to 239; move it out of train",
        "val/val_blur/030": "none of the official val videos 000 to 029; move it out of val",
    }
    assert report.counts == {"train": 100, "val": 0}
    assert report.coverage == {"train": "subset 100/24000", "val": "subset 0/3000"}
    with pytest.raises(DataError, match=r"train_blur/240: validation video 000 .* \(and 399 more\)"):
        datasets.load("reds", layouts.root, "train")


@pytest.mark.parametrize("name", ["gopro", "hide", "div2k", "cifar10", "reds", "hdc", "kohler"])
def test_coverage_is_never_more_than_all(name):
    official = datasets.info(name).splits["train" if name != "kohler" else "test"]
    assert coverage(official + 3000, official, False, False) == f"subset {official}/{official}"
    assert coverage(official + 1, official, True, False) == f"subset {official}/{official}"
    assert coverage(official, official, True, False) == "full"


def test_test_frames_of_gopro_are_not_trained_on(layouts):
    layouts.gopro("train", "GOPR0384_11_05", [4001, 4002])
    layouts.gopro("train", "GOPR0384_11_05", [5000])
    layouts.gopro("train", "GOPR9000_11_00", [1])
    report = datasets.verify("gopro", layouts.root)
    assert listed(report) == {"train/GOPR0384_11_05": "frames of the official test split; move them there"}
    assert report.coverage["train"] == "subset 2/2103"
    with pytest.raises(DataError, match=r"train/GOPR0384_11_05: frames of the official test split"):
        datasets.load("gopro", layouts.root, "train")


def test_photographs_of_the_other_split_of_div2k_are_named(layouts):
    for name in ("train_HR/0800", "train_HR/0801", "train_HR/own", "valid_HR/0001", "valid_HR/0900"):
        layouts.image(f"DIV2K_{name}.png")
    assert listed(datasets.verify("div2k", layouts.root)) == {
        "DIV2K_train_HR/0801.png": "a photograph of the official val split; move it there",
        "DIV2K_valid_HR/0001.png": "a photograph of the official train split; move it there",
    }


def test_a_test_image_of_hide_in_the_training_split_is_named(layouts):
    layouts.hide()
    layouts.image("train/3fromA.png")
    assert listed(datasets.verify("hide", layouts.root)) == {
        "train/3fromA": "a test image has the same name; train on no test image"
    }


@pytest.mark.parametrize("kinds", [("blur",), ("blur", "sharp")])
def test_a_stray_file_is_named_and_does_not_hide_missing_frames(layouts, kinds):
    layouts.gopro("test", "GOPR0862_11_00", [n for n in range(1, 78) if n != 30])
    layouts.reds("val", "004", [n for n in range(100) if n != 30])
    for kind in kinds:
        layouts.image(f"test/GOPR0862_11_00/{kind}/thumbnail.png")
        layouts.image(f"val/val_{kind}/004/thumbnail.png")
    for name, folder, digits, where in (
        ("gopro", "test/GOPR0862_11_00/{}", 6, "test/GOPR0862_11_00/blur"),
        ("reds", "val/val_{}/004", 8, "val/val_blur/004"),
    ):
        report = datasets.verify(name, layouts.root)
        found = listed(report)
        total = 77 if name == "gopro" else 100
        assert found.pop(where) == f"1 of {total} frames missing: {30:0{digits}d}"
        assert set(found) == {f"{folder.format(kind)}/thumbnail.png" for kind in kinds}
        stray = f"not a frame number of {digits} digits; move it out of the data set"
        assert all((path, stray) in report.problems for path in found)


def test_one_stray_name_leaves_a_flat_gopro_its_sequences(layouts):
    for stem in ("GOPR0384_11_00-000001", "GOPR0384_11_00-000002", "GOPR0384_11_00-000003", "cover"):
        for folder in ("input", "target"):
            layouts.image(f"test/{folder}/{stem}.png")
    what = "does not tell sequence and frame as the other files do; rename it or move it out of the data set"
    report = datasets.verify("gopro", layouts.root)
    assert {(f"test/{folder}/cover.png", what) for folder in ("input", "target")} <= set(report.problems)
    with pytest.raises(DataError, match=r"cover\.png: does not tell"):
        datasets.load("gopro", layouts.root)
    for folder in ("input", "target"):
        (layouts.root / f"test/{folder}/cover.png").unlink()
    pairs = datasets.load("gopro", layouts.root, frames=3)
    assert pairs.scenes == ("GOPR0384_11_00",)
    assert pairs[1].blurry[0] is pairs[0].blurry[1]


def test_nothing_usable_in_any_split_is_a_problem(layouts):
    for folder in ("train/train_blur", "val/val_blur", "train/train_sharp"):
        (layouts.root / folder).mkdir(parents=True)
    report = datasets.verify("reds", layouts.root)
    assert not report.ok
    assert set(listed(report)) == {"train", "val"}


def test_what_cannot_be_found_in_tiff_files_is_said(layouts):
    layouts.hdc(0, "Times", [1, 2])
    (note,) = (note for note in datasets.verify("hdc", layouts.root).notes if "TIFF" in note)
    assert note == "4 TIFF files: the format has no checksums, so only missing bytes and wrong sizes can be found"
    layouts.root = layouts.root / "other"
    layouts.hide()
    assert not any("TIFF" in note for note in datasets.verify("hide", layouts.root).notes)


def test_a_sample_is_not_asked_for_official_counts(layouts):
    layouts.reds("val", "000", range(3))
    layouts.text("SAMPLE.json", "{}")
    report = datasets.verify("reds", layouts.root)
    assert report.ok
    assert report.notes == ()
    assert report.coverage == {"train": "missing", "val": "sample"}


def test_wrong_and_differing_texts_are_named(layouts):
    layouts.hdc(0, "Times", [1, 2, 3, 4])
    stem = "step0/Times/{}/focusStep_0_timesR_size_30_sample_000{}.txt".format
    layouts.text(stem("CAM01", 1), "one line")
    layouts.text(stem("CAM02", 2), "abc\ndef\nghi")
    layouts.text(stem("CAM02", 3), "a\nb")
    for camera in ("CAM01", "CAM02"):
        (layouts.root / stem(camera, 4)).unlink()
    report = datasets.verify("hdc", layouts.root)
    assert listed(report) == {
        stem("CAM01", 1): "1 lines of text instead of 3; fetch this file again",
        stem("CAM02", 2): f"text differs from {stem('CAM01', 2)}",
        stem("CAM02", 3): "2 lines of text instead of 3; fetch this file again",
        stem("CAM01", 4): "text file missing",
    }
    assert report.counts["train"] == 2


def test_sanity_images_are_read_but_not_counted(layouts):
    layouts.hdc_test("steps_0_to_4", 0, [1])
    for name in ("Image_moon", "QRcode"):
        for camera in ("CAM01_focused", "CAM02_blurred"):
            layouts.image(f"steps_0_to_4/{camera}/focusStep_0_{name}.tif", grey16=True)
    (layouts.root / "steps_0_to_4/CAM01_focused/focusStep_0_QRcode.tif").unlink()
    (layouts.root / "steps_0_to_4/CAM02_blurred/focusStep_0_Image_moon.tif").write_bytes(b"II*")
    report = datasets.verify("hdc", layouts.root)
    assert set(listed(report)) == {
        "steps_0_to_4/CAM02_blurred/focusStep_0_QRcode.tif",
        "steps_0_to_4/CAM02_blurred/focusStep_0_Image_moon.tif",
    }
    assert report.counts["test"] == 1
    assert report.notes[0] == "test: 2 sanity images without text, not among the pairs"


def test_kohler_frames_are_counted_and_read(layouts):
    size = (8, 12)
    for kernel, count in ((1, 199), (2, 150)):
        layouts.image(f"BlurryImages/Blurry1_{kernel}.png")
        savemat(
            layouts.root / f"GroundTruth1_{kernel}.mat",
            {"GroundTruth": np.zeros((*size, 3, count), np.uint8)},
            do_compression=True,
        )
    layouts.image("BlurryImages/Blurry1_3.png")
    for number in kohler.scored_frames(1, 3):
        layouts.image(f"Image1/Kernel3/GroundTruth1_3_{number}.png", size if number != 9 else (9, 9))
    layouts.image("BlurryImages/Blurry1_4.png")
    layouts.text("GroundTruth1_4.mat", "rubbish")
    report = datasets.verify("kohler", layouts.root)
    assert listed(report) == {
        "Image1/Kernel2": "49 of 199 ground-truth frames missing: 151-199",
        "Image1/Kernel3/GroundTruth1_3_9.png": "9x9, but its blurry image is 8x12",
        "GroundTruth1_4.mat": "not a readable MATLAB file; fetch this file again",
    }
    assert report.coverage == {"test": "subset 2/48"}


def test_a_bad_cifar_batch_is_a_problem_of_its_split(layouts):
    layouts.cifar("data_batch_1", 2)
    layouts.pickle("test_batch", {b"data": print})
    report = datasets.verify("cifar10", layouts.root)
    assert report.counts == {"train": 2, "test": 0}
    ((path, what),) = report.problems
    assert path == "test_batch"
    assert what.startswith("refuses to load")


def test_photographs_may_have_any_size(layouts):
    layouts.image("DIV2K_train_HR/0001.png", (10, 6))
    layouts.image("DIV2K_train_HR/0002.png", (6, 10))
    report = datasets.verify("div2k", layouts.root)
    assert report.ok
    assert report.notes == ()


def test_progress_counts_every_image(layouts):
    layouts.hide()
    calls = []
    datasets.verify("hide", layouts.root, lambda done, total: calls.append((done, total)))
    assert calls == [(n, 10) for n in range(1, 11)]


def test_wrong_roots_and_names_are_errors(tmp_path):
    with pytest.raises(DataError, match=r"unknown data set 'hid' .did you mean 'hide'"):
        datasets.verify("hid", tmp_path)
    with pytest.raises(DataError, match="no HIDE_dataset/ layout"):
        datasets.verify("hide", tmp_path)


def test_real_data(real_data):
    report = datasets.verify("gopro", real_data)
    assert report.ok
    official = datasets.info("gopro").splits
    assert dict(report.coverage) == {split: f"subset {n}/{official[split]}" for split, n in report.counts.items()}
    assert any("outside the official range 000001-000080" in note for note in report.notes)
    assert datasets.verify("gopro-gamma", real_data).ok
    report = datasets.verify("reds", real_data)
    assert set(listed(report)) == {"train/train_blur/000", "val/val_blur/000"}
    assert all("of 100 frames missing: 000000" in what for what in listed(report).values())
    assert report.notes[0].startswith("blurry images of an unofficial size, which is 720x1280: 360x640 (")
