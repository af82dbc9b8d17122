"""Maps of names on checkpoints with their owners' names and shapes, in the files that these come in."""

from __future__ import annotations

import numpy as np
import pytest

import zoo
from tests.support import golden
from tests.support.checkpoints import random_tensors, write_keras2, write_safetensors, write_torch_zip
from tests.support.zoo_table import ROWS
from zoo.weights import convert
from zoo.weights.names import base, deblurgan, fcn
from zoo.weights.names.base import UNUSED, names_of
from zoo.weights.read import LAYOUTS, read
from zoo.weights.recognise import candidates

# Recording -> model and variant; tests/zoo/models/test_goldens.py compares what they compute.
CASES = {name: (row.name, variant) for row in ROWS for name, variant in row.goldens}
# Large ones take seconds to build and to write.
SMALL = ("unet2", "indexnet", "carlo")


def shapes_of(recording):
    return {name: tuple(shape) for name, shape, _ in recording.facts["tensors"]}


@pytest.mark.parametrize(
    "name", [name if name in SMALL else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_round_trip(name, tmp_path):
    recording, (model_name, variant) = golden.read(name), CASES[name]
    tensors = random_tensors(shapes_of(recording))
    path = tmp_path / "weights"
    if recording.keras_layout:
        write_keras2(path, tensors)
    else:
        counters = {"encoder.norm.num_batches_tracked": np.int64([7])}
        state = {f"module.{each}": value for each, value in (tensors | counters).items()}
        write_torch_zip(path, {"epoch": 3, "state_dict": state, "optimizer": {"state": [np.zeros(3, np.float32)]}})
    found = read(path)
    model = zoo.create(model_name, variant)
    done = convert.fill(model, found.tensors, names_of(model_name), LAYOUTS[found.format], "x")
    assert done == convert.Filled(len(tensors), (), ())
    # Every number has its place: sums of powers do not depend on the order of axes.
    for power in (1, 2):
        ours = sum(float((np.asarray(weight, np.float64) ** power).sum()) for weight in model.weights)
        theirs = sum(float((value.astype(np.float64) ** power).sum()) for value in tensors.values())
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-6)
    other = [each for each in map(str, candidates(found.tensors)) if each.startswith(f"{model_name}/")]
    assert f"{model_name}/{variant}" in other


def test_a_safetensors_file_is_the_same_checkpoint(tmp_path):
    tensors = random_tensors(shapes_of(golden.read("unet2")))
    write_safetensors(tmp_path / "x.safetensors", tensors)
    write_torch_zip(tmp_path / "x.pth", {"params": tensors})
    models = []
    for file in ("x.safetensors", "x.pth"):
        models.append(zoo.create("unet2"))
        convert.fill(models[-1], read(tmp_path / file).tensors, names_of("unet2"), "pytorch", file)
    for one, two in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in ("maxim", "restormer")))
        for name in sorted({row.name for row in ROWS} & set(base.known()))
    ],
)
def test_foreign_names_are_not_known(name):
    model = zoo.create(name, next(each for each in zoo.info(name).variants if each.startswith("tiny")))
    for foreign in ("foo.weight", "model.weight", "model.99.weight", "encoder9.enc9conv9.bias", "dense_7/kernel"):
        ((place, _),) = names_of(name).places([foreign]).values()
        assert place is None or place not in {layer.name for layer in model.layers}


class TestFcn:
    def test_one_slope_under_many_names(self):
        for block in ("shallow_feat1.1", "stage1_encoder.encoder_level1.0", "stage3_orsnet.orb1.body.0"):
            assert fcn.layer_of(f"{block}.body.1", "weight") == "prelu"
        assert fcn.layer_of("stage3_orsnet.orb1.body.1.body.2", "weight") == "stage3_group1_2_conv2"

    def test_the_decoder_that_is_never_called(self):
        assert fcn.layer_of("stage1_decoder2.decoder_level1.0.body.0", "weight") == UNUSED
        assert fcn.layer_of("stage1_decoder.decoder_level1.0.body.0", "weight") == "stage1_decoder1_1_conv1"


