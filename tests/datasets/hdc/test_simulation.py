"""The simulated display and cameras of the Helsinki challenge."""

import numpy as np
import pytest

from datasets import DataError
from datasets.blur import warp
from datasets.hdc import simulation

LINES = ["VrkQCAeNBZ", "RcsijkFLTX", "GgceTmrxD2"]


@pytest.fixture(scope="module", params=list(simulation.FONTS))
def light(request):
    return simulation.show(LINES, request.param)


def test_letters_are_dark_on_light_and_in_the_middle(light):
    assert light.shape == (1460, 2360)
    assert light.dtype == np.float32
    rows, columns = np.nonzero(light < 0.5)
    assert rows.mean() == pytest.approx(730, abs=60)
    assert columns.mean() == pytest.approx(1180, abs=100)
    assert rows.min() > 200
    assert rows.max() < 1260
    assert columns.min() > 100
    assert columns.max() < 2260
    assert light.max() <= simulation.PAPER
    assert light.min() >= simulation.INK * (1 - 2 * simulation.GAP_DARKNESS)


def test_letters_are_as_large_as_in_the_challenge_s_example(light):
    # The example's capitals of 160 to 190 pixels stand 290 to 300 apart.
    rows = np.flatnonzero((light < 0.5).any(axis=1))
    lines = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    assert len(lines) == 3
    assert np.diff([line[0] for line in lines]) == pytest.approx([295, 295], abs=25)
    assert 150 < len(lines[0]) < 260


def test_display_pixels_have_gaps():
    light = simulation.display(np.full((186, 300), 0.5, np.float32))
    dark = light < 0.5
    assert 0.1 < dark.mean() < 0.35
    assert np.unique(light).tolist() == pytest.approx([0.5 * (1 - simulation.GAP_DARKNESS), 0.5])


def test_cameras_add_noise_vignetting_and_offset(light):
    generator = np.random.default_rng(0)
    sharp = simulation.photograph(light, None, None, generator)
    assert sharp.dtype == np.uint16
    corner, middle = sharp[20:60, 20:60] / 65535, sharp[30:70, 1160:1200] / 65535
    assert corner.mean() < 0.95 * middle.mean()
    assert corner.std() == pytest.approx(0.024, abs=0.008)
    blurry = simulation.photograph(light, simulation.defocus_of(5), None, generator)
    # Stray light lifts the ink, and what the lens does not pass lowers the paper.
    assert np.quantile(blurry, 0.001) > 2 * np.quantile(sharp, 0.001)
    assert abs(np.median(blurry.astype(float)) / np.median(sharp.astype(float)) - 1) < 0.12


def test_the_known_warp_lays_the_second_camera_over_the_first(light):
    generator = np.random.default_rng(0)
    blur = simulation.defocus_of(1)
    straight = simulation.photograph(light, blur, None, generator) / 65535
    for step in (0, 10):
        geometry = simulation.second_camera(step)
        bent = simulation.photograph(light, blur, geometry, generator) / 65535
        inner = np.s_[150:-150, 150:-150]
        laid_over = warp.warp(bent, geometry)
        assert (laid_over - straight)[inner].std() < 0.05
        assert (bent - straight)[inner].std() > 0.1


@pytest.mark.parametrize("step", range(11))
def test_defocus_has_the_measured_radius_sum_and_offset(step):
    blur = simulation.defocus_of(step)
    radius, total, offset = simulation.STEPS[step]
    assert blur.psf.sum() == pytest.approx(total)
    assert blur.offset == offset
    assert len(blur.psf) == pytest.approx(2 * radius, abs=2.1)


def test_measured_functions_are_read_by_step_or_for_all(tmp_path):
    psf = np.full((5, 5), 0.02, np.float32)
    np.savez(tmp_path / "steps.npz", psf_03=psf, offset_03=0.3, psf_04=2 * psf, offset_04=0.4)
    found = simulation.read_defocus(tmp_path / "steps.npz")
    assert sorted(found) == [3, 4]
    assert found[4].offset == pytest.approx(0.4)
    np.testing.assert_array_equal(found[4].psf, 2 * psf)
    np.savez(tmp_path / "one.npz", psf=psf, offset=0.1, warp=warp.identity(), losses=[1.0])
    assert sorted(simulation.read_defocus(tmp_path / "one.npz")) == list(range(20))


def test_wrong_files_are_one_line(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", kernel=np.zeros((3, 3)))
    np.savez(tmp_path / "even.npz", psf=np.zeros((4, 4)), offset=0.0)
    np.savez(tmp_path / "half.npz", psf=np.zeros((3, 3)))
    np.save(tmp_path / "array", np.zeros((3, 3)))
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    (tmp_path / "broken.npz").write_bytes((tmp_path / "half.npz").read_bytes()[:90])
    cases = {
        "missing.npz": "cannot be read as point spread functions",
        "text.npz": "cannot be read",
        "array.npz": "one array instead of an archive",
        "broken.npz": "cannot be read",
        "other.npz": "holds no point spread functions",
        "even.npz": "with odd sides",
        "half.npz": "cannot be read",
    }
    for name, message in cases.items():
        with pytest.raises(DataError, match=message) as raised:
            simulation.read_defocus(tmp_path / name)
        assert name in str(raised.value)
        assert "\n" not in str(raised.value)
