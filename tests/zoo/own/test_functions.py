"""Models of one's own from Python files: what is measured of them, and every way in which they can be none."""

import keras
import numpy as np
import pytest

import zoo
from tests.support import own_models
from zoo.own import onnx_file
from zoo.own.source import find
from zoo.weights import choice


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_models.write(tmp_path_factory.mktemp("own"))


def test_what_is_measured(file):
    with own_models.registered(f"{file}:build") as info:
        assert (info.name, info.size_multiple, list(info.variants)) == ("mine-build", 2, ["own"])
        facts = info.variant()
        assert facts.parameters == 3 * 3 * 3 * 4 + 4 + 4 * 4 * 4 * 3 + 3
        assert facts.macs == 128**2 * (27 * 4 + 16 * 4 * 3)
        assert (facts.frames, facts.fixed_size, info.learns) == (1, None, True)
        assert info.own == zoo.info("mine-build").own
        assert info.own.source == f"{file}:build"


def test_it_is_a_model_of_the_zoo(file, tmp_path):
    image = np.random.default_rng(0).random((31, 45, 3), np.float32)
    with own_models.registered(f"{file}:build"):
        model = zoo.create("mine-build")
        assert model.name == "mine-build.own"
        restored = zoo.restore(model, image)
        assert restored.shape == image.shape
        assert zoo.receptive_field("mine-build") == 5
        zoo.save(model, tmp_path / "trained.keras")
        assert {layer.dtype_policy.name for layer in zoo.create("mine-build", dtype="mixed_bfloat16").layers} > {
            "mixed_bfloat16"
        }
        assert zoo.create("mine-build", dtype="mixed_bfloat16").outputs[0].dtype == "float32"
    # The file is enough where nobody registered the model.
    np.testing.assert_array_equal(zoo.restore(zoo.load(tmp_path / "trained.keras"), image), restored)


def test_what_a_file_of_nobody_says_of_itself(tmp_path):
    """The restore command must know before it loads a model."""
    for channels in (9, 5):
        inputs = keras.Input((None, None, channels))
        model = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs), name="mine")
        zoo.save(model, tmp_path / f"{channels}.keras")
    found = choice.model_in(tmp_path / "9.keras")
    assert (found.info.name, found.variant, found.info.variant("own").frames, found.trained) == (
        "mine",
        "own",
        3,
        False,
    )
    assert zoo.identify(zoo.load(tmp_path / "9.keras"))[0].variant("own").frames == 3
    with pytest.raises(
        zoo.ZooError, match="holds 'mine', which is neither a model of this zoo nor one of colour images"
    ):
        choice.model_in(tmp_path / "5.keras")


def test_three_frames(file):
    with own_models.registered(f"{file}:build_video") as info:
        assert info.variant().frames == 3
        assert zoo.restore(zoo.create(info.name), np.zeros((8, 8, 9), np.float32)).shape == (8, 8, 3)


def test_a_changed_file_is_another_model(tmp_path):
    file = own_models.write(tmp_path)
    with own_models.registered(f"{file}:build") as before:
        own_models.write(tmp_path, own_models.GOOD.replace("Conv2D(4,", "Conv2D(5,"))
        after = zoo.register_own(f"{file}:build")
        assert before.own.sha256 != after.own.sha256
        assert after.variant().parameters > before.variant().parameters
        assert zoo.info("mine-build") == after


def test_a_module_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "own_package").mkdir()
    own_models.write(tmp_path / "own_package", name="nets.py")
    monkeypatch.chdir(tmp_path)
    with own_models.registered("own_package.nets:build") as info:
        assert info.name == "nets-build"


def test_a_file_may_import_what_lies_beside_it(tmp_path):
    (tmp_path / "own_width.py").write_text("width = 6")
    text = own_models.GOOD.replace("import keras", "import keras\nfrom own_width import width", 1)
    with own_models.registered(f"{own_models.write(tmp_path, text)}:build"):
        assert zoo.info("mine-build").learns


def test_a_registered_layer(file):
    with own_models.registered(f"{file}:known_layer") as info:
        assert info.variant().macs == 7 + 256**2 * 9


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (":shrinks", "gives images of 126x126 for 128x128, not of the same size; an own model takes images"),
        (":halves", "gives images of 64x64 for 128x128, not of the same size"),
        (":three_outputs", "returns 3 outputs, not one; return the restored image alone"),
        (":four_channels", "gives (any, any, any, 4), not images of 3 channels"),
        (":five_frames", "five_frames.frames is 5; a model takes 1 or 3 frames"),
        (":nothing", "returns NoneType, not a Keras tensor"),
        (":raises", "building the model fails: RuntimeError: first line"),
        (":code", "holds a Lambda layer"),
        (":unknown_layer", "write layers as classes under @keras.saving.register_keras_serializable()"),
        (":biuld", "has no function 'biuld' (did you mean 'build'?)"),
        (":width", "width is of type int, not a function"),
        (":Mine", "Mine is a class, not a function"),
        ("", "say which function builds the model, as in "),
        (":", "say which function builds the model, as in "),
    ],
)
def test_refusals(file, function, words):
    before = zoo.list_models()
    with pytest.raises(zoo.ZooError) as caught:
        zoo.register_own(f"{file}{function}")
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert "second line" not in str(caught.value)
    assert zoo.list_models() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "import nothing_of_that_name",
            "importing it fails: ModuleNotFoundError: No module named 'nothing_of_that_name'",
        ),
        ("def build(:", "importing it fails: SyntaxError: "),
        ("import sys; sys.exit('no')", "importing it fails: SystemExit: no"),
        ("raise ValueError", "importing it fails: ValueError"),
    ],
)
def test_a_file_that_cannot_be_imported(tmp_path, text, words):
    file = own_models.write(tmp_path, text)
    # Twice: nothing is left of the first time.
    for _ in range(2):
        with pytest.raises(zoo.ZooError) as caught:
            zoo.register_own(f"{file}:build")
        assert f"{file}:build: {words}" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_file_or_module_that_is_not_there(tmp_path):
    for text, words in (
        (f"{tmp_path}/none.py:build", "no such file; give a path to a .py, .keras or .onnx file that is there"),
        (f"{tmp_path}/none.keras", "no such file"),
        ("no_package.module:build", "no module 'no_package.module'"),
        ("no_module:build", "there is no module 'no_module' here"),
    ):
        with pytest.raises(zoo.ZooError) as caught:
            find(text)
        assert words in str(caught.value)


