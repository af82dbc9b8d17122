"""The feature catcher's ablation grid: exact counts, and every variant trains."""

from __future__ import annotations

import math

import numpy as np
import pytest

import zoo
from tests.support import contracts
from zoo.models.fcn.ablations import PARTS

GRID = [(stages, part) for stages in range(1, 5) for part in PARTS]
VARIANTS = zoo.info("fcn").variants
ATTENTION_BLOCK, FEATURE_GATE, SUPERVISED_ATTENTION = 170_496, 9_216, 9_792


def parameters(stages, part):
    return VARIANTS[f"stages-{stages}-without-{part}"].parameters


def test_the_grid_is_whole_and_not_in_overviews():
    names = {f"{size}stages-{stages}-without-{part}" for size in ("", "tiny-") for stages, part in GRID}
    assert {name for name, variant in VARIANTS.items() if not variant.listed} == names


@pytest.mark.parametrize(("stages", "part"), GRID)
def test_small_ones_count_exactly_and_give_a_picture_of_each_stage(stages, part):
    name = f"tiny-stages-{stages}-without-{part}"
    model = zoo.create("fcn", name)
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == VARIANTS[name].parameters
    assert zoo.count_macs(model) == VARIANTS[name].macs
    assert len(model.outputs) == max(1, min(stages, 3))
    if part == "rim":
        assert zoo.restore(model, np.zeros((20, 27, 3), np.uint8)).shape == (20, 27, 3)


def test_what_the_parts_weigh_in_the_papers_size():
    whole = VARIANTS["paper"].parameters
    assert parameters(4, "efem") == whole - FEATURE_GATE
    assert parameters(4, "msam") == whole - 2 * SUPERVISED_ATTENTION + 2 * 3 * 96
    assert parameters(4, "pb") == whole - 4 * ATTENTION_BLOCK
    # Without the first stage this is MPRNet, whose count is known.
    assert parameters(3, "efem") == 20_127_073
    # Where a part is not, nothing is left out.
    assert parameters(1, "efem") == parameters(1, "msam")
    assert parameters(2, "efem") == parameters(2, "pb") + 2 * ATTENTION_BLOCK


def test_the_papers_size_is_built_as_counted():
    model = zoo.create("fcn", "stages-1-without-rim")
    assert model.count_params() == parameters(1, "rim")


@pytest.mark.parametrize("name", ["1-without-rim", "2-without-pb", "3-without-msam"])
def test_every_weight_learns(name):
    contracts.check_gradients("fcn", f"tiny-stages-{name}")


@pytest.mark.parametrize("options", [{"stages": 5}, {"without": "PB"}])
def test_what_cannot_be(options):
    with pytest.raises(zoo.ZooError, match="take 1 to 4 and one of pb, efem, msam, rim"):
        zoo.create("fcn", "tiny", **options)
