"""The score command: files that any program restored, to the digits of our own models; bad input in one line."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

import zoo
from benchmarks import metrics, protocols
from benchmarks.evaluation import evaluate
from benchmarks.evaluation.files import evaluate_files
from benchmarks.evaluation.predict import restorer
from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard import check
from benchmarks.records import store
from benchmarks.report import __main__ as report
from benchmarks.run import __main__ as run
from benchmarks.score import csv_files
from benchmarks.score.__main__ import main
from datasets.image import ArrayFrame, FileFrame
from tests.support import fakes
from tests.support.images import FRAMES, write

ROOT = Path(__file__).resolve().parents[3]


def score(*arguments):
    return main([str(argument) for argument in arguments])


def only_record(folder, model="mynet"):
    (path,) = (folder / "runs").glob(f"*--{model}--*.json")
    return store.read(path).run


@pytest.fixture(scope="module")
def results(folders, tmp_path_factory):
    """The results of one command with all three folders."""
    folder = tmp_path_factory.mktemp("results")
    places = [word for kind in ("restored", "sharp", "blurry") for word in (f"--{kind}", folders / kind)]
    words = (*places, "--name", "mynet", "--results", folder, "--csv", folder / "scores.csv")
    assert score(*words, "--metrics", "psnr_y,ssim_y") == 0
    return folder


@pytest.fixture(scope="module")
def restored(tmp_path_factory):
    """What restores, pairs, and the folder of its outputs in 8 bit."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("outputs")
    model, pairs = zoo.create("atrous", "tiny"), fakes.picture_pairs(1, 3, (66, 72))
    restore = restorer(model, pairs.dataset)
    for pair in pairs:
        (image,) = restore(pair.blurry[0].read()[np.newaxis] / np.float32(255), [pair])
        write(folder / f"{pair.frame}.png", metrics.quantise(image))
    return restore, pairs, folder


class TestTheSameDigits:
    @pytest.mark.parametrize("name", ["full", "aligned"])
    def test_a_model_and_its_files(self, restored, name):
        restore, pairs, folder = restored
        protocol = protocols.PROTOCOLS[name].measuring([metrics.METRICS["psnr_y"], metrics.METRICS["ssim_y"]])
        expected = evaluate.evaluate(restore, pairs, protocol)
        files = [FileFrame(pair.frame, folder / f"{pair.frame}.png") for pair in pairs]
        found = evaluate_files(files, pairs, protocol, workers=2)
        assert found.scores == expected
        assert 0 < found.decoding < 1 and f"{len(pairs)} images in" in found.words

    def test_unchanged_grey_and_deep_images(self):
        """An image that the blur left unchanged has no PSNR; grey is repeated, 16 bits are rounded as floats are."""
        pairs = fakes.picture_pairs(1, 3, (20, 24))
        unchanged = replace(pairs[0], blurry=pairs[0].sharp)
        deep = replace(pairs[1], blurry=(ArrayFrame("deep", pairs[1].blurry[0].read().astype(np.uint16) * 257),))
        grey = ArrayFrame("grey", np.ascontiguousarray(pairs[2].sharp[0].read()[..., :1]))
        pairs = replace(pairs, items=(unchanged, deep, replace(pairs[2], blurry=(grey,))))
        protocol = protocols.PROTOCOLS["full"]
        expected = evaluate.evaluate(restorer(zoo.create("identity"), pairs.dataset), pairs, protocol)
        found = evaluate_files([pair.blurry[0] for pair in pairs], pairs, protocol)
        assert found.scores == expected
        assert found.scores.values["psnr"][0] is None
        unknown = replace(pairs, items=tuple(replace(pair, blurry=()) for pair in pairs))
        again = evaluate_files([pair.blurry[0] for pair in pairs], unknown, protocol)
        assert again.scores.values["psnr"] == [100.0, *expected.values["psnr"][1:]]

    def test_the_run_command_on_a_data_set(self, tmp_path):
        """What it writes for the blurry images is what is written here, and either finds the other's record."""
        fakes.write_street_scenes(tmp_path)
        asked = ("--dataset", "gopro", "--data-root", tmp_path)
        for split in ("a", "b"):
            out = tmp_path / "out" / split
            for path in (tmp_path / "GOPRO_Large" / "test").rglob("blur/*.png"):
                scene = path.parent.parent.name
                copy = out / (f"{scene}/{path.name}" if split == "a" else f"{scene}-{path.name}")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)
        first, second = tmp_path / "first", tmp_path / "second"
        words = [str(word) for word in ("--model", "identity", *asked, "--results", first, "--metrics", "psnr_y")]
        assert run.main(words) == 0
        for split, results in (("a", first), ("b", second)):
            assert score("--restored", tmp_path / "out" / split, *asked, "--name", "copy", "--results", results) == 0
        theirs, ours = only_record(first, "identity"), only_record(second, "identity")
        assert theirs.timing is not None and ours.timing is None
        assert theirs.evaluation.coverage == ours.evaluation.coverage == "subset 2/1111"
        for name in protocols.PROTOCOLS["full"].metrics:
            assert theirs.scores.values[name] == ours.scores.values[name]
        for results in (first, second):
            assert only_record(results, "copy").scores == ours.scores
        words[words.index(str(first))] = str(second)
        assert run.main(words) == 0
        kept = only_record(second, "identity")
        assert set(kept.scores.means) == {*ours.scores.means, "psnr_y"}


