"""Photographs that are blurred when they are read."""

import numpy as np
import pytest

from datasets.blur.on_the_fly import DEFAULT, DISTRIBUTIONS
from datasets.errors import DataError
from datasets.image import ArrayFrame
from datasets.pairs import Pair, Pairs
from datasets.photographs import BlurredFrame, blurred_by


def pairs_of(tmp_path, *blurry):
    photograph = ArrayFrame("a", np.zeros((40, 50, 3), np.uint8))
    made = [photograph if kind == "file" else BlurredFrame(photograph) for kind in blurry]
    pair = Pair("synthetic", "train", "", "a", tuple(made), (photograph,))
    return Pairs("synthetic", "train", tmp_path, (pair,), "own photographs", "")


def test_the_distribution_of_all_frames_is_replaced(tmp_path):
    pairs = pairs_of(tmp_path, "drawn", "drawn")
    straight = blurred_by(pairs, "straight")
    assert [frame.distribution for frame in straight[0].blurry] == [DISTRIBUTIONS["straight"]] * 2
    assert [frame.distribution for frame in pairs[0].blurry] == [DEFAULT] * 2
    assert blurred_by(straight, "usual") == pairs


def test_unknown_names_and_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="there is no blur 'bent'; choose from usual, motion, straight"):
        blurred_by(pairs_of(tmp_path, "drawn"), "bent")
    with pytest.raises(DataError, match="a is blurry as it is; --blur is for --train-on synthetic"):
        blurred_by(pairs_of(tmp_path, "file"), "straight")


def test_straight_motion_is_short_alone_and_without_noise():
    straight = DISTRIBUTIONS["straight"]
    assert straight.length[1] < DEFAULT.length[1] and straight.smoothness[0] > DEFAULT.smoothness[1]
    assert not any((straight.object, straight.defocus, straight.noisy, straight.jpeg))


def test_motion_is_of_every_kind_and_nothing_else():
    motion = DISTRIBUTIONS["motion"]
    assert motion.object and motion.smoothness == DEFAULT.smoothness and motion.length[1] > DEFAULT.length[1]
    assert not any((motion.defocus, motion.noisy, motion.jpeg))
