"""Images and pairs."""

import cv2
import numpy as np
import pytest

from datasets.errors import DataError
from datasets.image import ArrayFrame, FileFrame, Frame, Window
from datasets.pairs import Pair, Pairs, fingerprint


@pytest.mark.parametrize("kind", ["rgb", "grey", "grey16"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_file_is_read_without_losing_bits(tmp_path, kind, suffix):
    high, dtype = (65536, np.uint16) if kind == "grey16" else (256, np.uint8)
    pixels = np.random.default_rng(1).integers(0, high, (7, 5, 3 if kind == "rgb" else 1)).astype(dtype)
    path = tmp_path / f"a{suffix}"
    cv2.imwrite(str(path), pixels[..., ::-1])
    frame = FileFrame("a", path)
    assert isinstance(frame, Frame)
    assert frame.shape == pixels.shape
    assert frame.read().dtype == dtype
    np.testing.assert_array_equal(frame.read(), pixels)
    np.testing.assert_array_equal(frame.read(Window(2, 1, 4, 3)), pixels[2:6, 1:4])


def test_a_crop_must_fit():
    frame = ArrayFrame("night.png", np.zeros((4, 6, 3), np.uint8))
    assert frame.read(Window(0, 0, 4, 6)).shape == (4, 6, 3)
    for window in (Window(0, 0, 5, 6), Window(1, 0, 4, 6), Window(-1, 0, 2, 2), Window(0, 4, 2, 3)):
        with pytest.raises(DataError, match=r"night\.png: crop .* does not fit in 4x6"):
            frame.read(window)


def test_damaged_files_are_named(tmp_path, layouts, capfd):
    path = layouts.image("a.png", (40, 40))
    whole = path.read_bytes()
    damaged = {
        "truncated": whole[: len(whole) // 2],
        "end lost": whole[:-12],
        "empty": b"",
        "not an image": b"hello",
        "bit flipped": whole[:2000] + bytes([whole[2000] ^ 4]) + whole[2001:],
    }
    for content in damaged.values():
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.png: .*fetch this file again"):
            FileFrame("a.png", path).read()
    with pytest.raises(DataError, match=r"gone\.png: No such file"):
        FileFrame("gone.png", tmp_path / "gone.png").read()
    path.write_bytes(b"hello")
    with pytest.raises(DataError, match=r"a\.png: not a readable image"):
        _ = FileFrame("a.png", path).shape
    capfd.readouterr()  # libpng prints about the flipped bit


def _pairs(count, coverage="full"):
    image = ArrayFrame("x", np.zeros((1, 1, 3), np.uint8))
    items = tuple(Pair("reds", "val", f"{i // 3:03d}", f"{i:08d}", (image,), (image,)) for i in range(count))
    return Pairs("reds", "val", ".", items, coverage, fingerprint(["reds"]))


def test_a_part_of_the_pairs_is_a_subset():
    pairs = _pairs(9)
    assert pairs[4].name == "001/00000004"
    assert pairs.scenes == ("000", "001", "002")
    half = pairs[::2]
    assert [pair.frame for pair in half] == [f"{i:08d}" for i in (0, 2, 4, 6, 8)]
    assert half.coverage == "subset 5/9"
    assert half[:2].coverage == "subset 2/9"
    assert len({pairs.fingerprint, half.fingerprint, pairs[1::2].fingerprint}) == 3
    assert pairs[::-1].coverage == "full"
    assert _pairs(9, "sample")[:2].coverage == "sample"
    assert _pairs(4, "subset 4/3000")[:2].coverage == "subset 2/3000"


def test_a_fingerprint_depends_on_every_part():
    assert fingerprint(["a", "b"]) == fingerprint(["a", "b"])
    assert len({fingerprint(p) for p in (["a", "b"], ["ab"], ["b", "a"], ["a"], [])}) == 5
    assert len(fingerprint(["a"])) == 16
