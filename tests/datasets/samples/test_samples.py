"""The built-in samples: official layouts, determinism, sound images."""

import itertools
import json
import shutil

import numpy as np
import pytest

import datasets
from benchmarks.metrics.ocr import ocr_scores, standing
from datasets import samples
from datasets.errors import DataError
from datasets.image import read_image
from datasets.readers.cifar10 import read_batch
from datasets.readers.hdc import read_text
from datasets.samples import camera_shake, hdc, photographs
from datasets.samples.build import VERSION
from tests.support.fakes import digests, leftovers

FOLDERS = {
    "cifar10": "cifar-10-batches-py",
    "gopro": "GOPRO_Large",
    "hide": "HIDE_dataset",
    "reds": "REDS",
    "kohler": "Kohler",
    "hdc": "HDC2021",
    "div2k": "DIV2K",
}
COUNTS = {
    "cifar10": {"train": 1000, "test": 200},
    "gopro": {"train": 24, "test": 10},
    "gopro-gamma": {"train": 24, "test": 10},
    "hide": {"train": 16, "test": 8},
    "reds": {"train": 72, "val": 20},
    "reds-jpeg": {"train": 72, "val": 20},
    "kohler": {"test": 8},
    "hdc": {"train": 6, "test": 6},
    "div2k": {"train": 4, "val": 2},
}
SMALL = hdc.Options(steps=(0, 3, 6), train=1, test=1)
"""Photographs of the official size take time."""

MODERATE = (22.0, 32.0)
"""Mean PSNR of the blurry images that counts as a moderate blur, in dB."""


@pytest.fixture(scope="module")
def root(samples_root):
    samples.build("hdc", samples_root, options=SMALL)
    return samples_root


def psnr(sharp, blurry):
    return 10 * np.log10(255**2 / np.mean((sharp.astype(float) - blurry) ** 2))


