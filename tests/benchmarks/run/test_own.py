"""Models of one's own through the run command: trained, scored, recorded, ranked, shown, and refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import zoo
from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.records import store
from benchmarks.report import __main__ as report
from benchmarks.run.__main__ import main
from benchmarks.run.asking import request_of
from benchmarks.run.parser import build_parser
from benchmarks.run.plan import plan_all
from benchmarks.tables import __main__ as tables
from tests.support import own_models
from zoo.inference.tiling import Tiles

ROOT = Path(__file__).resolve().parents[3]
SCORED = ("--dataset", "reds", "--sample", "--limit", "1", "--images", "0")

pytestmark = pytest.mark.usefixtures("samples")


@pytest.fixture(autouse=True)
def registry():
    """What a test registers is gone after it."""
    before = zoo.list_models()
    yield
    for name in set(zoo.list_models()) - set(before):
        zoo.unregister(name)


@pytest.fixture
def file(tmp_path):
    return own_models.write(tmp_path)


def planned(*arguments):
    """The experiments of a command line, but for the reference."""
    request = request_of(build_parser().parse_args([str(each) for each in (*arguments, *SCORED)]))
    return [each for each in plan_all(request) if each.model != "identity"]


@pytest.fixture(scope="module")
def results(samples, tmp_path_factory):
    """The results of the example that comes with the documentation, as it stands there."""
    folder = tmp_path_factory.mktemp("results")
    shutil.copy(ROOT / "examples" / "own_model.py", folder / "own_model.py")
    budget = ("--steps", "2", "--batch-size", "2", "--crop", "32", *SCORED, "--results", str(folder))
    assert main(["--model", f"{folder}/own_model.py:build", *budget]) == 0
    zoo.unregister("own_model-build")
    return folder


class TestTheExample:
    def test_the_record(self, results):
        (path,) = (results / "runs").glob("reds--full--own_model-build--own--*.json")
        run = store.read(path).result
        assert run.name == "own_model-build/own"
        assert run.own.source == f"{results}/own_model.py:build"
        assert (run.own.frames, run.own.size_multiple, run.own.receptive_field) == (1, 2, "19 px")
        assert run.model_facts.parameters == 18_603
        assert run.model_facts.macs_256 == 128**2 * (25 * 3 * 24 + 3 * 9 * 24 * 24 + 16 * 24 * 3)
        assert (run.training.profile, run.training.steps, run.training.recipe["model"]) == (
            "quick",
            2,
            "own_model-build",
        )

    def test_nobody_else_needs_its_file(self, results, capsys):
        """Leaderboard, report and tables know the model from its record alone."""
        assert "own_model-build" not in zoo.list_models()
        assert leaderboard.main(["--results", str(results), "--check"]) == 0
        assert leaderboard.main(["--results", str(results)]) == 0
        assert "own_model-build/own" in capsys.readouterr().out
        assert report.main(["--results", str(results)]) == 0
        card = (results / "report" / "models" / "own_model-build.html").read_text()
        assert "a user&#39;s own model" in card
        assert "own_model-build/own on reds, full" in card
        (path,) = (results / "runs").glob("*own_model-build*")
        digits = store.read(path).result.own.sha256
        assert f"; file {digits[:6]}" in (results / "leaderboard.md").read_text()
        assert digits in (results / "leaderboard.csv").read_text()
        assert "models/own_model-build.html" in (results / "report" / "cards.html").read_text()
        assert tables.main(["--paper", "bologna", "--results", str(results)]) == 0

    def test_its_checkpoint_restores_without_its_file(self, results):
        import numpy as np

        (folder,) = (results / "checkpoints").glob("own_model-build--own--*")
        image = np.random.default_rng(0).random((21, 34, 3), np.float32)
        assert zoo.restore(zoo.load(folder / "best.keras"), image).shape == image.shape

    def test_it_is_done_and_another_one_after_a_change(self, results, capsys):
        """The file beside the record repeats the experiment, as long as the model's file is the same."""
        (config,) = (results / "configs").glob("reds--full--own_model-build--*.toml")
        assert main(["--config", str(config)]) == 0
        assert capsys.readouterr().out.count("done before") == 2
        (before,) = planned("--config", config, "--model", f"{results}/own_model.py:build")
        changed = results / "changed" / "own_model.py"
        changed.parent.mkdir()
        changed.write_text((results / "own_model.py").read_text() + "\n# Another line.\n")
        (after,) = planned("--model", f"{changed}:build")
        assert after.model == before.model
        assert after.key != before.key
        assert after.training_key != before.training_key


