"""Image files of several folders that belong together by their names."""

import tarfile
import zipfile

import cv2
import numpy as np
import pytest

from datasets import DataError
from datasets.readers.matching import images_in, refuse_unpaired


def image(path, side=4):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.zeros((side, side, 3), np.uint8))
    return path


def test_names_are_paths_without_the_ending_in_natural_order(tmp_path):
    for name in ("img10.png", "img2.jpg", "b/1.webp", "b/c/x.tif", "._img2.png", "notes.txt"):
        image(tmp_path / name) if not name.endswith("txt") else (tmp_path / name).write_text("")
    assert list(images_in(tmp_path)) == ["b/1", "b/c/x", "img2", "img10"]
    found = images_in(tmp_path)["b/c/x"]
    assert (found.name, found.path, found.size) == ("b/c/x.tif", tmp_path / "b/c/x.tif", found.path.stat().st_size)


def test_a_folder_that_holds_itself_ends(tmp_path):
    image(tmp_path / "a.png")
    (tmp_path / "again").symlink_to(tmp_path)
    assert list(images_in(tmp_path)) == ["a"]


def test_a_single_image_is_called_by_its_stem(tmp_path):
    assert list(images_in(image(tmp_path / "a.b.png"))) == ["a.b"]


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", "")
    return path


def _tar(path):
    with tarfile.open(path, "w:gz"):
        pass
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: root / "missing", "no such file or folder; give a folder of images, or an image"),
        (lambda root: root, "no images in this folder .* give one that has some"),
        (lambda root: _zip(root / "a.zip"), "an archive; unpack it and give the folder"),
        (lambda root: _tar(root / "a.tar.gz"), "an archive; unpack it and give the folder"),
        (
            lambda root: (image(root / "a.png"), image(root / "a.jpg"), root)[2],
            "has the same name; keep one of the two",
        ),
    ],
    ids=["missing", "empty", "zip", "tar", "one name twice"],
)
def test_what_holds_no_images_is_one_line(tmp_path, make, words):
    with pytest.raises(DataError, match=words) as raised:
        images_in(make(tmp_path))
    assert "\n" not in str(raised.value)


def test_unpaired_names_are_told_with_the_counts(tmp_path):
    sides = {"--restored": {"1": 0, "2": 0}, "--sharp": {str(number): 0 for number in range(1, 7)}}
    with pytest.raises(DataError) as raised:
        refuse_unpaired(sides)
    assert str(raised.value) == (
        "3, 4, 5 and 1 more of --sharp: nothing of that name in --restored (--restored has 2 images, --sharp 6); "
        "pairs are called alike but for the ending"
    )
    with pytest.raises(DataError, match=r"^1 of --restored: nothing of that name in --sharp \(--restored has 1 image"):
        refuse_unpaired({"--restored": {"1": 0}, "--sharp": {"2": 0}})
    refuse_unpaired({"--restored": {"1": 0}, "--sharp": {"1": 0}, "--blurry": {"1": 0}})