class TestLayouts:
    @pytest.mark.parametrize("name", COUNTS)
    def test_the_readers_take_it_as_a_flawless_sample(self, root, name):
        report = datasets.verify(name, root)
        assert report.ok, report.problems
        assert dict(report.counts) == COUNTS[name]
        assert set(report.coverage.values()) == {"sample"}

    @pytest.mark.parametrize(("name", "top"), FOLDERS.items())
    def test_marker(self, root, name, top):
        marker = json.loads((root / top / "SAMPLE.json").read_text())
        assert (marker["dataset"], marker["version"], marker["seed"]) == (name, VERSION, 0)
        assert marker["files"] == len(digests(root / top)) - 1
        assert marker["what"]
        assert not leftovers(root)

    def test_gopro_sequences_cannot_be_taken_for_official_ones(self, root):
        names = [path.name for path in sorted((root / "GOPRO_Large").glob("*/*"))]
        assert names == [f"GOPR{n}_11_00" for n in (9004, 9005, 9000, 9001, 9002, 9003)]

    def test_reds_frames(self, root):
        for split, videos, frames in (("train", 6, 12), ("val", 2, 10)):
            for kind, suffix in (("sharp", "png"), ("blur", "png"), ("blur_jpeg", "jpg")):
                folder = root / "REDS" / split / f"{split}_{kind}"
                expected = [f"{v:03d}/{f:08d}.{suffix}" for v in range(videos) for f in range(frames)]
                assert sorted(p.relative_to(folder).as_posix() for p in folder.glob("*/*")) == expected

    def test_kohler_has_both_forms_of_ground_truth(self, root):
        pairs = datasets.load("kohler", split="test", root=root)
        assert [pair.name for pair in pairs] == [f"Image{i}/Kernel{k}" for i in range(1, 5) for k in (1, 2)]
        assert {len(pair.sharp) for pair in pairs} == {12}
        assert len(list((root / "Kohler").rglob("*.mat"))) == 1
        assert {frame.read().shape for pair in pairs for frame in pair.sharp} == {(176, 176, 3)}

    def test_cifar_batches(self, root):
        folder = root / "cifar-10-batches-py"
        batches = {path.name: read_batch(path) for path in folder.glob("*_batch*")}
        assert sorted(batches) == [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
        images = np.concatenate([batch.images for batch in batches.values()])
        assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 1200


class TestDeterminism:
    @pytest.mark.parametrize("name", ["cifar10", "hide", "kohler", "div2k"])
    def test_same_seed_same_bytes(self, root, tmp_path, name):
        assert digests(samples.build(name, tmp_path)) == digests(root / FOLDERS[name])

    # The videos and the large photographs take longest, so a part stands for all.
    @pytest.mark.parametrize(("name", "part"), [("gopro", "test"), ("reds-jpeg", "val")])
    def test_same_seed_same_bytes_of_videos(self, root, tmp_path, monkeypatch, name, part):
        monkeypatch.setitem(camera_shake.REDS_VIDEOS, "train", ())
        again = samples.build(name, tmp_path) / part
        assert digests(again) == digests(root / again.parent.name / part)

    def test_same_seed_same_bytes_of_text(self, root, tmp_path):
        again = samples.build("hdc", tmp_path, options=hdc.Options(steps=(3,), train=1, test=1)) / "step3"
        assert digests(again) == digests(root / "HDC2021" / "step3")

    def test_other_seed_other_images(self, root, tmp_path):
        other = digests(samples.build("kohler", tmp_path, seed=1))
        here = digests(root / "Kohler")
        assert other.keys() == here.keys()
        assert not set(other.values()) & set(here.values())


class TestImages:
    def test_train_and_test_share_no_photograph(self):
        scenes = [{name.partition("_")[0] for name in names} for names in (photographs.TRAIN, photographs.TEST)]
        assert not scenes[0] & scenes[1]
        assert hdc.SANITY_PHOTOGRAPH not in photographs.TRAIN

    def test_photographs_come_from_scikit_images_own_folder(self):
        for name in photographs.TRAIN + photographs.TEST:
            pixels = photographs.photograph(name)
            assert pixels.dtype == np.uint8
            assert pixels.shape[2] == 3
        with pytest.raises(DataError, match="ships no"):
            photographs.photograph("no_such_image.png")

    @pytest.mark.parametrize("name", ["gopro", "gopro-gamma", "hide", "reds", "reds-jpeg"])
    def test_blur_is_moderate(self, root, name):
        for split in COUNTS[name]:
            scores = [psnr(p.sharp[0].read(), p.blurry[-1].read()) for p in datasets.load(name, split=split, root=root)]
            assert MODERATE[0] < np.mean(scores) < MODERATE[1]
            assert min(scores) > 16

    @pytest.mark.parametrize(("name", "split"), [("reds", "val"), ("reds", "train"), ("gopro", "test")])
    def test_sharp_and_blurry_are_aligned(self, root, name, split):
        from skimage.registration import phase_cross_correlation

        window = np.outer(*(np.hanning(side) for side in camera_shake.SIZE))
        shifts = []
        for pair in datasets.load(name, split=split, root=root)[::2]:
            grey = [frame.read().mean(axis=2) for frame in (pair.sharp[0], pair.blurry[0])]
            grey = [(image - image.mean()) * window for image in grey]
            shift, _, _ = phase_cross_correlation(*grey, upsample_factor=20, normalization=None)
            shifts.append(np.linalg.norm(shift))
        assert np.mean(shifts) < 0.5

    def test_gopro_averages_values_and_gamma_averages_light(self, root):
        # Averaging light is never darker than averaging values (the mean power inequality), but for rounding.
        pairs = zip(
            datasets.load("gopro", split="test", root=root),
            datasets.load("gopro-gamma", split="test", root=root),
            strict=True,
        )
        for linear, gamma in pairs:
            assert linear.name == gamma.name
            np.testing.assert_array_equal(linear.sharp[0].read(), gamma.sharp[0].read())
            values, light = (pair.blurry[0].read().astype(int) for pair in (linear, gamma))
            assert (light - values).min() >= -1
            assert (light - values).mean() > 0.5

    def test_kohler_photographs_share_their_shakes(self, root):
        pairs = datasets.load("kohler", split="test", root=root)
        for pair in pairs:
            scores = [psnr(frame.read(), pair.blurry[0].read()) for frame in pair.sharp]
            # The trajectory passes through the blurry image: its ends are farther from it than its middle.
            assert max(scores) > max(scores[0], scores[-1])

    def test_consecutive_frames_overlap(self, root):
        frames = [pair.sharp[0].read() for pair in datasets.load("reds", split="val", root=root)[:10]]
        neighbours = [psnr(a, b) for a, b in itertools.pairwise(frames)]
        assert psnr(frames[0], frames[-1]) < np.mean(neighbours) < 40


class TestText:
    def test_texts_are_three_lines_of_ten(self, root):
        for split, digits in (("train", False), ("test", True)):
            texts = [pair.metadata["text"] for pair in datasets.load("hdc", split=split, root=root)]
            assert len(set(texts)) == len(texts)
            assert {len(text) for text in texts} == {3}
            assert {len(line) for text in texts for line in text} == {10}
            letters = "".join(line for text in texts for line in text)
            assert letters.isascii()
            assert letters.isalnum()
            assert any(letter.isdigit() for letter in letters) == digits

    def test_text_lies_beside_both_cameras(self, root):
        folder = root / "HDC2021" / "step3" / "Times"
        one, two = (folder / cam / "focusStep_3_timesR_size_30_sample_0001.txt" for cam in ("CAM01", "CAM02"))
        assert read_text(one) == read_text(two)

    def test_images_are_16_bit_grey(self, root):
        for path in (root / "HDC2021").rglob("*_0001.tif"):
            pixels = read_image(path)
            assert pixels.dtype == np.uint16
            assert pixels.shape == (1460, 2360, 1)
            assert len(np.unique(pixels[::20, ::20])) > 256

    def test_contrast_falls_with_the_step(self, root):
        contrast = {}
        for pair in datasets.load("hdc", split="train", root=root):
            blurry, sharp = (np.ptp(np.quantile(f[0].read(), (0.001, 0.9))) for f in (pair.blurry, pair.sharp))
            contrast.setdefault(pair.metadata["step"], []).append(blurry / sharp)
        means = [np.mean(contrast[step]) for step in (0, 3, 6)]
        assert 1.1 > means[0] > 0.8 > means[1] > means[2] > 0.1

    @pytest.mark.slow
    @pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
    def test_characters_are_recognised_up_to_step_3_and_no_more_at_step_6(self, root):
        pairs = [*datasets.load("hdc", split="train", root=root), *datasets.load("hdc", split="test", root=root)]
        texts = [pair.metadata["text"] for pair in pairs]
        for side, least, most in (("sharp", (80, 80, 80), (100, 100, 100)), ("blurry", (70, 70, 0), (100, 100, 40))):
            images = [(getattr(pair, side)[0].read() >> 8).astype(np.uint8) for pair in pairs]
            means = standing(ocr_scores(images, texts), [pair.metadata["step"] for pair in pairs]).means
            assert all(low <= mean <= high for low, mean, high in zip(least, means.values(), most, strict=True)), means

    def test_measured_functions_replace_simulated_ones(self, root, tmp_path):
        flat = np.full((41, 41), 0.5 / 41**2)
        np.savez(tmp_path / "psf.npz", psf_03=flat, offset_03=0.4)
        options = hdc.Options(steps=(3,), train=1, test=1, psf_file=tmp_path / "psf.npz")
        samples.build("hdc", tmp_path, options=options)
        name = "step3/Times/CAM02/focusStep_3_timesR_size_30_sample_0001.tif"
        own, usual = (read_image(folder / "HDC2021" / name).astype(float) for folder in (tmp_path, root))
        assert np.abs(own - usual).mean() > 500
        with pytest.raises(DataError, match=r"no point spread function of step 4; it has \[3\]"):
            samples.build("hdc", tmp_path, options=hdc.Options((3, 4), 1, 1, tmp_path / "psf.npz"))
        with pytest.raises(DataError, match=r"missing\.npz: No such file"):
            samples.build("hdc", tmp_path, options=hdc.Options((3,), 1, 1, tmp_path / "missing.npz"))

    def test_options_that_cannot_be(self, tmp_path):
        with pytest.raises(DataError, match="steps from 0 to 10"):
            hdc.Options(steps=(3, 11))
        with pytest.raises(DataError, match="take 1 to 9999"):
            hdc.Options(train=0)
        with pytest.raises(DataError, match="the sample of reds has no options"):
            samples.build("reds", tmp_path, options=SMALL)
        with pytest.raises(DataError, match="are for hdc, not for reds"):
            samples.options_for("reds", {"train": 1})

    def test_whoever_asks_for_no_options_gets_what_is_there(self, root):
        before = (root / "HDC2021" / "SAMPLE.json").stat().st_mtime_ns
        samples.build("hdc", root)
        assert (root / "HDC2021" / "SAMPLE.json").stat().st_mtime_ns == before


def test_a_complete_sample_is_returned_at_once(root):
    before = {path: path.stat().st_mtime_ns for path in (root / "REDS").rglob("*")}
    assert samples.build("reds", str(root)) == root / "REDS"
    assert {path: path.stat().st_mtime_ns for path in (root / "REDS").rglob("*")} == before
