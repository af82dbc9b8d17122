"""The Köhler reader: ground truth as images, MATLAB 5 and MATLAB 7.3 files."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat

import datasets
from datasets import DataError
from datasets.image import Frame, Window
from datasets.readers import kohler


@pytest.fixture
def sample(layouts):
    """A sample, so that a trajectory may have fewer frames than officially."""
    layouts.text("SAMPLE.json", "{}")
    return layouts


def array(count, seed=0, size=(4, 5)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3, count)).astype(np.uint8)


def save_hdf5(path, frames, name="GroundTruth"):
    """Writes what MATLAB's `save -v7.3` writes: a 512-byte text block, then HDF5 with the axes reversed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset(name, data=frames.transpose(), chunks=True, compression="gzip")
        file.create_dataset("note", data=np.zeros((1, 1)))
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(512))


def test_images_in_order_of_their_numbers(sample):
    for number in (1, 2, 10, 11):
        sample.image(f"Image1/Kernel2/GroundTruth1_2_{number}.png")
    sample.image("BlurryImages/Blurry1_2.png")
    pairs = datasets.load("kohler", sample.root)
    assert pairs.coverage == "sample"
    assert [(p.name, p.metadata) for p in pairs] == [("Image1/Kernel2", {"image": 1, "kernel": 2})]
    assert [frame.name for frame in pairs[0].sharp] == [
        f"Image1/Kernel2/GroundTruth1_2_{number}.png" for number in (1, 2, 10, 11)
    ]


def test_blurry_images_may_lie_in_the_root(sample):
    for image, kernel in ((2, 1), (1, 12), (1, 2)):
        sample.image(f"Blurry{image}_{kernel}.png")
        sample.image(f"Image{image}/Kernel{kernel}/GroundTruth{image}_{kernel}_1.png")
    pairs = datasets.load("kohler", sample.root, frames=3)
    assert [pair.name for pair in pairs] == ["Image1/Kernel2", "Image1/Kernel12", "Image2/Kernel1"]
    assert [frame.name for frame in pairs[0].blurry] == ["Blurry1_2.png"] * 3


def test_frame_30_of_trajectory_1_3_is_left_out(sample):
    sample.image("Blurry1_3.png")
    sample.image("Blurry1_4.png")
    for number in (29, 30, 31, 198, 199):
        for kernel in (3, 4):
            sample.image(f"Image1/Kernel{kernel}/GroundTruth1_{kernel}_{number}.png")
    third, fourth = datasets.load("kohler", sample.root)
    assert [frame.name.rpartition("_")[2] for frame in third.sharp] == ["29.png", "31.png", "198.png"]
    assert len(fourth.sharp) == 5


@pytest.mark.parametrize("version", ["5", "5 compressed", "7.3"])
@pytest.mark.parametrize("folder", ["Image4/Kernel11", "groundTruthMatFiles", "."])
def test_matlab_files(sample, version, folder):
    sample.image("BlurryImages/Blurry4_11.png", (4, 5))
    path = sample.root / folder / "GroundTruth4_11.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = array(6)
    if version == "7.3":
        save_hdf5(path, frames)
    else:
        savemat(path, {"GroundTruth": frames, "note": np.zeros(3)}, do_compression="compressed" in version)
    (pair,) = datasets.load("kohler", sample.root)
    assert len(pair.sharp) == 6
    for index, frame in enumerate(pair.sharp):
        assert isinstance(frame, Frame)
        assert frame.shape == (4, 5, 3)
        assert frame.name.endswith(f"GroundTruth4_11.mat[{index + 1}]")
        np.testing.assert_array_equal(frame.read(), frames[..., index])
    np.testing.assert_array_equal(pair.sharp[3].read(Window(1, 2, 2, 3)), frames[1:3, 2:5, :, 3])
    with pytest.raises(DataError, match=r"mat\[1\]: crop .* does not fit"):
        pair.sharp[0].read(Window(0, 0, 5, 5))


