"""The papers' tables: every published number in one place, ours beside it, never in its place."""

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import zoo
from benchmarks.records import record as records_record
from benchmarks.tables import __main__, claims, match, model_facts, render
from benchmarks.tables.claims import Claim
from tests.support.records import TRAINING, put, put_pages
from zoo.weights import catalogue

COMMITTED = Path(__file__).resolve().parents[3] / "results"
PUBLISHED = claims.load(COMMITTED)


def find(paper, model, metric, place=""):
    (claim,) = (
        each
        for each in PUBLISHED
        if (each.paper, each.model, each.metric) == (paper, model, metric)
        and place in f"{each.table} {each.dataset} {each.split}"
    )
    return claim


def test_all_facts_are_there_each_in_one_table():
    assert sum(claim.paper != claims.WEIGHTS for claim in PUBLISHED) == 367
    assert sum(claim.paper == claims.WEIGHTS for claim in PUBLISHED) == sum(
        len(entry.scores) for entry in catalogue.entries() if entry.packaged is None
    )
    shown = [claim for paper in claims.PAPERS for table in claims.tables(PUBLISHED, paper).values() for claim in table]
    assert len(shown) == len(PUBLISHED)
    assert {id(claim) for claim in shown} == {id(claim) for claim in PUBLISHED}


def test_every_table_and_figure_of_the_papers():
    titles = {paper: list(claims.tables(PUBLISHED, paper)) for paper in claims.PAPERS}
    assert titles["psfnn"][:3] == ["Table 1", "Table 2", "Table 3"]
    assert titles["fcn"][:3] == ["Figure 1", "Table 1", "Table 2"]
    assert titles["refiner"][:2] == ["Figures 17 to 19", "Table 1"]
    assert titles["lite"][:3] == ["Table I", "Table II", "Table III"]
    assert titles["bologna"][:5] == [f"Table {number}" for number in range(1, 6)]


def test_misprints_stay_and_have_a_note():
    average = find("fcn", "FCN (ours)", "PSNR", "Average")
    assert (average.value, "32.68" in average.note) == ("32.96", True)
    assert "disagrees" in find("refiner", "15_A Technische Universitaet Berlin, GER", "rank", "step 4").note
    assert "truncated" in find("refiner", "median-filter recurrent refiner", "parameters conv2d_31").note


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7.76e6", 7.76e6),
        ("20.309M", 20.309e6),
        ("10^-2.5", 10**-2.5),
        ("2e-4", 2e-4),
        ("-0.5", -0.5),
        ("1:7", None),
        ("3;5;7;9", None),
        ("400-450", None),
        ("Adam", None),
    ],
)
def test_numbers_as_they_are_printed(text, number):
    assert Claim("fcn", "text", "", "", "", "", text, "", "", "").number == number


def test_facts_are_counted_on_the_models():
    exact = {
        ("refiner", "total parameters"): 67_185,
        ("refiner", "trainable parameters"): 66_849,
        ("refiner", "non-trainable parameters"): 336,
        ("refiner", "parameters conv2d_31"): 9_248,
        ("refiner", "parameters dense (each of 17)"): 64,
        ("fcn", "parameters FCN"): 20_309_377,
        ("lite", "example P2"): 39,
    }
    for (paper, metric), value in exact.items():
        (claim,) = (each for each in PUBLISHED if (each.paper, each.metric) == (paper, metric))
        assert model_facts.fact(claim).value == value, metric
    assert model_facts.fact(find("psfnn", "IndexNet", "parameters")).value == zoo.info("indexnet").variant().parameters
    assert model_facts.fact(find("lite", "Ours", "model size")).value == pytest.approx(11.9, rel=0.05)
    assert model_facts.fact(find("lite", "DeepDeblur", "model size")) is None


