"""Wiener deconvolution against scikit-image's, and against blurs whose answer is known."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from skimage import restoration

import zoo
from datasets.blur.defocus import aperture, defocus
from tests.support.contracts import box
from zoo.layers.deconvolution import WienerDeconvolution


def image(height=40, width=53, seed=0):
    """Returns a smooth random image (height, width, 1) in [0.2, 0.8]."""
    rng = np.random.default_rng(seed)
    return (0.2 + 0.6 * defocus(rng.random((height, width)), box(3)))[..., np.newaxis].astype(np.float32)


@pytest.mark.parametrize("balance", [1e-3, 0.1])
@pytest.mark.parametrize("size", [(40, 53), (17, 64), (3, 9)])
def test_equals_scikit_image(balance, size):
    """Which knows no borders: it is given the image with its mirror image."""
    blurry, psf = image(*size), aperture(0.9, blades=8) if min(size) < 5 else aperture(2.3, blades=8)
    height, width = size
    mirrored = np.pad(blurry[..., 0].astype(float), ((0, height - 2), (0, width - 2)), mode="reflect")
    expected = restoration.wiener(mirrored, psf, balance, clip=False)[:height, :width]
    found = zoo.restore(zoo.create("wiener", balance=balance), blurry, psf=psf)[..., 0]
    np.testing.assert_allclose(found, np.clip(expected, 0, 1), atol=2e-5)


def test_a_blur_without_noise_is_undone():
    """Mirrored borders blur symmetric functions as if the image went on; a uneven one is undone inside."""
    import cv2

    sharp = image()
    line = np.array([[0.2], [0.6], [0.2]])
    for psf in (line @ line.T, np.array([[0.0, 0.1, 0.0], [0.0, 0.6, 0.2], [0.0, 0.0, 0.1]])):
        blurry = cv2.filter2D(sharp, -1, psf[::-1, ::-1], borderType=cv2.BORDER_REFLECT_101)[..., np.newaxis]
        found = zoo.restore(zoo.create("wiener", balance=0.0), blurry, psf=psf)
        inside = np.s_[:, :] if np.allclose(psf, psf[::-1, ::-1]) else np.s_[12:-12, 12:-12]
        np.testing.assert_allclose(found[inside], sharp[inside], atol=1e-4)


def test_each_picture_has_its_own_blur_and_light_that_is_lost_comes_back():
    model, sharp = zoo.create("wiener"), np.full((2, 20, 24, 1), 0.5, np.float32)
    psfs = np.stack([box(3), 0.5 * box(3)])
    light = np.array([1, 0.5], np.float32).reshape(2, 1, 1, 1)
    found = zoo.restore_batch(model, sharp * light, zoo.info("wiener"), psf=psfs)
    np.testing.assert_allclose(found, sharp, atol=1e-5)


def test_colours_and_tiles():
    sharp = np.concatenate([image(70, 90, seed) for seed in range(3)], axis=-1)
    psf = aperture(1.8)
    blurry = np.clip(np.stack([defocus(sharp[..., c], psf) for c in range(3)], axis=-1), 0, 1)
    model = zoo.create("wiener", balance=1e-4)
    whole = zoo.restore(model, blurry, psf=psf)
    assert np.abs(whole - sharp)[8:-8, 8:-8].mean() < 0.4 * np.abs(blurry - sharp)[8:-8, 8:-8].mean()
    tiled = zoo.restore(model, blurry, tile=40, overlap=20, psf=psf)
    np.testing.assert_allclose(tiled, whole, atol=0.04)


def test_nothing_is_made_up_where_nothing_came_through():
    dark = np.zeros((1, 16, 16, 1), np.float32)
    blind = np.zeros((1, 3, 3, 1), np.float32)
    found = np.asarray(WienerDeconvolution(0.0)([dark + 0.5, blind]))
    assert np.isfinite(found).all() and not found.any()


def test_double_precision():
    sharp = image().astype(np.float64)[np.newaxis]
    layer = WienerDeconvolution(0.0, dtype="float64")
    psf = np.zeros((1, 3, 3, 1))
    psf[0, 1, 1] = 1
    found = keras.ops.convert_to_numpy(layer([sharp, psf]))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, sharp, atol=1e-12)


@pytest.mark.parametrize("balance", [-1, float("nan"), float("inf")])
def test_a_balance_that_cannot_be(balance):
    with pytest.raises(zoo.ZooError, match="balance"):
        zoo.create("wiener", balance=balance)
