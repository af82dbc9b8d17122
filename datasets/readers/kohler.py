"""Köhler et al. 2012: 4 photographs x 12 camera shakes, each with about 199 sharp frames to compare with.

Blurry images are `BlurryImages/Blurry{i}_{k}.png`, or lie in the data set's folder itself. The ground truth of a
pair is either PNG files, `Image{i}/Kernel{k}/GroundTruth{i}_{k}_{n}.png`, or one MATLAB file,
`GroundTruth{i}_{k}.mat` (uint8 array of height x width x 3 x frames). The score of a restored image is its best
one over all frames of its trajectory, so a missing frame would lower it unnoticed: such a pair is an error.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from common.references import Reference
from datasets.errors import DataError
from datasets.image import Frame, Window, cut
from datasets.readers.base import Found, Member, Problem, Reader, as_problem, is_sample, scan, spans
from datasets.registry import NOT_STATED, DatasetInfo, register

PAIRS = tuple((image, kernel) for image in range(1, 5) for kernel in range(1, 13))
BLURRY_FOLDERS = ("BlurryImages", ".")
MAT_FOLDERS = ("Image{0}/Kernel{1}", "Image{0}", "groundTruthMatFiles", ".")
"""Where a pair's MATLAB file may lie; the authors' evaluation script expects `groundTruthMatFiles`."""

ARRAY = "GroundTruth"
"""The array's name in the authors' files; another name is accepted where there is only one fitting array."""

USUAL_COUNT = 199
OTHER_COUNTS = {(2, 11): 200, (1, 10): 198, (1, 12): 198, (2, 10): 198, (3, 7): 198, (3, 12): 198, (4, 12): 198}
"""Frames of the trajectories that do not have the usual count."""

NAME = re.compile(r"GroundTruth(\d+)_(\d+)_(\d+)")
_read_lock = Lock()


def frame_count(image: int, kernel: int) -> int:
    """The official number of ground-truth frames of a pair (9,547 over all 48)."""
    return OTHER_COUNTS.get((image, kernel), USUAL_COUNT)


def scored_frames(image: int, kernel: int) -> tuple[int, ...]:
    """The numbers of the frames that a pair is scored against, counted from 1.

    The authors' script leaves out frame 30 of image 1, kernel 3 ("missing") and stops there at frame 198.
    """
    if (image, kernel) == (1, 3):
        return (*range(1, 30), *range(31, 199))
    return tuple(range(1, frame_count(image, kernel) + 1))


@dataclass(frozen=True)
class MatFrame:
    """One frame of a MATLAB file; the array of the last file read stays in memory (up to 0.4 GB at 800x800).

    Attributes:
        name: The file's path inside the data set, with the frame's number.
        path: The MATLAB file.
        index: The frame's place in the file, from 0.
    """

    name: str
    path: Path
    index: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels, from the file's header."""
        height, width, channels, _frames = mat_shape(self.path)
        return height, width, channels

    def read(self, window: Window | None = None) -> np.ndarray:
        """The frame's pixels; see `datasets.image.Frame.read`."""
        # One reader at a time: two threads would otherwise load the same large array twice.
        with _read_lock:
            frames = _load(self.path, _modified(self.path))
        return cut(frames[..., self.index], window, self.name)


def mat_shape(path: Path) -> tuple[int, ...]:
    """Height, width, channels and frames of a ground-truth MATLAB file without reading its pixels.

    Raises:
        DataError: When the file is unreadable or holds no such array.
    """
    return _header(path, _modified(path))[1]


def _modified(path: Path) -> int:
    """The time of the last change, part of the key under which a file's content is kept."""
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check the data root") from error


@lru_cache(maxsize=64)
def _header(path: Path, modified: int) -> tuple[str, tuple[int, ...]]:
    """The array's name and shape; `modified` makes a file that has changed a new entry of the cache."""
    import h5py
    from scipy.io import whosmat

    with _readable(path):
        if h5py.is_hdf5(path):
            with h5py.File(path) as file:
                items = [(n, i) for n, i in file.items() if isinstance(i, h5py.Dataset) and i.dtype == np.uint8]
                # HDF5 keeps MATLAB's column-major axes in reverse order.
                arrays = {name: tuple(reversed(item.shape)) for name, item in items}
        else:
            arrays = {name: tuple(shape) for name, shape, kind in whosmat(path) if kind == "uint8"}
    fitting = {name: shape for name, shape in arrays.items() if len(shape) == 4 and shape[2] == 3}
    name = ARRAY if ARRAY in fitting or len(fitting) != 1 else next(iter(fitting))
    if name not in fitting:
        raise DataError(f"{path}: no uint8 array {ARRAY} of height x width x 3 x frames; fetch this file again")
    return name, fitting[name]


