"""What an image file says about itself: its format by content, its size, and whether all of its bytes are there.

The name's ending is not asked: editors save JPEG data as `.png`, and such a file is as good as any other. Only the
bytes before the pixels are read for a header, so that thousands of files take seconds.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from datasets.errors import DataError

MAX_PIXELS = 2**28
"""Largest image that is decoded (16,384 x 16,384); a file that claims more is damaged or meant to fill the memory."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PNG_GREY = (0, 4)
_PNG_ALPHA = (4, 6)
# Start of frame, of any kind; the three numbers between them stand for tables.
_JPEG_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN, _JPEG_APP1 = 0xDA, 0xE1
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_ORIENTATION = 0x0112
_BIG_TIFF = 43
_TIFF_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
# Bits, strips and their sizes, tiles and theirs, extra samples, sample formats: these can be longer than their entry.
_WANTED_TAGS = (258, 273, 279, 324, 325, 338, 339)
_MOST_TAGS, _MOST_BYTES = 4096, 2**24
_UNSIGNED = 1
_STRAIGHT_ALPHA = 2
_SAMPLE_KINDS = {1: "uint", 2: "int", 3: "float", 5: "complex int", 6: "complex float"}
_WHITE_IS_ZERO = 0
_DAMAGED = "not a readable image; fetch this file again"


class Header(NamedTuple):
    """What is known about an image without decoding it.

    Attributes:
        kind: `"png"`, `"jpeg"`, `"tiff"`, or `"other"` for what Pillow knows besides.
        height: In pixels, after `orientation` was applied: as the image is shown and read.
        width: The same.
        channels: 1 for grey (with or without alpha), else 3.
        orientation: The EXIF or TIFF orientation, 1 (as stored) to 8.
        alpha: Whether there is an alpha channel by which the stored colours are not multiplied; reading drops it.
        bits: Bits per channel.
    """

    kind: str
    height: int
    width: int
    channels: int
    orientation: int
    alpha: bool
    bits: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.height, self.width, self.channels


def read_header(stream: BinaryIO, path: Path) -> Header:
    """Reads the header of an image file.

    Args:
        stream: The file or its bytes, at the start.
        path: How messages call it.

    Raises:
        DataError: When it is no image, its pixels are not 8 or 16 bit without sign, or it claims too many of them.
    """
    start = stream.read(8)
    stream.seek(0)
    if not start:
        raise DataError(f"{path}: empty file; fetch this file again")
    try:
        if start == _PNG:
            header = _png(stream)
        elif start[:3] == _JPEG:
            header = _jpeg(stream)
        elif start[:4] in _TIFF:
            header = _tiff(stream, path)
        else:
            header = _other(stream)
    except (struct.error, KeyError, TypeError, ValueError, IndexError, SyntaxError, EOFError) as error:
        raise DataError(f"{path}: {_DAMAGED}") from error
    if header.height < 1 or header.width < 1:
        raise DataError(f"{path}: {_DAMAGED}")
    if header.height * header.width > MAX_PIXELS:
        raise DataError(
            f"{path}: claims {header.height}x{header.width} pixels, more than the {MAX_PIXELS:,} that are read; "
            "cut the image or fetch this file again"
        )
    return header


def check_complete(raw: bytes, header: Header, path: Path) -> None:
    """Raises DataError when bytes are missing at the end of a file, as far as its format tells.

    PNG and JPEG files have an end mark, and what follows it does not count; a TIFF file says where its pixels lie.
    Whether the bytes of a TIFF file are the right ones cannot be told: the format has no checksums.
    """
    ends = {"png": _png_ends, "jpeg": _jpeg_ends, "tiff": _tiff_fits}.get(header.kind)
    try:
        complete = ends is None or ends(raw)
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise DataError(f"{path}: {_DAMAGED}") from error
    if not complete:
        raise DataError(f"{path}: truncated {header.kind.upper()}; fetch this file again")


def _oriented(kind: str, size: tuple[int, int], channels: int, orientation: int, alpha: bool, bits: int) -> Header:
    """Builds a header from the stored (height, width)."""
    orientation = orientation if orientation in range(1, 9) else 1
    height, width = size if orientation < 5 else size[::-1]
    return Header(kind, height, width, channels, orientation, alpha, bits)


def _exif_orientation(block: bytes) -> int:
    """Finds the orientation in an EXIF block, a small TIFF file; 1 where it says none or is damaged."""
    try:
        return _tiff_tags(BytesIO(block.removeprefix(b"Exif\0\0"))).get(_ORIENTATION, (1,))[0]
    except (struct.error, ValueError, IndexError):
        return 1