def test_another_array_name_is_accepted_when_it_is_the_only_one(sample):
    sample.image("Blurry1_1.png")
    path = sample.root / "GroundTruth1_1.mat"
    savemat(path, {"images": array(3), "grey": np.zeros((4, 5), np.uint8)})
    assert len(datasets.load("kohler", sample.root)[0].sharp) == 3
    savemat(path, {"images": array(3), "others": array(4)})
    with pytest.raises(DataError, match=r"GroundTruth1_1\.mat: no uint8 array GroundTruth of height x width x 3"):
        datasets.load("kohler", sample.root)


def test_only_the_last_matlab_file_stays_in_memory(sample):
    for kernel in (1, 2):
        sample.image(f"Blurry1_{kernel}.png")
        savemat(sample.root / f"GroundTruth1_{kernel}.mat", {"GroundTruth": array(3, kernel)})
    one, two = datasets.load("kohler", sample.root)
    kohler._load.cache_clear()
    for pair in (one, two):
        assert [frame.read().shape for frame in pair.sharp] == [(4, 5, 3)] * 3
    assert kohler._load.cache_info()[1:] == (2, 1, 1)
    savemat(sample.root / "GroundTruth1_2.mat", {"GroundTruth": array(3, 9)})
    np.testing.assert_array_equal(two.sharp[0].read(), array(3, 9)[..., 0])
    (sample.root / "GroundTruth1_2.mat").unlink()
    with pytest.raises(DataError, match=r"GroundTruth1_2\.mat: No such file"):
        two.sharp[0].read()


@pytest.mark.parametrize("damage", ["half", "rubbish", "half of 7.3"])
def test_a_damaged_matlab_file_is_named(sample, damage):
    sample.image("Blurry1_1.png")
    path = sample.root / "GroundTruth1_1.mat"
    if damage == "half of 7.3":
        save_hdf5(path, array(40))
    else:
        savemat(path, {"GroundTruth": array(40)}, do_compression=True)
    whole = path.read_bytes()
    path.write_bytes(b"rubbish" if damage == "rubbish" else whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"GroundTruth1_1\.mat: not a readable MATLAB file; fetch"):
        datasets.load("kohler", sample.root)[0].sharp[-1].read()


def test_missing_ground_truth_is_an_error(layouts):
    layouts.image("BlurryImages/Blurry1_1.png")
    with pytest.raises(DataError, match=r"Blurry1_1\.png: blurry image without ground truth in Image1/Kernel1"):
        datasets.load("kohler", layouts.root)
    savemat(layouts.root / "GroundTruth1_1.mat", {"GroundTruth": array(197)})
    with pytest.raises(DataError, match="Image1/Kernel1: 2 of 199 ground-truth frames missing: 198-199"):
        datasets.load("kohler", layouts.root)
    savemat(layouts.root / "GroundTruth1_2.mat", {"GroundTruth": array(199)})
    with pytest.raises(DataError, match=r"\(and 1 more\)"):
        datasets.load("kohler", layouts.root)


def test_the_complete_set_is_full(layouts):
    for image, kernel in kohler.PAIRS:
        (layouts.root / f"Blurry{image}_{kernel}.png").touch()
        frames = array(kohler.frame_count(image, kernel), size=(2, 2))
        savemat(layouts.root / f"GroundTruth{image}_{kernel}.mat", {"GroundTruth": frames})
    pairs = datasets.load("kohler", layouts.root)
    assert pairs.coverage == "full"
    assert [len(pair.sharp) for pair in pairs] == [len(kohler.scored_frames(*pair)) for pair in kohler.PAIRS]
    assert sum(len(pair.sharp) for pair in pairs) == 9547 - 2
    (layouts.root / "Blurry4_12.png").unlink()
    (layouts.root / "GroundTruth4_12.mat").unlink()
    assert datasets.load("kohler", layouts.root).coverage == "subset 47/48"


def test_a_blurry_image_in_both_places_is_a_fault(layouts):
    layouts.image("BlurryImages/Blurry1_1.png")
    layouts.image("Blurry1_1.png")
    layouts.image("Image1/Kernel1/GroundTruth1_1_1.png")
    layouts.text("SAMPLE.json", "{}")
    with pytest.raises(DataError, match=r"BlurryImages/Blurry1_1\.png: Blurry1_1\.png in the folder above has"):
        datasets.load("kohler", layouts.root)
