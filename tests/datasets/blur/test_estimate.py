"""Estimation of a camera's blur."""

import cv2
import numpy as np
import pytest

from datasets.__main__ import main
from datasets.blur import estimate, warp
from datasets.blur.defocus import aperture, defocus
from datasets.errors import DataError

SIZE = (220, 330)
OFFSET, SHARE = 0.2, 0.75


def scene(size=SIZE, letters=24):
    """A page of dark shapes on light paper."""
    generator = np.random.default_rng(0)
    page = np.zeros(size, np.uint8)
    for _ in range(letters):
        place = tuple(int(generator.integers(40, side - 40)) for side in size[::-1])
        cv2.putText(page, chr(generator.integers(65, 91)), place, cv2.FONT_HERSHEY_SIMPLEX, 1.5, 255, 4, cv2.LINE_AA)
    return 0.85 - 0.75 * page.astype(np.float32) / 255


@pytest.fixture(scope="module", autouse=True)
def fitted_once():
    """Several tests begin with the same pair, whose warp takes most of their time: it is fitted once."""
    fit, known = warp.fit, {}

    def remembered(sharp, blurry):
        key = sharp.tobytes(), blurry.tobytes()
        if key not in known:
            known[key] = fit(sharp, blurry)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warp, "fit", remembered)
        yield


@pytest.fixture(scope="module")
def pair():
    """Returns a sharp photograph, a blurry one, and the truth: point spread function and warp."""
    generator = np.random.default_rng(1)
    psf = SHARE * np.pad(aperture(5.0, 8), 2)
    truth = warp.identity() + 0.004 * generator.standard_normal((2, 10))
    sharp = scene()
    blurry = warp.warp(defocus(sharp, psf, OFFSET), warp.inverse(truth))
    noisy = [image + 0.003 * generator.standard_normal(SIZE).astype(np.float32) for image in (sharp, blurry)]
    return (*noisy, psf, truth)


@pytest.fixture(scope="module")
def found(pair):
    sharp, blurry, psf, _ = pair
    return estimate.estimate(sharp, blurry, len(psf) + 4)


def test_psf_offset_and_warp_are_recovered(pair, found):
    sharp, _, psf, truth = pair
    recovered = found.psf[2:-2, 2:-2]
    assert np.corrcoef(recovered.ravel(), psf.ravel())[0, 1] > 0.98
    assert found.psf.min() >= 0
    assert found.psf.sum() == pytest.approx(SHARE, abs=0.01)
    assert found.offset == pytest.approx(OFFSET, abs=0.01)
    aside = warp.displacement(found.warp, SIZE) - warp.displacement(truth, SIZE)
    assert np.hypot(*aside)[sharp < 0.3].max() < 0.5


@pytest.mark.slow
def test_noise_does_not_bend_the_warp_of_a_strong_blur():
    """Interpolation evens noise out; without smoothing, this warp lies 0.4 pixels from the truth."""
    generator = np.random.default_rng(3)
    sharp, truth = scene(), warp.identity() + 0.004 * generator.standard_normal((2, 10))
    blurry = warp.warp(defocus(sharp, SHARE * aperture(14.0, 8), OFFSET), warp.inverse(truth))
    noisy = [image + 0.01 * generator.standard_normal(SIZE).astype(np.float32) for image in (sharp, blurry)]
    found = estimate.estimate(*noisy, 31, evaluations=100)
    aside = warp.displacement(found.warp, SIZE) - warp.displacement(truth, SIZE)
    assert np.hypot(*aside)[sharp < 0.3].max() < 0.15


def test_the_loss_falls(found):
    assert len(found.losses) <= 335
    assert (np.diff(found.losses) <= 0).all()
    assert found.losses[-1] < 0.05 * found.losses[0]


def test_the_psf_is_centred(found):
    middle = np.arange(len(found.psf)) - len(found.psf) // 2
    for axis in (0, 1):
        assert abs(found.psf.sum(axis=axis) @ middle / found.psf.sum()) < 0.2