def _png(stream: BinaryIO) -> Header:
    """Reads IHDR, and an eXIf chunk where it stands before the pixels."""
    stream.seek(len(_PNG))
    length, name = struct.unpack(">I4s", stream.read(8))
    width, height, bits, colour = struct.unpack(">IIBB", stream.read(10))
    if name != b"IHDR":
        raise ValueError("no IHDR")
    stream.seek(length - 10 + 4, os.SEEK_CUR)
    orientation = 1
    while len(head := stream.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name in (b"IDAT", b"IEND"):
            break
        if name == b"eXIf":
            orientation = _exif_orientation(stream.read(length))
            length = 0
        stream.seek(length + 4, os.SEEK_CUR)
    channels = 1 if colour in _PNG_GREY else 3
    return _oriented("png", (height, width), channels, orientation, colour in _PNG_ALPHA, max(bits, 8))


def _png_ends(raw: bytes) -> bool:
    """Whether the chunks lead to the end mark."""
    place = len(_PNG)
    while place + 12 <= len(raw):
        length, name = struct.unpack_from(">I4s", raw, place)
        place += length + 12
        if name == b"IEND":
            result: bool = place <= len(raw)
            return result
    return False


def _jpeg(stream: BinaryIO) -> Header:
    """Reads the start of the frame, and the EXIF block before it."""
    stream.seek(2)
    orientation, frame = 1, None
    while frame is None:
        mark = _next_mark(stream)
        if mark in _JPEG_BARE:
            continue
        (length,) = struct.unpack(">H", stream.read(2))
        if mark == _JPEG_SCAN:
            raise ValueError("pixels without a frame")
        if mark in _JPEG_FRAME:
            frame = struct.unpack(">BHHB", stream.read(6))
        elif mark == _JPEG_APP1:
            block = stream.read(length - 2)
            if block.startswith(b"Exif\0\0"):
                orientation = _exif_orientation(block)
        else:
            stream.seek(length - 2, os.SEEK_CUR)
    bits, height, width, components = frame
    return _oriented("jpeg", (height, width), 1 if components == 1 else 3, orientation, False, bits)


def _next_mark(stream: BinaryIO) -> int:
    """Reads a JPEG marker's second byte; fill bytes of 0xFF may stand before it."""
    if stream.read(1) != b"\xff":
        raise ValueError("no marker")
    while (byte := stream.read(1)) == b"\xff":
        continue
    return byte[0]


def _jpeg_ends(raw: bytes) -> bool:
    """Whether the end mark follows the first scan of the image itself (thumbnails lie in segments before it)."""
    stream = BytesIO(raw)
    stream.seek(2)
    while (mark := _next_mark(stream)) != _JPEG_SCAN:
        if mark not in _JPEG_BARE:
            (length,) = struct.unpack(">H", stream.read(2))
            stream.seek(length - 2, os.SEEK_CUR)
    return raw.find(b"\xff\xd9", stream.tell()) >= 0


def _tiff_tags(stream: BinaryIO) -> Mapping[int, tuple[int, ...]]:
    """Reads the whole numbers among the tags of the first image in a TIFF file."""
    head = stream.read(8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise ValueError("no byte order")
    big = struct.unpack_from(f"{order}H", head, 2)[0] == _BIG_TIFF
    number, inline = ("Q", 8) if big else ("I", 4)
    place = struct.unpack(f"{order}Q", stream.read(8)) if big else struct.unpack_from(f"{order}I", head, 4)
    stream.seek(place[0])
    (entries,) = struct.unpack(f"{order}{'Q' if big else 'H'}", stream.read(8 if big else 2))
    size = 4 + 2 * inline
    if entries > _MOST_TAGS:
        raise ValueError("too many tags")
    directory = stream.read(entries * size)
    tags = {}
    for index in range(entries):
        tag, kind, count = struct.unpack_from(f"{order}HH{number}", directory, index * size)
        code = _TIFF_NUMBERS.get(kind)
        if code is None:
            continue
        length = count * struct.calcsize(f"{order}{code}")
        if length <= inline:
            value = directory[(index + 1) * size - inline : (index + 1) * size]
        elif tag in _WANTED_TAGS and length < _MOST_BYTES:
            stream.seek(struct.unpack_from(f"{order}{number}", directory, (index + 1) * size - inline)[0])
            value = stream.read(length)
        else:
            continue
        tags[tag] = struct.unpack(f"{order}{count}{code}", value[:length])
    return tags


def _tiff(stream: BinaryIO, path: Path) -> Header:
    """Reads the tags; refuses samples that are not unsigned 8 or 16 bit."""
    tags = _tiff_tags(stream)
    (width,), (height,) = tags[256], tags[257]
    bits, samples, meaning = max(tags.get(258, (1,))), tags.get(277, (1,))[0], tags.get(262, (1,))[0]
    kinds = set(tags.get(339, (_UNSIGNED,)))
    if kinds != {_UNSIGNED} or bits not in (1, 2, 4, 8, 16):
        kind = _SAMPLE_KINDS.get(max(kinds), "unknown ")
        raise DataError(f"{path}: {kind}{bits} pixels; save the image with 8 or 16 bits per channel, without sign")
    if meaning == _WHITE_IS_ZERO and bits == 16:
        raise DataError(f"{path}: 16-bit TIFF in which zero is white; save the image with zero as black")
    extra = tags.get(338, ())
    channels = 1 if meaning in (0, 1) and samples - len(extra) == 1 else 3
    alpha = _STRAIGHT_ALPHA in extra
    return _oriented("tiff", (height, width), channels, tags.get(274, (1,))[0], alpha, max(bits, 8))


def _tiff_fits(raw: bytes) -> bool:
    """Whether the strips or tiles lie inside the file and, where they are not compressed, hold every pixel."""
    tags = _tiff_tags(BytesIO(raw))
    places, sizes = tags.get(273) or tags.get(324, ()), tags.get(279) or tags.get(325, ())
    inside = all(place + size <= len(raw) for place, size in zip(places, sizes, strict=False))
    plain = tags.get(259, (1,))[0] == 1
    bits = tags[256][0] * tags[257][0] * sum(tags.get(258, (1,)))
    return inside and (not plain or 8 * sum(sizes) >= bits)


def _other(stream: BinaryIO) -> Header:
    """Lets Pillow read the header of any other format that OpenCV decodes too, such as WebP or BMP."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(stream) as image:
            orientation = int(image.getexif().get(_ORIENTATION, 1))
            grey, alpha = image.mode in ("L", "LA", "1"), image.mode in ("LA", "RGBA", "PA")
            return _oriented("other", (image.height, image.width), 1 if grey else 3, orientation, alpha, 8)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(str(error)) from error