@lru_cache(maxsize=1)
def _load(path: Path, modified: int) -> np.ndarray:
    """The array (height, width, 3, frames) of a MATLAB file of version 5 to 7 or 7.3."""
    import h5py
    from scipy.io import loadmat

    name, _ = _header(path, modified)
    with _readable(path):
        if h5py.is_hdf5(path):
            with h5py.File(path) as file:
                return np.asarray(file[name]).transpose()
        result: np.ndarray = loadmat(path, variable_names=[name])[name]
        return result


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what SciPy and h5py raise for a damaged file into DataError."""
    from scipy.io.matlab import MatReadError

    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, EOFError, MatReadError, zlib.error) as error:
        raise DataError(f"{path}: not a readable MATLAB file; fetch this file again") from error


def has(root: Path, split: str) -> bool:
    """Whether `root` holds blurry images of this data set."""
    names = {_blurry_name(*pair) for pair in PAIRS}
    return any(not names.isdisjoint(scan(root, folder)) for folder in BLURRY_FOLDERS)


def find(root: Path, split: str) -> list[Member]:
    """The pairs in the order of photograph, then trajectory."""
    blurry, others = (scan(root, folder) for folder in BLURRY_FOLDERS)
    for stem, file in others.items():
        known = blurry.get(stem)
        fault = f"{file.name} in the folder above has the same name; keep one of the two"
        blurry[stem] = known._replace(fault=fault) if known else file
    members = (_member(root, image, kernel, blurry.get(_blurry_name(image, kernel))) for image, kernel in PAIRS)
    return [member for member in members if member.files]


def complete(split: str, members: Sequence[Member]) -> bool:
    """Whether every trajectory has all the frames that it is scored against."""
    return all(len(m.sharp) == len(scored_frames(m.metadata["image"], m.metadata["kernel"])) for m in members)


def _blurry_name(image: int, kernel: int) -> str:
    return f"Blurry{image}_{kernel}"


def _member(root: Path, image: int, kernel: int, shot: Found | None) -> Member:
    """One pair, with whatever is there of it."""
    where = f"Image{image}/Kernel{kernel}"
    images = _ground_truth_images(root, image, kernel)
    files = [images[number] for number in sorted(images)]
    frames: dict[int, Frame] = {number: images[number].frame for number in sorted(images)}
    flaws = []
    if not frames and (array := _ground_truth_array(root, image, kernel)):
        files = [array]
        try:
            frames = _array_frames(array, image, kernel)
        except DataError as error:
            flaws.append(as_problem(error, array.path, array.name))
    if shot and not files:
        flaws.append(Problem(shot.name, f"blurry image without ground truth in {where}"))
    if files and not shot:
        flaws.append(Problem(where, f"ground truth without {_blurry_name(image, kernel)}.png"))
    needed = scored_frames(image, kernel)
    missing = set(needed) - frames.keys()
    if frames and missing and not is_sample(root):
        what = f"{len(missing)} of {len(needed)} ground-truth frames missing: {spans(missing, 1)}"
        flaws.append(Problem(where, what))
    return Member(
        scene=f"Image{image}",
        frame=f"Kernel{kernel}",
        blurry=(shot.frame,) if shot else (),
        sharp=tuple(frames.values()),
        files=(shot, *files) if shot else tuple(files),
        metadata={"image": image, "kernel": kernel},
        flaws=tuple(flaws),
    )


def _ground_truth_images(root: Path, image: int, kernel: int) -> dict[int, Found]:
    """The PNG files of the frames that the pair is scored against, by frame number."""
    matches = {NAME.fullmatch(stem): f for stem, f in scan(root, f"Image{image}/Kernel{kernel}").items()}
    scored = set(scored_frames(image, kernel))
    return {
        int(match[3]): file
        for match, file in matches.items()
        if match and (int(match[1]), int(match[2])) == (image, kernel) and int(match[3]) in scored
    }


def _ground_truth_array(root: Path, image: int, kernel: int) -> Found | None:
    """The MATLAB file of a pair."""
    for folder in MAT_FOLDERS:
        found = scan(root, folder.format(image, kernel), (".mat",))
        if file := found.get(f"GroundTruth{image}_{kernel}"):
            return file
    return None


def _array_frames(file: Found, image: int, kernel: int) -> dict[int, Frame]:
    """The frames of a MATLAB file that the pair is scored against, by frame number."""
    count = mat_shape(file.path)[3]
    numbers = [number for number in scored_frames(image, kernel) if number <= count]
    return {number: MatFrame(f"{file.name}[{number}]", file.path, number - 1) for number in numbers}


INFO = DatasetInfo(
    name="kohler",
    title="Köhler et al. 2012",
    references=(
        Reference(
            ("Köhler, Rolf", "Hirsch, Michael", "Mohler, Betty", "Schölkopf, Bernhard", "Harmeling, Stefan"),
            "Recording and Playback of Camera Shake: Benchmarking Blind Deconvolution with a Real-World Database",
            2012,
            "ECCV 2012",
        ),
    ),
    summary="Four photographs shaken along twelve recorded camera trajectories, for evaluation only.",
    source="http://webdav.is.mpg.de/pixel/benchmark4camerashake/",
    licence=NOT_STATED,
    size="48 blurry images, 9,547 sharp frames",
    layout="""Unpack the blurry images and the ground truth into one folder:
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

READER = Reader(has=has, find=find, complete=complete)

register(INFO, READER)