class TestARecord:
    def test_what_it_says(self, results):
        found = only_record(results)
        assert (found.model, found.variant, found.weights) == ("mynet", "external", "external")
        assert (found.dataset, found.protocol, found.evaluation.coverage) == ("folder", "full", "own pairs")
        assert found.model_facts is found.timing is found.training is None
        assert list(found.scores.means) == ["psnr", "ssim", "ssim_matlab3d", "mse", "psnr_y", "ssim_y"]
        assert found.scores.images[:2] == ("000/0", "000/1") and len(found.scores.images) == 2 * FRAMES
        assert found.panels and all((results / file).is_file() for panel in found.panels for file in panel.files)
        assert found.panels[0].role == "worst"
        assert "backend" not in found.versions

    def test_the_leaderboard(self, results, capsys):
        with (results / "leaderboard.csv").open(newline="") as stream:
            rows = {row["model"]: row for row in csv.DictReader(stream)}
        assert set(rows) == {"mynet", "identity"}
        assert (rows["mynet"]["rank"], rows["mynet"]["parameters"], rows["identity"]["parameters"]) == ("1", "", "0")
        assert float(rows["mynet"]["psnr_y"]) == only_record(results).scores.means["psnr_y"].mean
        assert check.faults(results) == []
        assert leaderboard.main(["--results", str(results)]) == 0
        printed = capsys.readouterr().out
        assert "mynet/external" in printed and "PSNR-Y" in printed

    def test_the_report(self, results):
        assert report.main(["--results", str(results)]) == 0
        site = results / "report"
        assert "mynet/external" in (site / "index.html").read_text()
        pages = [site / "index.html", *(site / "runs").glob("*.html")]
        for page in pages:
            for link in re.findall(r'href="([-\w./]+\.html)', page.read_text()):
                assert (page.parent / link).exists(), f"{page.name}: {link}"

    def test_every_image_in_a_table(self, results):
        with (results / "scores.csv").open(newline="") as stream:
            lines = list(csv.DictReader(stream))
        found = only_record(results).scores
        assert [line["image"] for line in lines] == list(found.images)
        assert [float(line["psnr"]) for line in lines] == list(found.values["psnr"])
        baseline = only_record(results, "identity").scores
        assert [float(line["blurry_ssim"]) for line in lines] == list(baseline.values["ssim"])
        again = csv_files.read(results / "scores.csv")
        assert (again.images, again.values) == (found.images, found.values)

    def test_the_gain_is_shown(self, folders, tmp_path, places, capsys):
        assert score(*places, "--blurry", folders / "blurry", "--results", tmp_path) == 0
        printed = capsys.readouterr().out
        assert "scoring restored: 14 images" in printed and "a second" in printed
        assert "B  the blurry images" in printed and "A is better" in printed

    def test_a_second_score_of_the_name_replaces_the_first(self, tmp_path, places):
        for protocol in ("full", "full", "aligned"):
            assert score(*places, "--results", tmp_path, "--images", 0, "--protocol", protocol) == 0
        found = [json.loads(path.read_text())["protocol"] for path in (tmp_path / "runs").iterdir()]
        assert sorted(found) == ["aligned", "full"]

    def test_the_row_of_the_blurry_images_keeps_what_was_asked_for(self, folders, tmp_path, places):
        for asked in ("psnr_y", "ssim_y"):
            words = (*places, "--blurry", folders / "blurry", "--metrics", asked, "--results", tmp_path)
            assert score(*words, "--images", 0) == 0
        assert {"psnr_y", "ssim_y"} <= set(only_record(tmp_path, "identity").scores.means)
        assert "psnr_y" not in only_record(tmp_path, "restored").scores.means

    def test_a_damaged_row_of_the_blurry_images_is_named_and_made_anew(self, folders, tmp_path, places, capfd):
        damaged = tmp_path / "runs" / "folder--full--identity--image--0123456789.json"
        damaged.parent.mkdir()
        damaged.write_text("{}")
        words = (*places, "--blurry", folders / "blurry", "--results", tmp_path, "--images", 0)
        assert score(*words) == 0
        assert f"left out: {damaged}" in capfd.readouterr().err
        assert len(list(damaged.parent.iterdir())) == 3

    def test_single_images(self, folders, tmp_path):
        one = folders / "restored" / "000" / "0.png"
        asked = ("--restored", one, "--sharp", folders / "sharp" / "000" / "0.png", "--results", tmp_path)
        assert score(*asked, "--name", "one") == 0
        expected = metrics.psnr(*(FileFrame("", Path(str(path))).read() for path in (asked[1], asked[3])))
        assert only_record(tmp_path, "one").scores.means["psnr"].mean == pytest.approx(expected, abs=1e-6)

    def test_other_endings(self, folders, tmp_path, places):
        for path in (folders / "restored").rglob("*.png"):
            write(tmp_path / "out" / path.parent.name / f"{path.stem}.tif", cv2.imread(str(path))[..., ::-1])
        places = ("--sharp", folders / "sharp", "--results", tmp_path, "--images", 0)
        for name in (tmp_path / "out", folders / "restored"):
            assert score("--restored", name, *places) == 0
        assert only_record(tmp_path, "out").scores == only_record(tmp_path, "restored").scores


