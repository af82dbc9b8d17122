"""The catalogue: typed, complete where anybody may read facts, and of models that this zoo has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import zoo
from tests.zoo.weights.conftest import entry
from zoo.errors import ZooError
from zoo.weights import catalogue
from zoo.weights.names.base import known
from zoo.weights.read import FORMATS

ENTRIES = catalogue.entries()
NAMES = [each.name for each in ENTRIES]


def test_what_there_is():
    deblurring = {
        "maxim-gopro",
        "maxim-reds",
        "maxim-realblur-j",
        "maxim-realblur-r",
        "mprnet-gopro",
        "restormer-gopro",
    }
    nafnet = {"nafnet-gopro-w32", "nafnet-gopro-w64", "nafnet-reds-w64", "nafnet-sidd-w32"}
    assert {*deblurring, *nafnet, "photo-small", "deblurgan", *(f"psfnn-step-{step}" for step in range(11))} == set(
        NAMES
    )


@pytest.mark.parametrize("each", ENTRIES, ids=NAMES)
def test_every_entry_is_of_a_model_of_this_zoo(each):
    facts = zoo.info(each.model).variant(each.variant)
    assert each.model in known()
    for offer in each.files:
        assert offer.format in FORMATS
        if offer.megabytes is not None and offer.format == "pytorch":
            # Names and order of the tensors come on top of four bytes for each number.
            numbers = 4 * (facts.parameters + facts.statistics) / 1e6
            # Some sizes are told in units of 2^20 bytes.
            assert 0.95 * numbers < offer.megabytes < 1.05 * numbers


@pytest.mark.parametrize("each", ENTRIES, ids=NAMES)
def test_every_entry_says_what_must_be_said(each):
    assert each.trained_on and each.citation
    assert each.licence.startswith("code ")
    for score in each.scores:
        assert score.protocol and score.source
        low, high = {"psnr": (15, 45), "ssim": (0.3, 1), "ocr": (0, 100)}[score.metric]
        assert low < score.value < high
    if each.model == "maxim":
        assert each.files[0].address.startswith("https://storage.googleapis.com/gresearch/maxim/ckpt/Deblurring/")


def test_no_package_registry_is_named():
    text = Path(catalogue.__file__).with_name("catalogue.json").read_text(encoding="utf-8")
    assert not re.search(r"registry|npmjs|pypi|unpkg|jsdelivr", text)


def test_unknown_names():
    with pytest.raises(ZooError, match=r"^unknown weights 'maxim-gopr' \(did you mean 'maxim-gopro'\?\); `"):
        catalogue.find("maxim-gopr")


def test_names_and_paths():
    assert catalogue.is_name("deblurgan")
    for text in ("./deblurgan", "deblurgan.keras", "deblurgan/", "unknown", ""):
        assert not catalogue.is_name(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "Toy"}, "'Toy' is no name"),
        ({"model": None}, "Expected `str`, got `null`"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"files": []}, "toy has no files"),
        ({"scores": [{"dataset": "gopro"}]}, "missing required field `metric`"),
    ],
)
def test_what_cannot_be_right(change, words):
    content = json.dumps([entry("toy") | change]).encode()
    with pytest.raises(ZooError) as caught:
        catalogue.parse(content, "x.json")
    assert str(caught.value).startswith("x.json: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        ({"sha256": "12"}, "toy: '12' is no SHA-256"),
        ({"address": "http://example.com"}, "must begin with https://"),
        ({"page": None}, "give a page, an address or a command"),
        ({"format": "zip"}, "Invalid enum value 'zip'"),
    ],
)
def test_offers_that_cannot_be_right(offer, words):
    with pytest.raises(ZooError, match=words):
        catalogue.parse(json.dumps([entry("toy", **offer)]).encode(), "x.json")


def test_a_name_that_stands_twice():
    with pytest.raises(ZooError, match="'toy' is no name, or is there twice"):
        catalogue.parse(json.dumps([entry("toy"), entry("toy")]).encode(), "x.json")
