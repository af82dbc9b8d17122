"""Graphs of TensorFlow.js (`model.json` beside shards of bytes) that a converter made from Flax code by way of JAX.

Such a graph names its operations by Flax scopes, but not its constants: those of dense layers are known only by the
operation that takes them. So the graph is followed from every operation that a weight can stand in to the constant.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from common.files import expand
from zoo.errors import ZooError

GRAPH = "model.json"
_WIDTHS = {"float32": 4, "int32": 4, "bool": 1, "uint8": 1, "int8": 1, "float16": 2}
_FORMAT = "graph-model"

# Operation that a weight stands in, as its second operand -> what it is called there, after the scope, and the leaf.
_PLACES = {
    "Conv2D": (re.compile(r"(.+)/Conv2D(?:_\d+)?"), "kernel"),
    "Conv2DBackpropInput": (re.compile(r"(.+)/conv2d_transpose(?:_\d+)?"), "kernel"),
    "Einsum": (re.compile(r"(.+)/einsum/Einsum(?:_\d+)?"), "kernel"),
    "AddV2": (re.compile(r"(.+)/jit_fn_/AddV2(?:_\d+)?"), "bias"),
    "Mul": (re.compile(r"(.+)/jit_fn_/Mul(?:_\d+)?"), "scale"),
}
_VECTORS = ("bias", "scale")
# What fills a map with one number takes no weight.
_FILLING = "BroadcastTo"


def is_format(path: Path) -> bool:
    """Whether a folder holds a graph, or a file is one, going by the name."""
    return (path / GRAPH).is_file() or (path.name == GRAPH and path.is_file())


def read(path: Path | str) -> dict[str, np.ndarray]:
    """The weights of a graph by their Flax names.

    Args:
        path: The folder, or its `model.json`.

    Returns:
        float32 arrays by names such as `stage_0_encoder_block_0/Conv_0/kernel`, without the scope that all share.
        Vectors are (channels), dense kernels (in, out), those of convolutions (kh, kw, in, out) and of transposed ones
        (kh, kw, out, in) as Keras has them: nothing is left to turn.

    Raises:
        ZooError: When there is no graph, it is damaged or lacks bytes, its weights are quantised, or one of its
            constants has no place that a weight of Flax could have.
    """
    path = expand(path)
    file = path / GRAPH if path.is_dir() else path
    model = _json(file)
    try:
        nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
        groups = [(list(group["paths"]), _specified(file, group["weights"])) for group in model["weightsManifest"]]
    except (LookupError, TypeError, AttributeError) as error:
        raise ZooError(f"{file}: no graph of TensorFlow.js ({error!r}); fetch it again") from error
    arrays: dict[str, np.ndarray] = {}
    for paths, weights in groups:
        arrays |= _group(file, paths, weights)
    try:
        return _named(file, nodes, arrays)
    except (LookupError, TypeError, AttributeError, binascii.Error) as error:
        raise ZooError(f"{file}: a graph with damaged operations ({error!r}); fetch it again") from error


def _json(file: Path) -> Mapping[str, Any]:
    """What the graph's file says."""
    try:
        model = json.loads(file.read_bytes())
    except OSError as error:
        raise ZooError(f"{file}: {error.strerror or error}; give the folder that holds {GRAPH}") from error
    except ValueError as error:
        raise ZooError(f"{file}: no JSON, or damaged ({str(error).splitlines()[0]}); fetch it again") from error
    found = model.get("format") if isinstance(model, dict) else None
    if found != _FORMAT:
        raise ZooError(f"{file}: of format {found!r}, not {_FORMAT!r}; give a graph of TensorFlow.js")
    return model


def _specified(file: Path, weights: Any) -> list[tuple[str, tuple[int, ...], str]]:
    """Name, shape and dtype of every array of a group."""
    found = []
    for weight in weights:
        name, shape, dtype = weight["name"], tuple(weight["shape"]), weight["dtype"]
        if "quantization" in weight:
            raise ZooError(f"{file}: {name} is quantised; take the graph with float32 weights")
        if dtype not in _WIDTHS:
            raise ZooError(f"{file}: {name} is of type {dtype!r}; take the graph with float32 weights")
        if not all(isinstance(side, int) and side >= 0 for side in shape):
            raise ZooError(f"{file}: {name} has the shape {shape}; fetch it again")
        found.append((name, shape, dtype))
    return found