def test_what_a_paper_states_is_no_measurement():
    """Only counts of models and sizes of files need no run; recipes, layouts and data sets are no facts of ours."""
    metrics = {claim.metric for claim in PUBLISHED if model_facts.fact(claim) is not None}
    assert {metric for metric in metrics if not metric.startswith(("parameters", "example"))} == {
        "model size",
        "total parameters",
        "trainable parameters",
        "non-trainable parameters",
    }
    assert sum(model_facts.fact(claim) is not None for claim in PUBLISHED) == 25
    for paper, metric in (("psfnn", "batches"), ("fcn", "epochs"), ("bologna", "REDS training videos")):
        (claim,) = (each for each in PUBLISHED if (each.paper, each.metric) == (paper, metric))
        assert model_facts.fact(claim) is None


def test_rounded_claims_differ_from_what_is_counted():
    differing = {
        claim.metric
        for claim in PUBLISHED
        if (ours := model_facts.fact(claim)) is not None and ours.value != claim.number
    }
    assert differing == {"parameters", "parameters FCN", "model size"}


def test_the_models_of_each_paper_are_measured_always():
    tables = {paper: render.tables(PUBLISHED, paper, []) for paper in claims.PAPERS}
    cells = [line.cells() for lines in tables.values() for line in lines[model_facts.MODELS]]
    learning = {name for name in zoo.list_models() if zoo.info(name).learns}
    assert {each["model"].partition("/")[0] for each in cells} == learning
    fields = {each["model"]: each["measured"] for each in cells if each["metric"] == "receptive field"}
    assert (fields["refiner/paper"], fields["fba/paper"]) == ("59", "whole image")
    assert all(each["measured"] and not each["claimed"] and not each["difference"] for each in cells)
    assert sum(render.counts(each)[0] for each in tables.values()) == len(PUBLISHED)


def test_nothing_is_measured_without_runs():
    for claim in PUBLISHED:
        line = render.Line(claim, match.measure(claim, []))
        assert line.measured is None
        cells = line.cells()
        assert (cells["measured"], cells["difference"], cells["data"]) == ("", "", "")


def test_runs_are_measured_with_interval_data_and_budget(tmp_path):
    record = put(tmp_path, "deblurgan-lite", 28.0, dataset="gopro", data="subset 2/1111")
    cells = render.Line(
        find("lite", "Ours", "PSNR", "GoPro"), match.measure(find("lite", "Ours", "PSNR", "GoPro"), [record])
    ).cells()
    assert (cells["claimed"], cells["measured"], cells["difference"]) == ("29.34", "29", "tiny, 2 of 1,111 images")
    assert (cells["interval"], cells["data"], cells["protocol"]) == ("[28, 30]", "subset 2/1111", "full")
    ssim = match.measure(find("lite", "Ours", "SSIM", "GoPro"), [record])
    assert ssim.value == pytest.approx(0.7)  # the volume form


@pytest.mark.parametrize(
    ("paper", "name", "weights", "inference", "fits"),
    [
        ("weights", "nafnet-gopro-w32", "nafnet-gopro-w32 sha256:0123", "local", True),
        ("weights", "nafnet-gopro-w32", "nafnet-gopro-w32 sha256:0123", "global", False),
        ("weights", "nafnet-gopro-w64", "nafnet-gopro-w32 sha256:0123", "local", False),
        ("weights", "nafnet-gopro-w32", "trained", "local", False),
        ("weights", "mprnet-gopro", "mprnet-gopro sha256:0123", "", True),
        ("fcn", "MPRNet", "mprnet-gopro sha256:0123", "", True),
        ("fcn", "Restormer", "restormer-gopro sha256:0123", "", True),
    ],
)
def test_published_weights_are_measured_by_their_name(tmp_path, paper, name, weights, inference, fits):
    model = weights.partition("-")[0] if weights != "trained" else "nafnet"
    variant = "gopro-w32" if model == "nafnet" else "gopro"
    record = put(tmp_path, model, 28.0, dataset="gopro", data="subset 8/1111", variant=variant)
    run = msgspec.structs.replace(
        record.result,
        weights=weights,
        evaluation=msgspec.structs.replace(record.result.evaluation, inference=inference),
    )
    claim = find(paper, name, "PSNR", "Table 1 GoPro" if paper == "fcn" else "GoPro")
    measured = match.measure(claim, [replace(record, run=run)])
    assert (measured is not None and (measured.value, measured.data) == (29.0, "subset 8/1111")) is fits


