"""The reader of the Helsinki Deblur Challenge: both releases, texts, steps."""

import numpy as np
import pytest

import datasets
from datasets import DataError
from datasets.readers import hdc


def test_training_release(layouts):
    layouts.hdc(12, "Times", [1])
    layouts.hdc(3, "Verdana", [2, 1])
    layouts.hdc(3, "Times", [1])
    pairs = datasets.load("hdc", layouts.root, "train")
    assert [pair.name for pair in pairs] == [
        "step3/Times/0001",
        "step3/Verdana/0001",
        "step3/Verdana/0002",
        "step12/Times/0001",
    ]
    assert pairs.coverage == "subset 4/4000"
    pair = pairs[1]
    assert pair.metadata == {"step": 3, "font": "Verdana", "text": ("abc", "  def", "ghi")}
    assert pair.blurry[0].name == "step3/Verdana/CAM02/focusStep_3_verdanaRef_size_30_sample_0001.tif"
    assert pair.sharp[0].name == "step3/Verdana/CAM01/focusStep_3_verdanaRef_size_30_sample_0001.tif"
    pixels = pair.blurry[0].read()
    assert (pixels.shape, pixels.dtype) == ((8, 12, 1), np.uint16)
    assert pixels.max() > 255
    assert pair.blurry[0].shape == (8, 12, 1)


def test_steps_can_be_chosen(layouts):
    for step in (0, 4, 10):
        layouts.hdc(step, "Times", [1, 2])
    chosen = datasets.load("hdc", layouts.root, "train", steps=[10, 0])
    assert [pair.metadata["step"] for pair in chosen] == [0, 0, 10, 10]
    assert chosen.coverage == "subset 4/4000"
    assert chosen.fingerprint != datasets.load("hdc", layouts.root, "train").fingerprint
    with pytest.raises(DataError, match=r"none of the steps \[5\] is there; choose from \[0, 4, 10\]"):
        datasets.load("hdc", layouts.root, "train", steps=[5])
    # A broken text in a step that is not asked for does no harm.
    layouts.text("step4/Times/CAM01/focusStep_4_timesR_size_30_sample_0001.txt", "one line")
    assert len(datasets.load("hdc", layouts.root, "train", steps=[0])) == 2


def test_test_release(layouts):
    layouts.hdc(0, "Times", [1])
    with pytest.raises(DataError, match="hdc: nothing of split 'test'"):
        datasets.load("hdc", layouts.root)
    layouts.hdc_test("steps_5_to_9", 9, [20])
    layouts.hdc_test("steps_0_to_4", 4, [1])
    for camera in ("CAM01_focused", "CAM02_blurred"):
        layouts.image(f"steps_0_to_4/{camera}/focusStep_4_Image_moon.tif", grey16=True)
        layouts.image(f"steps_0_to_4/{camera}/focusStep_4_PSF.tif", grey16=True)
    pairs = datasets.load("hdc", layouts.root, frames=3)
    assert [pair.name for pair in pairs] == ["step4/Times/0001", "step9/Times/0020"]
    assert pairs[1].metadata["text"] == ("R2D2 abcd", "c3po 1234", "xyz 90")
    assert pairs[0].blurry[0] is pairs[0].blurry[2]
    (sanity,) = hdc.extras(layouts.root)
    assert (sanity.frame, sanity.metadata) == ("focusStep_4_Image_moon", {"kind": "sanity"})
    assert len(sanity.blurry) == len(sanity.sharp) == 1


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("only\ntwo\n", "2 lines of text instead of 3"),
        ("one\ntwo\nthree\nfour", "4 lines"),
        ("", "0 lines"),
        (None, "text file missing"),
    ],
)
def test_a_text_must_have_three_lines(layouts, content, what):
    layouts.hdc(1, "Times", [1])
    for camera in ("CAM01", "CAM02"):
        path = layouts.root / f"step1/Times/{camera}/focusStep_1_timesR_size_30_sample_0001.txt"
        path.unlink() if content is None else path.write_text(content)
    with pytest.raises(DataError, match=f"CAM01/focusStep_1_timesR_size_30_sample_0001.txt: {what}"):
        datasets.load("hdc", layouts.root, "train")


def test_spaces_and_empty_lines_of_a_text(layouts):
    layouts.hdc(1, "Times", [1], text="\n  A b \n\n   c  d\r\ne\t\n\n")
    assert datasets.load("hdc", layouts.root, "train")[0].metadata["text"] == ("  A b", "   c  d", "e")
    (layouts.root / "step1/Times/CAM01/focusStep_1_timesR_size_30_sample_0001.txt").write_bytes(b"\xff\xfe\n1\n2\n")
    with pytest.raises(DataError, match="not UTF-8 text"):
        datasets.load("hdc", layouts.root, "train")


def test_the_text_beside_the_blurred_image_will_do(layouts):
    layouts.hdc(1, "Times", [1])
    (layouts.root / "step1/Times/CAM01/focusStep_1_timesR_size_30_sample_0001.txt").unlink()
    assert datasets.load("hdc", layouts.root, "train")[0].metadata["text"] == ("abc", "  def", "ghi")


def test_a_lost_image_is_an_error(layouts):
    layouts.hdc(1, "Times", [1, 2])
    (layouts.root / "step1/Times/CAM02/focusStep_1_timesR_size_30_sample_0002.tif").unlink()
    with pytest.raises(DataError, match=r"CAM01/.*sample_0002\.tif: sharp image without a blurry one"):
        datasets.load("hdc", layouts.root, "train")
