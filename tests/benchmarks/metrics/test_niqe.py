"""NIQE: its features against another implementation, its parts against other libraries, its model from files."""

import cv2
import numpy as np
import pytest
from scipy.io import savemat
from skimage import data

from benchmarks.metrics import METRICS, MetricError
from benchmarks.metrics.asked import asked
from benchmarks.metrics.natural import grey, halved, patch_features, sharp_patches
from benchmarks.metrics.niqe import Model, fit, read_model, write_model

# The mean over six patches of each feature, as BasicSR 1.4.2 computes it of the same image. Its makers compared it with
# the authors' MATLAB code, on another image, to four decimals.
RECORDED = """
2.09316667  0.74135489  0.719       0.04736233  0.10355181  0.13538012  0.72066667 -0.02670895  0.13431386
0.10827703  0.7095     -0.09928266  0.15074831  0.08034984  0.6665      0.12069527  0.06308206  0.14393344
2.05516667  0.67981662  0.66516667  0.05398558  0.08858204  0.11554647  0.686      -0.01460946  0.11487879
0.09716958  0.64366667 -0.08009603  0.11777701  0.0722091   0.64316667  0.10548453  0.05822463  0.12236481
"""
RECORDED_DISTANCE = 3.36637703


@pytest.fixture(scope="module")
def photograph():
    return np.ascontiguousarray(data.coffee()[:200, :300])


def niqe(image, model):
    return METRICS["niqe"].function(image, None, model)


def test_recorded_features(photograph):
    features, sharpness = patch_features(photograph)
    assert features.shape == (6, 36) and sharpness.shape == (6,)
    # BasicSR halves images in single precision, from which the second scale is made.
    np.testing.assert_allclose(features.mean(axis=0), [float(each) for each in RECORDED.split()], atol=2e-6)
    # Shapes are multiples of 0.001: not one patch may end at a neighbour.
    np.testing.assert_allclose(features * 1000 % 1 % 1, features * 1000 % 1)
    assert niqe(photograph, Model(np.zeros(36), np.eye(36))) == pytest.approx(RECORDED_DISTANCE, abs=1e-6)


def test_halving_is_that_of_another_library(photograph):
    """Pillow widens the same kernel; at borders it leaves weights out where MATLAB mirrors the image."""
    from PIL import Image

    light = grey(photograph)
    theirs = Image.fromarray(light.astype(np.float32)).resize((150, 100), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(halved(light)[2:-2, 2:-2], np.asarray(theirs)[2:-2, 2:-2], atol=1e-3)


def test_grey_is_rounded_and_keeps_grey():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    np.testing.assert_array_equal(grey(values.repeat(3, axis=-1)), values[..., 0])
    np.testing.assert_array_equal(grey(values), values[..., 0])


def test_the_distribution_that_normal_noise_has():
    """Noise has shape 2 and, where it is normalised by its own deviation, symmetric scales."""
    noise = np.random.default_rng(0).normal(128, 20, (192, 192, 1)).clip(0, 255).round().astype(np.uint8)
    shape, scale = patch_features(noise)[0][:, :2].mean(axis=0)
    assert 2.0 < shape < 3.5
    assert scale > 0.9


def test_sharp_patches_are_the_sharpest(photograph):
    features, sharpness = patch_features(photograph)
    kept = sharp_patches(photograph)
    np.testing.assert_array_equal(kept, features[sharpness > 0.75 * sharpness.max()])
    assert 1 <= len(kept) < 6


def photographs():
    grey_ones = (data.camera(), data.gravel(), data.grass())
    return [data.astronaut(), data.coffee(), data.chelsea(), *(image[..., np.newaxis] for image in grey_ones)]


@pytest.fixture(scope="module")
def model():
    """Of six sharp photographs, which is few: values are large, their order right."""
    return fit(photographs())


class TestAModel:
    def test_blur_noise_and_compression_are_told(self, model, photograph):
        sharp = niqe(photograph, model)
        noisy = photograph + np.random.default_rng(0).normal(0, 25, photograph.shape)
        _, coded = cv2.imencode(".jpg", photograph, [cv2.IMWRITE_JPEG_QUALITY, 5])
        for worse in (
            cv2.GaussianBlur(photograph, (0, 0), 3),
            noisy.clip(0, 255).astype(np.uint8),
            cv2.imdecode(coded, cv2.IMREAD_COLOR),
        ):
            assert niqe(worse, model) > sharp + 1

    def test_it_is_the_mean_and_covariance_of_sharp_patches(self, model):
        patches = np.concatenate([sharp_patches(image) for image in photographs()])
        np.testing.assert_allclose(model.mean, patches.mean(axis=0))
        np.testing.assert_allclose(model.covariance, np.cov(patches.T))

    @pytest.mark.parametrize("names", [("mu_prisparam", "cov_prisparam"), ("mu_pris_param", "cov_pris_param")])
    @pytest.mark.parametrize("save", [savemat, lambda path, arrays: np.savez(path, **arrays)], ids=["mat", "npz"])
    def test_from_files(self, model, photograph, tmp_path, save, names):
        path = tmp_path / ("model.mat" if save is savemat else "model.npz")
        save(path, dict(zip(names, (model.mean[np.newaxis], model.covariance), strict=True)))
        (card,) = asked([f"niqe={path}"])
        assert card.function(photograph, None) == niqe(photograph, model)
        assert list(card.engine()) == ["model"]

    def test_written_and_read(self, model, tmp_path):
        write_model(tmp_path / "model.npz", model)
        again = read_model(tmp_path / "model.npz")
        np.testing.assert_array_equal(again.mean, model.mean)
        np.testing.assert_array_equal(again.covariance, model.covariance)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (None, "cannot be read .No such file or directory."),
            (b"no model", "cannot be read"),
            (b"PK\x03\x04 damaged", "cannot be read"),
            ({"other": np.zeros(3)}, "cannot be read .KeyError"),
            (
                {"mu_prisparam": np.zeros(35), "cov_prisparam": np.eye(36)},
                r".*are not 36 features",
            ),
            ({"mu_prisparam": np.zeros(36), "cov_prisparam": np.full((36, 36), np.nan)}, ".* are not 36 features"),
        ],
        ids=["missing", "text", "damaged", "other arrays", "other features", "NaN"],
    )
    def test_a_file_of_something_else(self, tmp_path, content, words):
        path = tmp_path / "model.npz"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            np.savez(path, **content)
        with pytest.raises(MetricError, match=rf"^{path}: {words}.*; give the parameters of NIQE's model") as raised:
            asked([f"niqe={path}"])
        assert "\n" not in str(raised.value)

    def test_too_few_photographs(self, photograph):
        with pytest.raises(MetricError, match="only 1 sharp patches of 96x96, too few for a model"):
            fit([photograph])


class TestImages:
    MODEL = Model(np.zeros(36), np.eye(36))

    def test_what_is_left_over_does_not_count(self, photograph):
        assert niqe(photograph, self.MODEL) == niqe(photograph[:192, :288], self.MODEL)

    @pytest.mark.parametrize("size", [(95, 300), (191, 191)])
    def test_too_small(self, size):
        with pytest.raises(MetricError, match="too small"):
            niqe(np.zeros((*size, 3), np.uint8), self.MODEL)

    def test_flat_patches_are_left_out_and_flat_images_refused(self, photograph):
        part = photograph.copy()
        part[:96, :96] = 128
        assert np.isfinite(niqe(part, self.MODEL))
        with pytest.raises(MetricError, match="an image without any variation"):
            niqe(np.full_like(photograph, 128), self.MODEL)
