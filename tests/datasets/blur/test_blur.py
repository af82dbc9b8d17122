"""The forward models: Gaussian, camera shake, defocus, and what the camera does to light."""

import cv2
import numpy as np
import pytest

from datasets.blur import gaussian
from datasets.blur.camera import Sensor, add_noise, average, develop, to_light, to_values
from datasets.blur.defocus import aperture, defocus
from datasets.blur.gaussian import blur_like_bologna
from datasets.blur.trajectory import Clock, Motion, corners, film, hand_motion, homographies, move, plan
from datasets.errors import DataError

SCENE, PICTURE = (300, 451), (256, 320)


@pytest.fixture(scope="module")
def noise_images():
    return np.random.default_rng(0).integers(0, 256, (200, 32, 32, 3), dtype=np.uint8)


class TestGaussian:
    def test_kernel_size_is_opencvs_8_bit_rule(self, noise_images):
        blurred, sigmas = blur_like_bologna(noise_images)
        assert sigmas.dtype == np.float64
        assert 0 <= sigmas.min() < 0.2
        assert 2.8 < sigmas.max() < 3
        for sharp, blurry, sigma in zip(noise_images, blurred, sigmas, strict=True):
            side = round(6 * sigma + 1) | 1
            expected = cv2.GaussianBlur(sharp, (side, side), sigma, borderType=cv2.BORDER_REFLECT_101)
            np.testing.assert_array_equal(blurry, expected)

    def test_sigmas_are_those_of_pythons_generator(self, noise_images):
        import random

        generator = random.Random(42)
        _, sigmas = blur_like_bologna(noise_images[:5])
        np.testing.assert_array_equal(sigmas, [3 * generator.random() for _ in range(5)])

    def test_skip_continues_the_same_draws(self, noise_images):
        blurred, sigmas = blur_like_bologna(noise_images, seed=7)
        later, later_sigmas = blur_like_bologna(noise_images[120:], seed=7, skip=120)
        np.testing.assert_array_equal(later, blurred[120:])
        np.testing.assert_array_equal(later_sigmas, sigmas[120:])

    def test_sigma_zero_leaves_the_image_alone(self, noise_images, monkeypatch):
        class Zero:
            def __init__(self, seed):
                pass

            def random(self):
                return 0.0

        monkeypatch.setattr(gaussian.random, "Random", Zero)
        blurred, sigmas = blur_like_bologna(noise_images[:2])
        np.testing.assert_array_equal(blurred, noise_images[:2])
        assert not sigmas.any()

    def test_no_images(self):
        blurred, sigmas = blur_like_bologna(np.empty((0, 32, 32, 3), np.uint8))
        assert blurred.shape == (0, 32, 32, 3)
        assert sigmas.shape == (0,)

    @pytest.mark.parametrize("bad", [np.zeros((2, 8, 8, 3)), np.zeros((8, 8, 3), np.uint8)])
    def test_refuses_other_arrays(self, bad):
        with pytest.raises(DataError, match="takes uint8 images"):
            blur_like_bologna(bad)

    def test_refuses_a_negative_skip(self, noise_images):
        with pytest.raises(DataError, match="skip=-1"):
            blur_like_bologna(noise_images, skip=-1)

    def test_baseline_of_the_report(self, real_data):
        from skimage.metrics import structural_similarity

        from datasets.readers.cifar10 import read_batch

        sharp = read_batch(real_data / "cifar10" / "cifar-10-batches-py" / "test_batch").images
        blurred, _ = blur_like_bologna(sharp, skip=50_000)
        scores = [
            structural_similarity(
                a, b, channel_axis=2, gaussian_weights=True, use_sample_covariance=False, data_range=255
            )
            for a, b in zip(sharp, blurred, strict=True)
        ]
        assert np.mean(scores) == pytest.approx(0.7127, abs=0.02)


class TestCamera:
    @pytest.mark.parametrize("curve", ["srgb", "gamma"])
    def test_every_8_bit_value_comes_back(self, curve):
        values = np.arange(256, dtype=np.uint8)
        light = to_light(values, curve)
        assert light.dtype == np.float32
        assert (light[0], light[-1]) == (0, 1)
        np.testing.assert_array_equal(develop(light, curve), values)

    def test_float_and_8_bit_agree(self):
        values = np.arange(256, dtype=np.uint8)
        np.testing.assert_allclose(to_light(values / 255, "srgb"), to_light(values, "srgb"), atol=1e-6)

    def test_light_is_clipped(self):
        np.testing.assert_array_equal(to_values(np.array([-0.1, 1.2]), "gamma"), [0, 1])

    def test_averages_in_light_or_in_values(self):
        # Half the time black, half the time white: the three answers are known exactly.
        frames = np.stack([np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)])
        assert (average(frames, None) == 128).all()
        assert (average(frames, "gamma") == round(255 * 0.5 ** (1 / 2.2))).all()
        assert (average(frames, "srgb") == 188).all()

    def test_one_frame_averages_to_itself(self):
        frame = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
        for curve in (None, "gamma", "srgb"):
            np.testing.assert_array_equal(average(frame, curve), frame[0])

    def test_noise_has_the_stated_variance(self):
        sensor = Sensor(shot=1e-3, read=1e-2)
        for level in (0.0, 0.5):
            light = np.full((300, 300), level, np.float32)
            noisy = add_noise(light, sensor, np.random.default_rng(1))
            assert noisy.dtype == np.float32
            assert noisy.mean() == pytest.approx(level, abs=5e-4)
            assert noisy.var() == pytest.approx(1e-3 * level + 1e-4, rel=0.03)


