"""`leaderboard --check` catches every planted fault, and `--compare` tells two runs apart."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from benchmarks.errors import RunError
from benchmarks.leaderboard import __main__, check, ranking, rows
from benchmarks.records import compare as records_compare
from benchmarks.records import record as records_record
from benchmarks.records import store
from tests.support.records import failed, put

COMMITTED = Path(__file__).resolve().parents[3] / "results"
SUBSET = "subset 2/3000"


def rewrite(record, change):
    """Changes a record's content and gives it a fitting hash, as a bug in a run would."""
    content = json.loads(record.path.read_text())
    change(content)
    content["content_hash"] = records_record.content_hash(content)
    record.path.write_text(json.dumps(content))


@pytest.fixture
def folder(tmp_path):
    """A results folder without faults: two runs on the same two of 3,000 images."""
    for model, psnr in (("atrous", 28.0), ("identity", 26.0)):
        put(tmp_path, model, psnr, data=SUBSET)
    ranking.update(tmp_path)
    return tmp_path


def record_of(folder, model):
    (path,) = (folder / "runs").glob(f"*--{model}--*.json")
    return store.read(path)


def test_no_faults(folder, capsys):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert __main__.main(["--results", str(folder), "--check"]) == 0
    assert capsys.readouterr().out == "2 records, no faults\n"
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_committed_results_have_none():
    assert check.faults(COMMITTED) == []


def _copy(folder):
    path = record_of(folder, "atrous").path
    shutil.copy(path, path.with_name("copy.json"))


def _rename(folder):
    path = record_of(folder, "atrous").path
    path.rename(path.with_name("other.json"))


def _edit(folder):
    path = record_of(folder, "atrous").path
    path.write_text(path.read_text().replace("29.0", "39.0"))


def _break(folder):
    record_of(folder, "atrous").path.write_text("{")


def _old(folder):
    rewrite(record_of(folder, "atrous"), lambda content: content.update(schema=0))


def _lose_an_image(folder):
    def change(content):
        content["scores"]["images"].pop()
        for name, values in content["scores"]["values"].items():
            values.pop()
            content["scores"]["means"][name]["mean"] = values[0]

    rewrite(record_of(folder, "atrous"), change)


def _lose_a_value(folder):
    rewrite(record_of(folder, "atrous"), lambda content: content["scores"]["values"]["ssim"].pop())


def _swap_an_image(folder):
    rewrite(record_of(folder, "atrous"), lambda content: content["scores"]["images"].__setitem__(0, "000/00000009"))


def _repeat_an_image(folder):
    rewrite(record_of(folder, "atrous"), lambda content: content["scores"]["images"].__setitem__(0, "000/00000001"))


def _leave_the_range(folder):
    rewrite(record_of(folder, "atrous"), lambda content: content["scores"]["values"]["ssim"].__setitem__(0, 1.25))


def _wrong_mean(folder):
    rewrite(record_of(folder, "atrous"), lambda content: content["scores"]["means"]["psnr"].update(mean=28.5))


def _move(folder):
    def change(content):
        content["scores"]["values"]["psnr"] = [31.0, 33.0]
        content["scores"]["means"]["psnr"]["mean"] = 32.0

    rewrite(record_of(folder, "atrous"), change)


def _stale(folder):
    put(folder, "carlo", 27.0, data=SUBSET)


