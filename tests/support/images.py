"""Image files as a program leaves them."""

import cv2

FRAMES = 7
"""Images in each of the two scenes of the score command's folders."""


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels[..., ::-1])
