"""The Koehler scoring against recorded cases, and its parts against facts."""

import json
import math
import weakref
from pathlib import Path

import numpy as np
import pytest

from benchmarks import metrics
from benchmarks.metrics import MetricError

GOLDEN = json.loads((Path(__file__).resolve().parents[2] / "goldens" / "metrics.json").read_text())
CASES = GOLDEN["koehler_cases"]


def texture(seed: int) -> np.ndarray:
    """The recorded texture, integers (208, 224, 3)."""
    coarse = np.random.RandomState(seed).randint(0, 256, (26, 28, 3)).repeat(8, 0).repeat(8, 1)
    fine = np.random.RandomState(seed + 1).randint(0, 256, (104, 112, 3)).repeat(2, 0).repeat(2, 1)
    return (3 * coarse + fine) // 4


def trajectory(seed: int) -> list[np.ndarray]:
    """Five frames on the way from one texture to another, uncropped (208, 224, 3)."""
    start, end = texture(seed), texture(seed + 100)
    return [((8 - step) * start + step * end) // 8 for step in range(5)]


def crop(image: np.ndarray, down: int = 0, right: int = 0) -> np.ndarray:
    """The frame (192, 208, 3) of an uncropped image whose content was moved down and right."""
    return image[8 - down : 200 - down, 8 - right : 216 - right].astype(np.uint8)


def build(case: dict) -> tuple[np.ndarray, list[np.ndarray]]:
    """Estimate and frames of a recorded case."""
    images = trajectory(case["seed"])
    true = images[case["true_frame"]]
    moved = crop(true, 2, -3).astype(np.int64)
    if case["estimate"] == "zero":
        moved[:2], moved[:, -3:] = 0, 0
    moved = (9 * moved + 5) // 10
    if case["estimate"] == "noise":
        grain = np.random.RandomState(case["seed"] + 200).randint(-12, 13, moved.shape)
        moved = np.clip(moved + grain, 0, 255)
    return moved.astype(np.uint8), [crop(image) for image in images]


@pytest.fixture(scope="module", params=sorted(CASES))
def case(request):
    record = CASES[request.param]
    return (record, *build(record))


def test_the_regenerated_images_are_the_recorded_ones(case):
    record, estimate, frames = case
    assert [int(frame.sum(dtype=np.int64)) for frame in frames] == record["frame_sums"]
    assert frames[0][0, 0].tolist() == record["frame0_first_pixel"]
    assert estimate.sum(dtype=np.int64) == record["estimate_sum"]
    assert estimate[0, 0].tolist() == record["estimate_first_pixel"]
    assert estimate[-1, -1].tolist() == record["estimate_last_pixel"]


def test_recorded_scores_of_every_frame(case):
    record, estimate, frames = case
    scores = list(metrics.kohler_frames(estimate, frames))
    assert len(scores) == len(record["per_frame"])
    for score, expected in zip(scores, record["per_frame"], strict=True):
        assert list(score.shift) == expected["shift"]
        assert score.scale == pytest.approx(expected["scale"], rel=1e-12)
        assert score.mse == pytest.approx(expected["mse"], rel=1e-10)
        assert score.psnr == pytest.approx(expected["psnr"], rel=0, abs=1e-9)
        assert score.mssim == pytest.approx(expected["mssim"], rel=0, abs=1e-10)


def test_recorded_best_scores(case):
    record, estimate, frames = case
    score = metrics.kohler(estimate, frames)
    assert score.psnr == pytest.approx(record["best_psnr"], rel=0, abs=1e-9)
    assert score.mssim == pytest.approx(record["best_mssim"], rel=0, abs=1e-10)
    assert score.frame_psnr == record["best_frame_psnr"]
    assert score.frame_mssim == record["best_frame_mssim"]
    assert list(score.shift) == record["per_frame"][record["best_frame_psnr"]]["shift"]
    assert score.frames == 5
    assert metrics.kohler_psnr(estimate, frames) == score.psnr
    assert metrics.kohler_mssim(estimate, frames) == score.mssim


@pytest.mark.parametrize("true", [0, 2, 4])
def test_finds_the_frame_and_the_shift(true):
    images = trajectory(7)
    score = metrics.kohler(crop(images[true], 5, -4), [crop(image) for image in images])
    assert (score.frame_psnr, score.frame_mssim) == (true, true)
    assert score.shift == (-5, 4)


@pytest.mark.parametrize("shift", [(0, 0), (8, -8), (-1, 7), (-8, 0)])
def test_a_moved_and_dimmed_frame_is_brought_back(shift):
    image = trajectory(11)[0] // 2
    estimate, frame = crop(image, *shift), crop(2 * image)
    (score,) = metrics.kohler_frames(estimate, [frame])
    assert score.shift == (-shift[0], -shift[1])
    # The factor is taken before registration, so only an unmoved image is brightened by exactly 2.
    assert score.scale == pytest.approx(2.0, rel=0 if shift == (0, 0) else 0.2)
    assert score.psnr > (100 if shift == (0, 0) else 20)
    assert score.mssim > 0.97


def test_a_motion_of_half_the_size_counts_as_negative():
    frame = crop(trajectory(2)[0])
    assert metrics.kohler(np.roll(frame, (-96, -103), (0, 1)), [frame]).shift == (-96, 103)
    assert metrics.kohler(np.roll(frame, (-95, -104), (0, 1)), [frame]).shift == (95, -104)


def test_every_frame_has_its_own_shift():
    image = trajectory(9)[0]
    estimate = crop(image)
    frames = [crop(image, down, right) for down, right in [(0, 0), (3, 1), (3, 1), (-2, 0)]]
    scores = list(metrics.kohler_frames(estimate, frames))
    assert [score.shift for score in scores] == [(0, 0), (3, 1), (3, 1), (-2, 0)]
    assert scores == [next(metrics.kohler_frames(estimate, [frame])) for frame in frames]


def test_frames_of_other_sizes_than_even_register_too():
    image = trajectory(11)[0].astype(np.uint8)
    frame, estimate = image[8:171, 8:177], image[5:168, 12:181]
    assert metrics.kohler(estimate, [frame]).shift == (-3, 4)


def test_identical_images_are_perfect_and_the_first_of_equals_wins():
    frame = crop(trajectory(3)[0])
    score = metrics.kohler(frame, [frame, frame])
    assert score.psnr == math.inf
    assert score.mssim == pytest.approx(1.0, rel=0, abs=1e-12)
    assert (score.frame_psnr, score.shift) == (0, (0, 0))


def test_both_indices_choose_their_own_frame():
    frame = crop(trajectory(5)[0] // 8 + 110)
    vignetted = (frame + np.linspace(-20, 20, 208)[:, np.newaxis]).astype(np.uint8)
    grainy = (frame + np.random.default_rng(0).normal(0, 12, frame.shape)).astype(np.uint8)
    score = metrics.kohler(frame, [vignetted, grainy])
    assert (score.frame_psnr, score.frame_mssim) == (1, 0)


@pytest.mark.parametrize("level", [0, 1, 90, 255])
@pytest.mark.parametrize("size", [(192, 208), (163, 181), (175, 191)])
def test_a_flat_restoration_gets_a_low_score_at_no_shift(level, size):
    frame = crop(trajectory(5)[0])[: size[0], : size[1]]
    (score,) = metrics.kohler_frames(np.full_like(frame, level), [frame])
    assert score.shift == (0, 0)
    assert metrics.METRICS["kohler_psnr"].accepts(score.psnr)
    assert score.psnr < 20
    assert 0 <= score.mssim < 0.5


def test_float_estimates_score_like_their_8_bit_images(case):
    _, estimate, frames = case
    assert metrics.kohler((estimate / 255).astype(np.float32), frames[:1]) == metrics.kohler(estimate, frames[:1])


def test_frames_are_drawn_one_at_a_time():
    estimate, frames = build(CASES["case_0"])
    alive = weakref.WeakSet()
    most = 0

    class Frame(np.ndarray):
        __hash__ = object.__hash__

    def reader():
        nonlocal most
        for number in range(12):
            frame = frames[number % 5].copy().view(Frame)
            alive.add(frame)
            most = max(most, len(alive))
            yield frame
            del frame

    assert metrics.kohler(estimate, reader()).frames == 12
    assert most <= 2


@pytest.mark.parametrize(
    ("estimate", "frames", "words"),
    [
        (np.zeros((192, 208, 3), np.uint8), [], "no ground-truth frame"),
        (np.zeros((192, 208, 3), np.uint8), [np.zeros((192, 200, 3), np.uint8)], "ground-truth frame 0 has shape"),
        (np.zeros((192, 208, 3), np.uint8), [np.zeros((192, 208, 3), np.uint16)], "uint16"),
        (np.zeros((192, 208, 1), np.uint8), [np.zeros((192, 208, 1), np.uint8)], "RGB"),
        (np.zeros((160, 208, 3), np.uint8), [np.zeros((160, 208, 3), np.uint8)], "161x161"),
        (np.full((192, 208, 3), np.nan), [np.zeros((192, 208, 3), np.uint8)], "NaN"),
    ],
)
def test_bad_input_is_refused_in_one_line(estimate, frames, words):
    with pytest.raises(MetricError, match=words) as caught:
        metrics.kohler(estimate, frames)
    assert "\n" not in str(caught.value)
