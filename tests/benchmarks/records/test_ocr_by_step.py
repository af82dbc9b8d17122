"""Scores by blur step, derived from run records."""

import pytest

from benchmarks import protocols
from benchmarks.leaderboard import __main__
from benchmarks.records import ocr_by_step, record, store
from tests.benchmarks.leaderboard.test_ranking import put, write


def put_pages(folder, model="refiner", blur_step=None, mark="aa"):
    """Writes the record of a run that read five pages of step 10 and one of step 9."""
    images = ("step10/Times/0001", "step9/Times/0001", *(f"step10/Verdana/000{n}" for n in range(1, 5)))
    values = {"ocr": [100.0, 90.0, 0.0, 50.0, 25.0, 75.0], "ocr_indel": [1.0] * 6}
    names = {"model": model, "variant": "tiny", "dataset": "hdc", "protocol": "ocr"}
    key = record.run_key({**names, "mark": mark, "blur_step": blur_step})
    scores = protocols.summarise(images, values) | {"steps": {"9": 90.0, "10": 50.0}, "stop_step": 9}
    evaluation = {"coverage": "sample", "split": "test", "fingerprint": mark}
    return write(folder, key, names, scores, evaluation | ({"blur_step": blur_step} if blur_step else {}))


def test_percentiles_of_each_step_in_order(tmp_path):
    first, second = ocr_by_step.by_step(put_pages(tmp_path))
    assert (first.step, first.images, first.mean, set(first.percentiles)) == (9, 1, 90.0, {90.0})
    assert (second.step, second.images, second.mean) == (10, 5, 50.0)
    assert second.percentiles == pytest.approx((5, 25, 50, 75, 95))


def test_records_without_blur_steps_are_left_out(tmp_path):
    assert ocr_by_step.by_step(put(tmp_path)) == []
    assert (
        ocr_by_step.by_step(
            store.write(
                tmp_path,
                record.make("x", {"model": "fba", "variant": "tiny", "dataset": "hdc", "protocol": "ocr"}, error="no"),
            )
        )
        == []
    )
    assert ocr_by_step.to_markdown([put(tmp_path)]) == ""


def test_each_set_of_photographs_has_a_table(tmp_path):
    found = [
        put_pages(tmp_path), put_pages(tmp_path, "identity"), put_pages(tmp_path, blur_step="guessed"),
        put_pages(tmp_path, mark="bb"), put(tmp_path),
    ]  # fmt: skip
    (title, lines), (other, _) = ocr_by_step.tables(found)
    assert title == "hdc by blur step, sample (data aa)" and other.endswith("(data bb)")
    names = [line[0] for line in lines]
    assert names == ["refiner / tiny"] * 2 + ["identity / tiny"] * 2 + ["refiner / tiny, blur step guessed"] * 2
    assert lines[1][1:] == ["10", "5", "50.0", "5.0", "25.0", "50.0", "75.0", "95.0"]


def test_the_leaderboard_shows_them(tmp_path, capsys):
    put_pages(tmp_path)
    assert __main__.main(["--results", str(tmp_path)]) == 0
    assert "P95" not in capsys.readouterr().out
    written = (tmp_path / "leaderboard.md").read_text()
    assert "| refiner / tiny | 10 | 5 | 50.0 | 5.0 | 25.0 | 50.0 | 75.0 | 95.0 |" in written
    assert __main__.main(["--results", str(tmp_path), "--by-step"]) == 0
    printed = capsys.readouterr().out
    assert "hdc by blur step, sample (data aa)" in printed and "P95" in printed
