"""Image files and Pillow's images as arrays, turned as their EXIF orientation says."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import ZooError
from zoo.inference.metadata import DAMAGES, kept_exif, orientation_of, turned
from zoo.inference.opencv import silent_libraries, silent_opencv

if TYPE_CHECKING:
    from PIL import Image

MEGAPIXELS = 100.0
"""Images beyond this size are refused before they are decoded, unless somebody says otherwise."""

# What is opened. Pillow knows more, some of which run other programs or are no photographs.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF", "JPEG2000")
_ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".mpo"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "DIB": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k"),
}
IMAGE_ENDINGS = frozenset(ending for endings in _ENDINGS.values() for ending in endings)
"""Endings of files that are taken for images when a folder is restored."""

# Modes of 16 bits in Pillow; "I" is what it makes of some PNG and TIFF files of 16 bits.
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N", "I")


@dataclass
class Photograph:
    """An image file's content, turned upright.

    Attributes:
        pixels: uint8 or uint16 (height, width, 1 or 3), grey or RGB.
        alpha: Opacity (height, width) of the same type; None for an opaque image.
        exif: EXIF data without orientation, thumbnail and what describes the pixels; None without any.
        profile: ICC colour profile; None without one.
        notes: What was converted or left out, in words.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    exif: Image.Exif | None = None
    profile: bytes | None = None
    notes: list[str] = field(default_factory=list)


def read_image(path: Path | str) -> np.ndarray:
    """An image file as `to_array` gives it.

    Raises:
        ZooError: When the file is missing or no image that can be read, or is partly transparent.
    """
    photograph = read_photograph(path)
    if photograph.alpha is not None and (photograph.alpha != np.iinfo(photograph.alpha.dtype).max).any():
        raise ZooError(f"{path} is partly transparent; put it on a background first")
    if photograph.pixels.dtype == np.uint16:
        return photograph.pixels.astype(np.float32) / np.float32(65535)
    return photograph.pixels


def image_size(path: Path | str, megapixels: float = MEGAPIXELS) -> tuple[int, int]:
    """Height and width of an image file, upright, from its header.

    Raises:
        ZooError: When the file is missing or no image that can be read, or is too large.
    """
    path = Path(path).expanduser()
    with _opened(path, megapixels) as image:
        # Pillow has turned TIFF files already.
        aside = image.format != "TIFF" and orientation_of(image)[0] >= 5
        return (image.width, image.height) if aside else (image.height, image.width)


def read_photograph(path: Path | str, megapixels: float = MEGAPIXELS) -> Photograph:
    """Reads an image file with what shall be kept of it.

    Palettes, CMYK and black-and-white images become RGB or grey of 8 bits, and a note says so. Of several frames the
    first is taken.

    Args:
        path: The file; what it is decides its content, not its name.
        megapixels: Largest size that is decoded.

    Raises:
        ZooError: When the file is missing, damaged, no image, too large, or holds numbers of no known range.
    """
    path = Path(path).expanduser()
    with _opened(path, megapixels) as image:
        notes = _first_notes(path, image)
        # Before the metadata: Pillow decodes a PNG file to read that, and forgets what the file held.
        deep = _deep_colour(image)
        stored, complaint = orientation_of(image)
        exif, trouble = kept_exif(image, stored)
        # Pillow and OpenCV turn TIFF files when they decode them.
        turn = 1 if image.format == "TIFF" else stored
        notes += [each for each in (complaint, trouble) if each]
        profile = image.info.get("icc_profile")
        profile = profile if isinstance(profile, bytes) and profile else None
        if deep:
            pixels, alpha = _read_deep(path)
        else:
            converted, note = _converted(image, str(path), profile)
            if note:
                notes.append(note)
                # The profile describes the colours before the conversion.
                profile = None if image.mode == "CMYK" else profile
            pixels, alpha = _split(converted, str(path))
    upright = turned(pixels, turn), None if alpha is None else turned(alpha, turn)
    return Photograph(*upright, exif, profile, notes)


def to_array(image: Image.Image, name: str = "the image") -> np.ndarray:
    """A Pillow image as an array in the orientation that its EXIF data asks for.

    Args:
        image: Grey, RGB, CMYK or with a palette, of 8 bits; grey of 16 bits; an opaque alpha channel is left out.
        name: What messages call it.

    Returns:
        uint8 (height, width, 3), or (height, width, 1) for grey; float32 in [0, 1] for 16 bits.

    Raises:
        ZooError: For images that are partly transparent, and for other kinds of numbers.
    """
    turn = 1 if image.format == "TIFF" else orientation_of(image)[0]
    converted, _ = _converted(image, name, None)
    pixels, alpha = _split(converted, name)
    if alpha is not None and (alpha != np.iinfo(alpha.dtype).max).any():
        raise ZooError(f"{name} is partly transparent; put it on a background first")
    pixels = turned(pixels, turn)
    return pixels.astype(np.float32) / np.float32(65535) if pixels.dtype == np.uint16 else pixels


