"""What image files say about themselves, and that their pixels agree with it."""

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

import datasets
from datasets import frame_store
from datasets.errors import DataError
from datasets.image import FileFrame, read_image, read_picture
from datasets.loading import load

RGBA = np.random.default_rng(0).integers(0, 256, (6, 8, 4)).astype(np.uint8)


def written(path, image, kind, **options):
    image.save(path, kind, **options)
    return FileFrame(path.name, path)


def noise(size=(40, 60)):
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.uint8))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_bytes_after_the_end_mark_do_not_matter(tmp_path, kind):
    frame = written(tmp_path / "a.png", noise(), kind)
    before = frame.read()
    frame.path.write_bytes(frame.path.read_bytes() + b"an editor's own bytes \xff\xd9 IEND" * 9)
    np.testing.assert_array_equal(FileFrame("a.png", frame.path).read(), before)
    assert FileFrame("a.png", frame.path).shape == (40, 60, 3)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "WEBP", "BMP"])
def test_the_content_decides_and_not_the_name(tmp_path, kind):
    frame = written(tmp_path / "a.png", noise(), kind)
    assert frame.shape == frame.read().shape == (40, 60, 3)
    np.testing.assert_array_equal(frame.read(), np.asarray(Image.open(frame.path)))


@pytest.mark.parametrize(("kind", "name"), [("PNG", "PNG"), ("JPEG", "JPEG"), ("TIFF", "TIFF")])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_missing_bytes_are_found(tmp_path, kind, name, share):
    frame = written(tmp_path / "a", noise(), kind)
    whole = frame.path.read_bytes()
    frame.path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=f"truncated {name}; fetch this file again|not a readable image"):
        FileFrame("a", frame.path).read()


def test_a_jpeg_with_a_thumbnail_is_truncated_when_its_own_end_is_missing(tmp_path):
    thumbnail = BytesIO()
    noise((8, 8)).save(thumbnail, "JPEG")
    exif = Image.Exif()
    exif._data[0x010E] = "\xff\xd9"
    frame = written(tmp_path / "a.jpg", noise(), "JPEG", exif=exif, comment=thumbnail.getvalue())
    assert frame.read().shape == (40, 60, 3)
    frame.path.write_bytes(frame.path.read_bytes()[:-40])
    with pytest.raises(DataError, match="truncated JPEG"):
        frame.read()


def test_a_tiff_whose_strips_hold_too_little_is_found(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGBA[..., 0])
    content = bytearray((tmp_path / "a.tif").read_bytes())
    place = content.index(struct.pack("<HHI", 257, 4, 1))
    content[place + 8] = 60  # the height that the header claims
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.tif: truncated TIFF"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("meaning", ["unassalpha", "assocalpha"])
def test_alpha_is_dropped_and_the_colours_stay_as_stored(tmp_path, bits, suffix, meaning):
    pixels = RGBA if bits == 8 else RGBA.astype(np.uint16) * 257
    path = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=[meaning])
    else:
        cv2.imwrite(str(path), pixels[..., [2, 1, 0, 3]])
    frame = FileFrame("a", path)
    assert frame.shape == (6, 8, 3)
    np.testing.assert_array_equal(frame.read(), pixels[..., :3])


def test_grey_with_alpha_is_grey(tmp_path):
    for suffix in ("png", "tif"):
        frame = written(tmp_path / f"a.{suffix}", Image.fromarray(RGBA[..., :2].copy(), "LA"), None)
        assert frame.shape == (6, 8, 1)
        np.testing.assert_array_equal(frame.read()[..., 0], RGBA[..., 0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_orientation_is_applied_to_header_and_pixels_alike(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    frame = written(tmp_path / "a", noise((60, 80)), kind, exif=exif, **options)
    assert frame.shape == frame.read().shape == ((60, 80, 3) if orientation < 5 else (80, 60, 3))
    with Image.open(frame.path) as image:
        shown = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(frame.read(), shown)
    assert frame.header.orientation == orientation


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int32", "int16", "int8", "uint32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_pixels_than_8_and_16_bit_are_refused_everywhere(layouts, tmp_path, kind, channels):
    layouts.hdc(0, "Times", [1, 2])
    path = layouts.root / "step0/Times/CAM02/focusStep_0_timesR_size_30_sample_0002.tif"
    pixels = (100 * np.random.default_rng(0).random((8, 12, 3)[: 1 + channels])).astype(kind)
    tifffile.imwrite(path, pixels, photometric="rgb" if channels == 3 else "minisblack")
    message = f"{kind} pixels; save the image with 8 or 16 bits per channel"
    for ask in (lambda: FileFrame("a", path).shape, lambda: read_image(path)):
        with pytest.raises(DataError, match=message):
            ask()
    report = datasets.verify("hdc", layouts.root)
    assert [what.partition(",")[0] for _, what in report.problems] == [message]
    with pytest.raises(DataError, match=message):
        frame_store.prepare(load("hdc", layouts.root, "train"), tmp_path / "store")


def test_the_frame_store_never_rounds_what_it_does_not_know():
    for kind in (np.float32, np.int16, np.int32):
        with pytest.raises(DataError, match="cannot be stored with 8 bit"):
            frame_store.to_uint8(np.ones((2, 2), kind))


def test_sixteen_bit_tiff_with_zero_as_white_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGBA[..., 0].astype(np.uint16), photometric="miniswhite")
    with pytest.raises(DataError, match="in which zero is white"):
        read_image(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", RGBA[..., 0], photometric="miniswhite")
    np.testing.assert_array_equal(read_image(tmp_path / "b.tif")[..., 0], 255 - RGBA[..., 0])


def png(width, height):
    """A PNG file that claims a size and holds nothing."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_an_image_that_claims_too_many_pixels_is_refused(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(*size))
    for ask in (lambda: FileFrame("a", path).shape, lambda: read_image(path)):
        with pytest.raises(DataError, match=r"bomb\.png: claims .* pixels, more than the 268,435,456 that are read"):
            ask()


def test_a_bomb_in_a_format_of_pillow_is_one_line(tmp_path):
    head = b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 50_000, 50_000, 1, 24, *[0] * 6)
    (tmp_path / "bomb.png").write_bytes(head)
    with pytest.raises(DataError, match=r"bomb\.png: (not a readable image|claims)"):
        read_image(tmp_path / "bomb.png")


@pytest.mark.parametrize("size", range(1, 60, 3))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_any_beginning_of_a_file_is_one_line(tmp_path, kind, size):
    frame = written(tmp_path / "a", noise((4, 4)), kind)
    frame.path.write_bytes(frame.path.read_bytes()[:size])
    for ask in (lambda: FileFrame("a", frame.path).shape, lambda: read_image(frame.path)):
        try:
            ask()
        except DataError as error:
            assert "\n" not in str(error)
            assert str(error).startswith(str(frame.path))


def test_random_damage_is_one_line_or_an_image(tmp_path, capfd):
    rng = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        frame = written(tmp_path / "a", noise((12, 12)), kind)
        whole = np.frombuffer(frame.path.read_bytes(), np.uint8)
        for _ in range(60):
            damaged = whole.copy()
            damaged[rng.integers(0, min(len(whole), 200), 3)] = rng.integers(0, 256, 3)
            frame.path.write_bytes(damaged.tobytes())
            fresh = FileFrame("a", frame.path)
            try:
                assert fresh.read().shape == fresh.shape
            except DataError as error:
                assert "\n" not in str(error)
    capfd.readouterr()  # decoders print about damage


def test_the_old_name_reads_too():
    assert read_picture is read_image
