"""PyTorch's files, read without PyTorch and without running what they ask for."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from tests.support.checkpoints import refusal, write_torch_zip
from zoo.errors import ZooError
from zoo.weights.formats import pickled, torch_zip
from zoo.weights.read import read

RNG = np.random.default_rng(0)
TENSORS = {"conv.weight": RNG.standard_normal((4, 3, 5, 5)).astype(np.float32), "conv.bias": np.arange(4.0, dtype="f4")}


def refused(path, reader=torch_zip.read):
    return refusal(reader, path)


def equal(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("order", ["little", "big"])
def test_written_by_hand(tmp_path, order):
    path = tmp_path / "x.pth"
    write_torch_zip(path, TENSORS, order=order, root="any name")
    assert torch_zip.is_format(path)
    equal(torch_zip.read(path), TENSORS)


def test_containers_are_joined(tmp_path):
    path = tmp_path / "x.pth"
    value = {"params": TENSORS, "optimizer": {"state": [{"exp_avg": np.zeros(3, np.float32)}], "lr": 0.1}, "epoch": 7}
    write_torch_zip(path, value)
    assert list(torch_zip.read(path)) == ["params/conv.weight", "params/conv.bias", "optimizer/state/0/exp_avg"]


def test_written_by_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    layers = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    values = OrderedDict(
        turned=torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)[1:],
        half=torch.tensor([0.5, -3.25]).half(),
        brain=torch.tensor([0.5, -3.25]).bfloat16(),
        double=torch.tensor([1.0], dtype=torch.float64),
        parameter=torch.nn.Parameter(torch.tensor([2.0, 3.0])),
        number=torch.tensor(5),
        nothing=torch.zeros(0, 3),
    )
    torch.save(
        {"state_dict": layers.state_dict(), "more": values, "name": "x", "shape": torch.Size([1, 2])}, tmp_path / "x.pt"
    )
    found = torch_zip.read(tmp_path / "x.pt")
    for name, tensor in layers.state_dict().items():
        np.testing.assert_array_equal(found[f"state_dict/{name}"], tensor.numpy())
    for name, tensor in values.items():
        tensor = tensor.float() if name == "brain" else tensor
        np.testing.assert_array_equal(found[f"more/{name}"], tensor.detach().numpy())
    assert found.stored == {"more/brain": "bfloat16"}
    assert read(tmp_path / "x.pt", key="more").dtypes["bfloat16"] == 1


def test_an_optimiser_of_pytorch_is_left_out(tmp_path):
    torch = pytest.importorskip("torch")
    layer = torch.nn.Conv2d(3, 4, 3)
    adam = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 3, 4, 4)).sum().backward()
    adam.step()
    state = {f"module.{name}": value for name, value in layer.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state, "optimizer": adam.state_dict()}, tmp_path / "x.pth")
    found = read(tmp_path / "x.pth")
    assert list(found.tensors) == ["weight", "bias"]
    assert found.keys == ("state_dict",)
    assert len(found.left_out) == 6
    assert all(name.startswith("optimizer/state/") for name in found.left_out)


def test_half_precision_is_told(tmp_path):
    write_torch_zip(tmp_path / "x.pth", {"params": {"a": np.float16([1.5, 2.5]), "b": np.float64([1.0])}})
    found = read(tmp_path / "x.pth")
    assert {array.dtype.name for array in found.tensors.values()} == {"float32"}
    assert found.dtypes == {"float16": 1, "float64": 1}


class _Calls:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (_Calls(os.system, "touch {mark}"), "system"),
        (_Calls(eval, "open('{mark}', 'w')"), "eval"),
        (_Calls(__import__, "antigravity"), "__import__"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_that_calls_a_function(tmp_path, call, name, protocol):
    mark = tmp_path / "mark"
    function, arguments = call.call
    call = _Calls(function, *(each.format(mark=mark) for each in arguments))
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps({"params": call}, protocol))
    message = refused(tmp_path / "x.pth")
    assert f".{name}, which is" in message
    assert "no tensor and no plain container; refused" in message
    assert not mark.exists()


# Each would call a function in its own way, were it run.
@pytest.mark.parametrize(
    ("content", "instruction"),
    [
        (b"(S'touch x'\nios\nsystem\n.", "STRING"),
        (b"(ios\nsystem\n.", "INST"),
        (b"cos\nsystem\n(o.", "os.system"),
        (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "NEWOBJ"),
        (b"\x80\x04ccollections\nOrderedDict\n)}\x92.", "NEWOBJ_EX"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"I5\n.", "INT"),
        (b"P5\n.", "PERSID"),
    ],
)
def test_instructions_that_weights_do_not_need(content, instruction):
    with pytest.raises(ZooError, match=instruction):
        pickled.read(content, {("collections", "OrderedDict"): dict}, lambda identifier: None, "x.pth")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02.",
        b"\x80\x02K\x01K\x02R.",
        b"\x80\x02]K\x01K\x02s.",
        b"\x80\x02}(K\x01u.",
        b"\x80\x02e.",
        b"\x80\x02h\x07.",
        b"\x80\x02X\xff\xff\xff\x7fa.",
        b"\x80\x02}]K\x01s.",
        b"\x80\x02K\x01}b.",
    ],
)
def test_damaged_pickles_are_one_line(tmp_path, content):
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("x/data.pkl", content)
    assert "not a PyTorch file, or a damaged one (" in refused(tmp_path / "x.pth")


def test_a_huge_memo_takes_no_memory(tmp_path):
    # Python's own unpickler would make a table of 2^31 places.
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("x/data.pkl", b"\x80\x02}r\xff\xff\xff\x7f.")
    assert torch_zip.read(tmp_path / "x.pth") == {}


def test_containers_without_end(tmp_path):
    laughs: list = []
    for _ in range(30):
        laughs = [laughs, laughs, laughs, laughs]
    loop: dict = {}
    loop["again"] = loop
    for value in (laughs, loop):
        with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
            archive.writestr("x/data.pkl", pickle.dumps(value, 2))
        assert "nested without end; refused" in refused(tmp_path / "x.pth")


def test_a_zip_bomb(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"\x80\x02}.")
        archive.writestr("x/data/0", bytes(10_000_000))
    assert "is compressed to" in refused(tmp_path / "x.pth")


def test_members_upon_each_other(tmp_path):
    path = tmp_path / "x.pth"
    write_torch_zip(path, {"a": np.zeros(1000, np.float32), "b": np.zeros(1000, np.float32)})
    content = bytearray(path.read_bytes())
    # The directory's entry of the second storage points to the first one, which is claimed twice.
    with zipfile.ZipFile(path) as archive:
        first, second = (archive.getinfo(f"archive/data/{key}") for key in "01")
    entry = content.rfind(b"archive/data/1") - 46
    content[entry + 42 : entry + 46] = first.header_offset.to_bytes(4, "little")
    del content[second.header_offset : second.header_offset + 3900]
    path.write_bytes(content)
    refused(path, read)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda storage, offset, shape, strides: (storage, 1, shape, strides), "reaches beyond its 6 numbers"),
        (lambda storage, offset, shape, strides: (storage, 0, (2, 4), strides), "reaches beyond its 6 numbers"),
        (lambda storage, offset, shape, strides: (storage, 0, shape, (400, 1)), "reaches beyond its 6 numbers"),
        (lambda storage, offset, shape, strides: (storage, 0, (10**9, 3), (0, 1)), "reaches beyond its 6 numbers"),
        (lambda storage, offset, shape, strides: (storage, -1, shape, strides), "negative size, stride or offset"),
        (lambda storage, offset, shape, strides: (storage, 0, shape, (-3, 1)), "negative size, stride or offset"),
        (lambda storage, offset, shape, strides: (storage, 0, shape, (1,)), "more sizes than strides"),
        (lambda storage, offset, shape, strides: (storage, 0, ("2", 3), strides), "negative size, stride or offset"),
    ],
)
def test_views_of_what_is_not_there(tmp_path, edit, words):
    write_torch_zip(tmp_path / "x.pth", {"a": np.zeros((2, 3), np.float32)}, edit=edit)
    assert words in refused(tmp_path / "x.pth")


def test_a_storage_of_another_length(tmp_path):
    def longer(storage, offset, shape, strides):
        storage.count = 7
        return storage, offset, shape, strides

    write_torch_zip(tmp_path / "x.pth", {"a": np.zeros((2, 3), np.float32)}, edit=longer)
    assert "archive/data/0 should hold 7 numbers and has 24 bytes" in refused(tmp_path / "x.pth")


def test_a_storage_that_is_missing(tmp_path):
    path, other = tmp_path / "x.pth", tmp_path / "y.pth"
    write_torch_zip(path, TENSORS)
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(other, "w") as part:
        for name in whole.namelist():
            if not name.endswith("data/1"):
                part.writestr(name, whole.read(name))
    assert "lacks archive/data/1, the numbers of a tensor" in refused(other)


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_file_that_ends_too_early(tmp_path, share):
    path = tmp_path / "x.pth"
    write_torch_zip(path, TENSORS)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "begins as a zip archive and does not end as one" in refused(path, read)


def test_changed_bytes_are_noticed(tmp_path):
    path = tmp_path / "x.pth"
    write_torch_zip(path, TENSORS)
    content = bytearray(path.read_bytes())
    place = content.find(TENSORS["conv.weight"].tobytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert "damaged one (Bad CRC-32" in refused(path)


def test_an_old_file_says_how_to_write_it_anew(tmp_path):
    stream = io.BytesIO()
    pickle.dump(0x1950A86A20F9469CFC6C, stream, 2)
    (tmp_path / "old.pth").write_bytes(stream.getvalue())
    message = refused(tmp_path / "old.pth", read)
    assert "a PyTorch file of before version 1.6" in message
    assert "torch.save(torch.load('old.pth', map_location='cpu', weights_only=True), 'new.pth')" in message