@contextmanager
def _opened(path: Path, megapixels: float) -> Iterator[Image.Image]:
    """Opens an image file, header only, within its size; whatever goes wrong inside is one line of ZooError."""
    from PIL import Image, UnidentifiedImageError

    usual = Image.MAX_IMAGE_PIXELS
    # Pillow refuses at twice this number, whatever else is wrong with a file.
    Image.MAX_IMAGE_PIXELS = int(megapixels * 1e6)
    try:
        with silent_libraries(), warnings.catch_warnings():
            # Sizes are checked here, and damaged metadata is noted where it is read.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(_content(path)), formats=_FORMATS) as image:
                found = image.width * image.height / 1e6
                if found > megapixels:
                    raise ZooError(
                        f"{path}: {image.width} x {image.height} are {found:,.0f} megapixels, more than the "
                        f"{megapixels:g} that are taken; raise it with --max-megapixels {np.ceil(found):.0f}"
                    )
                yield image
    except UnidentifiedImageError as error:
        raise ZooError(f"{path}: not an image that can be read; save it as PNG, JPEG or TIFF") from error
    except Image.DecompressionBombError as error:
        raise ZooError(
            f"{path}: its header asks for more than twice the {megapixels:g} megapixels that are taken; raise "
            "that with --max-megapixels if you trust the file"
        ) from error
    except MemoryError as error:
        raise ZooError(f"{path}: not enough memory to decode it; close other programs or cut it into parts") from error
    except DAMAGES as error:
        if isinstance(error, ZooError):
            raise
        said = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise ZooError(f"{path}: cannot be read as an image: {said}; save it again as PNG, JPEG or TIFF") from error
    finally:
        Image.MAX_IMAGE_PIXELS = usual


def _content(path: Path) -> bytes:
    """A file's bytes; a file that changes or vanishes while it is decoded cannot do harm then."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ZooError(f"{path}: no such image file") from error
    except OSError as error:
        raise ZooError(f"{path}: cannot be read as an image: {error.strerror or error}; give an image file") from error
    if not content:
        raise ZooError(f"{path}: the file is empty; fetch or save it again")
    return content


def _first_notes(path: Path, image: Image.Image) -> list[str]:
    """What a header says that a user may not know."""
    notes = []
    kind = str(image.format)
    if path.suffix.lower() not in _ENDINGS.get(kind, ()):
        notes.append(f"is a {kind} file in spite of its name")
    # Cameras keep previews and depth maps as further frames of MPO files.
    frames = 1 if kind == "MPO" else getattr(image, "n_frames", 1)
    if frames > 1:
        notes.append(f"has {frames} frames, of which only the first is restored")
    return notes


def _deep_colour(image: Image.Image) -> bool:
    """Whether an image has colours of 16 bits, of which Pillow would give the upper 8 only."""
    if image.format not in ("PNG", "TIFF") or image.mode not in ("RGB", "RGBA", "LA", "RGBX", "RGBa"):
        return False
    arguments = [tile[3] if isinstance(tile[3], str) else tile[3][0] for tile in getattr(image, "tile", ())]
    return any("16" in str(each) for each in arguments)


def _read_deep(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Pixels and opacity of a PNG or TIFF file with colours of 16 bits."""
    cv2 = silent_opencv()
    encoded = np.frombuffer(_content(path), np.uint8)
    try:
        found = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError("damaged image of 16 bits") from error
    if found is None or found.dtype != np.uint16:
        raise ValueError("damaged image of 16 bits, or a layout that cannot be read")
    if found.ndim == 2:
        return found[..., np.newaxis], None
    alpha = np.ascontiguousarray(found[..., 3]) if found.shape[2] == 4 else None
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB if alpha is None else cv2.COLOR_BGRA2RGB), alpha


def _converted(image: Image.Image, name: str, profile: bytes | None) -> tuple[Image.Image, str]:
    """An image in a mode that `_split` takes, and a note where that changes what it is."""
    if image.mode in (*_SIXTEEN_BITS, "L", "RGB") and not image.has_transparency_data:
        return image, ""
    if image.mode == "F":
        raise ZooError(f"{name} holds floating-point numbers of no known range; give an array in [0, 1]")
    if image.mode == "1":
        return image.convert("L"), "has 1 bit per pixel and becomes grey of 8 bits"
    if image.mode == "CMYK":
        return _from_cmyk(image, profile), "is CMYK and becomes RGB"
    palette = "has a palette and becomes RGB" if image.mode in ("P", "PA") else ""
    if image.mode in ("LA", "La"):
        return image.convert("LA"), palette
    if image.has_transparency_data:
        return image.convert("RGBA"), palette
    return image.convert("RGB"), palette or f"is {image.mode} and becomes RGB"


def _from_cmyk(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A CMYK image in RGB: by its colour profile to sRGB, or by the plain rule without one."""
    from PIL import ImageCms

    if profile is not None:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _split(image: Image.Image, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Pixels and opacity of an image in one of the modes that `_converted` gives."""
    pixels = np.asarray(image)
    if image.mode in _SIXTEEN_BITS:
        if pixels.min() < 0 or pixels.max() > 65535:
            raise ZooError(f"{name} has numbers outside of 16 bits; convert it to 8 or 16 bits first")
        return pixels.astype(np.uint16)[..., np.newaxis], None
    if pixels.ndim == 2:
        return pixels[..., np.newaxis], None
    if pixels.shape[2] in (2, 4):
        return np.ascontiguousarray(pixels[..., :-1]), np.ascontiguousarray(pixels[..., -1])
    return pixels, None