class TestComparisons:
    def test_with_a_record_and_a_table(self, results, folders, tmp_path, capsys):
        words = ("--restored", folders / "blurry", "--sharp", folders / "sharp", "--name", "worse", "--images", 0)
        table = results / "scores.csv"
        assert score(*words, "--results", results, "--compare", "mynet--external", table) == 0
        printed = capsys.readouterr().out
        assert printed.count("B is better") >= 8
        assert f"B  {table}" in printed and "folder--full--mynet--external" in printed
        (results / "runs" / next(path.name for path in (results / "runs").glob("*--worse--*"))).unlink()

    def test_the_other_protocol(self, results, places, refused):
        before = set((results / "runs").iterdir())
        words = (*places, "--protocol", "aligned", "--results", results, "--images", 0, "--name", "moved")
        line = refused(main, *words, "--compare", "mynet--external")
        assert "was scored on folder by protocol full, this is folder by aligned; compare runs of one" in line
        assert "no record in" in refused(main, *words, "--compare", "none")
        assert set((results / "runs").iterdir()) == before

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (None, "cannot be read as scores (No such file or directory)"),
            ("name,psnr\na,1\n", "cannot be read as scores (KeyError"),
            ("image,psnr\na,much\n", "cannot be read as scores (ValueError"),
            ("image,weight\na,1\n", "no scores in this file"),
            ("image,psnr\n", "no scores in this file"),
            ("image,psnr\na,1\na,2\n", "a stands there twice"),
            ("image,psnr\na,1\n", "have no image in common"),
        ],
    )
    def test_a_table_that_is_none(self, places, tmp_path, refused, content, words):
        path = tmp_path / "other.csv"
        if content is not None:
            path.write_text(content)
        assert words in refused(main, *places, "--results", tmp_path, "--images", 0, "--compare", path)