class TestTrajectory:
    def test_hand_motion_has_unit_variance(self):
        motion = hand_motion(200_000, 40, 2, np.random.default_rng(0))
        np.testing.assert_allclose(motion.std(axis=0), 1, rtol=0.05)
        assert abs(np.corrcoef(motion.T)[0, 1]) < 0.1

    def test_hand_motion_is_smooth(self):
        # A jump or a kink would show as a large second difference beside the first one.
        motion = hand_motion(20_000, 40, 1, np.random.default_rng(0))[:, 0]
        speed, change = np.diff(motion), np.diff(motion, 2)
        assert np.abs(change).max() < 0.5 * speed.std()

    def test_same_seed_same_path(self):
        paths = [plan(SCENE, PICTURE, 4, Motion(), Clock(), np.random.default_rng(s)) for s in (3, 3, 4)]
        np.testing.assert_array_equal(paths[0], paths[1])
        assert not np.array_equal(paths[0], paths[2])
        assert paths[0].shape == (3 * 40 + 33, 6)

    def test_at_rest_the_view_is_the_middle_of_the_photograph(self):
        light = np.random.default_rng(0).random((60, 80, 3), np.float32)
        (frames,) = film(light, np.zeros((3, 6)), (40, 50), Clock(3, 3))
        np.testing.assert_allclose(frames, np.stack([light[10:50, 15:65]] * 3), atol=1e-5)

    def test_sideways_step_shifts_the_view(self):
        light = np.random.default_rng(0).random((60, 80, 3), np.float32)
        step = np.array([[0, 0, 0, 4 / (1.2 * 50), -3 / (1.2 * 50), 0]])
        (frames,) = film(light, step, (40, 50), Clock(1, 1))
        np.testing.assert_allclose(frames[0], light[7:47, 19:69], atol=1e-4)

    def test_rotations_and_approach_move_points_as_a_pinhole_camera_does(self):
        focal, centre = 1.2 * 320, np.array([[159.5, 127.5]])
        corner = np.array([[259.5, 127.5]])
        yaw, roll, closer = homographies(
            np.array([[0, 0.02, 0, 0, 0, 0], [0, 0, 0.1, 0, 0, 0], [0, 0, 0, 0, 0, 0.2]]), PICTURE, PICTURE
        )[:, None]
        np.testing.assert_allclose(move(centre, yaw)[0, 0] - centre[0], [focal * np.tan(0.02), 0], atol=1e-9)
        turned = [[100 * np.cos(0.1), 100 * np.sin(0.1)]]
        np.testing.assert_allclose(move(corner, roll)[0] - centre, turned, atol=1e-9)
        np.testing.assert_allclose(move(corner, closer)[0] - centre, [[125, 0]], atol=1e-9)

    @pytest.mark.parametrize("scene", [(300, 451), (512, 512), (384, 384), (303, 384), (264, 330)])
    def test_the_view_never_leaves_the_photograph(self, scene):
        for seed in range(25):
            poses = plan(scene, PICTURE, 6, Motion(sway=12), Clock(8, 7), np.random.default_rng(seed))
            views = move(corners(PICTURE), np.linalg.inv(homographies(poses, scene, PICTURE)))
            assert views.min() >= 2.9
            assert (views.max(axis=(0, 1)) <= np.array(scene[::-1]) - 3.9).all()

    def test_white_stays_white_up_to_the_border(self):
        poses = plan((90, 100), (64, 64), 3, Motion(), Clock(8, 7), np.random.default_rng(0))
        for frames in film(np.ones((90, 100, 3), np.float32), poses, (64, 64), Clock(8, 7)):
            np.testing.assert_allclose(frames, 1, atol=1e-5)

    def test_refuses_a_photograph_that_is_too_small(self):
        with pytest.raises(DataError, match="too small"):
            plan((200, 400), PICTURE, 2, Motion(), Clock(), np.random.default_rng(0))

    def test_blur_is_moderate_and_finely_sampled(self):
        lengths, steps, offsets = [], [], []
        middle = np.array([[159.5, 127.5], [60, 60], [260, 200]])
        for seed in range(30):
            maps = homographies(
                plan((400, 600), PICTURE, 10, Motion(), Clock(), np.random.default_rng(seed)),
                (400, 600),
                PICTURE,
            )
            for start in range(0, len(maps) - 32, 40):
                exposure = maps[start : start + 33]
                path = move(middle, exposure @ np.linalg.inv(exposure[16]))
                moved = np.linalg.norm(np.diff(path, axis=0), axis=2)
                lengths.append(moved.sum(axis=0).mean())
                steps.append(moved.max())
                offsets.append(np.linalg.norm(path.mean(axis=0) - middle, axis=1).mean())
        assert 5 < np.mean(lengths) < 12
        assert max(steps) < 1
        assert np.mean(offsets) < 0.5

    def test_frames_of_a_video_go_on_where_the_last_one_ended(self):
        clock = Clock(period=11, exposure=11)
        maps = homographies(
            plan((400, 600), PICTURE, 5, Motion(), clock, np.random.default_rng(2)), (400, 600), PICTURE
        )
        path = move(np.array([[300.0, 200.0]]), maps)[:, 0]
        # Speed changes gently across the borders of frames, which lie after every eleventh step.
        assert len(path) == 55
        assert np.abs(np.diff(path, 2, axis=0)).max() < 0.5 < np.abs(np.diff(path, axis=0)).max()

    def test_an_edge_in_steady_motion_becomes_a_linear_ramp_of_light(self):
        light = np.zeros((60, 120, 3), np.float32)
        light[:, 60:] = 1
        poses = np.zeros((33, 6))
        poses[:, 3] = np.linspace(-4, 4, 33) / (1.2 * 80)
        (frames,) = film(light, poses, (40, 80), Clock(40, 33))
        ramp = frames.mean(axis=0)[20, :, 0]
        # Eight pixels of motion: the step between columns 39 and 40 spreads over 35.5 to 43.5, half light at 39.5.
        inside = np.arange(37, 43)
        np.testing.assert_allclose(ramp[inside], (inside - 39.5) / 8 + 0.5, atol=0.01)
        assert develop(np.array([ramp[39:41].mean()]), "srgb")[0] == 188