def test_a_name_of_the_zoo_is_taken(tmp_path):
    file = own_models.write(tmp_path, own_models.GOOD.replace("def build(", "def lite("), "deblurgan.py")
    with pytest.raises(
        zoo.ZooError, match="would be called deblurgan-lite, as a model of this zoo is; rename the file"
    ):
        zoo.register_own(f"{file}:lite")


class TestKerasFiles:
    def test_it_brings_its_weights(self, tmp_path):
        path = tmp_path / "my net.keras"
        model = zoo.create("atrous", "tiny")
        zoo.save(model, path)
        with own_models.registered(path) as info:
            assert (info.name, info.size_multiple) == (
                "my_net-keras",
                zoo.info("atrous").for_variant("tiny").size_multiple,
            )
            assert info.variant().parameters == zoo.info("atrous").variant("tiny").parameters
            image = np.random.default_rng(0).random((24, 40, 3), np.float32)
            np.testing.assert_allclose(zoo.restore(zoo.create(info.name), image), zoo.restore(model, image), atol=1e-6)
            assert zoo.create(info.name, dtype="float64").weights[0].dtype == "float64"

    def test_a_fixed_size_is_let_go_where_it_can_be(self, tmp_path):
        inputs = keras.Input((16, 24, 3))
        model = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same")(inputs))
        model.save(tmp_path / "fixed.keras")
        with own_models.registered(tmp_path / "fixed.keras") as info:
            assert info.variant().fixed_size is None
            assert zoo.restore(zoo.create(info.name), np.zeros((9, 7, 3), np.float32)).shape == (9, 7, 3)

    def test_a_sequence_of_layers(self, tmp_path):
        keras.Sequential([keras.Input((None, None, 9)), keras.layers.Conv2D(3, 1)]).save(tmp_path / "layers.keras")
        with own_models.registered(tmp_path / "layers.keras") as info:
            assert (info.variant().frames, info.variant().parameters) == (3, 30)

    def test_a_fixed_size_that_cannot(self, tmp_path):
        inputs = keras.Input((4, 4, 3))
        outputs = keras.layers.Reshape((4, 4, 3))(keras.layers.Dense(48)(keras.layers.Flatten()(inputs)))
        keras.Model(inputs, outputs).save(tmp_path / "fixed.keras")
        with pytest.raises(zoo.ZooError, match="takes images of 4x4 alone; save it with an input of"):
            zoo.register_own(str(tmp_path / "fixed.keras"))

    def test_a_model_within_a_model_is_counted(self, tmp_path):
        inputs = keras.Input((None, None, 3))
        inner = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 3, padding="same")])
        keras.Model(inputs, inner(inner(inputs))).save(tmp_path / "twice.keras")
        with own_models.registered(tmp_path / "twice.keras") as info:
            assert (info.variant().parameters, info.variant().macs) == (84, 2 * 256**2 * 81)

    @pytest.mark.parametrize(
        ("layer", "words"),
        [
            (lambda x: keras.layers.Lambda(lambda y: y)(x), "holds a Lambda layer"),
            (lambda x: keras.layers.Conv2D(1, 1)(x), "gives (any, any, any, 1), not images of 3 channels"),
            (lambda x: [x, x], "has 1 input and 2 outputs, not one of each"),
        ],
    )
    def test_refusals(self, tmp_path, layer, words):
        inputs = keras.Input((None, None, 3))
        keras.Model(inputs, layer(inputs)).save(tmp_path / "bad.keras")
        with pytest.raises(zoo.ZooError) as caught:
            zoo.register_own(str(tmp_path / "bad.keras"))
        assert words in str(caught.value)


def test_without_onnx_runtime(tmp_path, monkeypatch):
    (tmp_path / "mine.onnx").write_bytes(b"")
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    words = "an ONNX file needs onnxruntime and onnx, not installed here; pip install"
    with pytest.raises(zoo.ZooError, match=words):
        zoo.register_own(str(tmp_path / "mine.onnx"))