def test_a_run_of_another_protocol_has_no_difference(tmp_path):
    claim = find("bologna", "ATROUS_NET", "PSNR", "Table 4")
    full = put(tmp_path, "atrous", 30.0, variant="reds")
    assert render.Line(claim, match.measure(claim, [full])).cells()["difference"] == "protocol full"
    crops = put(tmp_path, "atrous", 29.0, protocol="bologna", variant="reds")
    measured = match.measure(claim, [full, crops])
    assert (measured.value, measured.protocol, measured.differs) == (30.0, "bologna", "")


@pytest.mark.parametrize(
    ("variant", "data", "training", "differs"),
    [
        ("image", "full", None, ""),
        ("tiny", "full", None, "tiny"),
        ("image", "sample", None, "sample"),
        ("tiny", "subset 2/10000", TRAINING, "tiny, quick training, 2 of 10,000 images"),
        ("image", "full", msgspec.structs.replace(TRAINING, profile="paper"), ""),
    ],
)
def test_a_difference_is_given_where_all_is_as_in_the_paper(variant, data, training, differs, tmp_path):
    claim = find("bologna", "CARLO_NET", "PSNR", "CIFAR")
    record = put(tmp_path, "carlo", 25.0, dataset="cifar10", data=data, variant=variant, training=training)
    line = render.Line(claim, match.measure(claim, [record]))
    assert line.measured.differs == differs
    assert line.cells()["difference"] == (differs or "-3.340")
    assert line.cells()["measured"] == "26"


def test_other_images_have_no_difference(tmp_path):
    """The test split where the paper has its validation split."""
    pages = put_pages(tmp_path, coverage="full")
    claim = find("refiner", "- Niko Nyrhilae, FIN (not submitted)", "stop step")
    for split, differs in (
        (claim.split, "tiny"),
        ("validation (10 %)", "tiny, other images"),
        ("held-out samples 91-100", "tiny, other images"),
    ):
        assert match.measure(replace(claim, split=split), [pages]).differs == differs


def test_more_data_comes_first(tmp_path):
    claim = find("bologna", "Baseline (blurred input)", "PSNR", "CIFAR")
    found = [
        put(tmp_path, "identity", psnr, dataset="cifar10", data=data, mark=data)
        for psnr, data in ((20.0, "sample"), (21.0, "subset 2/10000"), (22.0, "full"))
    ]
    for count in (3, 2, 1):
        assert match.measure(claim, found[:count]).value == 20 + count
        assert match.measure(claim, found[:count][::-1]).value == 20 + count


def test_training_data_decide_whose_row_it_is(tmp_path):
    claim = find("bologna", "ATROUS_NET (trained on REDS)", "PSNR", "Table 5")
    own = put(tmp_path, "atrous", 30.0, dataset="gopro", training=TRAINING)
    assert match.measure(claim, [own]) is None
    training = msgspec.structs.replace(TRAINING, dataset="reds")
    other = put(tmp_path, "atrous", 28.0, dataset="gopro", mark="bb", training=training)
    assert match.measure(claim, [own, other]).value == 29.0


def test_averages_need_both_data_sets(tmp_path):
    claim = find("fcn", "FCN (ours)", "PSNR", "Average")
    gopro = put(tmp_path, "fcn", 30.0, dataset="gopro")
    assert match.measure(claim, [gopro]) is None
    hide = put(tmp_path, "fcn", 28.0, dataset="hide")
    assert match.measure(claim, [gopro, hide]).value == 30.0


