"""Selections of pairs: what they hold decides their coverage and fingerprint."""

import json
from pathlib import Path

import numpy as np
import pytest

import datasets
from datasets import samples
from datasets.errors import DataError
from datasets.image import ArrayFrame, FileFrame
from datasets.pairs import Pair, Pairs, fingerprint
from datasets.sizes import pair_size, sizes

RESULTS = Path(__file__).resolve().parents[2] / "results"


def pairs(count=9, coverage="full"):
    image = ArrayFrame("x", np.zeros((1, 1, 3), np.uint8))
    items = tuple(Pair("reds", "val", f"{i // 3:03d}", f"{i:08d}", (image,), (image,)) for i in range(count))
    return Pairs("reds", "val", Path(), items, coverage, fingerprint(["reds"]))


def test_the_whole_in_its_order_keeps_coverage_and_fingerprint():
    whole = pairs()
    for same in (whole[:], whole.select(range(9)), whole.select(np.arange(9)), whole.select([*range(8), -1])):
        assert same == whole


@pytest.mark.parametrize("coverage", ["full", "subset 9/3000", "sample"])
def test_every_other_selection_has_a_fingerprint_of_its_own(coverage):
    whole = pairs(coverage=coverage)
    chosen = [
        range(8),
        range(1, 9),
        [0] * 9,
        [0, 0, 0],
        [0],
        range(8, -1, -1),
        [1, 0, *range(2, 9)],
        [*range(9), 0],
        [],
    ]
    digits = [whole.select(indices).fingerprint for indices in chosen]
    assert len({whole.fingerprint, *digits}) == len(digits) + 1
    assert digits == [pairs(coverage=coverage).select(indices).fingerprint for indices in chosen]


@pytest.mark.parametrize(
    ("indices", "coverage"),
    [
        ([0, 0, 0], "subset 1/9"),
        ([0] * 9, "subset 1/9"),
        ([*range(9), 0], "subset 9/9"),
        ([0, 1, 1], "subset 2/9"),
        (range(8, -1, -1), "full"),
        ([], "subset 0/9"),
    ],
)
def test_repeated_pairs_are_never_full_and_never_more_than_there_are(indices, coverage):
    assert pairs().select(indices).coverage == coverage
    assert pairs(coverage="subset 9/3000").select([0] * 20).coverage == "subset 1/3000"
    assert pairs(coverage="sample").select(indices).coverage == "sample"


def test_a_selection_of_a_selection_differs_from_the_direct_one():
    assert pairs()[2:][1:].fingerprint != pairs()[3:].fingerprint
    assert [pair.name for pair in pairs()[2:][1:]] == [pair.name for pair in pairs()[3:]]
    with pytest.raises(IndexError):
        pairs().select([9])


def test_names_that_are_not_utf8_have_a_fingerprint():
    assert fingerprint([b"caf\xe9.png".decode(errors="surrogateescape")]) != fingerprint(["café.png"])


def test_the_committed_records_are_found_again_by_the_same_data(real_data, tmp_path):
    recorded = {"cifar10": set(), "reds": set(), "gopro": set()}
    for path in (RESULTS / "runs").glob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        for part in (record["evaluation"], record.get("training") or {}):
            recorded.get(record["dataset"], set()).add((part.get("coverage"), part.get("fingerprint")))
    for name, root in (("cifar10", real_data), ("reds", real_data), ("gopro", samples.build("gopro", tmp_path))):
        for split in datasets.info(name).splits:
            found = datasets.load(name, root, split)
            assert (found.coverage, found.fingerprint) in recorded[name], (name, split)


def image(name, size, channels=3):
    return ArrayFrame(name, np.zeros((*size, channels), np.uint8))


def pair(*frames):
    return Pair("reds", "val", "000", frames[-1].name, tuple(frames[:-1]), (frames[-1],))


def test_pairs_may_differ_from_each_other_but_not_in_themselves():
    items = (pair(image("a", (4, 6)), image("b", (4, 6))), pair(image("c", (5, 6), 1), image("d", (5, 6))))
    good = Pairs("reds", "val", Path(), items, "sample", "0")
    calls = []
    assert sizes(good, lambda *call: calls.append(call)) == {(4, 6), (5, 6)}
    assert calls == [(1, 2), (2, 2)]
    bad = Pairs("reds", "val", Path(), (*items, pair(image("blurry", (6, 4)), image("sharp", (4, 6)))), "sample", "0")
    with pytest.raises(DataError, match=r"reds 000/sharp: blurry is 6x4, but sharp is 4x6; both images of a pair") as e:
        sizes(bad)
    assert "\n" not in str(e.value)


def test_headers_are_read_once_and_no_pixels(layouts, monkeypatch):
    layouts.reds("val", "000", range(4))
    found = datasets.load("reds", layouts.root, frames=3)
    monkeypatch.setattr(FileFrame, "read", None)
    assert sizes(found) == {(8, 12)}
    monkeypatch.setattr(Path, "open", None)
    assert sizes(found) == {(8, 12)}


@pytest.mark.parametrize("size", [(8, 12), (9, 9)])
@pytest.mark.parametrize("orientation", [2, 3, 6])
def test_orientation_on_one_side_only_is_refused(layouts, size, orientation):
    from PIL import Image

    layouts.reds("val", "000", range(100))
    names = [f"val/val_{kind}/000/00000007.png" for kind in ("blur", "sharp")]
    exif = Image.Exif()
    exif[0x0112] = orientation
    paths = [layouts.image(name, size) for name in names]
    Image.open(paths[0]).save(paths[0], exif=exif)
    found = datasets.load("reds", layouts.root)
    turned = orientation >= 5 and size[0] != size[1]
    with pytest.raises(
        DataError, match=r"is 12x8, but" if turned else r"EXIF orientation differs .*00000007\.png has "
    ):
        pair_size(found[7])
    report = datasets.verify("reds", layouts.root)
    assert any("EXIF orientation differs" in what for path, what in report.problems if path == names[0])
    # The same mark on both sides is no fault, and the pair is read as it is shown.
    Image.open(paths[1]).save(paths[1], exif=exif)
    both = datasets.load("reds", layouts.root)[7]
    assert pair_size(both) == both.blurry[0].read().shape[:2]
