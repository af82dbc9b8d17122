"""Files of every format, run in their own runtimes. The whole matrix of models and formats is slow."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.support.exports import lively, small_model
from tests.support.zoo_table import ROWS
from zoo.export import savedmodel
from zoo.export.base import nothing_to_refuse
from zoo.export.formats import FORMATS
from zoo.export.graph import SHARP, SIGNATURE, described, graph_of
from zoo.export.latency import latency_of
from zoo.export.parity import checks_of, largest_difference
from zoo.export.run import check_graph, export_graph


def installed(*names):
    """Skips a test where what a format needs is not installed."""
    for name in names:
        if not all(find_spec(module) for module in FORMATS[name].needs):
            pytest.skip(f"what {name} needs is not installed; `make backends` installs it")


def target(name, folder):
    return folder / f"model{FORMATS[name].ending}"


@pytest.fixture(scope="module")
def small():
    """The graph of the one model of the quick tests, and what it must do."""
    with small_model() as model:
        graph = graph_of(model)
        yield graph, checks_of(graph)


def savedmodel_says(path):
    signature = tf.saved_model.load(str(path)).signatures[SIGNATURE]
    names = (list(signature.structured_input_signature[1]), list(signature.structured_outputs))
    return names, json.loads((path / "assets.extra" / "deblur_zoo.json").read_text())


def onnx_says(path):
    import onnx

    loaded = onnx.load(path)
    names = tuple([each.name for each in ends] for ends in (loaded.graph.input, loaded.graph.output))
    return names, {each.key: each.value for each in loaded.metadata_props}


def litert_says(path):
    from ai_edge_litert.interpreter import Interpreter

    ends = Interpreter(model_path=str(path)).get_signature_list()[SIGNATURE]
    with zipfile.ZipFile(path) as archive:
        return (ends["inputs"], ends["outputs"]), json.loads(archive.read("deblur_zoo.json"))


def openvino_says(path):
    import openvino

    loaded = openvino.Core().read_model(path / "model.xml")
    names = tuple([name for end in ends for name in end.names] for ends in (loaded.inputs, loaded.outputs))
    return names, json.loads(loaded.get_rt_info("deblur_zoo").astype(str))


SAYS = {"savedmodel": savedmodel_says, "onnx": onnx_says, "litert": litert_says, "openvino": openvino_says}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "onnx")) for name in FORMATS])
def test_any_size_in_every_format(name, small, tmp_path):
    installed(name)
    graph, checks = small
    path = target(name, tmp_path)
    exported = export_graph(graph, checks, path, FORMATS[name])
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert exported.difference < 1e-5
    assert exported.checked == ((96, 64), (73, 101), (7, 5))
    assert exported.size is None
    weights = 4 * graph.model.count_params()
    assert exported.bytes > weights
    assert SAYS[name](path) == ((["blurry"], [SHARP]), described(graph))
    before = weight_bytes(path)
    half = export_graph(replace(graph, half=True), checks, path, FORMATS[name])
    assert 1e-5 < half.difference < 4e-3
    assert weight_bytes(path) < before - 0.4 * weights


def weight_bytes(path):
    """Bytes of a file, or of the largest in a folder without the graph that is written as text there."""
    return max(each.stat().st_size for each in (path, *path.rglob("*")) if each.is_file() and each.suffix != ".xml")


def test_one_size_in_every_format(tmp_path):
    model = zoo.create("wiener", "text")
    with pytest.raises(zoo.ZooError, match=r"size \(0, 3\): give height and width in pixels"):
        zoo.export(model, tmp_path / "a", "savedmodel", size=(0, 3))
    exported = zoo.export(model, tmp_path / "a", "savedmodel", size=(30, 45))
    assert (exported.size, exported.checked) == ((30, 45), ((30, 45), (30, 45)))
    runtime = FORMATS["savedmodel"].load(exported.path)
    with pytest.raises(Exception, match=r"shape|incompatible"):
        runtime({"blurry": np.zeros((1, 30, 46, 1), np.float32), "psf": np.ones((1, 1, 1, 1), np.float32)})


def test_a_file_that_differs_is_not_written(small, tmp_path):
    graph, checks = small
    plain = FORMATS["savedmodel"]
    path = tmp_path / "model"
    wrongs = {
        r"differs from Keras by \d\.\de-0[34], more than 1\.0e-04: not written": lambda image: image + 5e-4,
        r"differs from Keras by inf": lambda image: image[:, 1:],
        "small/frames cannot be written as savedmodel: first line$": None,
    }
    for message, wrong in wrongs.items():

        def load(path: Path, wrong=wrong):
            if wrong is None:
                raise RuntimeError("\n first line\nsecond")
            return lambda inputs: wrong(plain.load(path)(inputs))

        with pytest.raises(zoo.ZooError, match=message):
            export_graph(graph, checks[2:], path, replace(plain, load=load))
        assert list(tmp_path.iterdir()) == []


def test_black_images_prove_nothing():
    model = zoo.create("carlo", "tiny")
    model.set_weights([np.zeros_like(each) for each in model.get_weights()])
    with pytest.raises(zoo.ZooError, match=r"carlo\.tiny makes random images nearly all black and white"):
        checks_of(graph_of(model))


def test_what_a_format_cannot_do_is_said_before_it_is_tried():
    graph = graph_of(zoo.create("wiener", "text"))
    check_graph(FORMATS["savedmodel"], graph)
    with pytest.raises(zoo.ZooError, match="onnx cannot do wiener/text: ONNX has no complex numbers"):
        check_graph(FORMATS["onnx"], graph)
    with pytest.raises(zoo.ZooError, match="litert cannot do wiener/text: LiteRT has no Fourier transform"):
        check_graph(FORMATS["litert"], graph)
    with pytest.raises(zoo.ZooError, match="openvino cannot do wiener/text: OpenVINO's Fourier transform loses digits"):
        check_graph(FORMATS["openvino"], graph)
    assert nothing_to_refuse(graph) == ""


def test_latency_is_of_both(small):
    graph, _ = small
    found = latency_of(graph, lambda inputs: inputs["blurry"], (8, 8))
    assert found.size == (8, 8)
    assert found.ratio > 0 and found.rounds == 9
    assert found.keras_seconds > found.seconds


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_model_in_every_format(row, tmp_path):
    graph = graph_of(lively(row.name, row.variants[0]))
    checks = checks_of(graph)
    # LiteRT and OpenVINO are made of the SavedModel. What takes long to trace takes long in every converter.
    for name in ("onnx",) if row.slow else ("onnx", "litert", "openvino"):
        kind = FORMATS[name]
        if kind.refuses(graph) or not all(find_spec(module) for module in kind.needs):
            continue
        exported = export_graph(graph, checks, target(name, tmp_path / name), kind)
        assert exported.difference < 1e-4


def test_what_is_left_of_a_loaded_savedmodel_runs_alone(small, tmp_path):
    """The function of a loaded file holds its variables."""
    graph, checks = small
    savedmodel.write(graph, tmp_path / "model")
    runtime = savedmodel.load(tmp_path / "model")
    assert largest_difference(runtime, checks[2:]) < 1e-6
