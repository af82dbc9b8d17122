"""The one table of data sets: name -> what it is, where it comes from, how it is laid out and how it is scored."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, replace

from datasets.errors import DataError
from datasets.readers import cifar10, div2k, gopro, hdc, hide, kohler, reds
from datasets.readers.base import Reader

_NOT_STATED = "not stated by the owner"


@dataclass(frozen=True)
class DatasetInfo:
    """What there is to know about a data set without having it.

    Attributes:
        name: Name in this registry.
        title: Full name, with the paper.
        summary: One sentence on what it holds.
        source: The owner's web page.
        licence: The owner's terms.
        size: How much it is.
        layout: What to put where, several lines.
        splits: Split -> official number of pairs.
        training_split: The split to train on, or None.
        evaluation_split: The split that results are reported on, and that `load` takes by default.
        protocols: Names of the ways to score it, the usual one first; empty where nothing is blurry.
        video: Whether pictures have neighbours in time.
        folder: Name of the official top folder (`Kohler` and `HDC2021`: our choice, they have none).
        channels: 3 for RGB, 1 for grey.
        frame_size: Official height and width in pixels, or None where it varies or is not known.
        validation_unit: What is held out together: `"scene"`, `"image"`, or `"frame"` (all pairs with one frame's name,
            in whatever scene).
        tiles: Tile and overlap in pixels by which large images are restored unless the user says otherwise; None
            restores them whole.
        train_on: Data set whose training split stands in where this one has none or papers use the other's; empty for
            none.
        known_blur: Where the blur of each pair is known from: `"sigma"` (its metadata), `"estimated"` (on the training
            split, by blur step), empty where it is not known.
        blur_steps: Whether pairs have a blur step in their metadata.
        natural_images: Data set of sharp photographs that recipes may blur alike and train on as well; empty for none.
    """

    name: str
    title: str
    summary: str
    source: str
    licence: str
    size: str
    layout: str
    splits: Mapping[str, int]
    training_split: str | None
    evaluation_split: str
    protocols: tuple[str, ...]
    video: bool
    folder: str
    channels: int = 3
    frame_size: tuple[int, int] | None = None
    validation_unit: str = "scene"
    tiles: tuple[int, int] | None = None
    train_on: str = ""
    known_blur: str = ""
    blur_steps: bool = False
    natural_images: str = ""


_CIFAR10 = DatasetInfo(
    name="cifar10",
    title="CIFAR-10, Gaussian blur (Krizhevsky 2009; blur of the Bologna report)",
    summary="Small photographs, each blurred on loading by its own Gaussian of sigma up to 3 pixels, seeded.",
    source="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence=_NOT_STATED,
    size="60,000 images of 32x32 (163 MB archive)",
    layout="""Unpack the python version:
cifar-10-batches-py/
  data_batch_1 ... data_batch_5
  test_batch""",
    splits={"train": 50_000, "test": 10_000},
    training_split="train",
    evaluation_split="test",
    protocols=("full",),
    video=False,
    folder="cifar-10-batches-py",
    frame_size=(32, 32),
    validation_unit="image",
    known_blur="sigma",
)

_GOPRO = DatasetInfo(
    name="gopro",
    title="GOPRO_Large, linear blur (Nah et al. 2017)",
    summary="Street scenes at 240 frames per second; blurry pictures are means of 7 to 13 frames (`blur`).",
    source="https://seungjunnah.github.io/Datasets/gopro",
    licence="CC BY 4.0",
    size="3,214 pairs of 720x1280",
    layout="""Unpack GOPRO_Large:
GOPRO_Large/
  train/GOPR0372_07_00/{blur,sharp}/000047.png ...    22 sequences
  test/GOPR0384_11_00/{blur,sharp}/000001.png ...     11 sequences
