"""LPIPS against the authors' package at random weights of the backbone, where that is installed."""

import importlib.util
import sys
import types

import cv2
import numpy as np
import pytest
from skimage import data

from benchmarks.metrics import METRICS, MetricError
from benchmarks.metrics.asked import asked
from benchmarks.metrics.lpips import SMALLEST, Weights

LAYERS = ((64, 3, 11), (192, 64, 5), (384, 192, 3), (256, 384, 3), (256, 256, 3))


@pytest.fixture(scope="module")
def drawn():
    """Random weights of every layer."""
    random = np.random.default_rng(0)
    kernels = [
        random.normal(0, (side * side * inside) ** -0.5, (side, side, inside, out)) for out, inside, side in LAYERS
    ]
    return Weights(
        tuple(kernel.astype(np.float32) for kernel in kernels),
        tuple(random.normal(0, 0.1, out).astype(np.float32) for out, _, _ in LAYERS),
        tuple(random.random(out).astype(np.float32) for out, _, _ in LAYERS),
    )


@pytest.fixture(scope="module")
def photograph():
    sharp = np.ascontiguousarray(data.astronaut()[:97, :130])
    return sharp, cv2.GaussianBlur(sharp, (0, 0), 1.5)


def lpips(a, b, weights):
    return METRICS["lpips"].function(a, b, weights)


def test_what_it_is_like(drawn, photograph):
    sharp, blurred = photograph
    assert lpips(sharp, sharp, drawn) == 0.0
    value = lpips(blurred, sharp, drawn)
    assert value == pytest.approx(lpips(sharp, blurred, drawn), rel=1e-6)
    assert 0 < value < lpips(cv2.GaussianBlur(sharp, (0, 0), 4), sharp, drawn)
    assert lpips(blurred / 255.0, sharp, drawn) == value
    grey = sharp[..., :1]
    assert lpips(grey, 255 - grey, drawn) == lpips(grey.repeat(3, axis=-1), 255 - grey.repeat(3, axis=-1), drawn)


def test_the_smallest_image(drawn):
    image = np.random.default_rng(0).integers(0, 256, (SMALLEST, SMALLEST + 3, 3), np.uint8)
    assert lpips(image, 255 - image, drawn) > 0
    with pytest.raises(MetricError, match="too small"):
        lpips(image[1:], image[1:], drawn)


def test_without_weights():
    image = np.zeros((40, 40, 3), np.uint8)
    with pytest.raises(MetricError, match=r"^lpips needs AlexNet's ImageNet weights .*; ask for lpips=FILE$"):
        METRICS["lpips"].function(image, image)


def test_without_the_packages(monkeypatch):
    monkeypatch.setitem(sys.modules, "lpips", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        MetricError, match=r"^lpips needs the package torch and lpips, which is not installed; pip inst"
    ):
        asked(["lpips=alexnet.pth"])


# ---- against the authors' package, and what is taken from it


@pytest.fixture(scope="module")
def theirs():
    torch = pytest.importorskip("torch")
    if importlib.util.find_spec("lpips") is None:
        pytest.skip("lpips is not installed")
    nn = torch.nn
    torch.manual_seed(0)
    widths = ((3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1), (256, 256, 3, 1, 1))
    first, second, *rest = (nn.Conv2d(a, b, side, stride, pad) for a, b, side, stride, pad in widths)
    layers = [first, nn.ReLU(), nn.MaxPool2d(3, 2), second, nn.ReLU(), nn.MaxPool2d(3, 2)]
    for each in rest:
        layers += [each, nn.ReLU()]
    return nn.Sequential(*layers)


@pytest.fixture(scope="module")
def file(theirs, tmp_path_factory):
    import torch

    path = tmp_path_factory.mktemp("alexnet") / "alexnet.pth"
    torch.save({f"features.{name}": value for name, value in theirs.state_dict().items()}, path)
    return path


def test_the_same_numbers(theirs, file, photograph, monkeypatch):
    import torch

    # The package asks torchvision for the backbone, and for nothing else.
    models = types.ModuleType("torchvision.models")
    models.alexnet = lambda **_: types.SimpleNamespace(features=theirs)
    for name, module in (("torchvision", types.ModuleType("torchvision")), ("torchvision.models", models)):
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules["torchvision"].models = models
    package = pytest.importorskip("lpips")
    net = package.LPIPS(net="alex", pnet_rand=True, verbose=False).eval()
    first, second = (torch.from_numpy(each / 127.5 - 1).float().permute(2, 0, 1)[None] for each in photograph)
    (card,) = asked([f"lpips={file}"])
    assert set(card.engine()) == {"alexnet", "heads"}
    with torch.no_grad():
        assert card.function(*photograph) == pytest.approx(float(net(first, second)), rel=1e-5)


def test_a_file_of_something_else(theirs, tmp_path):
    import torch

    path = tmp_path / "other.pth"
    torch.save({"conv.weight": torch.zeros(3)}, path)
    with pytest.raises(MetricError, match=r"other.pth: no 'features.0.weight' in this file; give AlexNet's"):
        asked([f"lpips={path}"])
    path.write_bytes(b"no weights")
    path = path.rename(tmp_path / "text.pth")
    with pytest.raises(MetricError, match=r"text.pth: cannot be read .*; give AlexNet's") as raised:
        asked([f"lpips={path}"])
    assert "\n" not in str(raised.value)
    with pytest.raises(MetricError, match=r"none.pth: cannot be read \(No such file"):
        asked([f"lpips={tmp_path / 'none.pth'}"])