def test_blur_steps_and_fonts(tmp_path):
    record = put_pages(tmp_path)
    team = "- Niko Nyrhilae, FIN (not submitted)"
    assert match.measure(find("refiner", team, "OCR score", "step 8"), [record]) is None
    assert match.measure(find("refiner", team, "stop step"), [record]).value == 9
    fba = put_pages(tmp_path, "fba")
    tiles = records_record.Tiles(tile=640, overlap=160, blend=True)
    recipe = {"noise": 0.03, "preparation": "aligned"}
    run = msgspec.structs.replace(
        fba.result,
        evaluation=msgspec.structs.replace(fba.result.evaluation, tiles=tiles),
        training=msgspec.structs.replace(TRAINING, steps=3, seconds=1.0, recipe=recipe),
    )
    fba = records_record.Record(fba.path, run)
    measured = match.measure(find("psfnn", "FBA-Net (team 06, HHU)", "OCR score", "step 10"), [fba])
    assert (measured.value, measured.budget) == (50.0, "tiny, quick, 3 steps, 1 s")
    times = match.measure(find("psfnn", "FBA-Net", "OCR score", "step 10, Times"), [fba])
    assert times.value == 100.0
    blended = match.measure(find("psfnn", "FBA-Net / Overlap & blend", "OCR score"), [fba])
    assert blended.value == 90.0
    for other in ("FBA-Net / No overlap", "FBA-Net / Overlap & crop", "FBA-Net w/o noise aug.", "FBA-Net w/o warping"):
        assert match.measure(find("psfnn", other, "OCR score"), [fba]) is None


def test_guessed_steps_are_not_the_papers_rows(tmp_path):
    record = put_pages(tmp_path, blind=True)
    assert match.measure(find("refiner", "- Niko Nyrhilae, FIN (not submitted)", "stop step"), [record]) is None


@pytest.fixture
def folder(tmp_path):
    """A results folder with one run and the published numbers."""
    put_pages(tmp_path)
    shutil.copy(COMMITTED / claims.FILE, tmp_path)
    return tmp_path


def test_the_command_writes_three_formats(folder, capsys):
    assert __main__.main(["--paper", "refiner", "--results", str(folder)]) == 0
    assert "102 claims" in capsys.readouterr().out
    assert sorted(path.name for path in (folder / "tables").iterdir()) == ["refiner.csv", "refiner.md", "refiner.tex"]
    rows = list(csv.DictReader(io.StringIO((folder / "tables" / "refiner.csv").read_text())))
    claimed = [row for row in rows if row["claimed"]]
    assert len(claimed) == 102 and all(row["source"] for row in claimed)
    markdown = (folder / "tables" / "refiner.md").read_text()
    assert "## Figures 17 to 19" in markdown and "P95" in markdown
    for line in markdown.split("\n## ")[1:]:
        assert len({row.count(" | ") for row in line.splitlines() if row.startswith("|")} - {0}) <= 2
    latex = (folder / "tables" / "refiner.tex").read_text()
    assert latex.count("\\begin{longtable}") == latex.count("\\bottomrule") == 5
    assert "%" not in latex.split("\n", 1)[1].replace("\\%", "")
    before = {path: path.read_bytes() for path in (folder / "tables").iterdir()}
    assert __main__.main(["--paper", "refiner", "--results", str(folder)]) == 0
    assert before == {path: path.read_bytes() for path in (folder / "tables").iterdir()}


def test_the_committed_tables_are_what_the_records_say(tmp_path):
    assert __main__.main(["--results", str(COMMITTED), "--out", str(tmp_path)]) == 0
    for path in sorted((COMMITTED / "tables").iterdir()):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_bad_input(folder, refused, monkeypatch):
    assert "unknown paper 'x'; choose from bologna" in refused(__main__.main, "--paper", "x", "--results", folder)
    path = folder / claims.FILE
    text = path.read_text()
    path.write_text("\n".join(f"{line},more" for line in text.splitlines()))
    assert claims.load(folder) == PUBLISHED
    path.write_text(text.replace("paper,table", "papers,table", 1))
    assert "the columns are not paper, table" in refused(__main__.main, "--results", folder)
    path.write_text(text + "else,Table 1\n")
    assert "line 369: 2 columns, paper 'else'" in refused(__main__.main, "--results", folder)
    path.unlink()
    monkeypatch.setattr(claims, "OWN", path)
    assert "it comes with the project, restore it" in refused(__main__.main, "--results", folder)
