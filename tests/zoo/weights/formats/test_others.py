"""Safetensors, NumPy archives, Keras' files and folders: read back, and refused where they are not sound."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import h5py
import keras
import numpy as np
import pytest

import zoo
from tests.support.checkpoints import refusal, write_keras2, write_safetensors
from zoo.weights.formats import keras_h5, npz, safetensors
from zoo.weights.read import read

RNG = np.random.default_rng(0)
TENSORS = {"a.weight": RNG.standard_normal((2, 3, 4)).astype(np.float32), "a.bias": np.arange(3.0, dtype=np.float32)}
KERAS = {"conv2d/kernel": TENSORS["a.weight"], "conv2d/bias": TENSORS["a.bias"]}


def refused(path, reader=read):
    return refusal(reader, path)


def equal(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


class TestSafetensors:
    def test_numbers_of_every_width(self, tmp_path):
        halves = np.float16([0.5, 1.5])
        write_safetensors(tmp_path / "x.bin", {**TENSORS, "half": halves, "brain": np.uint16([0x3F80, 0xC000])})
        found = read(tmp_path / "x.bin")
        equal(found.tensors, {**TENSORS, "half": halves, "brain": np.float32([1.0, -2.0])})
        assert found.format == "safetensors"
        assert found.dtypes == {"float32": 2, "float16": 1, "bfloat16": 1}

    @pytest.mark.parametrize(
        ("entry", "words"),
        [
            ({"dtype": "F32", "shape": [3], "data_offsets": [96, 10**9]}, "lies outside the file"),
            ({"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}, "upon another tensor"),
            ({"dtype": "F32", "shape": [4], "data_offsets": [96, 108]}, "does not fit its 12 bytes"),
            ({"dtype": "F32", "shape": [-3], "data_offsets": [96, 108]}, "does not fit its 12 bytes"),
            ({"dtype": "C64", "shape": [3], "data_offsets": [96, 108]}, "is of type C64"),
            ({"shape": [3], "data_offsets": [96, 108]}, "damaged one"),
            ([], "damaged one"),
        ],
    )
    def test_a_header_that_lies(self, tmp_path, entry, words):
        write_safetensors(tmp_path / "x.safetensors", TENSORS, **{"a.bias": entry})
        assert words in refused(tmp_path / "x.safetensors", safetensors.read)

    def test_a_header_beyond_the_file(self, tmp_path):
        (tmp_path / "x.safetensors").write_bytes((10**15).to_bytes(8, "little") + b"{}")
        assert "is longer than the file" in refused(tmp_path / "x.safetensors")

    def test_a_name_that_stands_twice(self, tmp_path):
        entry = json.dumps({"dtype": "F32", "shape": [1], "data_offsets": [0, 4]})
        head = f'{{"a": {entry}, "a": {entry}}}'.encode()
        (tmp_path / "x").write_bytes(len(head).to_bytes(8, "little") + head + bytes(4))
        assert "stands twice" in refused(tmp_path / "x")


class TestNumpyArchives:
    def test_a_checkpoint_of_flax(self, tmp_path):
        state = {f"opt/state/param_states/{name}/grad_ema": np.zeros_like(array) for name, array in TENSORS.items()}
        weights = {"opt/target/Conv_0/kernel": TENSORS["a.weight"], "opt/target/Conv_0/bias": TENSORS["a.bias"]}
        np.savez(tmp_path / "checkpoint.npz", **weights, **state, epoch=np.int32(7))
        found = read(tmp_path / "checkpoint.npz")
        equal(found.tensors, {"Conv_0/kernel": TENSORS["a.weight"], "Conv_0/bias": TENSORS["a.bias"]})
        assert (found.format, found.keys, len(found.left_out)) == ("flax", ("opt/target",), 3)

    def test_orders_and_packing(self, tmp_path):
        arrays = {"f": np.asfortranarray(TENSORS["a.weight"]), "b": TENSORS["a.bias"].astype(">f4")}
        np.savez_compressed(tmp_path / "x.npz", **arrays)
        equal(npz.read(tmp_path / "x.npz"), arrays)

    def test_pickled_objects(self, tmp_path):
        np.savez(tmp_path / "x.npz", a=np.array([{}, []], dtype=object), allow_pickle=True)
        assert "a holds Python objects, not numbers; refused" in refused(tmp_path / "x.npz")

    def test_a_bomb(self, tmp_path):
        np.savez_compressed(tmp_path / "x.npz", a=np.zeros(10_000_000, np.uint8))
        assert "refused, as weights never do" in refused(tmp_path / "x.npz")

    def test_a_shape_without_its_numbers(self, tmp_path):
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (10**10,)})
        with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
            archive.writestr("a.npy", head.getvalue())
        assert "a of shape (10000000000,) does not fit its" in refused(tmp_path / "x.npz")


class TestKeras:
    @pytest.mark.parametrize("whole_model", [False, True])
    def test_files_of_keras_2(self, tmp_path, whole_model):
        write_keras2(tmp_path / "weights-01.h5", KERAS, whole_model)
        found = read(tmp_path / "weights-01.h5")
        equal(found.tensors, KERAS)
        assert found.format == "keras"

    def test_a_folder_as_the_bologna_code_writes_it(self, tmp_path):
        (tmp_path / "model.json").write_text("{}")
        write_keras2(tmp_path / "weights-71.h5", KERAS)
        equal(read(tmp_path).tensors, KERAS)
        write_keras2(tmp_path / "weights-72.h5", KERAS)
        assert "holds 2 weight files (weights-71.h5, ...); give one of them" in refused(tmp_path)

    @pytest.mark.parametrize("name", ["x.weights.h5", "x.keras"])
    def test_files_of_keras_3(self, tmp_path, name):
        model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3), keras.layers.Conv2D(4, 1)])
        model.compile("adam", "mse")
        model.train_on_batch(np.zeros((1, 8, 8, 3)), np.zeros((1, 6, 6, 4)))
        model.save(tmp_path / name) if name.endswith(".keras") else model.save_weights(tmp_path / name)
        names = ("conv2d/0", "conv2d/1", "conv2d_1/0", "conv2d_1/1")
        equal(read(tmp_path / name).tensors, dict(zip(names, model.get_weights(), strict=True)))

    @pytest.mark.parametrize("link", [h5py.ExternalLink("other.h5", "/a"), h5py.SoftLink("/elsewhere")])
    def test_links_to_other_places(self, tmp_path, link):
        write_keras2(tmp_path / "x.h5", KERAS)
        with h5py.File(tmp_path / "x.h5", "a") as file:
            del file["conv2d/conv2d/bias:0"]
            file["conv2d/conv2d/bias:0"] = link
        assert "leads to another place; refused" in refused(tmp_path / "x.h5")

    def test_numbers_in_other_files(self, tmp_path):
        write_keras2(tmp_path / "x.h5", KERAS)
        (tmp_path / "secret").write_bytes(bytes(12))
        with h5py.File(tmp_path / "x.h5", "a") as file:
            del file["conv2d/conv2d/bias:0"]
            file["conv2d"].create_dataset("conv2d/bias:0", (3,), "f4", external=[(str(tmp_path / "secret"), 0, 12)])
        assert "lies in other files; refused" in refused(tmp_path / "x.h5")

    def test_a_bomb(self, tmp_path):
        with h5py.File(tmp_path / "x.h5", "w") as file:
            file.attrs["layer_names"] = [b"a"]
            file.create_group("a").attrs["weight_names"] = [b"kernel:0"]
            file["a"].create_dataset("kernel:0", (10**9,), "f4", chunks=(10**6,), compression="gzip", fillvalue=0)
        assert "would unpack" in refused(tmp_path / "x.h5")

    def test_a_damaged_file(self, tmp_path):
        write_keras2(tmp_path / "x.h5", KERAS)
        content = (tmp_path / "x.h5").read_bytes()
        (tmp_path / "x.h5").write_bytes(content[: len(content) // 2])
        refused(tmp_path / "x.h5", keras_h5.read)


class TestAnythingElse:
    def test_nothing_there(self, tmp_path):
        assert "no such file or folder" in refused(tmp_path / "x.pth")

    @pytest.mark.parametrize("content", [b"", b"hello", b"<html>Sign in</html>", bytes(100)])
    def test_no_weights(self, tmp_path, content):
        (tmp_path / "x.pth").write_bytes(content)
        assert "no weights of PyTorch (a zip archive), safetensors" in refused(tmp_path / "x.pth")

    def test_another_archive(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("readme.txt", "hello")
        assert "no weights of PyTorch" in refused(tmp_path / "x.zip")

    def test_a_folder_without_a_model(self, tmp_path):
        assert "a folder without model.json or an .h5 file" in refused(tmp_path)

    def test_a_package_without_a_model(self, tmp_path):
        with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
            archive.add(__file__, "package/readme.txt")
        assert "a folder without model.json" in refused(tmp_path / "x.tgz")

    def test_a_packed_folder(self, tmp_path):
        write_keras2(tmp_path / "weights.h5", KERAS)
        with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
            archive.add(tmp_path / "weights.h5", "weights.h5")
        found = read(tmp_path / "x.tgz")
        equal(found.tensors, KERAS)
        assert (found.format, found.path) == ("keras", tmp_path / "x.tgz")

    def test_a_packed_bomb(self, tmp_path):
        (tmp_path / "zeros").write_bytes(bytes(10_000_000))
        with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
            archive.add(tmp_path / "zeros", "package/model.json")
        assert "would unpack" in refused(tmp_path / "x.tgz")

    def test_a_package_that_leaves_its_folder(self, tmp_path):
        with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
            content = RNG.bytes(1000)
            member = tarfile.TarInfo("../../outside.bin")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        assert "holds ../../outside.bin, which would lie outside its folder; refused" in refused(tmp_path / "x.tgz")

    def test_a_model_of_this_zoo_is_read_too(self, tmp_path):
        model = zoo.create("carlo", "tiny", filters=4)
        zoo.save(model, tmp_path / "x.keras")
        found = read(tmp_path / "x.keras")
        assert sum(array.size for array in found.tensors.values()) == model.count_params()
