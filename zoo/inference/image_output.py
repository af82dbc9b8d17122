"""Restored photographs as files: whole or not at all, with the metadata of what they were made from."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from common.errors import FileError
from common.files import atomic_open
from common.pixels import to_eight_bits
from zoo.errors import ZooError
from zoo.inference.image_files import Photograph
from zoo.inference.opencv import silent_opencv

if TYPE_CHECKING:
    from PIL import Image

JPEG_QUALITY = 95
"""Quality of JPEG files, with colours at full resolution."""

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""Endings that are written, and what they mean. PNG, WebP, BMP and TIFF are without loss."""

# The longest side that a format can hold.
_LONGEST = {"JPEG": 65500, "WEBP": 16383}
_DEEP = ("PNG", "TIFF")
# Bytes of a strip of a TIFF file before compression.
_STRIP = 1 << 20


def written_as(photograph: Photograph, ending: str) -> list[str]:
    """What a format cannot keep of a photograph, in words.

    Raises:
        ZooError: When files with that ending are not written, or the photograph is too large for the format.
    """
    kind = _format(ending)
    longest = max(photograph.pixels.shape[:2])
    if longest > _LONGEST.get(kind, longest):
        raise ZooError(f"{kind} holds sides up to {_LONGEST[kind]}, not {longest}; write PNG or TIFF (--format)")
    notes = []
    if photograph.pixels.dtype == np.uint16 and kind not in _DEEP:
        notes.append(f"has 16 bits per channel, of which {kind} keeps 8; write PNG or TIFF to keep all")
    if photograph.alpha is not None and kind in ("JPEG", "BMP"):
        notes.append(f"loses its transparency, which {kind} cannot hold here; write PNG, WebP or TIFF to keep it")
    if kind == "BMP" and (photograph.exif is not None or photograph.profile):
        notes.append("loses its EXIF data and colour profile, which BMP cannot hold")
    return notes


def write_photograph(path: Path, photograph: Photograph) -> None:
    """Writes an image file atomically, in the format that its name says.

    Args:
        path: The file; its folder is made if it is missing.
        photograph: What to write; see `written_as` for what is lost.

    Raises:
        ZooError: When files with that ending are not written.
        FileError: When the file cannot be written.
    """
    kind = _format(path.suffix)
    deep = photograph.pixels.dtype == np.uint16 and kind in _DEEP
    if deep and photograph.alpha is not None and photograph.pixels.shape[2] == 1:
        # Few programs read grey of 16 bits with opacity; the same values three times are as exact.
        photograph = replace(photograph, pixels=np.repeat(photograph.pixels, 3, axis=2))
    colours = 3 if kind == "WEBP" else photograph.pixels.shape[2]
    if photograph.profile and photograph.profile[16:20] != (b"GRAY" if colours == 1 else b"RGB "):
        # A profile of other colours than the file's makes it invalid.
        photograph = replace(photograph, profile=None)
    with atomic_open(path) as stream:
        if kind == "TIFF":
            _write_tiff(stream, photograph)
        elif deep:
            stream.write(_deep_png(photograph))
        else:
            _write_by_pillow(stream, kind, photograph)


def _format(ending: str) -> str:
    if ending.lower() not in FORMATS:
        raise ZooError(f"images are written as {', '.join(FORMATS)}, not as {ending!r}; take one of these endings")
    return FORMATS[ending.lower()]


def _write_by_pillow(stream: IO[bytes], kind: str, photograph: Photograph) -> None:
    """Writes 8 bits by Pillow, which knows every format's metadata."""
    ways: dict[str, dict[str, object]] = {
        "JPEG": {"quality": JPEG_QUALITY, "subsampling": 0},
        "WEBP": {"lossless": True, "exact": True},
        "PNG": {},
        "BMP": {},
    }
    metadata: dict[str, object] = {}
    if kind != "BMP":
        metadata = {"icc_profile": photograph.profile}
        if photograph.exif is not None:
            metadata["exif"] = photograph.exif.tobytes()
    image = _pillow_image(photograph, kind in ("PNG", "WEBP"))
    try:
        image.save(stream, kind, **ways[kind], **metadata)
    except (ValueError, SyntaxError) as error:
        raise FileError(f"cannot write {kind}: {error}; write another format (--format)") from error