class TestRequests:
    def test_every_change_of_the_recipe(self, file):
        changes = "--epochs 3 --batch-size 3 --crop 40 --loss charbonnier --precision mixed_bfloat16 --no-noise"
        (planned_one,) = planned("--model", f"{file}:build", *changes.split())
        recipe = planned_one.recipe
        assert (recipe.epochs, recipe.data.batch, recipe.data.crop, recipe.loss) == (3, 3, 40, "charbonnier")
        assert (recipe.precision, recipe.data.noise) == ("mixed_bfloat16", 0.0)

    def test_three_frames(self, file):
        (one,) = planned("--model", f"{file}:build_video")
        assert len(one.data.scored[0].blurry) == 3

    def test_beside_models_of_the_zoo(self, file):
        models = [each.model for each in planned("--model", f"carlo,{file}:build,{file}:build_video")]
        assert models == ["carlo", "mine-build", "mine-build_video"]

    def test_the_profile_without_a_paper(self, file, tmp_path):
        with_data = ("--dataset", "gopro", "--data-root", str(tmp_path))
        options = build_parser().parse_args(["--model", f"{file}:build", *with_data])
        assert request_of(options).training.profile == "quick"
        options = build_parser().parse_args(["--model", f"carlo,{file}:build", *with_data])
        assert request_of(options).training.profile == "paper"

    def test_a_keras_file_starts_with_its_weights(self, tmp_path):
        zoo.save(zoo.create("carlo", "tiny"), tmp_path / "start.keras")
        (trained,) = planned("--model", tmp_path / "start.keras")
        (scored,) = planned("--model", tmp_path / "start.keras", "--no-train")
        assert trained.training_choices["own"] == scored.choices["own"] == zoo.info("start-keras").own.sha256
        assert (trained.recipe.model, scored.recipe) == ("start-keras", None)


class TestOnnx:
    @pytest.fixture(autouse=True)
    def installed(self):
        pytest.importorskip("onnxruntime")
        pytest.importorskip("onnx")

    def test_it_is_scored(self, tmp_path):
        path = own_models.write_onnx(tmp_path / "net.onnx", ("n", 3, "h", "w"))
        results = tmp_path / "results"
        assert main(["--model", str(path), "--no-train", *SCORED, "--results", str(results)]) == 0
        (record,) = (results / "runs").glob("reds--full--net-onnx--own--*.json")
        run = store.read(record).result
        assert (run.model_facts.parameters, run.model_facts.macs_256) == (81, 81 * 256**2)
        assert run.weights == f"file sha256:{run.own.sha256}"
        assert run.own.receptive_field == "not measured"
        assert run.training is None
        assert (results / "configs" / f"{record.stem}.toml").is_file()

    def test_a_fixed_square_is_what_images_are_cut_into(self, tmp_path):
        path = own_models.write_onnx(tmp_path / "net.onnx", (1, 3, 64, 64))
        (one,) = planned("--model", path, "--no-train")
        assert one.tiles == Tiles(48, 8)
        (one,) = planned("--model", path, "--no-train", "--tile", 32, "--overlap", 16)
        assert one.tiles == Tiles(32, 16)

    @pytest.mark.parametrize(
        ("shape", "extra", "words"),
        [
            ((1, 3, 64, 64), "", "an ONNX file can be scored, not trained; use --no-train"),
            ((1, 3, 64, 64), "--no-train --weights x.keras", "has weights already; leave --weights out"),
            (
                (1, 3, 64, 64),
                "--no-train --tile 64",
                "takes images of 64x64 alone, so a tile and its overlap on both sides must be as large, like --tile 48 "
                "--overlap 8",
            ),
            (
                (1, 3, 64, 80),
                "--no-train",
                "net-onnx takes images of 64x80 alone, and reds 000/00000000 has 256x320; export it for any size",
            ),
        ],
    )
    def test_refusals(self, tmp_path, refused, shape, extra, words):
        path = own_models.write_onnx(tmp_path / "net.onnx", shape)
        asked = ("--model", path, *extra.split(), *SCORED, "--results", tmp_path / "results")
        assert words in refused(main, *asked)
        assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("{file}:biuld", "has no function 'biuld' (did you mean 'build'?); it has build"),
        ("{file}:shrinks", "gives images of 126x126 for 128x128"),
        ("{file}", "say which function builds the model, as in"),
        ("{folder}/none.py:build", "none.py: no such file"),
        (
            "{file}:build --profile paper",
            "mine-build has no paper recipe, as no paper says how to train it; use --profile",
        ),
        ("{file}:build --no-train", "nothing to score; give --weights FILE"),
        ("{file}:build --crop 33", "--crop 33 does not fit mine-build/own; take a multiple of 2, at least 2"),
        ("{file}:build --perceptual-weights random", "is trained without perceptual loss"),
        ("{file}:build,{other}:build", "would both be called mine-build; rename one of the files"),
    ],
)
def test_refusals(tmp_path, file, refused, model, words):
    (tmp_path / "other").mkdir()
    other = own_models.write(tmp_path / "other")
    arguments = model.format(file=file, folder=tmp_path, other=other).split()
    assert words in refused(main, "--model", *arguments, *SCORED, "--results", tmp_path / "results")
    assert not (tmp_path / "results").exists()
