"""Folders of sharp, blurry and restored images."""

import cv2
import pytest

from tests.support import fakes
from tests.support.images import FRAMES, write


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders `sharp`, `blurry`, `restored` (less blurred), with a folder for each of two scenes in them."""
    root = tmp_path_factory.mktemp("folders")
    for pair in fakes.picture_pairs(2, FRAMES, (66, 72)):
        sharp = pair.sharp[0].read()
        for kind, image in (
            ("sharp", sharp),
            ("blurry", pair.blurry[0].read()),
            ("restored", cv2.GaussianBlur(sharp, (3, 3), 0.8)),
        ):
            write(root / kind / pair.scene / f"{int(pair.frame)}.png", image)
    return root


@pytest.fixture
def places(folders):
    return ["--restored", folders / "restored", "--sharp", folders / "sharp"]
