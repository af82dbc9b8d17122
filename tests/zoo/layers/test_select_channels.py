"""The first channels of a tensor."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.layers.select_channels import FirstChannels


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("size", [(1, 1), (3, 5)])
def test_takes_the_first(size, count):
    x = np.random.default_rng(0).random((2, *size, 4)).astype(np.float32)
    layer = FirstChannels(count)
    np.testing.assert_array_equal(np.asarray(layer(x)), x[..., :count])
    assert layer.compute_output_shape((None, None, None, 4)) == (None, None, None, count)
    assert FirstChannels.from_config(layer.get_config()).count == count


def test_refuses_too_few_channels_and_counts_below_one():
    with pytest.raises(ValueError, match="at least 3 channels, not 2"):
        FirstChannels(3)(np.zeros((1, 2, 2, 2), np.float32))
    with pytest.raises(ValueError, match="at least 1, not 0"):
        FirstChannels(0)
