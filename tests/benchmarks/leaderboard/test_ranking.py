"""The leaderboard: what is ranked together, in which order, and two runs writing it at once."""

import csv
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import filelock
import msgspec
import pytest

from benchmarks.leaderboard import __main__, ranking
from benchmarks.leaderboard import rows as leaderboard_rows
from benchmarks.metrics import METRICS
from benchmarks.records import store
from common.errors import FileError
from tests.support.records import IDENTITY, TRAINING, failed, finished, put, put_pages

ROOT = Path(__file__).resolve().parents[3]
COLUMNS = (
    "dataset",
    "protocol",
    "data",
    "fingerprint",
    "rank",
    "model",
    "variant",
    "psnr",
    "psnr_low",
    "psnr_high",
    "ssim",
    "ssim_low",
    "ssim_high",
    "ssim_matlab3d",
    "ssim_matlab3d_low",
    "ssim_matlab3d_high",
    "mse",
    "mse_low",
    "mse_high",
    "kohler_psnr",
    "kohler_psnr_low",
    "kohler_psnr_high",
    "kohler_mssim",
    "kohler_mssim_low",
    "kohler_mssim_high",
    "images",
    "parameters",
    "macs_256",
    "seconds_per_megapixel",
    "weights",
    "trained_on",
    "training_data",
    "profile",
    "steps",
    "training_seconds",
    "seed",
    "precision",
    "device",
    "backend",
    "version",
    "commit",
    "created",
    "record",
    "selected_on",
    "ocr",
    "ocr_low",
    "ocr_high",
    "ocr_indel",
    "ocr_indel_low",
    "ocr_indel_high",
    "ocr_steps",
    "stop_step",
    "preparation",
    "tiles",
    "blur_step",
    "tied",
    "schema",
    "psf",
    "engine",
    "inference",
    "psnr_y",
    "psnr_y_low",
    "psnr_y_high",
    "ssim_y",
    "ssim_y_low",
    "ssim_y_high",
    "niqe",
    "niqe_low",
    "niqe_high",
    "lpips",
    "lpips_low",
    "lpips_high",
    "metric_sources",
    "data_name",
    "training_name",
    "own",
    "started_from",
)


def order(folder):
    """The rows as (data set, protocol, data, fingerprint, rank, model)."""
    return [tuple(row[name] for name in (*COLUMNS[:4], "rank", "model")) for row in ranking.update(folder)[0]]