The flat repacking {train,test}/{input,target}/*.png is read too.""",
    splits={"train": 2103, "test": 1111},
    training_split="train",
    evaluation_split="test",
    protocols=("full", "bologna"),
    video=True,
    folder="GOPRO_Large",
    frame_size=(720, 1280),
)

_GOPRO_GAMMA = replace(
    _GOPRO,
    name="gopro-gamma",
    title="GOPRO_Large, gamma blur (Nah et al. 2017)",
    summary="The same scenes; means taken after undoing a gamma of 2.2 (`blur_gamma`). Never rank with gopro.",
    layout="""Unpack GOPRO_Large:
GOPRO_Large/
  train/GOPR0372_07_00/{blur_gamma,sharp}/000047.png ...    22 sequences
  test/GOPR0384_11_00/{blur_gamma,sharp}/000001.png ...     11 sequences""",
)

_HIDE = DatasetInfo(
    name="hide",
    title="HIDE (Shen et al. 2019)",
    summary="People in motion, near (close-ups) and far (long shots).",
    source="https://github.com/joanshen0508/HA_deblur",
    licence=_NOT_STATED,
    size="8,422 pairs of 720x1280",
    layout="""Unpack HIDE_dataset:
HIDE_dataset/
  train/*.png                   blurry
  test/test-close-ups/*.png     blurry
  test/test-long-shot/*.png     blurry
  GT/*.png                      sharp, same file names
The flat repacking {train,test}/{input,target}/*.png is read too.""",
    splits={"train": 6397, "test": 2025},
    training_split="train",
    evaluation_split="test",
    protocols=("full",),
    video=False,
    folder="HIDE_dataset",
    train_on="gopro",
    frame_size=(720, 1280),
)

_REDS = DatasetInfo(
    name="reds",
    title="REDS, blur track (Nah et al. 2019)",
    summary="Videos of 100 frames; blur from 120 frames per second interpolated to 1920 (`blur`).",
    source="https://seungjunnah.github.io/Datasets/reds",
    licence="CC BY 4.0",
    size="27,000 pairs of 720x1280",
    layout="""Unpack the archives into one folder:
REDS/
  train/train_blur/000/00000000.png ...    240 videos of 100 frames
  train/train_sharp/000/00000000.png ...
  val/val_blur/000/00000000.png ...        30 videos of 100 frames
  val/val_sharp/000/00000000.png ...
The sharp test frames are hidden, so val is what results are reported on.""",
    splits={"train": 24_000, "val": 3000},
    training_split="train",
    evaluation_split="val",
    protocols=("full", "val300", "bologna"),
    video=True,
    folder="REDS",
    frame_size=(720, 1280),
)

_REDS_JPEG = replace(
    _REDS,
    name="reds-jpeg",
    title="REDS, JPEG track (NTIRE 2021)",
    summary="The same videos, blurred and JPEG-compressed (`blur_jpeg`). Never rank with reds.",
    layout="""Unpack the archives into one folder:
REDS/
  train/train_blur_jpeg/000/00000000.jpg ...    240 videos of 100 frames
  train/train_sharp/000/00000000.png ...
  val/val_blur_jpeg/000/00000000.jpg ...        30 videos of 100 frames
  val/val_sharp/000/00000000.png ...""",
)

_KOHLER = DatasetInfo(
    name="kohler",
    title="Köhler et al. 2012",
    summary="Four photographs shaken along twelve recorded camera trajectories, for evaluation only.",
    source="http://webdav.is.mpg.de/pixel/benchmark4camerashake/",
    licence=_NOT_STATED,
    size="48 blurry pictures, 9,547 sharp frames",
    layout="""Unpack the blurry pictures and the ground truth into one folder:
Kohler/
  BlurryImages/Blurry1_1.png ... Blurry4_12.png    (or directly in Kohler/)
  Image1/Kernel1/GroundTruth1_1_1.png ...          198 to 200 frames each
or, instead of the frames, GroundTruth1_1.mat ... in Kohler/ or Kohler/groundTruthMatFiles/.""",
    splits={"test": 48},
    training_split=None,
    evaluation_split="test",
    protocols=("kohler",),
    video=False,
    folder="Kohler",
    train_on="gopro",
)

_HDC = DatasetInfo(
    name="hdc",
    title="Helsinki Deblur Challenge 2021",
    summary="Photographs of text in 20 steps of defocus, with the text, scored by character recognition.",
    source="https://zenodo.org/records/4916176",
    licence="CC BY 4.0",
    size="4,800 pairs of 1460x2360, 16 bit grey",
    layout="""Unpack all archives into one folder:
HDC2021/
  step0/Times/{CAM01,CAM02}/focusStep_0_timesR_size_30_sample_0001.tif and .txt ...
  step0/Verdana/{CAM01,CAM02}/focusStep_0_verdanaRef_size_30_sample_0001.tif and .txt ...
  ... step19/                                      training release: split train
  steps_0_to_4/{CAM01_focused,CAM02_blurred}/focusStep_0_timesR_size_30_sample_0001.tif and .txt ...
  ... steps_15_to_19/                              test release: split test""",
    splits={"train": 4000, "test": 800},
    training_split="train",
    evaluation_split="test",
    protocols=("ocr",),
    video=False,
    folder="HDC2021",
    channels=1,
    frame_size=(1460, 2360),
    validation_unit="frame",
    # Germer et al.
    tiles=(640, 160),
    known_blur="estimated",
    blur_steps=True,
    natural_images="div2k",
)

_DIV2K = DatasetInfo(
    name="div2k",
    title="DIV2K (Agustsson and Timofte 2017)",
    summary="Sharp photographs only: a source of pictures to blur, not a data set to score on.",
    source="https://data.vision.ee.ethz.ch/cvl/DIV2K/",
    licence="academic research only",
    size="900 photographs, long side 2040",
    layout="""Unpack the high-resolution archives into one folder:
DIV2K/
  DIV2K_train_HR/0001.png ... 0800.png
  DIV2K_valid_HR/0801.png ... 0900.png""",
    splits={"train": 800, "val": 100},
    training_split="train",
    evaluation_split="val",
    protocols=(),
    video=False,
    folder="DIV2K",
)

_TABLE: Mapping[str, tuple[DatasetInfo, Reader]] = {
    "cifar10": (_CIFAR10, cifar10.READER),
    "gopro": (_GOPRO, gopro.LINEAR),
    "gopro-gamma": (_GOPRO_GAMMA, gopro.GAMMA),
    "hide": (_HIDE, hide.READER),
    "reds": (_REDS, reds.LINEAR),
    "reds-jpeg": (_REDS_JPEG, reds.JPEG),
    "kohler": (_KOHLER, kohler.READER),
    "hdc": (_HDC, hdc.READER),
    "div2k": (_DIV2K, div2k.READER),
}


def list_datasets(pattern: str = "*") -> list[str]:
    """Returns the names that match a wildcard pattern (`"gopro*"`), in the order of the table."""
    return [name for name in _TABLE if fnmatch.fnmatchcase(name, pattern)]


def info(name: str) -> DatasetInfo:
    """Returns what is known about a data set.

    Raises:
        DataError: When there is no such data set; the message gives the nearest name.
    """
    return _entry(name)[0]


def reader(name: str) -> Reader:
    """Returns how a data set's layout is read; errors as `info`."""
    return _entry(name)[1]


def _entry(name: str) -> tuple[DatasetInfo, Reader]:
    if name in _TABLE:
        return _TABLE[name]
    near = difflib.get_close_matches(name.lower(), _TABLE, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise DataError(f"unknown data set {name!r}; {hint}choose from {', '.join(_TABLE)}")