def _group(file: Path, paths: list[str], weights: list[tuple[str, tuple[int, ...], str]]) -> dict[str, np.ndarray]:
    """The float32 arrays of a group, whose bytes follow each other across its shards."""
    content = b"".join(_shards(file, paths))
    sizes = [math.prod(shape) * _WIDTHS[dtype] for _, shape, dtype in weights]
    if len(content) != sum(sizes):
        raise ZooError(
            f"{file.parent}: shards {paths[0]} to {paths[-1]} hold {len(content):,} bytes, not {sum(sizes):,} as "
            f"{file.name} says; fetch them again"
            if paths
            else f"{file}: names no shards; fetch it again"
        )
    arrays, start = {}, 0
    for (name, shape, dtype), size in zip(weights, sizes, strict=True):
        if dtype == "float32":
            values = np.frombuffer(content, "<f4", math.prod(shape), start)
            arrays[name] = values.reshape(shape).astype(np.float32)
        start += size
    return arrays


def _shards(file: Path, paths: list[str]) -> Iterator[bytes]:
    """The bytes of the shards, which lie in the graph's folder."""
    for name in paths:
        if not isinstance(name, str) or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ZooError(f"{file}: names a shard {name!r} outside its folder; refused")
        try:
            yield (file.parent / name).read_bytes()
        except OSError as error:
            raise ZooError(f"{file.parent / name}: {error.strerror or error}; fetch all shards of {file}") from error


def _named(file: Path, nodes: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights by scope and leaf, in the order of the names; every constant that is an array has one place."""
    found: dict[tuple[str, str], np.ndarray] = {}
    uses: Counter[str] = Counter()
    for node in nodes.values():
        for index, operand in enumerate(node.get("input", ())):
            constant = _source(nodes, operand)
            # Single numbers are part of formulas.
            if constant not in arrays or not arrays[constant].ndim or node["op"] in (_FILLING, "Identity"):
                continue
            place = _place(file, node, index, arrays[constant])
            if place in found:
                raise ZooError(f"{file}: {'/'.join(place)} stands for two constants; no graph of Flax code")
            found[place] = _plain(file, place, arrays[constant])
            uses[constant] += 1
    shared = [name for name, count in uses.items() if count > 1]
    if shared:
        raise ZooError(f"{file}: the constant {shared[0]} stands in {uses[shared[0]]} places; no graph of Flax code")
    if not found:
        raise ZooError(f"{file}: has no weights; give a graph with its weights")
    start = _common([scope for scope, _ in found])
    return {f"{scope[start:]}/{leaf}".lstrip("/"): found[scope, leaf] for scope, leaf in sorted(found)}


def _source(nodes: Mapping[str, Any], operand: str) -> str:
    """The name of the operation that an operand comes from, behind those that pass it on."""
    name = operand.partition(":")[0]
    passed = 0
    while nodes[name.lstrip("^")]["op"] == "Identity" and passed < len(nodes):
        name, passed = nodes[name.lstrip("^")]["input"][0].partition(":")[0], passed + 1
    return name


def _place(file: Path, node: Mapping[str, Any], index: int, array: np.ndarray) -> tuple[str, str]:
    """The scope and the leaf of a constant, told by the operation that takes it."""
    pattern, leaf = _PLACES.get(node["op"], (None, ""))
    match = pattern.fullmatch(node["name"]) if pattern else None
    if match is None or index != 1 or (node["op"] == "Einsum" and not _is_dense(node)):
        raise ZooError(
            f"{file}: {node['name']} ({node['op']}) takes a constant {array.shape} as operand {index}, which is no "
            "weight of Flax code that is known here"
        )
    return match[1], leaf


def _is_dense(node: Mapping[str, Any]) -> bool:
    """Whether a product sums over the last axis of a map and the first of a kernel (in, out)."""
    equation = base64.b64decode(node["attr"]["equation"]["s"]).decode("ascii", "replace")
    match = re.fullmatch(r"(\w*)(\w),(\w)(\w)->(\w*)(\w)", equation)
    return match is not None and (match[1], match[2], match[4]) == (match[5], match[3], match[6])


def _plain(file: Path, place: tuple[str, str], array: np.ndarray) -> np.ndarray:
    """Vectors without the axes along which they are repeated."""
    if place[1] not in _VECTORS:
        return array
    if array.size != array.shape[-1]:
        raise ZooError(f"{file}: {'/'.join(place)} of shape {array.shape} is no vector; no graph of Flax code")
    return array.reshape(-1)


def _common(scopes: list[str]) -> int:
    """The length of the scope, with its slash, that all scopes begin with and stand inside of."""
    parts = [scope.split("/")[:-1] for scope in scopes]
    same = 0
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        same += 1
    return sum(len(part) + 1 for part in parts[0][:same])
