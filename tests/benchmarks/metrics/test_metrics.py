"""PSNR, MSE and the SSIM family against recorded values, other libraries, and their own laws."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import metrics
from benchmarks.metrics import MetricError
from tests.support import metric_table

GOLDEN = json.loads((Path(__file__).resolve().parents[2] / "goldens" / "metrics.json").read_text())
REPOSITORY = Path(__file__).resolve().parents[3]
PAIRWISE = ("psnr", "mse", "ssim", "ssim_matlab3d", "mssim_luminance")


def wave(phase: float) -> np.ndarray:
    """The recorded family of images, uint8 (256, 256, 3)."""
    y, x, c = np.ogrid[:256, :256, :3]
    value = np.sin(0.37 * (x + 1) * (c + 1) + phase) + np.cos(0.23 * (y + 1) * (c + 2) - phase) + 2
    return (np.floor(63.75 * value) % 256).astype(np.uint8)


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def photograph() -> tuple[np.ndarray, np.ndarray]:
    """A photograph with odd sides and a blurred, noisy version of it."""
    import cv2
    from skimage import data

    sharp = np.ascontiguousarray(data.astronaut()[:333, :251])
    grain = np.random.default_rng(3).normal(0, 4, sharp.shape)
    return sharp, np.clip(cv2.GaussianBlur(sharp, (9, 9), 2) + grain, 0, 255).astype(np.uint8)


# ---- recorded values


def test_the_regenerated_images_are_the_recorded_ones():
    first = wave(0.0)
    assert first[0, 0].tolist() == [207, 219, 223]
    assert first[255, 255].tolist() == [153, 227, 127]
    assert first.sum(dtype=np.int64) == 24_966_985
    for phase, record in GOLDEN["pairs"].items():
        image = wave(float(phase))
        assert image[0, 0].tolist() == record["first_pixel"]
        assert image[255, 255].tolist() == record["last_pixel"]
        assert image.sum(dtype=np.int64) == record["sum"]


@pytest.mark.parametrize("phase", sorted(GOLDEN["pairs"]))
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("psnr", "psnr"),
        ("mse", "mse_01"),
        ("ssim", "ssim_per_channel"),
        ("ssim_matlab3d", "ssim_volume"),
        ("mssim_luminance", "mssim_luminance"),
    ],
)
def test_recorded_values(phase, name, key):
    record = GOLDEN["pairs"][phase]
    value = getattr(metrics, name)(wave(record["p_reference"]), wave(record["p_test"]))
    assert value == pytest.approx(record[key], rel=0, abs=1e-10)


@pytest.mark.parametrize(
    ("name", "phase", "value"),
    [
        ("psnr", 0.3, 22.532225),
        ("psnr", 0.03, 42.304880),
        ("mse", 0.3, 0.00558184),
        ("ssim", 0.3, 0.94521850),
        ("ssim", 0.03, 0.99939853),
        ("ssim_matlab3d", 0.3, 0.95174305),
        ("ssim_matlab3d", 0.03, 0.99948513),
        ("mssim_luminance", 0.03, 0.99956179),
    ],
)
def test_values_by_hand(name, phase, value):
    assert getattr(metrics, name)(wave(0.0), wave(phase)) == pytest.approx(value, rel=0, abs=1e-6)


# ---- agreement with other libraries


def test_psnr_and_mse_equal_scikit_image(photograph):
    from skimage.metrics import mean_squared_error, peak_signal_noise_ratio

    a, b = photograph
    assert metrics.psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255), rel=1e-12)
    assert metrics.mse(a, b) == pytest.approx(mean_squared_error(a / 255, b / 255), rel=1e-12)


@pytest.mark.parametrize("shape", [(1, 1, 1), (37, 53, 3), (720, 1280, 3)])
def test_mse_is_exact(shape):
    a, b = noise(shape), noise(shape, 1)
    total = int(((a.astype(np.int64) - b) ** 2).sum())
    assert metrics.mse(a, b) == total / (a.size * 65025)


# Heights on both sides of the strips in which the map is made.
@pytest.mark.parametrize("shape", [(11, 11, 3), (11, 40, 1), (73, 30, 3), (74, 30, 3), (75, 30, 3), (150, 17, 1)])
def test_ssim_equals_scikit_image_for_any_size(shape):
    from skimage.metrics import structural_similarity

    a = noise(shape)
    b = (a // 2 + noise(shape, 1) // 4).astype(np.uint8)
    expected = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=-1
    )
    assert metrics.ssim(a, b) == pytest.approx(expected, rel=0, abs=1e-10)


def test_ssim_equals_scikit_image_on_a_photograph(photograph):
    from skimage.metrics import structural_similarity

    a, b = photograph
    expected = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=-1
    )
    assert metrics.ssim(a, b) == pytest.approx(expected, rel=0, abs=1e-10)


@pytest.mark.parametrize("shape", [(80, 30, 3), (7, 9, 3), (1, 1, 3), (20, 20, 1), (150, 14, 1)])
def test_ssim_matlab3d_equals_a_dense_filter_of_the_volume(shape):
    from scipy.ndimage import correlate

    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = line[:, None, None] * line[None, :, None] * line[None, None, :]
    window /= window.sum()

    def local_mean(values):
        return correlate(values, window, mode="nearest")

    a = noise(shape)
    b = (a // 2 + noise(shape, 1) // 4).astype(np.uint8)
    x, y = a.astype(float), b.astype(float)
    mx, my = local_mean(x), local_mean(y)
    vx, vy, cov = local_mean(x * x) - mx**2, local_mean(y * y) - my**2, local_mean(x * y) - mx * my
    c1, c2 = 2.55**2, 7.65**2
    expected = np.mean((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    assert metrics.ssim_matlab3d(a, b) == pytest.approx(expected, rel=0, abs=1e-10)


def test_the_two_ssim_conventions_differ_as_the_field_found(photograph):
    assert metrics.ssim_matlab3d(*photograph) - metrics.ssim(*photograph) > 0.01


# ---- laws


@pytest.mark.parametrize("name", PAIRWISE)
def test_symmetric(name, photograph):
    a, b = photograph
    metric = getattr(metrics, name)
    assert metric(a, b) == pytest.approx(metric(b, a), rel=1e-14)


@pytest.mark.parametrize("image", [noise((170, 180, 3)), np.zeros((170, 180, 3), np.uint8)], ids=["noise", "black"])
def test_identical_images(image):
    assert metrics.psnr(image, image) == math.inf
    assert metrics.mse(image, image) == 0.0
    assert metrics.ssim(image, image) == 1.0
    assert metrics.ssim_matlab3d(image, image) == 1.0
    assert metrics.mssim_luminance(image, image) == pytest.approx(1.0, rel=0, abs=1e-12)


def test_opposite_images_reach_the_worst_values():
    black, white = np.zeros((11, 11, 3), np.uint8), np.full((11, 11, 3), 255, np.uint8)
    assert (metrics.psnr(black, white), math.copysign(1, metrics.psnr(black, white))) == (0.0, 1.0)
    assert metrics.mse(black, white) == 1.0
    assert metrics.ssim(black, white) == pytest.approx(0.01**2 / (1 + 0.01**2), rel=1e-9)
    checks = np.indices((64, 64)).sum(axis=0)[..., None] % 2 * 255
    assert metrics.ssim(checks.astype(np.uint8), (255 - checks).astype(np.uint8)) < -0.9


def test_a_negative_structure_counts_as_zero_in_the_five_scale_index():
    image = noise((170, 170, 3))
    assert metrics.mssim_luminance(image, 255 - image) == 0.0


@pytest.mark.parametrize("name", PAIRWISE)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_and_uint8_give_the_same_value(name, dtype, photograph):
    a, b = photograph
    metric = getattr(metrics, name)
    expected = metric(a, b)
    assert metric((a / 255).astype(dtype), (b / 255).astype(dtype)) == expected
    assert metric((a / 255).astype(dtype), b) == expected


@pytest.mark.parametrize("name", PAIRWISE)
def test_views_are_read_and_inputs_left_alone(name, photograph):
    a, b = photograph
    metric = getattr(metrics, name)
    kept = a.copy(), b.copy()
    assert metric(a[::-1, :, ::-1], b[::-1, :, ::-1]) == metric(a[::-1, :, ::-1].copy(), b[::-1, :, ::-1].copy())
    a.flags.writeable = b.flags.writeable = False
    metric(a, b)
    a.flags.writeable = b.flags.writeable = True
    np.testing.assert_array_equal(a, kept[0])
    np.testing.assert_array_equal(b, kept[1])


def test_values_are_plain_floats(photograph):
    assert {type(getattr(metrics, name)(*photograph)) for name in PAIRWISE} == {float}


# ---- rounding to 8 bit


def test_quantise_clips_then_rounds_half_up():
    values = np.array([-0.5, -0.1, 0.0, 0.49 / 255, 0.5, 1.0, 1.2, 1.5])
    assert metrics.quantise(values).tolist() == [0, 0, 0, 0, 128, 255, 255, 255]
    halves = (np.arange(255) + 0.5) / 255
    exact = halves * 255 == np.arange(255) + 0.5
    assert exact.sum() > 100
    np.testing.assert_array_equal(metrics.quantise(halves)[exact], (np.arange(255) + 1)[exact])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_quantise_undoes_the_division_by_255(dtype):
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(metrics.quantise((levels / 255.0).astype(dtype)), levels)


def test_quantise_rounds_float32_as_the_exact_number_it_is():
    just_below = np.float32(127.5 / 255) - np.spacing(np.float32(0.25))
    assert metrics.quantise(np.array([just_below, np.float32(0.5)])).tolist() == [127, 128]


def test_overshoot_of_a_model_is_clipped_before_scoring():
    target = noise((20, 20, 3)) / 255.0
    assert metrics.psnr(np.where(target > 0.9, 1.5, target), np.where(target > 0.9, 1.0, target)) == math.inf


# ---- refusals: one line each


@pytest.mark.parametrize("name", PAIRWISE)
@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (np.zeros((170, 170, 3), np.uint8), np.zeros((170, 171, 3), np.uint8), "cannot be compared"),
        (np.zeros((170, 170), np.uint8), np.zeros((170, 170), np.uint8), "height, width, channels"),
        (np.zeros((2, 170, 170, 3), np.uint8), np.zeros((2, 170, 170, 3), np.uint8), "one by one"),
        (np.zeros((0, 170, 3), np.uint8), np.zeros((0, 170, 3), np.uint8), "too small"),
        (np.zeros((170, 170, 0), np.uint8), np.zeros((170, 170, 0), np.uint8), "too small"),
        (np.zeros((170, 170, 3), np.uint16), np.zeros((170, 170, 3), np.uint16), "uint16"),
        (np.zeros((170, 170, 3), np.int64), np.zeros((170, 170, 3), np.uint8), "int64"),
        (np.zeros((170, 170, 3), bool), np.zeros((170, 170, 3), np.uint8), "bool"),
        (np.zeros((170, 170, 3), complex), np.zeros((170, 170, 3), np.uint8), "complex"),
        (np.full((170, 170, 3), np.nan), np.zeros((170, 170, 3)), "86700 of 86700 pixel values are NaN"),
        (np.zeros((170, 170, 3)), np.full((170, 170, 3), np.inf), "infinite"),
        (np.full((170, 170, 3), 0.5), np.full((170, 170, 3), 255.0), r"floats from 255 to 255 are not in \[0, 1\]"),
        (np.full((170, 170, 3), -1.0), np.zeros((170, 170, 3)), "floats from -1 to -1"),
        (np.full((170, 170, 3), 1.51), np.zeros((170, 170, 3)), "floats from 1.51"),
        (np.zeros((170, 170, 4), np.uint8), np.zeros((170, 170, 4), np.uint8), "has 4 channels; pass 1"),
        (np.zeros((170, 170, 2)), np.zeros((170, 170, 2)), "has 2 channels; pass 1"),
    ],
)
def test_bad_images_are_refused_in_one_line(name, a, b, words):
    with pytest.raises(MetricError, match=words) as caught:
        getattr(metrics, name)(a, b)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "shape"), [("ssim", (10, 40, 3)), ("ssim", (40, 10, 3)), ("mssim_luminance", (160, 200, 3))]
)
def test_images_smaller_than_the_window_are_refused(name, shape):
    with pytest.raises(MetricError, match="too small"):
        getattr(metrics, name)(np.zeros(shape, np.uint8), np.zeros(shape, np.uint8))


def test_the_five_scale_index_takes_the_smallest_size_and_wants_colour():
    image = noise((161, 161, 3))
    assert metrics.mssim_luminance(image, image) == pytest.approx(1.0)
    with pytest.raises(MetricError, match="1 channels"):
        metrics.mssim_luminance(image[..., :1], image[..., :1])


# ---- the table


def test_the_table_describes_every_metric():
    assert set(metrics.METRICS) == set(metric_table.ROWS)
    for name, card in metrics.METRICS.items():
        assert card.name == name
        # The two scores of character recognition are one function with two ratios; `ocr` is its module.
        expected = metrics.ocr_score if name.startswith("ocr") else getattr(metrics, name)
        assert getattr(card.function, "func", card.function) is expected, f"metrics.{name} is something else"
        assert card.title and card.convention and "\n" not in card.convention
        assert card.bounds[0] < card.bounds[1]
        assert card.higher_is_better is metric_table.ROWS[name].higher
    assert len({card.title for card in metrics.METRICS.values()}) == len(metrics.METRICS)
    with pytest.raises(TypeError):
        metrics.METRICS["psnr"] = metrics.METRICS["ssim"]


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("psnr", 31.4, True),
        ("psnr", math.inf, True),
        ("psnr", -0.1, False),
        ("psnr", math.nan, False),
        ("ssim", 1.0 + 1e-12, True),
        ("ssim", 1.1, False),
        ("mse", -1e-3, False),
        ("kohler_psnr", -5.0, True),
    ],
)
def test_the_table_knows_impossible_values(name, value, accepted):
    assert metrics.METRICS[name].accepts(value) is accepted


def test_importing_the_metrics_loads_nothing_heavy():
    heavy = "{'cv2', 'skimage', 'scipy', 'tensorflow', 'keras', 'pandas', 'matplotlib', 'zoo', 'datasets'}"
    code = f"import sys, benchmarks.metrics; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
