"""The run command: from a command line to a record and a row of the leaderboard, and back from every mishap."""

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import zoo
from benchmarks.leaderboard import ranking, rows
from benchmarks.records import record, store
from benchmarks.run import execute
from benchmarks.run.__main__ import main
from datasets.samples.build import sample_root
from tests.support.runs import run

ROOT = Path(__file__).resolve().parents[3]
BUDGET = ("--sample", "--steps", "8", "--batch-size", "2", "--crop", "32", "--limit", "2")
ATROUS = ("--model", "atrous", "--dataset", "cifar10", *BUDGET)

pytestmark = pytest.mark.usefixtures("samples")


def record_of(folder, model, dataset):
    (path,) = (folder / "runs").glob(f"{dataset}--*--{model}--*.json")
    return store.read(path).run


def models_in(folder):
    with (folder / "leaderboard.csv").open(newline="") as stream:
        return {(row["dataset"], row["model"]) for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def results(samples, tmp_path_factory):
    """The results of one run; later tests add to them."""
    folder = tmp_path_factory.mktemp("results")
    assert run(*ATROUS, "--results", folder) == 0
    return folder


class TestOneRun:
    def test_the_record(self, results):
        (path,) = (results / "runs").glob("cifar10--*--atrous--*.json")
        stored, content = json.loads(path.read_text()), record_of(results, "atrous", "cifar10")
        assert (stored["schema"], stored["status"], content.variant) == (record.SCHEMA, "done", "tiny")
        assert stored["content_hash"] == record.content_hash(stored)
        scores = content.scores
        assert len(scores.images) == 2
        assert set(scores.values) == {"psnr", "ssim", "ssim_matlab3d", "mse"}
        for name, values in scores.values.items():
            present = [value for value in values if value is not None]
            assert len(values) == 2
            assert scores.means[name].mean == pytest.approx(sum(present) / len(present), abs=1e-5)
        assert (content.evaluation.coverage, content.evaluation.precision) == ("sample", "float32")
        assert content.model_facts.parameters == zoo.info("atrous").variant("tiny").parameters
        assert content.model_facts.macs_256 > 1e9
        assert content.timing.median > 0
        assert content.machine.device
        assert {"deblur-zoo", "backend", "keras", "tensorflow"} <= set(content.versions)

    def test_what_it_says_of_the_training(self, results):
        training = record_of(results, "atrous", "cifar10").training
        assert (training.dataset, training.split, training.coverage) == ("cifar10", "train", "sample")
        assert (training.pairs, training.steps, training.seed, training.profile) == (1000, 8, 42, "quick")
        assert training.recipe["data"]["batch"] == 2
        assert training.epochs == 8 * 2 / 800
        assert training.best_step == 8
        (folder,) = (results / "checkpoints").glob("atrous--*")
        assert zoo.read_notes(folder / "best.keras")["training"] == msgspec.to_builtins(training)

    def test_identity_is_in_the_table(self, results):
        content = record_of(results, "identity", "cifar10")
        assert (content.training, content.weights) == (None, "none")
        assert content.evaluation == record_of(results, "atrous", "cifar10").evaluation
        assert {("cifar10", "atrous"), ("cifar10", "identity")} <= models_in(results)

    def test_the_leaderboard(self, results):
        header = (results / "leaderboard.csv").read_text().splitlines()[0]
        assert header == ",".join(rows.COLUMNS)
        assert "## cifar10, protocol full, sample" in (results / "leaderboard.md").read_text()

    def test_a_second_call_computes_nothing(self, results, capfd):
        before = {path: path.read_bytes() for path in (results / "runs").iterdir()}
        assert run(*ATROUS, "--results", results) == 0
        printed = capfd.readouterr().out
        assert printed.count("done before") == 2
        assert "training" not in printed and "scoring" not in printed
        assert {path: path.read_bytes() for path in (results / "runs").iterdir()} == before

    def test_deconvolution_beside_it(self, results, tmp_path):
        """It knows every image's blur, so it must gain; a training's options are not for it."""
        assert run("--model", "wiener", "--dataset", "cifar10", "--sample", "--results", tmp_path) == 0
        found, baseline = record_of(tmp_path, "wiener", "cifar10"), record_of(tmp_path, "identity", "cifar10")
        assert found.evaluation.psf == record.Psf(source="the sigma of each picture")
        assert found.scores.means["psnr"].mean > baseline.scores.means["psnr"].mean + 2
        assert found.model_facts.parameters == 0

    def test_precision_is_no_matter_of_identity(self, results, capfd):
        run("--model", "identity", "--dataset", "cifar10", *BUDGET, "--precision", "float64", "--results", results)
        assert "done before" in capfd.readouterr().out

    @pytest.mark.parametrize(("dataset", "protocol"), [("kohler", "kohler"), ("reds", "bologna"), ("reds", "val300")])
    def test_other_protocols(self, tmp_path, dataset, protocol):
        options = ("--protocol", protocol, "--limit", 1, "--results", tmp_path)
        assert run("--model", "identity", "--dataset", dataset, "--sample", *options) == 0
        ((row,), _) = ranking.update(tmp_path)
        assert (row["protocol"], row["images"], row["rank"]) == (protocol, 1, 1)


class TestWeights:
    @pytest.fixture
    def weights(self, results):
        (folder,) = (results / "checkpoints").glob("atrous--tiny--*")
        return folder / "best.keras"

    def test_they_score_as_after_the_training(self, results, weights, tmp_path):
        scored = ("--sample", "--limit", 2, "--no-train", "--weights", weights, "--results", tmp_path)
        assert run("--model", "atrous", "--dataset", "cifar10", *scored) == 0
        content, trained = record_of(tmp_path, "atrous", "cifar10"), record_of(results, "atrous", "cifar10")
        assert content.scores == trained.scores
        assert content.training == trained.training
        assert content.weights.startswith("file sha256:")

    ASKED = ("--model", "atrous", "--dataset", "cifar10", "--variant", "cifar10", "--sample")

    def test_another_variant_to_score(self, weights, tmp_path, refused):
        line = refused(main, *self.ASKED, "--weights", weights, "--no-train", "--results", tmp_path / "new")
        expected = f"{weights} holds atrous/tiny, not atrous/cifar10; use --model atrous --variant tiny"
        assert line == f"error: {expected}"
        assert not (tmp_path / "new").exists()

    def test_another_variant_to_start_from(self, weights, tmp_path, refused):
        line = refused(main, *self.ASKED, "--weights", weights, "--results", tmp_path / "new")
        assert line.startswith(f"error: {weights} holds atrous/tiny, whose weights do not fit atrous/cifar10: ")
        assert "stem/kernel (9, 9, 3, 128) here, stem/kernel (9, 9, 3, 16) there" in line
        assert line.endswith("build atrous/tiny for this file")
        assert not (tmp_path / "new").exists()

    def test_another_model(self, weights, refused):
        asked = ("--model", "carlo", "--dataset", "cifar10", "--sample", "--weights", weights, "--no-train")
        assert "holds atrous/tiny, not carlo/tiny" in refused(main, *asked)

    @pytest.mark.parametrize("content", [None, b"", b"no archive"], ids=["missing", "empty", "text"])
    def test_no_weights_at_all(self, tmp_path, refused, content):
        path = tmp_path / "weights.keras"
        if content is not None:
            path.write_bytes(content)
        asked = ("--model", "atrous", "--dataset", "cifar10", "--sample", "--weights", path)
        wanted = "no such model file" if content is None else "not a .keras file, or a damaged one"
        for extra in ((), ("--no-train",)):
            assert f"{path}: {wanted}" in refused(main, *asked, *extra, "--results", tmp_path / "new")
        assert not (tmp_path / "new").exists()


MISTAKES = [
    ("--model atros --dataset reds", "unknown model 'atros' (did you mean 'atrous'?)"),
    ("--model atrous --dataset red", "unknown data set 'red' (did you mean 'reds'?)"),
    ("--model atrous,carla --dataset reds", "unknown model 'carla' (did you mean 'carlo'?)"),
    ("--model , --dataset reds", "--model and --dataset need at least one name each"),
    ("--model atrous --dataset reds", "say where the data are with --data-root DIR, or use the built-in sample"),
    ("--model atrous --dataset reds --data-root /none", "data root /none is not a folder"),
    ("--model atrous --dataset reds --data-root {empty}", "no REDS/ layout in"),
    ("--model atrous --dataset reds --sample --protocol bolonga", "reds has no protocol 'bolonga'; choose one of full"),
    ("--model atrous --dataset cifar10 --sample --variant tinny", "no variant 'tinny' (did you mean 'tiny'?)"),
    ("--model atrous --dataset reds --sample --data-root {empty}", "give --sample or --data-root, not both"),
    ("--model atrous --dataset reds --sample --resume --restart", "give --resume or --restart, not both"),
    ("--model atrous --dataset reds --sample --crop 257", "--crop 257 is larger than the frame 256x320; take"),
    ("--model atrous --dataset cifar10 --sample --crop 33", "--crop 33 is larger than the frame 32x32; take 32"),
    ("--model atrous --dataset cifar10 --sample --train-on red", "unknown data set 'red' (did you mean 'reds'?)"),
    ("--model atrous --dataset reds --sample --train-on kohler", "kohler has nothing to train on"),
    ("--model atrous --dataset reds --sample --train-on div2k", "div2k has nothing to train on"),
    ("--model atrous --dataset div2k --sample", "div2k has no blurred images"),
    ("--model atrous --dataset reds --sample --no-train", "atrous: nothing to score; give --weights FILE"),
    ("--model atrous,carlo --dataset reds --sample --weights x.keras", "--weights belongs to one model"),
    ("--model atrous --dataset reds --sample --steps 5 --epochs 1", "give --steps or --epochs, not both"),
    ("--model atrous --dataset reds --sample --steps 0", "argument --steps: must be a whole number of at least 1"),
    ("--model atrous --dataset reds --sample --epochs -1", "argument --epochs: must be a whole number of at least 1"),
    ("--model atrous --dataset reds --sample --limit x", "argument --limit: must be a whole number of at least 1"),
    (
        "--model atrous --dataset reds --sample --seed -1",
        "argument --seed: must be a whole number from 0 to 4294967295",
    ),
    ("--model atrous --dataset reds --sample --profile fast", "argument --profile: invalid choice: 'fast'"),
    ("--model atrous", "the following arguments are required: --dataset"),
    ("--model atrous --dataset reds --sampel", "unrecognized arguments: --sampel"),
]


class TestMistakes:
    @pytest.mark.parametrize(("line", "message"), MISTAKES, ids=[line for line, _ in MISTAKES])
    def test_one_line_and_nothing_written(self, tmp_path, refused, line, message):
        (tmp_path / "empty").mkdir()
        arguments = line.format(empty=tmp_path / "empty").split()
        assert message in refused(main, *arguments, "--results", tmp_path / "results")
        assert not (tmp_path / "results").exists()

    def test_precision_of_weights(self, results, refused):
        (folder,) = (results / "checkpoints").glob("atrous--tiny--*")
        asked = ("--model", "atrous", "--dataset", "cifar10", "--sample", "--weights", folder / "best.keras")
        assert "--precision is for training" in refused(main, *asked, "--no-train", "--precision", "float64")

    def test_nothing_heavy_is_imported_to_plan_a_run(self):
        code = (
            "import sys; from benchmarks.run.__main__ import main; main(sys.argv[1:]);"
            "print(sorted({'tensorflow', 'keras', 'cv2', 'scipy', 'skimage', 'matplotlib'} & set(sys.modules)))"
        )
        arguments = ("--model", "atrous", "--dataset", "reds", "--sample", "--crop", "257")
        done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True)
        assert done.stdout == "[]\n"
        assert done.stderr.startswith("error: reds 000/00000000: --crop 257 is larger")