class TestRanking:
    def test_best_first(self, tmp_path):
        for model, psnr in (("identity", 26.0), ("atrous", 28.5), ("carlo", 27.0)):
            put(tmp_path, model, psnr)
        assert [row[4:] for row in order(tmp_path)] == [(1, "atrous"), (2, "carlo"), (3, "identity")]

    @pytest.mark.parametrize(
        "other",
        [
            {"dataset": "reds-jpeg"},
            {"protocol": "bologna"},
            {"protocol": "val300"},
            {"mark": "bb"},
            {"data": "subset 5/3000"},
        ],
        ids=str,
    )
    def test_nothing_different_is_ranked_together(self, tmp_path, other):
        put(tmp_path, "atrous", 28.0)
        put(tmp_path, "identity", 26.0)
        put(tmp_path, "carlo", 27.0, **other)
        ranks = {row[5]: row[4] for row in order(tmp_path)}
        assert ranks == {"atrous": 1, "identity": 2, "carlo": 1}
        assert (tmp_path / "leaderboard.md").read_text().count("\n## ") == 2

    def test_kohler_is_ranked_by_its_own_metric(self, tmp_path):
        put(tmp_path, "identity", 24.0, dataset="kohler", protocol="kohler")
        put(tmp_path, "kaist", 27.5, dataset="kohler", protocol="kohler")
        rows, _ = ranking.update(tmp_path)
        assert [(row["rank"], row["model"], row["kohler_psnr"]) for row in rows] == [
            (1, "kaist", 27.5),
            (2, "identity", 24.0),
        ]
        assert "psnr" not in rows[0]
        assert "| PSNR (Koehler) (dB) | MSSIM (Koehler) |" in (tmp_path / "leaderboard.md").read_text()

    def test_ties_are_paired(self, tmp_path):
        """Means that overlap widely are told apart where every image says the same."""
        scores = {"atrous": [20, 30] * 3, "fcn": [19, 29] * 3, "kaist": [21, 28.9] * 3, "carlo": [10, 15] * 3}
        for model, values in scores.items():
            put(tmp_path, model, values)
        rows = {row["model"]: row["tied"] for row in ranking.update(tmp_path)[0]}
        assert rows == {"atrous": "", "fcn": "", "kaist": "yes", "carlo": ""}
        assert "| 2 = | kaist/tiny |" in (tmp_path / "leaderboard.md").read_text()

    @pytest.mark.parametrize(("images", "tied"), [(1, "yes"), (5, "yes"), (6, "")])
    def test_few_images_decide_nothing(self, tmp_path, images, tied):
        for model, psnr in {"atrous": 20.0, "fcn": 10.0}.items():
            put(tmp_path, model, [psnr] * images)
        assert [row["tied"] for row in ranking.update(tmp_path)[0]] == ["", tied]

    def test_a_record_without_the_metric_that_ranks_is_named_and_left_out(self, tmp_path):
        put(tmp_path)
        other = store.write(tmp_path, finished(identity=IDENTITY | {"protocol": "kohler"}))
        rows, found = ranking.update(tmp_path)
        assert [row["protocol"] for row in rows] == ["full"]
        assert found.problems == (f"{other.path}: no kohler_psnr, by which protocol kohler ranks; run again",)

    def test_engines_are_ranked_apart(self, tmp_path):
        """Two runs on the same photographs, read by one engine, by another, and by one that nobody wrote down."""
        for model, engine in (("refiner", {}), ("identity", {}), ("fba", {"tesseract": "5.3.0", "eng": "ab" * 32})):
            put_pages(tmp_path, model, engine=engine)
        put_pages(tmp_path, "unet1", engine={"tesseract": "4.1.1", "eng": "ab" * 32})
        rows, _ = ranking.update(tmp_path)
        assert {(row["model"], row["rank"], row["engine"]) for row in rows} == {
            ("identity", 1, "not recorded"),
            ("refiner", 2, "not recorded"),
            ("fba", 1, "eng abababababab, tesseract 5.3.0"),
            ("unet1", 1, "eng abababababab, tesseract 4.1.1"),
        }
        written = (tmp_path / "leaderboard.md").read_text()
        assert "(data aa), engine not recorded" in written and "tesseract 4.1.1\n" in written

    def test_a_metric_from_outside_has_columns_at_the_end(self, tmp_path, monkeypatch):
        card = replace(METRICS["psnr"], name="taste")
        monkeypatch.setattr(leaderboard_rows, "METRICS", {**METRICS, "taste": card})
        assert leaderboard_rows.columns() == (*COLUMNS, "taste", "taste_low", "taste_high")

    def test_failed_runs_have_no_row(self, tmp_path):
        put(tmp_path)
        store.write(tmp_path, failed("no memory", model="kaist"))
        assert [row[5] for row in order(tmp_path)] == ["atrous"]

    def test_the_order_of_the_files_does_not_matter(self, tmp_path):
        found = [put(tmp_path, model, psnr) for model, psnr in (("atrous", 1.0), ("carlo", 3.0), ("kaist", 2.0))]
        assert ranking.rank(found) == ranking.rank(found[::-1])