def _strange_protocol(folder):
    put(folder, "carlo", 27.0, data=SUBSET, protocol="guess")


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (_copy, "copy.json: holds the run of reds--full--atrous--tiny--.* which is there too: a duplicate"),
        (_rename, "other.json: holds the run of .* which is missing; delete or rename it"),
        (_edit, r"changed after it was written \(hash differs\)"),
        (_break, "not a readable record"),
        (_old, "schema 0, this version reads 1 and 2"),
        (_lose_an_image, "1 images, but subset 2/3000 has 2; images were lost"),
        (_lose_a_value, "ssim: 1 values for 2 images"),
        (_swap_an_image, r"not the images of reds--full--atrous.* \(2 differ, 000/00000000 is the first\)"),
        (_repeat_an_image, "an image is scored twice"),
        (_leave_the_range, r"ssim: 1.25 is outside of \[-1, 1\]"),
        (_wrong_mean, "psnr: the mean 28.5 is not that of the images"),
        (_move, r"psnr moved to 32.0 from \[28.0, 30.0\] in leaderboard.csv"),
        (_stale, "leaderboard.csv: not what the records say; make it anew"),
        (_strange_protocol, "unknown protocol 'guess'"),
    ],
)
def test_every_planted_fault_is_told(folder, capsys, plant, words):
    plant(folder)
    assert __main__.main(["--results", str(folder), "--check"]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert last.endswith(f"{len(lines)} faults")
    assert any(re.search(words, line) for line in lines), lines


def test_a_full_split_has_the_official_count(tmp_path):
    put(tmp_path)
    put(tmp_path, dataset="reds", protocol="val300")
    put(tmp_path, protocol="bologna")
    found = check.faults(tmp_path)
    assert len(found) == 2
    assert "2 images, but full has 3000" in found[0]
    assert "2 images, but full has 300;" in found[1]


def test_a_missing_leaderboard_and_a_missing_folder(folder, refused):
    (folder / "leaderboard.csv").unlink()
    assert check.faults(folder) == [
        f"{folder / 'leaderboard.csv'}: No such file or directory; make it anew with python -m benchmarks.leaderboard"
    ]
    assert "nothing: no such results folder" in refused(__main__.main, "--check", "--results", folder / "nothing")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\xef\xbb\xbfrank\n1\n", b"rank;model\n1;atrous\n", b""])
def test_a_leaderboard_that_another_program_wrote(folder, content):
    (folder / "leaderboard.csv").write_bytes(content)
    (line,) = check.faults(folder)
    assert line.startswith(f"{folder / 'leaderboard.csv'}: no") and line.endswith("python -m benchmarks.leaderboard")


def test_a_folder_after_a_synchronisation_has_faults(folder, capsys):
    path = record_of(folder, "atrous").path
    (path.parent / f"._{path.name}").write_bytes(b"\x00\x05")
    (path.parent / "x.json").mkdir()
    shutil.copy(path, path.with_name(f"{path.stem} (1).json"))
    assert __main__.main(["--results", str(folder), "--check"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("3 faults")
    assert __main__.main(["--results", str(folder)]) == 0
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 3
    assert (folder / "leaderboard.csv").read_text().count("atrous") == 2


def test_compare(tmp_path, capsys):
    first = put(tmp_path, "atrous", [20.0, 31.0])
    second = put(tmp_path, "fcn", [22.0, 30.0])
    psnr, ssim, *_ = records_compare.compare(first, second)
    assert (psnr.metric, psnr.images, psnr.interval.mean, psnr.tied) == ("psnr", 2, -0.5, True)
    assert psnr.worst == (("000/00000000", 20.0, 22.0),)
    assert ssim.interval.mean == 0 and ssim.worst == ()
    assert __main__.main(["--results", str(tmp_path), "--compare", "atrous", "fcn"]) == 0
    printed = capsys.readouterr().out
    assert "-0.5 dB" in printed and "tied" in printed and "000/00000000" in printed


def test_lower_is_better_for_errors(tmp_path):
    def with_mse(model, values):
        record = put(tmp_path, model)
        rewrite(record, lambda content: content["scores"]["values"].update(mse=values))
        return store.read(record.path)

    found = records_compare.compare(with_mse("atrous", [0.1, 0.4]), with_mse("fcn", [0.2, 0.1]))
    assert found[-1].worst == (("000/00000001", 0.4, 0.1),)


def test_images_that_only_one_scored_do_not_count(tmp_path):
    first, second = put(tmp_path, "atrous", [20.0, 31.0]), put(tmp_path, "fcn", [22.0, 30.0])
    rewrite(second, lambda content: content["scores"]["values"]["psnr"].__setitem__(0, None))
    assert records_compare.compare(first, store.read(second.path))[0].images == 1


def test_what_cannot_be_compared(tmp_path, refused):
    put(tmp_path, "atrous", dataset="kohler", protocol="kohler")
    put(tmp_path, "fcn")
    put(tmp_path, "carlo", mark="bb")
    compare = (__main__.main, "--results", tmp_path, "--compare")
    assert "compare runs of one data set and protocol" in refused(*compare, "atrous", "fcn")
    assert "no record in" in refused(*compare, "atrous", "unet")
    assert "means 3 records" in refused(*compare, "json", "fcn")
    broken = store.write(tmp_path, failed("no", model="kaist"))
    assert "this run failed (no)" in refused(*compare, broken.path, "fcn")
    with pytest.raises(RunError, match="changed"):
        path = tmp_path / "edited.json"
        path.write_text(broken.path.read_text().replace("kaist", "genius"))
        store.find_by_name(tmp_path, str(path))


def test_columns_of_the_committed_leaderboard():
    with (COMMITTED / "leaderboard.csv").open(newline="") as stream:
        assert tuple(next(csv.reader(stream))) == rows.COLUMNS


def test_every_column_is_documented():
    text = (COMMITTED / "README.md").read_text()
    named = set(re.findall(r"`(\w+)`", text))
    plain = {name.removesuffix("_low").removesuffix("_high") for name in rows.COLUMNS}
    assert plain <= named
