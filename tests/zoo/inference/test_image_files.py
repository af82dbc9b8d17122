"""Paths and Pillow images as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import zoo

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 14, 3), np.uint8)


@pytest.fixture(scope="module")
def identity():
    return zoo.create("identity")


def test_paths_and_images_give_what_arrays_give(identity, tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(PIXELS).save(path)
    for given in (path, str(path), Image.open(path), PIXELS):
        result = zoo.restore(identity, given)
        assert result.dtype == np.uint8
        assert np.array_equal(result, PIXELS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied(identity, orientation, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PIXELS).save(tmp_path / "turned.png", exif=exif)
    expected = {
        1: PIXELS,
        2: PIXELS[:, ::-1],
        3: PIXELS[::-1, ::-1],
        4: PIXELS[::-1],
        5: PIXELS.swapaxes(0, 1),
        6: np.rot90(PIXELS, -1),
        7: PIXELS[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(PIXELS),
    }[orientation]
    assert np.array_equal(zoo.restore(identity, tmp_path / "turned.png"), expected)


def test_kinds_of_images(identity, tmp_path):
    grey = PIXELS[..., 0]
    assert np.array_equal(zoo.restore(identity, Image.fromarray(grey)), np.repeat(grey[..., np.newaxis], 3, -1))
    wiener = zoo.create("wiener")
    assert zoo.restore(wiener, Image.fromarray(grey), psf=np.ones((1, 1))).shape == (9, 14, 1)
    opaque = np.dstack([PIXELS, np.full(PIXELS.shape[:2], 255, np.uint8)])
    assert np.array_equal(zoo.restore(identity, Image.fromarray(opaque)), PIXELS)
    assert np.array_equal(zoo.restore(identity, Image.fromarray(PIXELS).quantize(256)).shape, PIXELS.shape)
    wide = grey.astype(np.uint16) * 257
    Image.fromarray(wide).save(tmp_path / "wide.png")
    result = zoo.restore(identity, tmp_path / "wide.png")
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[..., 0], grey / 255, atol=1e-6)


def test_what_cannot_be_read_is_one_line(identity, tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:200])
    (tmp_path / "text.png").write_text("no image")
    clear = Image.fromarray(np.dstack([PIXELS, PIXELS[..., :1]]))
    cases = [
        (tmp_path / "none.png", "no such image file"),
        (tmp_path / "text.png", "not an image that can be read"),
        (tmp_path / "cut.png", "cannot be read as an image"),
        (tmp_path, "cannot be read as an image"),
        (clear, "partly transparent"),
        (Image.fromarray(np.ones((3, 3), np.float32)), "no known range"),
        (None, "an image must be an array .*, not NoneType"),
    ]
    for given, words in cases:
        with pytest.raises(zoo.ZooError, match=words) as caught:
            zoo.restore(identity, given)
        assert "\n" not in str(caught.value)
