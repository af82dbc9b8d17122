"""The joint list of aligned text and blurred natural photographs."""

import numpy as np
import pytest

import datasets
from datasets import DataError, samples
from datasets.blur import estimate, warp
from datasets.blur.defocus import aperture
from datasets.hdc import simulation, single_step


@pytest.fixture
def pairs(small_text, tmp_path, monkeypatch):
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path))
    return datasets.load("hdc", small_text, "train", steps=[2])


def delta(side, offset=0.0):
    psf = np.zeros((side, side), np.float32)
    psf[side // 2, side // 2] = 1
    return estimate.Blur(psf, offset)


def test_a_delta_and_no_offset_return_the_cropped_green_channel():
    photograph = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    sharp, blurry = single_step.blurred_natural(photograph, delta(11))
    assert sharp.shape == blurry.shape == (50, 70, 1)
    np.testing.assert_array_equal(sharp[..., 0], photograph[5:-5, 5:-5, 1])
    np.testing.assert_array_equal(blurry, sharp)


def test_natural_photographs_are_convolved_and_lifted():
    photograph = np.full((60, 80, 1), 100, np.uint8)
    blur = estimate.Blur((0.5 * aperture(4, 8)).astype(np.float32), 0.302)
    _, blurry = single_step.blurred_natural(photograph, blur)
    assert (blurry == round(0.5 * 100 + 0.302 * 255)).mean() > 0.99
    with pytest.raises(DataError, match="too small for a point spread function of side 61"):
        single_step.blurred_natural(photograph, delta(61))


def test_text_is_laid_over_the_sharp_photographs(pairs):
    fitted = single_step.fitted_warp(pairs)
    truth = simulation.second_camera(2)
    light = pairs[0].sharp[0].read()[..., 0] < 20000
    aside = warp.displacement(fitted, light.shape) - warp.displacement(truth, light.shape)
    assert np.hypot(*aside)[light].mean() < 1.5
    aligned, unaligned = (single_step.prepare(pairs, choice) for choice in (True, False))
    for there, back in zip(aligned, unaligned, strict=True):
        sharp = there.sharp[0].read().astype(float)
        np.testing.assert_array_equal(sharp, back.sharp[0].read())
        correlation = [
            np.corrcoef(sharp.ravel(), pair.blurry[0].read().ravel().astype(float))[0, 1] for pair in (there, back)
        ]
        assert correlation[0] > correlation[1] + 0.1
    assert aligned.fingerprint != unaligned.fingerprint
    assert aligned[0].sharp[0].read().dtype == np.uint8


def test_natural_photographs_follow_the_text(tmp_path, pairs):
    natural = datasets.load("div2k", samples.build("div2k", tmp_path / "natural"), "train")[:2]
    joint = single_step.prepare(pairs, True, natural, delta(31, 0.1))
    assert [pair.scene for pair in joint] == ["step2/Times", "step2/Verdana", "natural", "natural"]
    assert {pair.metadata["step"] for pair in joint} == {2}
    assert joint[2].sharp[0].shape == joint[2].blurry[0].shape
    other = single_step.prepare(pairs, True, natural, delta(31, 0.2))
    assert joint.fingerprint != other.fingerprint
    assert (other[2].blurry[0].read() >= joint[2].blurry[0].read()).all()


def test_the_aligner_knows_every_step(small_text, pairs):
    both = datasets.load("hdc", small_text, "train", steps=[2, 4])
    align = single_step.aligner(both)
    for pair in both:
        sharp = pair.sharp[0].read()[..., 0].astype(float)
        assert np.corrcoef(sharp.ravel(), align(pair).ravel())[0, 1] > 0.5


def test_several_steps_are_refused(small_text, pairs):
    with pytest.raises(DataError, match=r"cannot be trained on steps \[2, 4\]; give one with --blur-steps"):
        single_step.prepare(datasets.load("hdc", small_text, "train", steps=[2, 4]))


def test_blur_is_estimated_once_by_the_schedule_of_the_step(pairs, monkeypatch):
    calls = []

    def quick(sharp, blurry, side, progress=None):
        calls.append(side)
        return delta(side, 0.25)

    monkeypatch.setattr(estimate, "estimate", quick)
    first, second = (single_step.estimated_blur(pairs) for _ in range(2))
    assert calls == [51]
    assert first.offset == second.offset == 0.25
    np.testing.assert_array_equal(first.psf, second.psf)


def test_damaged_files_of_the_cache_are_one_line(pairs, tmp_path):
    single_step.fitted_warp(pairs)
    single_step.prepare(pairs, False)
    for path in (tmp_path / "hdc").rglob("*.np*"):
        path.write_bytes(b"rubbish")
    with pytest.raises(DataError, match=r"warp-.*\.npz: cannot be read as a fitted warp; delete it"):
        single_step.fitted_warp(pairs)
    with pytest.raises(DataError, match=r"\.npy: damaged; delete it and run again"):
        single_step.prepare(pairs, False)
