"""Checkpoints as their owners write them, for tests: names and shapes of a model's tensors, and a file of each kind."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from typing import ClassVar

import numpy as np
import pytest

from zoo.errors import ZooError

_STORAGES = {"float32": "FloatStorage", "float16": "HalfStorage", "float64": "DoubleStorage", "int64": "LongStorage"}


def refusal(reader, path):
    """The one line, beginning with the file, in which a reader refuses it."""
    with pytest.raises(ZooError) as caught:
        reader(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def random_tensors(shapes, seed=0):
    """Returns seeded random float32 arrays for names and shapes."""
    rng = np.random.default_rng(seed)
    return {name: (rng.standard_normal(shape) * 0.1).astype(np.float32) for name, shape in shapes.items()}


class _Named:
    """Something that a pickle asks for by name and calls."""

    def __init__(self, module, name, *arguments):
        self.module, self.name, self.arguments = module, name, arguments


class _Storage:
    """The numbers of a tensor, which a pickle names by an identifier."""

    def __init__(self, kind, key, count):
        self.kind, self.key, self.count = kind, key, count


class _Pickler(pickle._Pickler):
    """Writes what PyTorch would, without PyTorch."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def persistent_id(self, each):
        if isinstance(each, _Storage):
            return ("storage", _Named("torch", each.kind), each.key, "cpu", each.count)
        return None

    def save_named(self, each):
        self.write(pickle.GLOBAL + f"{each.module}\n{each.name}\n".encode())
        if each.arguments:
            self.save(each.arguments)
            self.write(pickle.REDUCE)

    dispatch[_Named] = save_named


def strides_of(shape):
    """Returns the steps, in numbers, of an array in C order."""
    return tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))


def write_torch_zip(path, value, *, root="archive", order="little", edit=None):
    """Writes nested dicts of arrays as `torch.save` does, by hand.

    Args:
        path: The file.
        value: Dicts, lists, numbers, texts and NumPy arrays.
        root: Folder inside the archive.
        order: Byte order of the numbers.
        edit: Changes the (storage, offset, shape, strides) of every tensor, to make broken ones.
    """
    blobs = {}

    def converted(each):
        if isinstance(each, np.ndarray):
            key = str(len(blobs))
            blobs[key] = each.astype(each.dtype.newbyteorder("<" if order == "little" else ">")).tobytes()
            storage = _Storage(_STORAGES[each.dtype.name], key, each.size)
            parts = (storage, 0, each.shape, strides_of(each.shape))
            parts = edit(*parts) if edit else parts
            return _Named("torch._utils", "_rebuild_tensor_v2", *parts, False, OrderedDict())
        if isinstance(each, dict):
            return {name: converted(part) for name, part in each.items()}
        return [converted(part) for part in each] if isinstance(each, list) else each

    stream = io.BytesIO()
    _Pickler(stream, protocol=2).dump(converted(value))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{root}/data.pkl", stream.getvalue())
        archive.writestr(f"{root}/byteorder", order)
        for key, content in blobs.items():
            archive.writestr(f"{root}/data/{key}", content)
        archive.writestr(f"{root}/version", "3\n")


def write_safetensors(path, tensors, **changes):
    """Writes arrays as a safetensors file; `changes` replace entries of the header."""
    types = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64", "uint16": "BF16"}
    header, content = {"__metadata__": {"format": "pt"}}, b""
    for name, array in tensors.items():
        begin = len(content)
        content += np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": types[array.dtype.name], "shape": array.shape, "data_offsets": [begin, len(content)]}
    head = json.dumps(header | changes).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + content)


def write_keras2(path, tensors, whole_model=False):
    """Writes `layer/weight` arrays as Keras 2's `save_weights` does, or its `save` with an optimiser's state."""
    import h5py

    layers = OrderedDict()
    for name, array in tensors.items():
        layers.setdefault(name.rpartition("/")[0], []).append((name.rpartition("/")[2], array))
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole_model else file
        if whole_model:
            file.create_group("optimizer_weights").create_dataset("Adam/m:0", data=np.zeros(3, np.float32))
        root.attrs["layer_names"] = [name.encode() for name in (*layers, "leaky_re_lu")]
        root.create_group("leaky_re_lu").attrs["weight_names"] = np.zeros(0, "S1")
        for layer, weights in layers.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{leaf}:0".encode() for leaf, _ in weights]
            for leaf, array in weights:
                group.create_dataset(f"{layer}/{leaf}:0", data=array)


def write_carlo(path, model):
    """Writes the weights of a CARLO_NET as its authors' code would, with layers that Keras 2 numbered."""
    tensors = {}
    for layer in model.layers:
        if layer.weights:
            kind, number = (
                ("conv2d_transpose", layer.name[6:]) if layer.name.startswith("de") else ("conv2d", layer.name[4:])
            )
            name = f"{kind}_{int(number) - 1}" if number != "1" else kind
            tensors |= {f"{name}/{weight.name}": np.asarray(weight) for weight in layer.weights}
    write_keras2(path, tensors)
