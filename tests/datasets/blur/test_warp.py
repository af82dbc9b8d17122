"""The polynomial warp and its fit."""

import cv2
import numpy as np
import pytest

from datasets.blur import warp
from datasets.blur.defocus import aperture, defocus
from datasets.errors import DataError


def pattern(height, width, seed=0):
    """Returns a smooth random image."""
    noise = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return (smooth - smooth.min()) / np.ptp(smooth)


def slight(seed=1, size=0.01):
    """Returns the identity with small random weights added."""
    return warp.identity() + size * np.random.default_rng(seed).standard_normal((2, 10))


@pytest.mark.parametrize("shape", [(2, 2), (5, 7), (64, 100), (33, 50, 3), (365, 590)])
def test_identity_returns_the_image(shape):
    image = np.random.default_rng(0).random(shape, np.float32)
    np.testing.assert_allclose(warp.warp(image, warp.identity()), image, atol=1e-6)


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("pixels", [1, -2, 5])
def test_a_constant_shifts_by_its_share_of_the_side(row, pixels):
    image = pattern(41, 61)
    weights = warp.identity()
    side = (61, 41)[row]
    weights[row, warp.POWERS.index((0, 0))] = pixels / ((side - 1) / 2)
    expected = np.roll(image, -pixels, axis=1 - row)
    inner = np.s_[6:-6, 6:-6]
    np.testing.assert_allclose(warp.warp(image, weights)[inner], expected[inner], atol=1e-5)
    np.testing.assert_allclose(warp.displacement(weights, image.shape)[row], pixels, atol=1e-9)


def test_equals_pytorch_bicubic_sampling():
    torch = pytest.importorskip("torch")
    image, weights = pattern(70, 90), slight(size=0.05)
    y, x = np.meshgrid(np.linspace(-1, 1, 70), np.linspace(-1, 1, 90), indexing="ij")
    terms = np.stack([x**a * y**b for a, b in warp.POWERS])
    grid = torch.tensor(np.moveaxis(np.tensordot(weights, terms, 1), 0, -1)[None])
    expected = torch.nn.functional.grid_sample(
        torch.tensor(image.astype(np.float64))[None, None],
        grid,
        mode="bicubic",
        padding_mode="border",
        align_corners=True,
    )
    np.testing.assert_allclose(warp.warp(image, weights), expected[0, 0].numpy(), atol=1e-4)


def test_order_of_the_terms_is_the_authors():
    names = ["x", "y", "1", "x2", "xy", "y2", "x3", "x2y", "xy2", "y3"]
    spelled = [
        "".join(axis + (str(power) if power > 1 else "") for axis, power in zip("xy", powers, strict=True) if power)
        or "1"
        for powers in warp.POWERS
    ]
    assert spelled == names


def test_moved_warps_look_where_the_warp_looks_further_on():
    weights, shift = slight(size=0.1), np.array([0.03, -0.07])
    y, x = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 8), indexing="ij")

    def look(weights, x, y):
        return np.tensordot(weights, np.stack([x**a * y**b for a, b in warp.POWERS]), 1)

    np.testing.assert_allclose(look(warp.moved(weights, shift), x, y), look(weights, x + 0.03, y - 0.07), atol=1e-12)


def test_inverse_undoes_a_warp():
    image = pattern(200, 300)
    weights = slight(size=0.004)
    back = warp.warp(warp.warp(image, warp.inverse(weights)), weights)
    assert np.abs(back - image)[20:-20, 20:-20].max() < 0.02
    both = warp.displacement(warp.inverse(warp.inverse(weights)), (200, 300)) - warp.displacement(weights, (200, 300))
    assert np.abs(both).max() < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_fit_finds_a_known_warp(seed):
    sharp, truth = pattern(240, 380, seed), slight(seed + 10, 0.004)
    blurry = warp.warp(sharp, warp.inverse(truth))
    found = warp.fit(sharp, blurry)
    error = warp.displacement(found, sharp.shape) - warp.displacement(truth, sharp.shape)
    assert np.hypot(*error)[20:-20, 20:-20].max() < 0.2
    assert centred_error(sharp, blurry, found) < 1e-3 * sharp.var()


