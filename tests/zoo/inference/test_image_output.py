"""What is written is what is read again: bits, opacity, EXIF data, colour profiles."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin

from common.errors import FileError
from common.pixels import to_eight_bits
from zoo.errors import ZooError
from zoo.inference.image_files import Photograph, image_size, read_photograph
from zoo.inference.image_output import FORMATS, write_photograph, written_as
from zoo.inference.metadata import kept_exif

RNG = np.random.default_rng(0)
ENDINGS = (".png", ".tif", ".webp", ".jpg", ".bmp")
ORIENTATION, MAKER, CAMERA, GPS = 0x0112, 0x010F, 0x8769, 0x8825


def smooth(dtype, channels, height=37, width=53):
    """Random colours that JPEG keeps nearly."""
    small = RNG.random((height // 8 + 2, width // 8 + 2, channels))
    image = np.kron(small, np.ones((8, 8, 1)))[:height, :width]
    return (image * np.iinfo(dtype).max).astype(dtype)


def exif(orientation=1):
    found = Image.Exif()
    found[ORIENTATION], found[MAKER], found[0x0132] = orientation, "maker", "2026:01:02 03:04:05"
    found.get_ifd(CAMERA).update({0x829A: TiffImagePlugin.IFDRational(1, 50), 0xA002: 53, 0xA003: 37})
    found.get_ifd(GPS)[1] = "N"
    return found


def kept(orientation=1):
    """EXIF data as reading gives it."""
    stream = io.BytesIO()
    Image.new("RGB", (53, 37)).save(stream, "JPEG", exif=exif(orientation))
    stream.seek(0)
    return kept_exif(Image.open(stream), orientation)[0]


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_written_is_read_again(dtype, channels, opaque, ending, tmp_path):
    pixels = smooth(dtype, channels)
    before = pixels.copy()
    alpha = None if opaque else smooth(dtype, 1)[..., 0]
    photograph = Photograph(pixels, alpha, kept(), SRGB if channels == 3 else None)
    notes = " ".join(written_as(photograph, ending))
    path = tmp_path / f"image{ending}"
    write_photograph(path, photograph)
    assert np.array_equal(pixels, before)
    found = read_photograph(path)
    deep = dtype == np.uint16 and ending in (".png", ".tif")
    assert found.pixels.dtype == (np.uint16 if deep else np.uint8)
    assert ("16 bits" in notes) == (dtype == np.uint16 and not deep)
    wanted = pixels if deep else to_eight_bits(pixels)
    if ending != ".webp" and (opaque or not deep):
        assert found.pixels.shape == wanted.shape
    difference = np.abs(found.pixels.astype(int) - wanted).max()
    assert difference <= (16 if ending == ".jpg" else 0)
    if opaque:
        assert found.alpha is None
    elif ending in (".jpg", ".bmp"):
        assert "loses its transparency" in notes
    else:
        assert np.array_equal(found.alpha, alpha if deep else to_eight_bits(alpha))
    if ending == ".bmp":
        assert "loses its EXIF data" in notes
    else:
        assert dict(found.exif) == dict(photograph.exif)
        assert found.exif[CAMERA][0x829A] == pytest.approx(1 / 50)
        assert found.profile == photograph.profile
    assert found.notes == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 3), (700, 900, 3)])
def test_another_program_reads_the_same_tiff(dtype, shape, tmp_path):
    pixels = RNG.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    write_photograph(tmp_path / "image.tif", Photograph(pixels, exif=kept(), profile=SRGB))
    with tifffile.TiffFile(tmp_path / "image.tif") as file:
        assert np.array_equal(file.pages[0].asarray().reshape(shape), pixels)
        assert file.pages[0].tags["Make"].value == "maker"
        assert "ExposureTime" in file.pages[0].tags["ExifTag"].value


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_taken_out(orientation, ending, tmp_path):
    path = tmp_path / f"image{ending}"
    pixels, turned = smooth(np.uint8, 3), kept(orientation)
    turned[ORIENTATION] = orientation
    write_photograph(path, Photograph(pixels, exif=turned))
    found = read_photograph(path)
    with Image.open(path) as opened:
        assert np.array_equal(found.pixels, np.asarray(ImageOps.exif_transpose(opened)))
    assert image_size(path) == found.pixels.shape[:2]
    assert ORIENTATION not in found.exif
    # They were exchanged when the data was kept, and are again.
    assert (found.exif[CAMERA][0xA002], found.exif[CAMERA][0xA003]) == (53, 37)
    assert (kept(6)[CAMERA][0xA002], kept(6)[CAMERA][0xA003]) == (37, 53)


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_colours_of_16_bits_are_turned_as_others_are(orientation, ending, tmp_path):
    pixels, turned = smooth(np.uint16, 3), kept()
    turned[ORIENTATION] = orientation
    write_photograph(tmp_path / f"image{ending}", Photograph(pixels, exif=turned))
    found = read_photograph(tmp_path / f"image{ending}")
    assert np.array_equal(found.pixels, pixels[::-1, ::-1] if orientation == 3 else np.rot90(pixels, -1))
    assert image_size(tmp_path / f"image{ending}") == found.pixels.shape[:2]


@pytest.mark.parametrize("nonsense", [0, 9, 65535])
def test_nonsense_orientation_is_noted(nonsense, tmp_path):
    Image.fromarray(smooth(np.uint8, 3)).save(tmp_path / "image.jpg", exif=exif(nonsense))
    found = read_photograph(tmp_path / "image.jpg")
    assert found.pixels.shape == (37, 53, 3)
    assert found.notes == [f"has the EXIF orientation '{nonsense}', which is none of 1 to 8; it is taken as upright"]


def test_other_kinds_are_converted_with_a_note(tmp_path):
    image = Image.fromarray(smooth(np.uint8, 3))
    cases = {
        "palette.png": (image.quantize(256), {}, "has a palette and becomes RGB"),
        "print.tif": (image.convert("CMYK"), {}, "is CMYK and becomes RGB"),
        "fax.png": (image.convert("1"), {}, "has 1 bit per pixel and becomes grey of 8 bits"),
        "png.jpg": (image, {"format": "PNG"}, "is a PNG file in spite of its name"),
        "move.webp": (
            image,
            {"save_all": True, "append_images": [image.rotate(90)]},
            "has 2 frames, of which only the first is restored",
        ),
    }
    for name, (made, ways, note) in cases.items():
        made.save(tmp_path / name, **ways)
        found = read_photograph(tmp_path / name)
        assert found.notes == [note], name
        assert found.pixels.shape == (37, 53, 1 if name == "fax.png" else 3)
    clear = image.quantize(16)
    clear.save(tmp_path / "clear.png", transparency=3)
    assert set(np.unique(read_photograph(tmp_path / "clear.png").alpha)) == {0, 255}


def test_cmyk_goes_by_its_profile(tmp_path):
    # A profile of the wrong kind must not stop anything.
    Image.fromarray(smooth(np.uint8, 3)).convert("CMYK").save(tmp_path / "print.jpg", icc_profile=SRGB)
    found = read_photograph(tmp_path / "print.jpg")
    assert found.pixels.shape == (37, 53, 3)
    assert found.profile is None


def test_what_is_refused_is_one_line(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("no image")
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(tmp_path / "nan.tif")
    Image.new("1", (4000, 3000)).save(tmp_path / "large.png")
    cases = {
        "none.png": "no such image file",
        "empty.png": "the file is empty",
        "text.jpg": "not an image that can be read",
        "nan.tif": "floating-point numbers of no known range",
        "large.png": "4000 x 3000 are 12 megapixels, more than the 8 that are taken; raise it with --max-megapixels 12",
        ".": "Is a directory",
    }
    for name, words in cases.items():
        with pytest.raises(ZooError, match=words) as caught:
            read_photograph(tmp_path / name, megapixels=8)
        assert "\n" not in str(caught.value)


def test_a_bomb_is_refused_by_its_header(tmp_path):
    Image.new("1", (64, 64)).save(tmp_path / "bomb.png")
    content = bytearray((tmp_path / "bomb.png").read_bytes())
    content[16:24] = struct.pack(">II", 60000, 60000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (tmp_path / "bomb.png").write_bytes(content)
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ZooError, match="more than twice the 100 megapixels that are taken; raise that with --max-mega"):
        read_photograph(tmp_path / "bomb.png")
    assert limit == Image.MAX_IMAGE_PIXELS


def test_formats_that_cannot_hold_an_image(tmp_path):
    wide = Photograph(np.zeros((2, 70000, 1), np.uint8))
    with pytest.raises(ZooError, match="JPEG holds sides up to 65500, not 70000; write PNG or TIFF"):
        written_as(wide, ".jpg")
    with pytest.raises(ZooError, match="images are written as"):
        written_as(wide, ".gif")
    write_photograph(tmp_path / "wide.png", wide)
    assert read_photograph(tmp_path / "wide.png").pixels.shape == (2, 70000, 1)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot write"):
        write_photograph(tmp_path / "file" / "image.png", wide)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "wide.png"]
    assert set(ENDINGS) <= set(FORMATS)
