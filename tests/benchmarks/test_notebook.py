"""The benchmark from Python, and what notebooks show of its things."""

import json

import numpy as np
import pytest

import benchmarks
import datasets
import zoo
from benchmarks.errors import RunError
from benchmarks.leaderboard.rows import columns
from benchmarks.records import store
from benchmarks.run.__main__ import main
from datasets.errors import DataError
from tests.support.records import failed, finished, put


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cifar")
    datasets.samples.build("cifar10", folder)
    return folder


def test_a_model_scores_as_a_run_does(cifar, tmp_path):
    assert (
        main(["--model", "identity", "--dataset", "cifar10", "--data-root", str(cifar), "--results", str(tmp_path)])
        == 0
    )
    (path,) = (tmp_path / "runs").glob("*.json")
    recorded = json.loads(path.read_text())["scores"]
    pairs = datasets.load("cifar10", cifar)
    for model in (zoo.create("identity"), lambda images: images):
        scores = benchmarks.evaluate(model, pairs)
        assert {name: mean.mean for name, mean in scores.means.items()} == {
            name: mean["mean"] for name, mean in recorded["means"].items()
        }
        assert list(scores.images) == recorded["images"]


def test_a_limit_and_progress(cifar):
    seen = []
    pairs = datasets.load("cifar10", cifar)
    scores = benchmarks.evaluate(lambda images: 1 - images, pairs, limit=3, progress=lambda *each: seen.append(each))
    assert len(scores.images) == 3 and seen[-1] == (3, 3)


def test_bad_input(cifar):
    pairs = datasets.load("cifar10", cifar)
    with pytest.raises(DataError, match=r"datasets\.load, or a slice of such, not list"):
        benchmarks.evaluate(zoo.create("identity"), list(pairs))
    with pytest.raises(RunError, match="no protocol 'kohler'"):
        benchmarks.evaluate(zoo.create("identity"), pairs, "kohler")
    with pytest.raises(zoo.ZooError, match="a model is expected, not 'identity'"):
        benchmarks.evaluate("identity", pairs)


def test_all_results_are_a_table(tmp_path):
    put(tmp_path, "atrous", 28.0)
    put(tmp_path, "carlo", 27.0)
    store.write(tmp_path, failed("no memory", model="kaist"))
    table = benchmarks.results(tmp_path)
    assert table.set_index("model")["psnr"].to_dict() == {"atrous": 29.0, "carlo": 28.0}
    assert set(table.columns) <= set(columns())
    with pytest.raises(RunError, match="no such results folder"):
        benchmarks.results(tmp_path / "mistyped")


def test_everything_is_shown_in_one_line(cifar, tmp_path):
    pairs = datasets.load("cifar10", cifar)
    record = put(tmp_path, "atrous", 28.0)
    shown = [repr(each) for each in (pairs, pairs[0], zoo.info("nafnet"), datasets.info("gopro"), record.run)]
    shown += [repr(record.result.scores), repr(failed("no memory")), repr(finished())]
    assert all("\n" not in text and len(text) < 300 for text in shown), shown
    assert "psnr 29" in repr(record.run) and "no memory" in repr(failed("no memory"))


def test_cards_and_thumbnails(cifar):
    pairs = datasets.load("cifar10", cifar)
    assert pairs._repr_html_().count("<img") == 8 and pairs[0]._repr_html_().count("<img") == 2
    for name in zoo.list_models():
        info = zoo.info(name)
        assert all(f"<td>{variant}" in info._repr_html_() for variant, each in info.variants.items() if each.listed)
    assert "2,103" in datasets.info("gopro")._repr_html_()
    assert [axes.get_title() for axes in pairs[1].show().axes] == [f"{pairs[1].name}, blurry", "sharp"]


@pytest.mark.parametrize(
    ("package", "late"),
    [
        (zoo, ("receptive_field", "patchgan", "losses", "layers")),
        (datasets, ("pipeline", "samples")),
        (benchmarks, ("metrics", "evaluate")),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_notebook_completes_what_is_public_and_nothing_else(package, late):
    names = dir(package)
    assert set(late) <= set(names) and set(package.__all__) <= set(names)
    assert not {"Any", "TYPE_CHECKING", "annotations", "importlib", "lazy"} & set(names)
    for name in names:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_the_receptive_field_of_a_model_is_that_of_its_name():
    assert zoo.receptive_field(zoo.create("carlo", "tiny")) == zoo.receptive_field("carlo", "tiny") == 41
    with pytest.raises(zoo.ZooError, match="leave them out beside a model"):
        zoo.receptive_field(zoo.create("identity"), "image")


def test_a_pair_of_a_lost_file_still_has_a_line_and_a_row(street_without_file):
    pair = street_without_file[0]
    assert pair.name in repr(pair)
    assert "<img" not in pair._repr_html_() and pair.name in pair._repr_html_()


@pytest.fixture
def street_without_file(tmp_path):
    datasets.samples.build("gopro", tmp_path)
    pairs = datasets.load("gopro", tmp_path)
    pairs[0].sharp[0].path.write_bytes(b"no image")
    return pairs


def test_floats_are_the_only_thing_a_function_gets(cifar):
    kinds = set()

    def remember(images):
        kinds.add((images.dtype, images.ndim))
        return images

    benchmarks.evaluate(remember, datasets.load("cifar10", cifar), limit=2)
    assert kinds == {(np.dtype(np.float32), 4)}
