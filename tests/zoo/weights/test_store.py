"""From a file to `zoo.load(NAME)`, and everything that keeps a wrong file from it."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest

import zoo
from tests.support.checkpoints import write_carlo, write_torch_zip
from tests.zoo.weights.conftest import PAGE, entry
from zoo.errors import ZooError
from zoo.weights import store
from zoo.weights.importing import import_file, import_published

pytestmark = pytest.mark.usefixtures("published")


def same(model, other):
    return all(np.array_equal(one, two) for one, two in zip(model.get_weights(), other.get_weights(), strict=True))


def test_imported_weights_are_loaded_by_name(trained, file, cache):
    path = import_published("toy-gopro", file)
    assert path == store.path_of("toy-gopro") == cache / "weights" / "toy-gopro.keras"
    for loaded in (zoo.load("toy-gopro"), zoo.load(path)):
        assert loaded.name == "carlo.tiny"
        assert same(loaded, trained)
    other = zoo.create("carlo", "tiny")
    zoo.load_weights(other, "toy-gopro")
    assert same(other, trained)


def test_what_a_converted_file_says(file):
    notes = store.source_of(import_published("toy-gopro", file))
    assert notes.pop("converted_by").startswith("deblur-zoo ")
    assert notes == {
        "name": "toy-gopro",
        "trained_on": "GoPro",
        "code_licence": "MIT",
        "weights_licence": None,
        "citation": "Somebody: something",
        "model": "carlo",
        "variant": "tiny",
        "source": "toy.h5",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "size": file.stat().st_size,
        "format": "keras",
        "dtype": {"float32": 40},
        "container": [],
        "left_out": 0,
        "unused": [],
        "at_start": [],
    }


def test_weights_that_are_not_here_say_how_to_get_them(published):
    by_hand = rf"^the weights toy-gopro are not here; somebody offer them at {PAGE} \(toy-gopro.h5\); save the file"
    with pytest.raises(ZooError, match=by_hand) as caught:
        zoo.load("toy-gopro")
    assert "`python -m zoo weights import toy-gopro toy-gopro.h5`" in str(caught.value)
    published(entry("toy-gopro", address="https://example.com/toy.h5"))
    with pytest.raises(ZooError, match=r"not here; fetch them with `python -m zoo weights get toy-gopro`$"):
        zoo.load("toy-gopro")


def test_mistyped_names_and_paths(tmp_path, monkeypatch, trained):
    with pytest.raises(ZooError, match=r"unknown weights 'toy-gopr' \(did you mean 'toy-gopro'"):
        zoo.load("toy-gopr")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZooError, match="no such model file"):
        zoo.load("./toy-gopro")
    # A name is a name whatever lies there.
    zoo.save(trained, tmp_path / "toy-gopro.keras")
    shutil.copy("toy-gopro.keras", "toy-gopro")
    with pytest.raises(ZooError, match="are not here"):
        zoo.load("toy-gopro")
    assert same(zoo.load("toy-gopro.keras"), trained)


def test_a_file_with_another_hash_than_published(published, file):
    published(entry("toy-gopro", sha256="0" * 64))
    with pytest.raises(ZooError, match=rf"that of toy-gopro.h5 is {'0' * 16}...; it is another or a damaged"):
        import_published("toy-gopro", file)
    assert not store.is_here("toy-gopro")


def test_the_first_file_is_remembered(file, tmp_path, cache):
    import_published("toy-gopro", file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    pins = json.loads((cache / "weights" / "pins.json").read_text())
    assert pins["toy-gopro"]["sources"] == {"keras h5": digest}
    import_published("toy-gopro", file)
    write_carlo(tmp_path / "other.h5", zoo.create("carlo", "tiny"))
    with pytest.raises(ZooError, match=r"the file first imported as toy-gopro was .*weights remove toy-gopro`$"):
        import_published("toy-gopro", tmp_path / "other.h5")
    assert store.remove("toy-gopro")
    import_published("toy-gopro", tmp_path / "other.h5")


def test_a_file_for_another_variant(file):
    with pytest.raises(ZooError, match=r"does not fit carlo/image: .*; it fits carlo/tiny$"):
        import_published("toy-reds", file)
    assert not store.is_here("toy-reds")


def test_a_folder_is_hashed_with_its_names(tmp_path, trained, published):
    # The hash of what is offered is that of the packed folder.
    published(entry("toy-gopro", sha256="0" * 64))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_carlo(tmp_path / name / f"weights-{name}.h5", trained)
    assert store.hash_of(tmp_path / "a") != store.hash_of(tmp_path / "b")
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    assert store.hash_of(tmp_path / "a") == store.hash_of(tmp_path / "c")
    import_published("toy-gopro", tmp_path / "a")
    assert store.source_of(store.path_of("toy-gopro"))["source"] == "a"


def test_verify(file, cache):
    with pytest.raises(ZooError, match="not here"):
        store.verify("toy-gopro")
    path = import_published("toy-gopro", file)
    store.verify("toy-gopro")
    content = path.read_bytes()
    zoo.save(zoo.create("carlo", "tiny"), path)
    with pytest.raises(ZooError, match=r"not the file that was converted; remove it with `python -m zoo"):
        store.verify("toy-gopro")
    changed = bytearray(content)
    changed[len(content) // 2] ^= 255
    for broken in (content[:-100], bytes(changed)):
        path.write_bytes(broken)
        with pytest.raises(ZooError, match=r"damaged \(|not the file that was converted"):
            store.verify("toy-gopro")


def test_damaged_memory_of_hashes(file, cache):
    import_published("toy-gopro", file)
    (cache / "weights" / "pins.json").write_text("[]")
    with pytest.raises(ZooError, match=r"pins.json: cannot be read .*; delete it"):
        store.verify("toy-gopro")


def test_remove():
    assert not store.remove("toy-gopro")


class TestUnknownFiles:
    def test_by_model_and_variant(self, file, tmp_path, trained):
        target = import_file("carlo", "tiny", file, tmp_path / "new" / "mine.keras")
        assert same(zoo.load(target), trained)
        notes = store.source_of(target)
        assert (notes["model"], notes["variant"], notes["source"]) == ("carlo", "tiny", "toy.h5")
        assert "name" not in notes

    def test_half_precision_is_noted(self, tmp_path, trained):
        import h5py

        write_carlo(tmp_path / "half.h5", trained)
        with h5py.File(tmp_path / "half.h5", "a") as source:
            for name in ("kernel", "bias"):
                half = source[f"conv2d/conv2d/{name}:0"][()].astype(np.float16)
                del source[f"conv2d/conv2d/{name}:0"]
                source[f"conv2d/conv2d/{name}:0"] = half
        target = import_file("carlo", "tiny", tmp_path / "half.h5", tmp_path / "mine.keras")
        assert store.source_of(target)["dtype"] == {"float16": 2, "float32": 38}
        assert {weight.dtype for weight in zoo.load(target).weights} == {"float32"}

    def test_a_key(self, tmp_path):
        write_torch_zip(tmp_path / "x.pth", {"generator": {"a": np.zeros(3, np.float32)}})
        with pytest.raises(ZooError, match="has no 'critic'"):
            import_file("unet2", "tiny", tmp_path / "x.pth", tmp_path / "x.keras", "critic")
        with pytest.raises(ZooError, match=r"does not fit unet2/tiny: a \(3,\) is not known"):
            import_file("unet2", "tiny", tmp_path / "x.pth", tmp_path / "x.keras", "generator")

    @pytest.mark.parametrize(
        ("model", "variant", "target", "words"),
        [
            ("carl", None, "x.keras", "did you mean 'carlo'"),
            ("carlo", "tin", "x.keras", "did you mean 'tiny'"),
            ("carlo", "tiny", "x.h5", "must end in .keras"),
            ("wiener", None, "x.keras", "no names of others' layers are known for wiener"),
        ],
    )
    def test_what_cannot_be(self, file, tmp_path, model, variant, target, words):
        with pytest.raises(ZooError, match=words):
            import_file(model, variant, file, tmp_path / target)
        assert not (tmp_path / target).exists()

    def test_a_file_of_this_zoo_needs_no_import(self, tmp_path, trained):
        zoo.save(trained, tmp_path / "mine.keras")
        with pytest.raises(ZooError, match="holds carlo/tiny already; load it with"):
            import_file("carlo", "tiny", tmp_path / "mine.keras", tmp_path / "x.keras")

    def test_nothing_there(self, tmp_path):
        with pytest.raises(ZooError, match="no such file or folder"):
            import_file("carlo", "tiny", tmp_path / "no", tmp_path / "x.keras")
        with pytest.raises(ZooError, match="no such file or folder"):
            import_published("toy-gopro", tmp_path / "no")
