"""A thousand damaged image files: each is read, or refused in one line; nothing else happens."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from PIL import Image

from zoo.errors import ZooError
from zoo.inference.image_files import Photograph, read_photograph
from zoo.inference.image_output import write_photograph

FILES = 1200
MEGAPIXELS = 0.25


def _originals(folder):
    """Small sound files of every format and kind, as bytes by ending."""
    rng = np.random.default_rng(0)
    deep = rng.integers(0, 65536, (21, 34, 3), np.uint16)
    image = Image.fromarray((deep >> 8).astype(np.uint8))
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker", 6
    exif.get_ifd(0x8769)[0x829A] = (1, 50)
    exif.get_ifd(0x8825)[1] = "N"
    for ending in (".png", ".tif"):
        path = folder / f"deep{ending}"
        write_photograph(path, Photograph(deep, deep[..., 0], exif))
        yield ending, path.read_bytes()
    for kind, ending, changed, ways in (
        ("JPEG", ".jpg", image, {"exif": exif}),
        ("JPEG", ".jpg", image.convert("CMYK"), {}),
        ("PNG", ".png", image.convert("RGBA"), {"exif": exif}),
        ("PNG", ".png", image.quantize(16), {}),
        ("PNG", ".png", image.convert("1"), {}),
        ("WEBP", ".webp", image, {"exif": exif}),
        ("WEBP", ".webp", image, {"save_all": True, "append_images": [image.rotate(9)]}),
        ("BMP", ".bmp", image, {}),
        ("TIFF", ".tif", image, {"compression": "tiff_lzw", "exif": exif}),
        ("TIFF", ".tif", Image.fromarray(rng.random((9, 9), np.float32)), {}),
        ("GIF", ".gif", image, {"save_all": True, "append_images": [image.rotate(9)]}),
    ):
        stream = io.BytesIO()
        changed.save(stream, kind, **ways)
        yield ending, stream.getvalue()


def _damaged(content, chance):
    """A file with something cut off, overwritten, removed, doubled or set to extremes."""
    broken = bytearray(content)
    way = chance.randrange(6)
    place = chance.randrange(len(broken))
    if way == 0:
        return bytes(broken[:place])
    if way == 1:
        # Headers are where damage does most.
        place = min(place, chance.randrange(1, 200))
    if way <= 2:
        for _ in range(chance.randrange(1, 9)):
            broken[(place + chance.randrange(40)) % len(broken)] = chance.randrange(256)
    elif way == 3:
        del broken[place : place + chance.randrange(1, 50)]
    elif way == 4:
        broken[place:place] = broken[place : place + chance.randrange(1, 50)]
    else:
        broken[place : place + 4] = chance.choice(
            [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"]
        )
    return bytes(broken)


@pytest.mark.filterwarnings("ignore")
def test_a_thousand_damaged_files_are_read_or_refused_in_one_line(tmp_path, capfd):
    originals = list(_originals(tmp_path))
    chance = random.Random(14)
    read = refused = 0
    for number in range(FILES):
        ending, content = originals[number % len(originals)]
        path = tmp_path / f"broken{ending}"
        path.write_bytes(_damaged(content, chance))
        try:
            photograph = read_photograph(path, MEGAPIXELS)
        except ZooError as error:
            assert str(path) in str(error)
            assert "\n" not in str(error)
            refused += 1
            continue
        read += 1
        assert photograph.pixels.dtype in (np.uint8, np.uint16)
        assert photograph.pixels.ndim == 3
        assert photograph.pixels.shape[2] in (1, 3)
        assert 0 < photograph.pixels.shape[0] * photograph.pixels.shape[1] <= MEGAPIXELS * 1e6
        # What was read can be written, whatever its metadata say.
        write_photograph(tmp_path / "out.png", photograph)
        write_photograph(tmp_path / "out.tif", photograph)
        write_photograph(tmp_path / "out.jpg", photograph)
    assert read > FILES // 10
    assert refused > FILES // 10
    assert capfd.readouterr().err == ""
