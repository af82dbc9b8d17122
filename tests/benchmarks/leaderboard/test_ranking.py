"""The leaderboard: what is ranked together, in which order, and two runs writing it at once."""

import csv
import fcntl
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from benchmarks import protocols
from benchmarks.errors import RunError
from benchmarks.leaderboard import __main__, ranking
from benchmarks.leaderboard import rows as leaderboard_rows
from benchmarks.records import record as records_record
from benchmarks.records import store
from datasets.errors import DataError

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
)
TRAINING = {"dataset": "gopro", "coverage": "subset 5/2103", "profile": "quick", "steps": 1800, "seconds": 61.25}


def put(folder, model="atrous", psnr=25.0, data="full", mark="aa", training=None, **names):
    """Writes a finished record; `names` are data set, protocol and variant."""
    cell = {"model": model, "variant": "tiny", "dataset": "reds", "protocol": "full"} | names
    if cell["protocol"] == "kohler":
        values = {"kohler_psnr": [psnr], "kohler_mssim": [0.8]}
    else:
        pair = psnr if isinstance(psnr, list) else [psnr, psnr + 2]
        others = {"ssim": [0.5, 0.7], "ssim_matlab3d": [0.6, 0.8], "mse": [0.1, 0.2]}
        values = {"psnr": pair, **{name: np.resize(own, len(pair)).tolist() for name, own in others.items()}}
    images = tuple(f"000/{number:08d}" for number in range(len(next(iter(values.values())))))
    key = records_record.run_key({"model": model, "psnr": psnr, "mark": mark, "data": data})
    evaluation = {"coverage": data, "split": "val", "fingerprint": mark}
    return write(folder, key, cell, protocols.summarise(images, values), evaluation, training)


def write(folder, key, cell, scores, evaluation, training=None):
    """Writes a finished record with everything that tables and pages show."""
    content = records_record.make(
        key,
        cell,
        scores=scores,
        evaluation={"rule": "as they come", "seed": 42, "precision": "float32", **evaluation},
        network={"parameters": 1_234_567, "macs_256": 3_150_000_000, "weights": "trained" if training else "none"},
        training=training,
        timing={"median": 0.5},
        machine={"device": "a processor"},
        versions={"backend": "tensorflow", "deblur-zoo": "0.1.0"},
        commit=None,
    )
    return store.write(folder, content)


def order(folder):
    """The rows as (data set, protocol, data, fingerprint, rank, model)."""
    return [tuple(row[name] for name in (*COLUMNS[:4], "rank", "model")) for row in ranking.update(folder)]


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
        rows = ranking.update(tmp_path)
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
        rows = {row["model"]: row["tied"] for row in ranking.update(tmp_path)}
        assert rows == {"atrous": "", "fcn": "", "kaist": "yes", "carlo": ""}
        assert "| 2 = | kaist / tiny |" in (tmp_path / "leaderboard.md").read_text()

    @pytest.mark.parametrize(("images", "tied"), [(1, "yes"), (5, "yes"), (6, "")])
    def test_few_images_decide_nothing(self, tmp_path, images, tied):
        for model, psnr in {"atrous": 20.0, "fcn": 10.0}.items():
            put(tmp_path, model, [psnr] * images)
        assert [row["tied"] for row in ranking.update(tmp_path)] == ["", tied]

    def test_failed_runs_have_no_row(self, tmp_path):
        put(tmp_path)
        cell = {"model": "kaist", "variant": "tiny", "dataset": "reds", "protocol": "full"}
        store.write(tmp_path, records_record.make("0000000000", cell, error="no memory"))
        assert [row[5] for row in order(tmp_path)] == ["atrous"]

    def test_the_order_of_the_files_does_not_matter(self, tmp_path):
        found = [put(tmp_path, model, psnr) for model, psnr in (("a", 1.0), ("b", 3.0), ("c", 2.0))]
        assert ranking.standings(found) == ranking.standings(found[::-1])


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

    @pytest.mark.parametrize("text", ["", "\x00,b\n1", "a,a\n1,2,3\n"])
    def test_a_leaderboard_that_is_none_is_made_anew(self, tmp_path, text):
        put(tmp_path)
        (tmp_path / "leaderboard.csv").write_text(text)
        ranking.update(tmp_path)
        assert (tmp_path / "leaderboard.csv").read_text().startswith(",".join(COLUMNS))

    def test_an_edited_record_stops_it_and_the_old_tables_stay(self, tmp_path):
        put(tmp_path)
        ranking.update(tmp_path)
        before = (tmp_path / "leaderboard.csv").read_bytes()
        record = put(tmp_path, "carlo", 27.0)
        record.path.write_text(record.path.read_text().replace("27.0", "37.0"))
        with pytest.raises(RunError, match=r"carlo[^\n]+changed after it was written"):
            ranking.update(tmp_path)
        assert (tmp_path / "leaderboard.csv").read_bytes() == before

    def test_a_folder_that_is_a_file(self, tmp_path):
        (tmp_path / "results").write_text("")
        with pytest.raises(DataError, match=r"^cannot write [^\n]+results: [^\n]+; choose another folder"):
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
from benchmarks import standings
from tests.benchmarks.leaderboard.test_ranking import put
name, folder = sys.argv[1], Path(sys.argv[2])
for number in range(12):
    put(folder, f"{name}{number}", 20.0 + number)
    standings.update(folder)
"""


def read_whole(path):
    """The models in a CSV file, after checking that it is a whole one."""
    rows = list(csv.DictReader(io.StringIO(path.read_text()), strict=True))
    for row in rows:
        assert tuple(row) == COLUMNS
        assert None not in row.values()
        assert row["record"].endswith(".json")
    return {row["model"] for row in rows}


def test_a_writer_waits_for_another_and_sees_its_record(tmp_path):
    put(tmp_path)
    with (tmp_path / ".lock").open("w") as lock, ThreadPoolExecutor(1) as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        writer = pool.submit(ranking.update, tmp_path)
        with pytest.raises(TimeoutError):
            writer.result(timeout=0.3)
        put(tmp_path, "carlo", 27.0)
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert [row["model"] for row in writer.result(timeout=10)] == ["carlo", "atrous"]


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
    assert read_whole(path) == {f"{name}{number}" for name in names for number in range(12)}
    assert reads > 5
    assert not list(tmp_path.rglob(".tmp-*"))
