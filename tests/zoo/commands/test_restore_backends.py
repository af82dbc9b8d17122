"""The command gives the same on every backend, each in a process of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import zoo
from tests.support.backends import ROOT
from zoo.inference.image_files import Photograph, read_photograph
from zoo.inference.image_output import write_photograph


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An image, and a model with weights of its own."""
    made = tmp_path_factory.mktemp("backends")
    rng = np.random.default_rng(0)
    write_photograph(made / "a.png", Photograph(rng.integers(0, 256, (70, 90, 3), np.uint8)))
    model = zoo.create("atrous", "tiny")
    model.set_weights([0.1 * rng.standard_normal(each.shape) for each in model.get_weights()])
    zoo.save(model, made / "model.keras", {"training": {}})
    return made


def restored(folder, backend):
    """What a process on a backend restores, in tiles."""
    target = folder / f"{backend}.png"
    command = [sys.executable, "-m", "zoo", "restore", str(folder / "a.png"), "-o", str(target)]
    ways = ["--weights", str(folder / "model.keras"), "--tile", "48", "--no-guard", "--backend", backend]
    done = subprocess.run([*command, *ways], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return read_photograph(target).pixels.astype(int)


@pytest.mark.slow
@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend, folder):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install -e '.[{backend}]'")
    if not (folder / "tensorflow.png").exists():
        restored(folder, "tensorflow")
    expected = read_photograph(folder / "tensorflow.png").pixels.astype(int)
    assert expected.std() > 1
    assert np.abs(restored(folder, backend) - expected).max() <= 1
