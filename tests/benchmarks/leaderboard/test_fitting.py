"""The leaderboard in a terminal of any width, in a pipe, and in other forms."""

import csv
import io
import json

import pytest

from benchmarks.leaderboard import __main__, ranking
from benchmarks.leaderboard.fitting import FIRST_OUT, fitted
from benchmarks.leaderboard.rows import rankings
from tests.support.records import TRAINING, put, put_pages


@pytest.fixture
def folder(tmp_path):
    put(tmp_path, "atrous", [28.0 + 0.1 * each for each in range(8)], training=TRAINING)
    put(tmp_path, "deblurgan-lite", [24.0 + 0.1 * each for each in range(8)], variant="a-long-name")
    put(tmp_path, "identity", [23.0] * 8)
    put_pages(tmp_path)
    return tmp_path


def printed(capfd, folder, *options):
    assert __main__.main(["--results", str(folder), *options]) == 0
    return capfd.readouterr().out


@pytest.mark.parametrize("width", [50, 60, 80, 100, 120, 160, 200, 300])
def test_rank_model_and_score_are_whole_at_any_width(folder, width, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = printed(capfd, folder).splitlines()
    assert max(map(len, lines)) <= width
    for cells in (
        ("1", "atrous/tiny", "28.35"),
        ("2", "deblurgan-lite/a-long-name", "24.35"),
        ("3", "identity/tiny", "23.00"),
    ):
        assert any(all(cell in line for cell in cells) for line in lines), cells
    assert not any("…" in line for line in lines)
    if width in (60, 300):
        assert any(line.startswith("no room for") for line in lines) == (width == 60)


def test_columns_go_in_the_stated_order(folder):
    rows, _ = ranking.update(folder)
    pages, frames = rankings(rows)
    before: set[str] = set()
    for width in range(300, 30, -1):
        gone = {column.name for column in frames.columns} - {column.name for column in fitted(frames, width).columns}
        assert before <= gone
        new = [name for name in (*FIRST_OUT, "ssim_matlab3d", "ssim") if name in gone - before]
        # One that is smaller never goes before one that stands in front of it.
        assert (
            all(
                name in gone
                for name in FIRST_OUT[: FIRST_OUT.index(new[-1])]
                if name in {c.name for c in frames.columns}
            )
            if new and new[-1] in FIRST_OUT
            else True
        )
        before = gone
    assert [column.name for column in fitted(frames, 1).columns] == ["rank", "model", "psnr"]
    assert fitted(frames, 1).left_out[-1] == "95 % intervals" and fitted(frames, 1000).left_out == ()
    assert [column.name for column in fitted(pages, 1).columns] == ["rank", "model", "ocr"]


def test_in_a_pipe_rows_are_plain_lines(folder, capfd, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    text = printed(capfd, folder)
    assert not set("│┃━\x1b…") & set(text)
    (line,) = [line for line in text.splitlines() if "atrous/tiny" in line]
    assert line.split()[:4] == ["1", "atrous/tiny", "28.35", "[28.19,"]
    assert "gopro (subset 5/2103)  quick, 1,800 steps, 61 s" in line


def test_other_forms(folder, capfd):
    rows, _ = ranking.update(folder)
    table = list(csv.DictReader(io.StringIO(printed(capfd, folder, "--format", "csv"))))
    objects = json.loads(printed(capfd, folder, "--format", "json"))
    assert [row["model"] for row in table] == [row["model"] for row in objects] == [row["model"] for row in rows]
    assert objects[1]["psnr"] == pytest.approx(28.35) and objects[1]["rank"] == 1
    assert (folder / "leaderboard.md").read_text().startswith(printed(capfd, folder, "--format", "markdown"))
    latex = printed(capfd, folder, "--format", "latex")
    assert latex.count(r"\toprule") == 2 and r"deblurgan-lite/a-long-name & 24.35" in latex
