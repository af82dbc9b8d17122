"""What of a folder is read."""

import pytest

from zoo.errors import ZooError
from zoo.weights import store
from zoo.weights.read import innermost, read


def test_the_graph_of_a_package_lies_further_down(tmp_path):
    inner = tmp_path / "package" / "models"
    inner.mkdir(parents=True)
    (inner / "model.json").write_text("{}")
    (tmp_path / "README").write_text("what is beside it changes nothing")
    assert innermost(tmp_path) == innermost(tmp_path / "package") == innermost(inner) == inner
    assert store.hash_of(innermost(tmp_path)) == store.hash_of(inner) != store.hash_of(tmp_path)


def test_a_file_and_a_folder_of_keras_are_themselves(tmp_path):
    (tmp_path / "weights.h5").touch()
    (tmp_path / "model.json").write_text("{}")
    assert innermost(tmp_path) == tmp_path
    assert innermost(tmp_path / "weights.h5") == tmp_path / "weights.h5"


def test_a_folder_without_weights(tmp_path):
    assert innermost(tmp_path) == tmp_path
    with pytest.raises(ZooError, match=r"a folder without model\.json or an \.h5 file; give the folder that holds"):
        read(tmp_path)