class TestWithoutSharpImages:
    @pytest.fixture
    def photographs(self, tmp_path):
        from skimage import data

        for name in ("coffee", "chelsea"):
            write(tmp_path / "out" / f"{name}.png", getattr(data, name)()[:200])
        np.savez(tmp_path / "model.npz", mu_prisparam=np.zeros(36), cov_prisparam=np.eye(36))
        return tmp_path

    def test_only_what_needs_none(self, photographs, capsys):
        words = ("--restored", photographs / "out", "--metrics", f"niqe={photographs / 'model.npz'}")
        assert score(*words, "--csv", photographs / "a.csv", "--results", photographs / "results") == 0
        assert "NIQE" in capsys.readouterr().out
        assert not (photographs / "results").exists()
        assert list(csv_files.read(photographs / "a.csv").values) == ["niqe"]

    def test_the_rest_is_refused(self, photographs, refused):
        out = ("--restored", photographs / "out")
        assert "the protocol's metrics need sharp images; give --sharp DIR" in refused(main, *out)
        assert "psnr_y needs sharp images; give --sharp DIR" in refused(main, *out, "--metrics", "psnr_y")
        asked = ("--metrics", f"niqe={photographs / 'model.npz'}")
        assert "give --sharp DIR" in refused(main, *out, *asked, "--protocol", "aligned")
        assert "give --sharp DIR, or compare with a .csv" in refused(main, *out, *asked, "--compare", "mynet")


def test_the_model_of_niqe_from_photographs(tmp_path, capfd, refused):
    from skimage import data

    for name in ("gravel", "grass"):
        assert cv2.imwrite(str(tmp_path / f"{name}.png"), getattr(data, name)())
    write(tmp_path / "tiny.png", np.zeros((8, 8, 3), np.uint8))
    assert score("--fit-niqe", tmp_path, "--out", tmp_path / "model.npz") == 0
    assert "NIQE's model of 2 photographs" in capfd.readouterr().out
    words = ("--restored", tmp_path / "gravel.png", "--metrics", f"niqe={tmp_path / 'model.npz'}")
    assert score(*words) == 0
    assert ".npz file; call it so" in refused(main, "--fit-niqe", tmp_path, "--out", tmp_path / "model.mat")
    assert "too few for a model" in refused(main, "--fit-niqe", tmp_path / "grass.png", "--out", tmp_path / "b.npz")
    assert "--fit-niqe and --out go together" in refused(main, "--fit-niqe", tmp_path)
    assert "--fit-niqe and --out go together" in refused(main, *words, "--out", tmp_path / "c.npz")


def test_nothing_of_a_framework_is_loaded(folders, tmp_path):
    code = (
        "import sys; from benchmarks.score.__main__ import main; status = main(sys.argv[1:]); "
        "print(sorted({'tensorflow', 'keras', 'torch', 'jax'} & set(sys.modules))); sys.exit(status)"
    )
    words = ["--restored", folders / "restored", "--sharp", folders / "sharp", "--results", tmp_path, "--name", "mynet"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], cwd=ROOT, env=os.environ, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "[]"), done.stderr
