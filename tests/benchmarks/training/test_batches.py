"""What models are fed: grey planes, copies, noise, medians, blur steps, centre targets; the same after a resume."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import tensorflow as tf

import zoo
from benchmarks.training.batches import prepared

COLOUR = zoo.info("carlo")
GREY = replace(COLOUR, name="grey", colour=False, channels=3)
MEDIANS = replace(GREY, channels=5, medians=(3, 5, 7, 9), takes_blur_step=True)


def images(count=4, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 256, (2, count, 20, 24, 3)) / 255).astype(np.float32)


def batches(data=None):
    blurry, sharp = images() if data is None else data
    return tf.data.Dataset.from_tensors((blurry, sharp)).repeat()


def take(count, info, **options):
    found = prepared(batches(), info, options.pop("seed", 1), **options).take(count)
    return list(found.as_numpy_iterator())


def test_models_for_colour_get_the_batches_as_they_are():
    data = batches()
    assert prepared(data, COLOUR, 1) is data


def test_grey_models_get_one_channel_of_each_image_three_times():
    blurry, sharp = images()
    seen = set()
    for inputs, target in take(8, GREY):
        assert inputs.shape == (4, 20, 24, 3) and target.shape == (4, 20, 24, 1)
        assert (inputs == inputs[..., :1]).all()
        for index in range(4):
            channel = int(np.abs(blurry[index] - inputs[index][..., :1]).max(axis=(0, 1)).argmin())
            assert np.array_equal(inputs[index][..., 0], blurry[index][..., channel])
            assert np.array_equal(target[index][..., 0], sharp[index][..., channel])
            seen.add(channel)
    assert seen == {0, 1, 2}


def test_noise_is_shared_by_the_copies_and_not_clipped():
    blurry, _ = images()
    differences = []
    for inputs, target in take(40, GREY, noise=0.03):
        assert (inputs == inputs[..., :1]).all()
        assert target.min() >= 0 and target.max() <= 1
        for index in range(4):
            noise = inputs[index][..., :1] - blurry[index]
            differences.append(noise[..., np.abs(noise).mean(axis=(0, 1)).argmin()])
    assert np.std(differences) == pytest.approx(0.03, rel=0.02)
    assert abs(np.mean(differences)) < 1e-3
    assert max(inputs.max() for inputs, _ in take(40, GREY, noise=0.03)) > 1


def test_everything_random_depends_on_seed_and_step_only():
    whole = take(6, GREY, noise=0.1)
    resumed = list(prepared(batches(), GREY, 1, first_step=4, noise=0.1).take(2).as_numpy_iterator())
    for (ours, _), (theirs, _) in zip(whole[4:], resumed, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    other = take(6, GREY, noise=0.1, seed=2)
    assert not np.array_equal(whole[0][0], other[0][0])


def test_medians_equal_those_of_the_restoring_door():
    (((inputs, steps), _),) = take(1, MEDIANS)
    assert inputs.shape == (4, 20, 24, 5) and steps.tolist() == [[0.0]] * 4
    from zoo.inference.inputs import network_input

    np.testing.assert_allclose(network_input(inputs[..., :1], MEDIANS), inputs, atol=1e-6)
    inner = cv2.medianBlur(np.rint(inputs[0, ..., 0] * 255).astype(np.uint8), 9)[4:-4, 4:-4]
    np.testing.assert_allclose(inputs[0, 4:-4, 4:-4, 4], inner / 255, atol=1e-6)


@pytest.mark.parametrize("shrink", [2, 7])
def test_the_target_is_the_centre(shrink):
    ((_, target),) = take(1, MEDIANS, shrink=shrink)
    _, sharp = images()
    assert target.shape == (4, 20 - shrink, 24 - shrink, 1)
    top = shrink // 2
    whole = sharp[0, top : top + 20 - shrink, top : top + 24 - shrink]
    assert np.abs(whole - target[0]).max(axis=(0, 1)).min() == 0


def test_small_pages_bring_their_medians_and_blur_steps_along():
    random = np.random.default_rng(0)
    packed = random.integers(0, 256, (2, 80, 80, 6)).astype(np.float32) / 255
    packed[..., 5] = np.array([3, 9])[:, None, None] / 255
    target = np.repeat(random.random((2, 80, 80, 1), np.float32), 3, axis=-1)
    given = tf.data.Dataset.from_tensors((packed, target))
    ((inputs, steps), sharp) = next(iter(prepared(given, zoo.info("refiner"), 0, shrink=58)))
    np.testing.assert_array_equal(inputs, packed[..., :5])
    np.testing.assert_array_equal(steps, [[3], [9]])
    np.testing.assert_array_equal(sharp, target[:, 29:-29, 29:-29, :1])


@pytest.mark.parametrize("info", [GREY, MEDIANS], ids=["grey", "medians"])
def test_what_hosts_draw_for_their_shares_is_what_one_draws(info):
    whole = take(3, info, noise=0.03, first_step=5)
    blurry, sharp = images()
    shares = []
    for host in range(2):
        rows = slice(2 * host, 2 * host + 2)
        data = batches((blurry[rows], sharp[rows]))
        shares.append(list(prepared(data, info, 1, 5, noise=0.03, share=(host, 2)).take(3).as_numpy_iterator()))
    for step, batch in enumerate(whole):
        parts = zip(*(tf.nest.flatten(share[step]) for share in shares), strict=True)
        for images_of_one, images_of_two in zip(tf.nest.flatten(batch), parts, strict=True):
            np.testing.assert_array_equal(images_of_one, np.concatenate(images_of_two))
