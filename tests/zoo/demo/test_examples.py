"""The photographs that the page offers to try."""

import numpy as np
import pytest
import skimage.data

import zoo
from zoo.demo.examples import EXAMPLES, blurred, shake, write_examples
from zoo.inference.blind import disk
from zoo.inference.image_files import read_image


def test_a_shake_is_a_path_within_its_reach():
    for reach, seed in ((4, 1), (5, 0), (8, 3)):
        psf = shake(reach, seed)
        assert psf.shape == (2 * reach + 1, 2 * reach + 1)
        assert psf.min() >= 0 and psf.sum() == pytest.approx(1)
        assert np.array_equal(psf, shake(reach, seed))
        rows, columns = np.nonzero(psf)
        # It reaches an edge, and is a line, no spot.
        assert max(np.ptp(rows), np.ptp(columns)) >= 2 * reach - 1
        assert np.count_nonzero(psf) < psf.size / 2


def test_light_is_added_up_not_grey_levels():
    edge = np.zeros((9, 40, 1), np.uint8)
    edge[:, 20:] = 255
    # Half the light is far brighter than half the grey levels.
    middle = blurred(edge, np.full((1, 21), 1 / 21))[4, 20, 0]
    assert middle == pytest.approx(255 * (11 / 21) ** (1 / 2.2), abs=4)


def test_flat_areas_keep_their_level_up_to_noise():
    flat = np.full((64, 64, 3), 100, np.uint8)
    result = blurred(flat, disk(3.0))
    assert result.mean() == pytest.approx(100, abs=0.1)
    assert 0.8 < result.std() < 1.2


def test_the_files_are_the_same_every_time_and_blurred_unless_a_camera_did_it(tmp_path):
    first, second = write_examples(tmp_path / "a"), write_examples(tmp_path / "b")
    assert [path.stem for path in first] == list(EXAMPLES)
    for one, other, (source, _) in zip(first, second, EXAMPLES.values(), strict=True):
        assert one.read_bytes() == other.read_bytes()
        sharp = read_image(f"{skimage.data.__path__[0]}/{source}").astype(float)
        found = read_image(one).astype(float)
        assert found.shape == sharp.shape
        detail = [np.abs(np.diff(each, axis=1)).mean() for each in (found, sharp)]
        if source == "clock_motion.png":
            assert np.array_equal(found, sharp)
        else:
            assert detail[0] < 0.7 * detail[1]


def test_a_release_of_scikit_image_without_them_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(skimage.data, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(zoo.ZooError, match=r"ships no astronaut\.png"):
        write_examples(tmp_path)
