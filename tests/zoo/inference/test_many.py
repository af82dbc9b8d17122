"""Whatever an image comes as: grey without channels, a batch, the frames of a video; and what is none."""

import numpy as np
import pytest
from PIL import Image

import zoo

RNG = np.random.default_rng(0)
FRAMES = [RNG.integers(0, 256, (24, 20, 3), np.uint8) for _ in range(4)]


@pytest.fixture(scope="module")
def model():
    return zoo.load("photo-small")


def test_a_batch_is_each_of_its_images(model):
    batch = np.stack(FRAMES)
    np.testing.assert_array_equal(zoo.restore(model, batch), [zoo.restore(model, image) for image in batch])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_without_channels_stays_so(model, dtype):
    white = 1 if dtype is np.float32 else np.iinfo(dtype).max
    grey = (RNG.random((24, 20)) * white).astype(dtype)
    sharp = zoo.restore(model, grey)
    assert sharp.shape == grey.shape and sharp.dtype == dtype
    colours = zoo.restore(model, np.repeat(grey[..., np.newaxis], 3, axis=-1))
    assert abs(sharp.astype(float) - colours.astype(float).mean(axis=-1)).max() < 0.05 * white


def test_a_grey_model_takes_grey_without_channels():
    page = zoo.restore(zoo.create("identity"), FRAMES[0][..., 0])
    np.testing.assert_array_equal(page, FRAMES[0][..., 0])
    refined = zoo.restore(zoo.create("refiner", "tiny"), FRAMES[0][..., 0], blur_step=3)
    assert refined.shape == (24, 20) and refined.dtype == np.uint8


def test_frames_are_seen_with_their_neighbours(tmp_path):
    model = zoo.create("identity", "video")
    restored = zoo.restore(model, FRAMES)
    assert isinstance(restored, list)
    np.testing.assert_array_equal(restored, FRAMES)
    three = zoo.create("kaist", "tiny-video")
    first = np.concatenate([FRAMES[0], FRAMES[0], FRAMES[1]], axis=-1)
    middle = np.concatenate(FRAMES[1:4], axis=-1)
    expected = [zoo.restore(three, first), zoo.restore(three, middle)]
    np.testing.assert_array_equal([zoo.restore(three, FRAMES)[index] for index in (0, 2)], expected)


def test_a_list_may_hold_paths_and_pillow_images_of_any_size(model, tmp_path):
    Image.fromarray(FRAMES[0]).save(tmp_path / "a.png")
    small = Image.fromarray(FRAMES[1][:16, :16])
    first, second, third = zoo.restore(model, [tmp_path / "a.png", small, FRAMES[2][..., 0]])
    assert (first.shape, second.shape, third.shape) == ((24, 20, 3), (16, 16, 3), (24, 20))
    np.testing.assert_array_equal(first, zoo.restore(model, FRAMES[0]))


def test_progress_counts_images(model):
    seen = []
    zoo.restore(model, FRAMES, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (FRAMES[0], {"tile": 32.0}, "tile=32.0 must be a whole number of pixels"),
        (FRAMES[0], {"tile": True}, "tile=True must be a whole number"),
        (FRAMES[0], {"tile": 16, "overlap": "4"}, "overlap='4' must be a whole number"),
        (FRAMES[0], {"overlap": 4}, "overlap 4 without a tile"),
        (np.zeros((0, 8, 8, 3), np.uint8), {}, "must be an array"),
        (np.zeros(8, np.uint8), {}, "must be an array"),
        ({"a": 1}, {}, "a path or a Pillow image, not dict"),
        ([FRAMES[0], None], {}, "a path or a Pillow image, not NoneType"),
        (FRAMES[0] * 1.0, {}, r"in \[0, 1\]"),
    ],
    ids=str,
)
def test_what_is_no_image_is_refused(model, image, options, message):
    with pytest.raises(zoo.ZooError, match=message):
        zoo.restore(model, image, **options)


@pytest.mark.parametrize("model", ["deblurgan", None, 3, FRAMES[0]], ids=["name", "None", "number", "array"])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(zoo.ZooError, match="a model is expected, not") as caught:
        zoo.restore(model, FRAMES[0])
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_frames_of_a_video_have_one_size():
    with pytest.raises(zoo.ZooError, match="must have one size"):
        zoo.restore(zoo.create("identity", "video"), [FRAMES[0], FRAMES[1][:8]])


def test_before_and_after_as_a_figure():
    drawn = zoo.compare(FRAMES[0], FRAMES[1], FRAMES[2])
    assert [axes.get_title().split(",")[0] for axes in drawn.axes] == ["blurred", "restored", "sharp"]
    assert "dB, SSIM" in drawn.axes[1].get_title()
    assert [axes.get_title() for axes in zoo.compare(FRAMES[0], FRAMES[1] / 255).axes] == ["blurred", "restored"]
    with pytest.raises(zoo.ZooError, match="same size"):
        zoo.compare(FRAMES[0], FRAMES[1][:8])


def test_a_point_spread_function_of_another_sum_is_divided_by_it(caplog):
    wiener, box = zoo.create("wiener"), np.ones((5, 5))
    with caplog.at_level("WARNING"):
        restored = zoo.restore(wiener, FRAMES[0], psf=box)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "wiener: the point spread function has the sum 25 and is divided by it"
    np.testing.assert_array_equal(restored, zoo.restore(wiener, FRAMES[0], psf=box / 25))


@pytest.mark.parametrize("psf", [np.zeros((3, 3)), -np.ones((3, 3)), np.eye(3) - 0.1, np.zeros((0, 3))], ids=str)
def test_a_point_spread_function_takes_no_light_away(psf):
    with pytest.raises(zoo.ZooError, match="must let light through and take none away"):
        zoo.restore(zoo.create("wiener"), FRAMES[0], psf=psf)