@pytest.mark.slow
def test_a_shift_goes_into_the_warp(pair):
    sharp, _, psf, _ = pair
    blurry = defocus(sharp, np.pad(psf, ((0, 8), (6, 2))), OFFSET)
    shifted = estimate.estimate(sharp, blurry, len(psf) + 4, evaluations=40)
    aside = warp.displacement(shifted.warp, SIZE)[:, sharp < 0.3].mean(axis=1)
    # Seen from its middle the padded function lies 2 to the right and 4 up, and the photograph with it.
    np.testing.assert_allclose(aside, [2, -4], atol=0.3)


def test_gradients_equal_differences(pair):
    psf, truth = pair[2:]
    sharp = scene((360, 560), 60)
    blurry = warp.warp(defocus(sharp, psf, OFFSET), warp.inverse(truth))
    problem = estimate.Problem(sharp, blurry, len(psf), 0.5, None)
    generator = np.random.default_rng(2)
    flat = problem.pack(np.full(psf.shape, 1 / psf.size), 2 * truth - warp.identity())
    _, gradient = problem(flat)
    for part in (slice(0, psf.size), slice(psf.size, None)):
        direction = np.zeros_like(flat)
        direction[part] = generator.standard_normal(flat[part].shape)
        direction *= 0.004 / np.linalg.norm(direction)
        difference = problem(flat + direction)[0] - problem(flat - direction)[0]
        assert difference == pytest.approx(2 * gradient @ direction, rel=0.08)


def test_the_penalty_makes_the_psf_smaller(pair):
    sharp, blurry, psf, _ = pair
    sums = [estimate.estimate(sharp, blurry, len(psf), penalty, 25).psf.sum() for penalty in (0, 2)]
    assert sums[1] < sums[0] - 0.02


def test_schedules_are_the_authors():
    sides = "31 31 51 71 101 121 141 161 181 221 261 341"
    penalties = "1 1 2 5 5 5 10 30 40 80 100 120"
    assert [schedule.side for schedule in estimate.SCHEDULES.values()] == [int(side) for side in sides.split()]
    assert [schedule.penalty for schedule in estimate.SCHEDULES.values()] == [float(p) for p in penalties.split()]


@pytest.fixture
def files(pair, tmp_path):
    """Writes the two photographs as 16-bit files."""
    for name, image in zip(("sharp", "blurry"), pair, strict=False):
        cv2.imwrite(str(tmp_path / f"{name}.tif"), np.rint(np.clip(image, 0, 1) * 65535).astype(np.uint16))
    return tmp_path


@pytest.mark.slow
def test_command_writes_numbers_and_an_image(files, capsys):
    out = files / "deep" / "psf.npz"
    images = ["--sharp", str(files / "sharp.tif"), "--blurry", str(files / "blurry.tif")]
    assert main(["estimate-psf", *images, "--side", "15", "--evaluations", "30", "--out", str(out)]) == 0
    with np.load(out) as arrays:
        assert arrays["psf"].shape == (15, 15)
        assert arrays["warp"].shape == (2, 10)
        assert arrays["offset"] == pytest.approx(OFFSET, abs=0.1)
        assert len(arrays["losses"]) <= 40
    assert min(cv2.imread(str(out.with_suffix(".png"))).shape[:2]) > 500
    printed = capsys.readouterr().out
    assert "point spread function  15 x 15" in printed
    assert str(out) in printed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--side": "14"}, "side 14; a point spread function needs an odd side"),
        ({"--side": "221"}, "side 221; a point spread function needs an odd side"),
        ({"--out": "psf.txt"}, "give a name that ends in .npz"),
        ({"--penalty": "-1"}, "penalty -1.0"),
        ({"--evaluations": "0"}, "0 evaluations"),
        ({"--sharp": "missing.tif"}, "missing.tif"),
        ({"--sharp": "other.tif"}, "photographs of (30, 40) and (220, 330)"),
    ],
)
def test_bad_input_is_one_line(files, capsys, monkeypatch, change, message):
    monkeypatch.chdir(files)
    cv2.imwrite("other.tif", np.zeros((30, 40), np.uint16))
    options = {"--sharp": "sharp.tif", "--blurry": "blurry.tif", "--side": "15", "--out": "psf.npz", **change}
    assert main(["estimate-psf", *(word for option in options.items() for word in option)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (files / "psf.npz").exists()


def test_photographs_of_another_shape_are_refused():
    with pytest.raises(DataError, match="give two grey ones of one size"):
        estimate.estimate(np.zeros((90, 90, 3)), np.zeros((90, 90, 3)), 15)