def _pillow_image(photograph: Photograph, with_alpha: bool) -> Image.Image:
    """The photograph in 8 bits as Pillow's image."""
    from PIL import Image

    pixels = np.ascontiguousarray(to_eight_bits(photograph.pixels))
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    if photograph.alpha is not None and with_alpha:
        image.putalpha(Image.fromarray(np.ascontiguousarray(to_eight_bits(photograph.alpha))))
    return image


def _deep_png(photograph: Photograph) -> bytes:
    """A PNG file of 16 bits: the pixels by OpenCV, which keeps all bits, the metadata behind the header."""
    cv2 = silent_opencv()
    pixels, alpha = photograph.pixels, photograph.alpha
    pixels = pixels[..., ::-1] if alpha is None else np.dstack([pixels[..., ::-1], alpha])
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(pixels))
    if not done:
        raise FileError("cannot write PNG of 16 bits; write TIFF (--format)")
    content = encoded.tobytes()
    # Signature of 8 bytes, then the header's chunk: length, name, 13 bytes, checksum.
    start = 8 + 4 + 4 + 13 + 4
    chunks = b""
    if photograph.profile:
        chunks += _chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(photograph.profile))
    if photograph.exif is not None:
        chunks += _chunk(b"eXIf", photograph.exif.tobytes().removeprefix(b"Exif\0\0"))
    return content[:start] + chunks + content[start:]


def _chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _write_tiff(stream: IO[bytes], photograph: Photograph) -> None:
    """Writes a TIFF file of 8 or 16 bits, grey or RGB, with opacity or without.

    Neither Pillow nor OpenCV writes colours of 16 bits together with EXIF data. A TIFF file is an EXIF block with tags
    that describe the pixels, so Pillow's block is written, and strips of compressed rows behind it.
    """
    from PIL import Image

    height, width, channels = photograph.pixels.shape
    exif = photograph.exif if photograph.exif is not None else Image.Exif()
    samples = channels + (photograph.alpha is not None)
    block = Image.Exif()
    block.endian = "<"
    for tag, value in exif.items():
        block[tag] = value
    bits = 8 * photograph.pixels.itemsize
    rows = max(1, _STRIP // (width * samples * photograph.pixels.itemsize))
    block[256], block[257], block[258], block[277] = width, height, (bits,) * samples, samples
    # Deflate of differences between neighbours; black is 0, or RGB; opacity is not multiplied in.
    block[259], block[317], block[262], block[284], block[278] = 8, 2, 1 if channels == 1 else 2, 1, rows
    if photograph.alpha is not None:
        block[338] = 2
    if photograph.profile:
        block[34675] = photograph.profile
    # Where the strips lie is known when they are written; as many numbers hold their place.
    lengths = [0] * -(-height // rows)
    start = len(_tiff_block(block, lengths))
    stream.write(b"\0" * start)
    for number, strip in enumerate(_strips(photograph, rows)):
        content = zlib.compress(strip)
        lengths[number] = len(content)
        if start + sum(lengths) >= 1 << 32:
            raise FileError("the TIFF file would be larger than 4 GiB; write PNG (--format png)")
        stream.write(content)
    stream.seek(0)
    stream.write(_tiff_block(block, lengths))
    stream.seek(0, 2)


def _tiff_block(block: Image.Exif, lengths: Sequence[int]) -> bytes:
    """Header and tags of a TIFF file; strips of those lengths follow behind it."""
    # Pillow adds its own length to the places.
    block[273] = tuple(itertools.accumulate(lengths[:-1], initial=0))
    block[279] = tuple(lengths)
    return block.tobytes().removeprefix(b"Exif\0\0")


def _strips(photograph: Photograph, rows: int) -> Iterator[bytes]:
    """The pixels of so many rows at a time, little end first, each less its left neighbour."""
    pixels, alpha = photograph.pixels, photograph.alpha
    for top in range(0, len(pixels), rows):
        part = pixels[top : top + rows]
        if alpha is not None:
            part = np.dstack([part, alpha[top : top + rows]])
        # Unsigned numbers wrap around, as the format wants it.
        differences = np.concatenate([part[:, :1], part[:, 1:] - part[:, :-1]], axis=1)
        yield differences.astype(part.dtype.newbyteorder("<"), copy=False).tobytes()
