"""Runs on the Helsinki challenge: blur steps, preparations, tiles, scores by character recognition."""

import csv
import shutil

import numpy as np
import pytest

from benchmarks.metrics import MetricError, ocr
from benchmarks.records import store
from benchmarks.records.record import Tiles
from benchmarks.run.__main__ import main
from datasets import samples
from datasets.blur import estimate
from datasets.blur.defocus import aperture
from datasets.hdc import simulation
from datasets.samples.hdc import Options

BUDGET = ("--sample", "--steps", "2", "--batch-size", "2", "--limit", "2")
needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """Builds a small sample of HDC2021 and one of DIV2K where the commands look for them."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEBLUR_ZOO_CACHE", str(folder))
        samples.build("hdc", folder / "samples" / "seed-0", options=Options(steps=(1, 5), train=2, test=1))
        samples.build("div2k", folder / "samples" / "seed-0")
        yield


@pytest.fixture
def estimated(monkeypatch):
    """Puts a disk in the place of an estimation that takes a minute; yields the sides that were asked for."""
    sides = []

    def quick(sharp, blurry, side, progress=None):
        sides.append(side)
        return estimate.Blur((0.57 * np.pad(aperture(35, 8), 10)).astype(np.float32), 0.4)

    monkeypatch.setattr(estimate, "estimate", quick)
    return sides


def run(folder, model, *options):
    # Every kept image is a photograph of full size that is restored once more.
    images = () if "--images" in options else ("--images", "0")
    return main(["--model", model, "--dataset", "hdc", *options, *images, "--results", str(folder)])


def record_of(folder, model):
    (path,) = (folder / "runs").glob(f"hdc--ocr--{model}--*.json")
    return store.read(path).run


@pytest.mark.slow
@needs_tesseract
def test_the_refiner_from_photographs_to_scores_by_step(tmp_path):
    assert run(tmp_path, "refiner", "--sample", "--steps", "2", "--batch-size", "2", "--images", "1") == 0
    content, baseline = record_of(tmp_path, "refiner"), record_of(tmp_path, "identity")
    assert content.training.recipe["hdc"]["preparation"] == "small"
    assert content.training.recipe["data"]["augmentation"]["grid"] == [3, 5]
    assert content.evaluation.tiles is None
    assert [panel.role for panel in content.panels] == ["median"]
    assert all((tmp_path / file).is_file() for file in content.panels[0].files)
    assert (tmp_path / content.curve).is_file()
    for found in (content, baseline):
        assert sorted(found.scores.values) == ["ocr", "ocr_indel"]
        assert list(found.scores.steps) == ["1", "5"]
        assert len(found.scores.images) == 4
    steps = baseline.scores.steps
    assert steps["1"] >= 70
    assert steps["5"] < 70
    assert baseline.scores.stop_step == 1
    with (tmp_path / "leaderboard.csv").open(newline="") as stream:
        (row,) = (row for row in csv.DictReader(stream) if row["model"] == "identity")
    assert row["ocr_steps"] == f"1:{steps['1']:.1f} 5:{steps['5']:.1f}"
    assert row["stop_step"] == "1"


@pytest.mark.slow
@needs_tesseract
def test_an_unknown_step_is_guessed(tmp_path):
    command = ("--sample", "--steps", "2", "--batch-size", "2", "--limit", "2")
    assert run(tmp_path, "refiner", *command) == 0
    assert run(tmp_path, "refiner", *command, "--blind") == 0
    found = [store.read(path).run for path in (tmp_path / "runs").glob("hdc--ocr--refiner--*.json")]
    assert sorted(each.evaluation.blind for each in found) == [False, True]
    assert len(list((tmp_path / "checkpoints").iterdir())) == 1


@pytest.mark.slow
@needs_tesseract
def test_models_for_one_step_train_on_text_and_natural_photographs(tmp_path, estimated, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "240")
    assert run(tmp_path, "indexnet", "--blur-steps", "5", *BUDGET, "--natural", "2", "--crop", "128") == 0
    content = record_of(tmp_path, "indexnet")
    assert estimated == [121]
    assert content.training.pairs == 4 + 2
    assert content.training.natural.coverage == "sample"
    assert content.training.recipe["data"]["noise"] == 0.03
    assert content.evaluation.tiles == Tiles(tile=640, overlap=160, blend=True)
    assert list(content.scores.steps) == ["5"]
    assert "by blur step" in capsys.readouterr().out


@pytest.mark.slow
@needs_tesseract
def test_deconvolution_with_the_blur_of_each_step(tmp_path, estimated):
    """Estimated on the training release, or from a file."""
    psfs = tmp_path / "psf.npz"
    estimate.save(psfs, simulation.defocus_of(5))
    assert run(tmp_path / "estimated", "wiener", "--sample", "--blur-steps", "5") == 0
    assert run(tmp_path / "file", "wiener", "--sample", "--blur-steps", "5", "--psf-file", str(psfs)) == 0
    first, second = (record_of(tmp_path / name, "wiener") for name in ("estimated", "file"))
    assert first.variant == "text" and first.training is None
    assert first.evaluation.psf.source == "estimated on the training release"
    assert second.evaluation.psf.source.startswith("file sha256:")
    assert first.key != second.key
    assert second.scores.steps["5"] >= record_of(tmp_path / "file", "identity").scores.steps["5"] + 20


@pytest.mark.slow
@needs_tesseract
def test_ablations_are_other_trainings_and_tiles_other_scores(tmp_path, estimated):
    common = ("--blur-steps", "5", *BUDGET[:-1], "1", "--natural", "0", "--crop", "64")
    # Without overlap there is less than half to restore.
    quick = ("--tile", "640", "--overlap", "0")
    for options in ((), quick, ("--no-noise", "--no-warp", *quick)):
        assert run(tmp_path, "indexnet", *common, *options) == 0
    found = [store.read(path).run for path in (tmp_path / "runs").glob("hdc--ocr--indexnet--*.json")]
    assert len(found) == 3
    assert {each.evaluation.tiles.overlap for each in found} == {0, 160}
    assert not estimated
    with (tmp_path / "leaderboard.csv").open(newline="") as stream:
        rows = [(row["preparation"], row["tiles"]) for row in csv.DictReader(stream) if row["model"] == "indexnet"]
    assert sorted(rows) == [
        ("aligned, noise 0.03", "tiles 640 + 0, side by side"),
        ("aligned, noise 0.03", "tiles 640 + 160, blended"),
        ("unaligned, noise 0", "tiles 640 + 0, side by side"),
    ]
    # Tiles change the scoring only, so the first training serves both.
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2


@needs_tesseract
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("fba hdc", "cannot be trained on steps [1, 5]; give one with --blur-steps"),
        ("fba reds --blur-steps 5", "are for hdc; leave them out"),
        ("fba hdc --blur-steps 7", "none of the steps [7] is there"),
        ("fba hdc --blur-steps x", "blur steps 'x'"),
        ("fba hdc --overlap 9", "are for tiles; give --tile too"),
        ("fba hdc --tile 64 --overlap 65", "tiles of 64 with an overlap"),
        ("fba hdc --blur-steps 5 --unknown-step", "--blind is for models that take the blur step on hdc"),
        ("refiner hdc --no-warp", "--no-warp has no use for refiner"),
        ("refiner hdc --natural 3", "--natural has no use for refiner"),
        ("wiener hdc --steps 3", "wiener learns nothing; leave --weights and the options for training out"),
        ("wiener hdc --psf-file nothing.npz", "nothing.npz: No such file or directory; give an existing file"),
        ("refiner hdc --psf-file nothing.npz", "--psf-file is for wiener"),
        ("wiener cifar10 --psf-file nothing.npz", "are for hdc; leave them out"),
        ("wiener gopro", "wiener must know the blur, which gopro does not tell; it can be scored on cifar10 and hdc"),
    ],
)
def test_bad_input_is_one_line(tmp_path, capsys, options, message):
    model, dataset, *rest = options.split()
    assert main(["--model", model, "--dataset", dataset, "--sample", *rest, "--results", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_missing_tesseract_is_told_before_anything_runs(tmp_path, capsys, monkeypatch):
    def missing():
        raise MetricError("Tesseract is not installed")

    monkeypatch.setattr(ocr, "check_tesseract", missing)
    assert run(tmp_path, "refiner", *BUDGET) == 2
    assert capsys.readouterr().err == "error: Tesseract is not installed\n"
    assert not (tmp_path / "runs").exists()