class TestMishaps:
    def test_ctrl_c(self, tmp_path, monkeypatch, capfd):
        def stop(self, experiment):
            raise KeyboardInterrupt

        monkeypatch.setattr(execute.Runner, "run", stop)
        assert run(*ATROUS, "--results", tmp_path) == 130
        assert capfd.readouterr().err == "stopped by Ctrl-C; finished work is kept\n"

    def test_a_full_disk(self, tmp_path, monkeypatch, refused):
        def full(descriptor):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        asked = ("--model", "identity", "--dataset", "cifar10", "--sample", "--limit", 2, "--results", tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            assert ": No space left on device; free disk space" in refused(main, *asked)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        assert run(*asked) == 0

    def test_a_results_folder_that_is_a_file(self, tmp_path, refused):
        (tmp_path / "file").write_text("")
        asked = ("--model", "identity", "--dataset", "cifar10", "--sample", "--limit", 2)
        assert "cannot write" in refused(main, *asked, "--results", tmp_path / "file")

    def test_a_truncated_image(self, tmp_path, refused):
        shutil.copytree(sample_root("reds") / "REDS" / "val", tmp_path / "REDS" / "val")
        broken = tmp_path / "REDS" / "val" / "val_blur" / "000" / "00000003.png"
        broken.write_bytes(broken.read_bytes()[:-1000])
        asked = ("--model", "identity", "--dataset", "reds", "--data-root", tmp_path, "--results", tmp_path / "results")
        assert refused(main, *asked) == f"error: {broken}: truncated PNG; fetch this file again"

    def test_a_damaged_record(self, tmp_path, refused):
        asked = ("--model", "identity", "--dataset", "cifar10", "--sample", "--limit", 2, "--results", tmp_path)
        assert run(*asked) == 0
        (path,) = (tmp_path / "runs").iterdir()
        path.write_text(path.read_text().replace("identity", "genius"))
        damaged = path.read_bytes()
        assert f"{path}: changed after it was written" in refused(main, *asked)
        assert path.read_bytes() == damaged
