"""Bootstrap intervals: laws, normal theory, refusals."""

import math

import numpy as np
import pytest

from benchmarks.metrics import Interval, MetricError, mean_interval, paired_difference


def normal(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(30.0, 2.0, size)


def test_the_mean_is_the_mean_and_lies_inside():
    scores = normal(50)
    interval = mean_interval(scores)
    assert interval.mean == scores.mean()
    assert interval.low < interval.mean < interval.high


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.99])
def test_a_large_set_agrees_with_normal_theory(level):
    from scipy.stats import norm

    scores = normal(1000)
    interval = mean_interval(scores, level=level)
    half = norm.ppf((1 + level) / 2) * scores.std() / math.sqrt(scores.size)
    assert interval.low == pytest.approx(scores.mean() - half, abs=0.08 * half)
    assert interval.high == pytest.approx(scores.mean() + half, abs=0.08 * half)


def test_the_true_mean_is_covered_about_as_often_as_promised():
    intervals = [mean_interval(normal(40, seed), resamples=1000, seed=seed) for seed in range(300)]
    covered = np.mean([interval.low <= 30.0 <= interval.high for interval in intervals])
    assert 0.89 <= covered <= 0.98


def test_the_same_arguments_give_the_same_interval_and_another_seed_another():
    scores = normal(20).tolist()
    assert mean_interval(scores, seed=4) == mean_interval(np.array(scores), seed=4)
    assert mean_interval(scores, seed=4) != mean_interval(scores, seed=5)


def test_a_single_score_and_equal_scores_have_no_width():
    assert mean_interval([27.25]) == Interval(27.25, 27.25, 27.25)
    interval = mean_interval([0.1] * 37)
    assert interval.low == interval.mean == interval.high == pytest.approx(0.1)


@pytest.mark.parametrize("scores", [[0.0, 1.0], [0.0, 0.5, 1.0]])
def test_every_score_is_drawn(scores):
    assert mean_interval(scores, level=0.999) == Interval(0.5, 0.0, 1.0)


def test_shifting_and_scaling_carry_over():
    scores = normal(30)
    plain, changed = mean_interval(scores), mean_interval(10.0 + 2.0 * scores)
    assert changed.low == pytest.approx(10.0 + 2.0 * plain.low)
    assert changed.high == pytest.approx(10.0 + 2.0 * plain.high)


def test_more_scores_than_are_drawn_at_a_time():
    scores = np.tile([0.0, 1.0], 600_000)
    interval = mean_interval(scores, resamples=20)
    assert interval.mean == 0.5
    assert 0.497 < interval.low < interval.high < 0.503


def test_pairing_removes_the_difficulty_that_images_share():
    hard = normal(100)
    gain = np.random.default_rng(1).normal(0.3, 0.1, 100)
    difference = paired_difference(hard + gain, hard)
    assert difference.mean == pytest.approx(gain.mean())
    assert 0.2 < difference.low < difference.high < 0.4
    alone = mean_interval(hard)
    assert difference.high - difference.low < 0.1 * (alone.high - alone.low)
    other_way = paired_difference(hard, hard + gain)
    assert other_way.mean == pytest.approx(-difference.mean)


@pytest.mark.parametrize("scores", [[], [[1.0, 2.0]], 3.0, [1.0, math.inf], [math.nan, 1.0]])
def test_scores_without_a_mean_are_refused(scores):
    with pytest.raises(MetricError) as caught:
        mean_interval(scores)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("arguments", [{"resamples": 0}, {"level": 0.0}, {"level": 1.0}, {"level": 95}])
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(MetricError, match="need resamples"):
        mean_interval([1.0, 2.0], **arguments)


def test_unequal_numbers_of_scores_are_refused():
    with pytest.raises(MetricError, match="2 scores against 3"):
        paired_difference([1.0, 2.0], [1.0, 2.0, 3.0])


def test_an_infinite_score_is_refused_by_its_side():
    with pytest.raises(MetricError, match="score 1 is inf"):
        paired_difference([1.0, math.inf], [1.0, math.inf])
