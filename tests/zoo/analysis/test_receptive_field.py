"""Receptive fields: those of the registry are measured ones, and measuring agrees with counting by hand."""

from __future__ import annotations

import keras
import pytest

import zoo
from tests.support.zoo_table import ROWS

# As deep as the papers' networks, so they see as far.
THIN = {
    "atrous": {"stem_filters": 4, "block_filters": 8, "tail_filters": 4},
    "carlo": {"filters": 4},
    "refiner": {"filters": 4},
    "unet1": {"widths": (4, 8, 8, 8, 8)},
    "unet2": {"widths": (8, 8, 8, 8)},
    "unet3": {"widths": (4, 8, 8, 8, 8)},
}
TINY = [(row.name, row.variants[0]) for row in ROWS]
# Of the tiny variants these are measured in every run of the tests.
QUICK = ("atrous", "carlo", "identity", "nafnet", "wiener")
# Fewer filters for tiny variants that take long.
THIN_TINY = {"indexnet": {"stem_filters": 4, "stages": ((1, 4, 1), *((2, 4, 1),) * 6)}}


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        *[pytest.param(*case, marks=[pytest.mark.slow] * (case[0] not in QUICK)) for case in TINY],
        ("refiner", "paper"),
        *[pytest.param(name, "paper", marks=pytest.mark.slow) for name in ("unet1", "unet2", "unet3")],
        ("carlo", "image"),
        ("atrous", "cifar10"),
        pytest.param("atrous", "image-20", marks=pytest.mark.slow),
    ],
)
def test_the_registry_says_what_is_measured(name, variant):
    # Of few filters all may be dead for some weights, and nothing beyond them is seen.
    keras.utils.set_random_seed(0)
    options = (THIN_TINY if variant == "tiny" else THIN).get(name, {})
    field = zoo.info(name).variant(variant).receptive_field
    # What sees the whole image sees farther than any limit; a low one is found out sooner.
    assert zoo.receptive_field(name, variant, 512 if field else 128, **options) == field


def test_by_hand():
    fields = {name: zoo.info(name).variant().receptive_field for name in zoo.list_models()}
    # Ten convolutions down and ten up, each two pixels wider.
    assert fields["carlo"] == 1 + 20 * 2
    # "Valid" convolutions lose as much of the image as they see.
    assert fields["refiner"] == 1 + zoo.info("refiner").variant().shrink
    # Nine pixels, a step of two, ten blocks of 20 pixels each, and six by the tail.
    assert fields["atrous"] == 9 + 2 + 10 * 20 + 6


def test_a_limit():
    assert zoo.receptive_field("carlo", "tiny", limit=40) is None
    assert zoo.receptive_field("carlo", "tiny", limit=41) == 41


def test_unknown_networks():
    with pytest.raises(zoo.ZooError, match="did you mean 'carlo'"):
        zoo.receptive_field("calo")
