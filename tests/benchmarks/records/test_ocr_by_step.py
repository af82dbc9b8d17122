"""Scores by blur step, derived from run records."""

import pytest

from benchmarks.leaderboard import __main__
from benchmarks.records import ocr_by_step, store
from tests.support.records import failed, put, put_pages


def test_percentiles_of_each_step_in_order(tmp_path):
    first, second = ocr_by_step.by_step(put_pages(tmp_path))
    assert (first.step, first.images, first.mean, set(first.percentiles)) == (9, 1, 90.0, {90.0})
    assert (second.step, second.images, second.mean) == (10, 5, 50.0)
    assert second.percentiles == pytest.approx((5, 25, 50, 75, 95))


def test_records_without_blur_steps_are_left_out(tmp_path):
    assert ocr_by_step.by_step(put(tmp_path)) == []
    record = store.write(tmp_path, failed("no", model="fba", dataset="hdc", protocol="ocr"))
    assert ocr_by_step.by_step(record) == []
    assert ocr_by_step.to_markdown([put(tmp_path)]) == ""


def test_each_set_of_photographs_has_a_table(tmp_path):
    found = [
        put_pages(tmp_path),
        put_pages(tmp_path, "identity"),
        put_pages(tmp_path, blind=True),
        put_pages(tmp_path, mark="bb"),
        put(tmp_path),
    ]
    (title, lines), (other, _) = ocr_by_step.tables(found)
    assert title == "hdc by blur step, sample (data aa)" and other.endswith("(data bb)")
    names = [line[0] for line in lines]
    assert names == ["refiner/tiny"] * 2 + ["identity/tiny"] * 2 + ["refiner/tiny, blur step guessed"] * 2
    assert lines[1][1:] == ["10", "5", "50.0", "5.0", "25.0", "50.0", "75.0", "95.0"]


def test_the_leaderboard_shows_them(tmp_path, capsys):
    put_pages(tmp_path)
    assert __main__.main(["--results", str(tmp_path)]) == 0
    assert "P95" not in capsys.readouterr().out
    written = (tmp_path / "leaderboard.md").read_text()
    assert "| refiner/tiny | 10 | 5 | 50.0 | 5.0 | 25.0 | 50.0 | 75.0 | 95.0 |" in written
    assert __main__.main(["--results", str(tmp_path), "--by-step"]) == 0
    printed = capsys.readouterr().out
    assert "hdc by blur step, sample (data aa)" in printed and "P95" in printed