def centred_error(sharp, blurry, weights):
    """The mean squared error between the sharp and the warped blurry image, their means taken off."""
    return float((warp.warp(blurry, weights).astype(np.float64) - sharp).var())


def descend_along_coordinates(sharp, blurry, rounds, seed=0):
    """The authors' way: random steps of every weight, kept where the error falls. Returns weights and tries."""
    generator = np.random.default_rng(seed)
    weights, tries = warp.identity(), 1
    best = centred_error(sharp, blurry, weights)
    for _ in range(rounds):
        scale = generator.standard_normal()
        for rate in (0.033, 0.1, 0.33, 1, 3.3, 10):
            for index in np.ndindex(weights.shape):
                step = scale * rate * (0.1 if warp.POWERS[index[1]] == (0, 0) else 0.001)
                for sign in (1, -1):
                    tried = weights.copy()
                    tried[index] += sign * step
                    error, tries = centred_error(sharp, blurry, tried), tries + 1
                    if error < best:
                        best, weights = error, tried
    return weights, tries


def test_fit_beats_random_coordinate_descent_with_fewer_looks_at_the_images(monkeypatch):
    sharp, truth = pattern(128, 200), slight(3, 0.006)
    blurry = cv2.GaussianBlur(warp.warp(sharp, warp.inverse(truth)), (0, 0), 6)
    looks = []
    sample = warp.sample
    monkeypatch.setattr(warp, "sample", lambda *given: looks.append(1) or sample(*given))
    found = warp.fit(sharp, blurry)
    ours = len(looks)
    monkeypatch.undo()
    theirs, tries = descend_along_coordinates(sharp, blurry, rounds=20)
    true = warp.displacement(truth, sharp.shape)
    errors = [np.hypot(*(warp.displacement(each, sharp.shape) - true)).mean() for each in (found, theirs)]
    assert errors[0] < 0.7 * errors[1]
    assert ours < tries


def test_a_strong_blur_does_not_mislead_it():
    """The centred error of such photographs is least 16 to 45 pixels aside; text, stray light, uneven light, noise."""
    generator = np.random.default_rng(5)
    size = (730, 1180)
    page = np.zeros(size, np.uint8)
    for line in range(3):
        text = "".join(generator.choice(list("ABCDEFGHKLMNPRSTUVXYZ"), 10))
        cv2.putText(page, text, (270, 260 + 130 * line), cv2.FONT_HERSHEY_DUPLEX, 3.0, 255, 8, cv2.LINE_AA)
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in size), indexing="ij")
    light = (1 - 0.12 * (x**2 + y**2)).astype(np.float32)
    sharp = (0.85 - 0.75 * page.astype(np.float32) / 255) * light
    truth = slight(4, 0.004)
    blurry = warp.warp(0.57 * defocus(sharp, aperture(40, 8)) + 0.4 * light, warp.inverse(truth))
    blurry += 0.005 * generator.standard_normal(size).astype(np.float32)
    aside = warp.displacement(warp.fit(sharp, blurry), size) - warp.displacement(truth, size)
    assert np.hypot(*aside)[page > 127].mean() < 0.8


@pytest.mark.parametrize("weights", [np.zeros((2, 9)), np.zeros(20), np.full((2, 10), np.nan)])
def test_wrong_weights_are_one_line(weights):
    with pytest.raises(DataError, match=r"^warp weights of shape .*; give 2x10 finite numbers$"):
        warp.warp(np.zeros((4, 4)), weights)


def test_photographs_that_cannot_be_aligned_are_one_line():
    with pytest.raises(DataError, match="64x64 at least"):
        warp.fit(np.zeros((63, 90)), np.zeros((63, 90)))
    with pytest.raises(DataError, match=r"\(70, 90\) and \(90, 70\)"):
        warp.fit(np.zeros((70, 90)), np.zeros((90, 70)))
    with pytest.raises(DataError, match="2x2 pixels at least"):
        warp.warp(np.zeros((1, 9)), warp.identity())