class TestDefocus:
    @pytest.mark.parametrize("radius", [0.1, 0.5, 0.8, 3.25, 20.6])
    @pytest.mark.parametrize("blades", [0, 8])
    def test_sum_and_symmetry(self, radius, blades):
        psf = aperture(radius, blades)
        assert psf.sum() == pytest.approx(1)
        assert psf.shape[0] == psf.shape[1]
        assert psf.shape[0] % 2 == 1
        np.testing.assert_allclose(psf, psf[::-1, ::-1], atol=1e-12)

    def test_disk_has_the_variance_of_a_disk(self):
        psf = aperture(13.0)
        reach = psf.shape[0] // 2
        x = np.arange(-reach, reach + 1)
        # A pixel adds 1/12 to the variance of what falls on it.
        assert (psf.sum(axis=0) * x**2).sum() == pytest.approx(13**2 / 4 + 1 / 12, rel=2e-3)

    def test_polygon_lies_in_the_disk_and_turns(self):
        disk, octagon = aperture(20), aperture(20, blades=8)
        assert (octagon[disk == 0] == 0).all()
        assert (octagon > 0).sum() < (disk > 0).sum()
        np.testing.assert_allclose(aperture(20, 8, np.pi / 4), octagon, atol=1e-12)
        assert not np.allclose(aperture(20, 8, np.pi / 8), octagon)

    @pytest.mark.parametrize(("radius", "blades"), [(0.0, 0), (5.0, 2), (5.0, -1)])
    def test_refuses_impossible_apertures(self, radius, blades):
        with pytest.raises(DataError, match="aperture of radius"):
            aperture(radius, blades)

    def test_it_is_a_convolution(self):
        from scipy.signal import convolve2d

        generator = np.random.default_rng(0)
        image, psf = generator.random((40, 50)), generator.random((5, 7))
        blurred = defocus(image, psf, 0.25)
        assert blurred.dtype == np.float32
        assert blurred.shape == image.shape
        np.testing.assert_allclose(blurred[2:-2, 3:-3], convolve2d(image, psf, "valid") + 0.25, rtol=1e-5)

    def test_delta_and_constant(self):
        image = np.random.default_rng(0).random((20, 30, 3))
        np.testing.assert_allclose(defocus(image, np.ones((1, 1))), image, atol=1e-6)
        flat = defocus(np.full((40, 40), 0.5), 0.8 * aperture(5.5, 8), 0.2)
        np.testing.assert_allclose(flat, 0.6, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.0, 0.2, 0.75, 1.3, 2.99])
def test_the_gaussian_is_the_one_that_blurs(sigma):
    """An impulse shows it."""
    impulse = np.zeros((41, 41), np.float64)
    impulse[20, 20] = 1
    blurred = cv2.GaussianBlur(impulse, (0, 0), sigma) if sigma else impulse
    psf = gaussian.psf(sigma)
    assert psf.sum() == pytest.approx(1)
    # For floating-point images OpenCV takes a wider kernel than for the 8-bit ones, whose rule is ours.
    margin = 20 - len(psf) // 2
    middle = blurred[margin : 41 - margin, margin : 41 - margin]
    np.testing.assert_allclose(psf, middle / middle.sum(), atol=1e-6)