def generator_of(torch, filters, convolutions):
    """Returns DeblurGAN's generator as systems of its time are written: one sequence with residual blocks in it."""
    nn = torch.nn

    def norm(channels):
        return nn.InstanceNorm2d(channels, affine=False)

    class Block(nn.Module):
        def __init__(self, channels):
            super().__init__()
            parts = [
                nn.ReflectionPad2d(1),
                nn.Conv2d(channels, channels, 3),
                norm(channels),
                nn.ReLU(),
                nn.Dropout(0.5),
            ]
            if convolutions == 2:
                parts += [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), norm(channels)]
            self.conv_block = nn.Sequential(*parts)

        def forward(self, x):
            return x + self.conv_block(x)

    def step(convolution, channels):
        return [convolution, norm(channels), nn.ReLU()]

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            n = filters
            self.model = nn.Sequential(
                nn.ReflectionPad2d(3),
                *step(nn.Conv2d(3, n, 7), n),
                *step(nn.Conv2d(n, 2 * n, 3, stride=2, padding=1), 2 * n),
                *step(nn.Conv2d(2 * n, 4 * n, 3, stride=2, padding=1), 4 * n),
                *(Block(4 * n) for _ in range(9)),
                *step(nn.ConvTranspose2d(4 * n, 2 * n, 3, stride=2, padding=1, output_padding=1), 2 * n),
                *step(nn.ConvTranspose2d(2 * n, n, 3, stride=2, padding=1, output_padding=1), n),
                nn.ReflectionPad2d(3),
                nn.Conv2d(n, 3, 7),
                nn.Tanh(),
            )

        def forward(self, x):
            return torch.clamp(x + self.model(x), -1, 1)

    return Generator().double().eval()


@pytest.mark.parametrize(("variant", "convolutions"), [("released", 1), ("paper-form", 2)])
def test_deblurgan_equals_a_generator_of_pytorch(variant, convolutions, tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs = generator_of(torch, 4, convolutions)
    state = dict(theirs.state_dict())
    # Old versions of PyTorch keep statistics of every norm, and compute with an image's own.
    norms = {
        name.rpartition(".")[0]: int(name.rpartition(".")[0].rpartition(".")[2]) for name in state if "bias" in name
    }
    for layer, place in norms.items():
        if layer != "model.26":
            norm = f"{layer.rpartition('.')[0]}.{place + 1}"
            count = len(state[f"{layer}.bias"])
            state |= {f"{norm}.running_mean": torch.zeros(count), f"{norm}.running_var": torch.ones(count)}
    torch.save({name: value.double() for name, value in state.items()}, tmp_path / "latest_net_G.pth")
    found = read(tmp_path / "latest_net_G.pth")
    model = zoo.create("deblurgan", variant, filters=4, dtype="float64")
    done = convert.fill(model, found.tensors, names_of("deblurgan"), "pytorch", "x")
    assert done.used == len(model.weights)
    assert len(done.unused) == 2 * (len(norms) - 1)
    image = np.random.default_rng(0).random((1, 16, 20, 3))
    with torch.no_grad():
        expected = theirs.float().double()(torch.from_numpy(2 * image.transpose(0, 3, 1, 2) - 1)).numpy()
    result = np.asarray(model(image))
    assert golden.relative_error(result, (expected.transpose(0, 2, 3, 1) + 1) / 2) < 1e-6


def test_the_generators_places():
    assert deblurgan.layer_of("model.1", "weight") == "stem"
    assert deblurgan.layer_of("model.18.conv_block.1", "bias") == "block9_conv1"
    for place in (5, 6):
        assert deblurgan.layer_of(f"model.10.conv_block.{place}", "weight") == "block1_conv2"
    for unknown in ("model.19.conv_block.1", "model.3", "model.10.conv_block.4", "model.10"):
        assert deblurgan.layer_of(unknown, "weight") is None


def test_keras_numbers_on():
    # A second model of one program begins at higher numbers, and ten comes after nine.
    names = [f"conv2d_{number}" for number in (100, 99, 9, 10)]
    assert base.in_order(names) == {"conv2d": ["conv2d_9", "conv2d_10", "conv2d_99", "conv2d_100"]}
    shifted = [f"conv2d_{number + 30}" for number in range(10)] + [f"conv2d_transpose_{number}" for number in range(10)]
    places = names_of("carlo").places([f"{layer}/kernel" for layer in shifted])
    assert places["conv2d_39/kernel"] == ("conv10", "kernel")
    assert places["conv2d_transpose_0/kernel"] == ("deconv1", "kernel")
    assert set(names_of("carlo").places(["conv2d/kernel", "dense/kernel"]).values()) == {(None, "kernel")}
