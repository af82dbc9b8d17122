"""`--metrics` of the run command: measured beside the protocol's, kept with the record, never ranked by."""

import csv
from pathlib import Path

import pytest

from benchmarks.leaderboard import check
from benchmarks.records import compare, store
from benchmarks.records.record import Evaluation, Record
from benchmarks.run.__main__ import main
from tests.support.records import finished


@pytest.fixture
def base(street):
    return ("--model", "identity", "--dataset", "gopro", "--data-root", street, "--images", "0")


def test_they_are_added_and_never_lost(base, tmp_path, capsys):
    def run(folder, *arguments):
        assert main([str(each) for each in (*base, "--results", folder, *arguments)]) == 0
        (path,) = (folder / "runs").iterdir()
        return store.read(path).run

    usual = ["psnr", "ssim", "ssim_matlab3d", "mse"]
    plain = run(tmp_path)
    assert list(plain.scores.means) == usual
    assert list(run(tmp_path, "--metrics", "psnr_y,ssim").scores.means) == [*usual, "psnr_y"]
    assert "done before" not in capsys.readouterr().out
    both = run(tmp_path, "--metrics", "ssim_y")
    assert set(both.scores.means) == {*usual, "psnr_y", "ssim_y"}
    assert both.key == plain.key
    assert {name: both.scores.means[name] for name in usual} == plain.scores.means

    capsys.readouterr()
    for asked in ((), ("--metrics", "ssim_y,psnr_y")):
        assert run(tmp_path, *asked) == both
        assert "done before" in capsys.readouterr().out
    assert check.faults(tmp_path) == []
    with (tmp_path / "leaderboard.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert float(row["psnr_y"]) == both.scores.means["psnr_y"].mean
    assert (row["niqe"], row["metric_sources"]) == ("", "")
    assert "PSNR-Y (dB) | SSIM-Y" in (tmp_path / "leaderboard.md").read_text()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("psnr_x", "unknown metric 'psnr_x' (did you mean 'psnr_y'?); choose from psnr, "),
        ("psnr_y=a", "psnr_y needs no file; ask for psnr_y alone"),
        ("niqe", "niqe needs the parameters of NIQE's model"),
        ("niqe=none.npz", "none.npz: cannot be read (No such file or directory)"),
        ("kohler_psnr", "kohler_psnr needs frames as truth, which protocol full has not; leave it out"),
    ],
)
def test_what_cannot_be_measured_is_one_line(base, tmp_path, refused, asked, words):
    assert words in refused(main, *base, "--results", tmp_path / "new", "--metrics", asked)
    assert not (tmp_path / "new").exists()


def test_metrics_of_different_files_are_two():
    """A run has a metric when it was computed with what is asked for now, and only then is it compared."""
    own = {"split": "val", "coverage": "full", "fingerprint": "aa", "rule": "", "seed": 0, "precision": ""}
    run = finished(evaluation={"sources": {"psnr": "model 12"}})
    assert run.has(["psnr"], {"psnr": "model 12"})
    assert not run.has(["psnr"], {"psnr": "model 34"}) and not run.has(["niqe"], {})
    assert Evaluation(**own).sources == {}
    other = finished(evaluation={"sources": {"psnr": "model 34"}})
    first, second = (Record(Path(f"{number}.json"), each) for number, each in enumerate((run, other)))
    assert compare.compare(first, first)
    assert compare.compare(first, second) == []