class TestFiles:
    def test_the_columns_never_change(self, tmp_path):
        assert leaderboard_rows.COLUMNS == COLUMNS
        put(tmp_path)
        assert (tmp_path / "leaderboard.csv").exists() is False
        ranking.update(tmp_path)
        header = (tmp_path / "leaderboard.csv").read_text().splitlines()[0]
        assert header == ",".join(COLUMNS)

    def test_a_row(self, tmp_path):
        record = put(tmp_path, training=TRAINING)
        ranking.update(tmp_path)
        (row,) = csv.DictReader(io.StringIO((tmp_path / "leaderboard.csv").read_text()))
        expected = {
            "dataset": "reds",
            "protocol": "full",
            "data": "full",
            "rank": "1",
            "model": "atrous",
            "psnr": "26.0",
            "ssim": "0.6",
            "kohler_psnr": "",
            "images": "2",
            "parameters": "1234567",
            "seconds_per_megapixel": "0.5",
            "trained_on": "gopro",
            "training_data": "subset 5/2103",
            "steps": "1800",
            "commit": "",
            "record": record.path.name,
        }
        assert row | expected == row
        assert float(row["psnr_low"]) <= 26 <= float(row["psnr_high"])

    def test_the_markdown(self, tmp_path):
        put(tmp_path, training=TRAINING)
        put(tmp_path, "identity", 20.0)
        ranking.update(tmp_path)
        lines = (tmp_path / "leaderboard.md").read_text().splitlines()
        assert lines[0] == "# Leaderboard"
        assert "## reds, protocol full, full (data aa)" in lines
        table = [line for line in lines if line.startswith("|")]
        assert len(table) == 4
        assert len({line.count("|") for line in table}) == 1
        assert "| gopro (subset 5/2103) | quick, 1,800 steps, 61 s |" in table[2]
        assert table[3].endswith("|  |  |")

    @pytest.mark.parametrize(
        ("start", "shown"), [("weights/street.keras", "street.keras"), ("photo-small sha256:95449577", "photo-small")]
    )
    def test_what_a_training_went_on_from(self, tmp_path, start, shown):
        put(tmp_path, training=msgspec.structs.replace(TRAINING, started_from=start))
        ranking.update(tmp_path)
        (row,) = csv.DictReader(io.StringIO((tmp_path / "leaderboard.csv").read_text()))
        assert row["started_from"] == start
        assert f"| gopro (subset 5/2103), from {shown} |" in (tmp_path / "leaderboard.md").read_text()

    def test_it_can_be_made_anew(self, tmp_path):
        put(tmp_path)
        ranking.update(tmp_path)
        before = {path: path.read_bytes() for path in tmp_path.glob("leaderboard.*")}
        for path in before:
            path.unlink()
        ranking.update(tmp_path)
        assert before == {path: path.read_bytes() for path in tmp_path.glob("leaderboard.*")}
        assert len(before) == 2

    def test_columns_that_are_not_ours_are_kept(self, tmp_path):
        first = put(tmp_path)
        ranking.update(tmp_path)
        path = tmp_path / "leaderboard.csv"
        header, line = path.read_text().splitlines()
        path.write_text(f"{header},remark\n{line},mine\n")
        put(tmp_path, "identity", 20.0)
        ranking.update(tmp_path)
        rows = {row["record"]: row for row in csv.DictReader(io.StringIO(path.read_text()))}
        assert path.read_text().splitlines()[0] == f"{header},remark"
        assert sorted(row["remark"] for row in rows.values()) == ["", "mine"]
        assert rows[first.path.name]["remark"] == "mine"

    @pytest.mark.parametrize(("mark", "separator"), [("\ufeff", ","), ("", ";"), ("\ufeff", ";"), ("", "\t")])
    def test_a_spreadsheet_that_saved_it(self, tmp_path, mark, separator):
        """A byte-order mark or semicolons make no second set of columns, and a remark stays."""
        put(tmp_path)
        ranking.update(tmp_path)
        path = tmp_path / "leaderboard.csv"
        first, *lines = csv.reader(io.StringIO(path.read_text()))
        changed = io.StringIO()
        csv.writer(changed, delimiter=separator).writerows(
            [[*first, "remark"], *([*line, "a; b, c"] for line in lines)]
        )
        path.write_text(mark + changed.getvalue(), encoding="utf-8", newline="")
        ranking.update(tmp_path)
        (row,) = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
        assert tuple(row) == (*COLUMNS, "remark")
        assert row["remark"] == "a; b, c" and row["psnr"] == "26.0"

    @pytest.mark.parametrize("text", ["", "\x00,b\n1", "a,a\n1,2,3\n"])
    def test_a_leaderboard_that_is_none_is_made_anew(self, tmp_path, text):
        put(tmp_path)
        (tmp_path / "leaderboard.csv").write_text(text)
        ranking.update(tmp_path)
        assert (tmp_path / "leaderboard.csv").read_text().startswith(",".join(COLUMNS))

    def test_an_edited_record_is_named_and_left_out(self, tmp_path, capsys):
        put(tmp_path)
        ranking.update(tmp_path)
        before = (tmp_path / "leaderboard.csv").read_bytes()
        record = put(tmp_path, "carlo", 27.0)
        record.path.write_text(record.path.read_text().replace("27.0", "37.0"))
        _, found = ranking.update(tmp_path)
        (problem,) = found.problems
        assert problem.startswith(f"{record.path}: changed after it was written")
        assert (tmp_path / "leaderboard.csv").read_bytes() == before
        assert __main__.main(["--results", str(tmp_path)]) == 0
        assert capsys.readouterr().err == f"left out: {problem}\n"

    def test_a_folder_that_is_a_file(self, tmp_path):
        (tmp_path / "results").write_text("")
        with pytest.raises(FileError, match=r"^cannot write [^\n]+results: [^\n]+; choose another folder"):
            ranking.update(tmp_path / "results")


class TestCommand:
    def test_it_prints_every_ranking(self, tmp_path, capsys):
        put(tmp_path)
        put(tmp_path, "identity", 20.0, dataset="kohler", protocol="kohler")
        assert __main__.main(["--results", str(tmp_path)]) == 0
        printed = capsys.readouterr().out
        assert "reds, protocol full" in printed and "kohler, protocol kohler" in printed

    def test_nothing_to_show(self, tmp_path, refused):
        line = refused(__main__.main, "--results", tmp_path)
        assert line.endswith("make one: python -m benchmarks.run --model atrous --dataset reds --sample")

    def test_a_wrong_option(self, refused):
        assert "unrecognized arguments: --nothing" in refused(__main__.main, "--nothing")


WRITER = """
import sys
from pathlib import Path
from benchmarks.leaderboard import ranking
from tests.support.records import put
name, folder = sys.argv[1], Path(sys.argv[2])
for number in range(12):
    put(folder, name, 20.0 + number, variant=f"v{number}")
    ranking.update(folder)
"""


def read_whole(path):
    """The models, with their variants, in a CSV file, after checking that it is a whole one."""
    rows = list(csv.DictReader(io.StringIO(path.read_text()), strict=True))
    for row in rows:
        assert tuple(row) == COLUMNS
        assert None not in row.values()
        assert row["record"].endswith(".json")
    return {(row["model"], row["variant"]) for row in rows}


def test_a_writer_waits_for_another_and_sees_its_record(tmp_path):
    put(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        lock = filelock.FileLock(tmp_path / ".lock").acquire().lock
        writer = pool.submit(ranking.update, tmp_path)
        with pytest.raises(TimeoutError):
            writer.result(timeout=0.3)
        put(tmp_path, "carlo", 27.0)
        lock.release()
        assert [row["model"] for row in writer.result(timeout=10)[0]] == ["carlo", "atrous"]


def test_several_processes_write_it_at_once(tmp_path):
    names = ("atrous", "carlo", "kaist")
    command = [sys.executable, "-c", WRITER]
    writers = [subprocess.Popen([*command, name, str(tmp_path)], cwd=ROOT, stderr=subprocess.PIPE) for name in names]
    path, seen, reads = tmp_path / "leaderboard.csv", set(), 0
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            models = read_whole(path)
            assert models >= seen, "a row was lost"
            seen, reads = models, reads + 1
    for writer in writers:
        assert writer.communicate()[1] == b""
        assert writer.returncode == 0
    assert read_whole(path) == {(name, f"v{number}") for name in names for number in range(12)}
    assert reads > 0
    assert not list(tmp_path.rglob(".tmp-*"))
