"""Run records: whole or not there, checked when read, never replaced by less."""

import errno
import json
import math
import os
import re
import resource
import shutil
from pathlib import Path

import pytest

from benchmarks.errors import RunError
from benchmarks.metrics import MetricError, summary
from benchmarks.records import migrate, store
from benchmarks.records import record as records_record
from common.errors import FileError
from tests.support.records import IDENTITY, failed, finished, timing

COMMITTED = Path(__file__).resolve().parents[3] / "results"


def content(psnr=25.0, **changes):
    scores = summary.summarise(("000/00000000", "000/00000001"), {"psnr": [psnr, psnr + 2]})
    return finished(scores=scores, **changes)


def failure():
    return failed("the loss became nan")


def stored(path):
    return json.loads(path.read_text())


def restore(path, change):
    """Changes a stored record and gives it a fitting hash, as a bug in a run would."""
    values = stored(path)
    change(values)
    path.write_text(json.dumps(values | {"content_hash": records_record.content_hash(values)}))


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


class TestRoundTrip:
    def test_what_is_written_is_read(self, tmp_path):
        written = store.write(tmp_path, content())
        assert written.path == tmp_path / "runs" / "reds--full--atrous--tiny--0123456789.json"
        read = store.read(written.path)
        assert read == written and read.done
        assert (stored(written.path)["schema"], stored(written.path)["status"]) == (records_record.SCHEMA, "done")
        assert store.read_all(tmp_path) == store.Results((written,), ())

    def test_found_only_when_done(self, tmp_path):
        assert store.find(tmp_path, IDENTITY, "0123456789") is None
        store.write(tmp_path, failure())
        assert store.find(tmp_path, IDENTITY, "0123456789") is None
        store.write(tmp_path, content())
        found = store.find(tmp_path, IDENTITY, "0123456789")
        assert found is not None and found.done
        assert store.find(tmp_path, IDENTITY, "9876543210") is None
        assert store.find(tmp_path, IDENTITY | {"protocol": "bologna"}, "0123456789") is None

    def test_a_failed_record_never_replaces_a_finished_one(self, tmp_path):
        done = store.write(tmp_path, content())
        before = done.path.read_bytes()
        assert store.write(tmp_path, failure()).done
        assert done.path.read_bytes() == before

    def test_a_failed_record_never_replaces_one_that_cannot_be_read(self, tmp_path):
        done = store.write(tmp_path, content())
        edit(done.path, commit="another")
        before = done.path.read_bytes()
        with pytest.raises(RunError, match="changed after it was written"):
            store.write(tmp_path, failure())
        assert done.path.read_bytes() == before

    def test_a_failed_record_replaces_a_failed_one(self, tmp_path):
        store.write(tmp_path, failure())
        record = store.write(tmp_path, failed("another reason"))
        assert store.read(record.path).run.error == "another reason"

    def test_keys_depend_on_values_and_not_on_their_order(self):
        key = records_record.run_key({"a": 1, "b": [1, 2]})
        assert key == records_record.run_key({"b": [1, 2], "a": 1})
        assert key != records_record.run_key({"a": 1, "b": [2, 1]})
        assert len(key) == 10


class TestRefusals:
    @pytest.mark.parametrize(
        "changes",
        [{"model": "kaist"}, {"extra": 1}, {"scores": {}}, {"status": "failed"}, {"content_hash": "0" * 64}],
        ids=lambda changes: next(iter(changes)),
    )
    def test_a_hand_edit(self, tmp_path, changes):
        path = store.write(tmp_path, content()).path
        edit(path, **changes)
        with pytest.raises(RunError, match=r"^[^\n]+\.json: changed after it was written \(hash differs\); restore it"):
            store.read(path)

    def test_a_score_edited_in_the_last_digit(self, tmp_path):
        path = store.write(tmp_path, content(25.123456)).path
        text = path.read_text()
        path.write_text(text.replace("25.123456", "25.123457"))
        with pytest.raises(RunError, match="changed after it was written"):
            store.read(path)

    @pytest.mark.parametrize("schema", [0, records_record.SCHEMA + 1, "1", None])
    def test_an_unknown_schema(self, tmp_path, schema):
        path = store.write(tmp_path, content()).path
        edit(path, schema=schema)
        with pytest.raises(RunError, match=rf"schema {schema!r}, this version reads 1 and 2; delete it"):
            store.read(path)

    @pytest.mark.parametrize("text", ["", "{", "nothing", "[1, 2]", "null", '{"schema": 1', "\ufffd"])
    def test_no_record_at_all(self, tmp_path, text):
        path = tmp_path / "runs" / "broken.json"
        path.parent.mkdir()
        path.write_text(text)
        (problem,) = store.read_all(tmp_path).problems
        assert re.fullmatch(r"[^\n]+broken\.json: (not a readable record|schema None)[^\n]+run again", problem)

    def test_bytes_that_are_no_text(self, tmp_path):
        path = tmp_path / "broken.json"
        path.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(RunError, match=r"^[^\n]+: not a readable record[^\n]+$"):
            store.read(path)

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_a_value_that_is_not_finite_is_never_written(self, tmp_path, value):
        with pytest.raises(RunError, match=r"not written, a value is NaN or infinite"):
            store.write(tmp_path, content(timing=timing(value)))
        assert not list(tmp_path.rglob("*.*"))

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (
                lambda own: own["evaluation"].update(seed="42"),
                r"Expected `int`, got `str`.*\.evaluation\.seed`",
            ),
            (lambda own: own["evaluation"].pop("coverage"), r"missing required field `coverage`.*\.evaluation"),
            (lambda own: own.pop("machine"), "missing required field `machine`"),
            (lambda own: own.update(status="half"), r"Invalid value 'half'.*\$\.status"),
            (
                lambda own: own["scores"]["means"].update(ssim=own["scores"]["means"]["psnr"]),
                "ssim has no values",
            ),
            (lambda own: own["scores"]["images"].pop(), "psnr: 2 values for 1 images"),
            (lambda own: own.update(protocol="guess"), "unknown protocol 'guess'.*known are full"),
            (lambda own: own.update(dataset="moon"), "unknown data set 'moon'.*known are"),
            (lambda own: own.update(model="genius"), "unknown model 'genius'.*known are"),
        ],
    )
    def test_every_field_is_checked(self, tmp_path, change, words):
        path = store.write(tmp_path, content()).path
        restore(path, change)
        with pytest.raises(RunError, match=words) as raised:
            store.read(path)
        assert str(raised.value).startswith(f"{path}: ") and "\n" not in str(raised.value)

    def test_an_unknown_metric(self, tmp_path):
        def change(values):
            for part in ("means", "values"):
                values["scores"][part]["taste"] = values["scores"][part]["psnr"]

        path = store.write(tmp_path, content()).path
        restore(path, change)
        with pytest.raises(RunError, match="unknown metric 'taste'"):
            store.read(path)

    @pytest.mark.parametrize("text", ['{"schema": 2, "value": NaN}', "[" * 100_000, '{"schema": true}'])
    def test_json_that_python_would_take_or_choke_on(self, tmp_path, text):
        path = tmp_path / "strange.json"
        path.write_text(text)
        with pytest.raises(RunError, match=r"^[^\n]+(not a readable record|schema True)[^\n]+$"):
            store.read(path)


class TestTheFirstSchema:
    def test_every_committed_record_is_read(self):
        found = store.read_all(COMMITTED)
        assert found.problems == ()
        assert len(found.done) == len(list((COMMITTED / "runs").iterdir()))

    def test_what_was_called_otherwise(self):
        for path in sorted((COMMITTED / "runs").iterdir()):
            old, run = stored(path), store.read(path).result
            if old["schema"] != 1:
                continue
            assert run.weights == old["network"]["weights"]
            assert run.model_facts.parameters == old["network"]["parameters"]
            assert run.evaluation.blind == (old["evaluation"].get("blur_step") == "guessed")
            assert [panel.image for panel in run.panels] == [each["image"] for each in old.get("pictures", [])]
            assert run.scores.values == {name: tuple(each) for name, each in old["scores"]["values"].items()}

    def test_its_hash_is_still_checked(self, tmp_path):
        path = Path(shutil.copy(sorted((COMMITTED / "runs").iterdir())[0], tmp_path))
        edit(path, commit="another")
        with pytest.raises(RunError, match="changed after it was written"):
            store.read(path)

    def test_notes_of_a_training_in_a_weight_file(self):
        notes = {"training": stored(next((COMMITTED / "runs").glob("hdc--ocr--fba--*.json")))["training"]}
        training = migrate.training_of(notes, Path("best.keras"))
        assert (training.dataset, training.choice("noise"), training.natural.coverage) == ("hdc", 0.03, "sample")
        assert migrate.training_of({}, Path("best.keras")) is None
        with pytest.raises(RunError, match=r"^best\.keras: not valid notes of its training \(.*`\$\.steps`\)"):
            migrate.training_of({"training": notes["training"] | {"steps": "many"}}, Path("best.keras"))


class TestAFolderAfterASynchronisation:
    def problems_of(self, folder):
        found = store.read_all(folder)
        assert [record.path.name for record in found.records] == ["reds--full--atrous--tiny--0123456789.json"]
        return found.problems

    def test_notes_of_macos_a_folder_a_copy_and_a_byte_order_mark(self, tmp_path):
        path = store.write(tmp_path, content()).path
        (path.parent / f"._{path.name}").write_bytes(b"\x00\x05\x16\x07")
        (path.parent / "x.json").mkdir()
        shutil.copy(path, path.with_name(f"{path.stem} (1).json"))
        other = store.write(tmp_path, failed("no", model="kaist")).path
        other.write_bytes(b"\xef\xbb\xbf" + other.read_bytes())
        problems = self.problems_of(tmp_path)
        words = ["macOS's notes", "which is there too: a duplicate", "a byte-order mark", "a folder, no record"]
        assert len(problems) == 4
        for problem, word in zip(problems, words, strict=True):
            assert word in problem and problem.startswith(str(path.parent)) and "\n" not in problem

    def test_a_file_that_cannot_be_opened(self, tmp_path):
        path = store.write(tmp_path, content()).path
        (path.parent / "loop.json").symlink_to(path.parent / "loop.json")
        (problem,) = self.problems_of(tmp_path)
        assert "loop.json: not a readable record" in problem


class TestFullDisk:
    def refusal(self, folder, new):
        with pytest.raises(FileError) as raised:
            store.write(folder, new)
        assert "\n" not in str(raised.value)
        return str(raised.value)

    @pytest.mark.parametrize("step", ["tempfile.mkstemp", "os.fsync", "pathlib.Path.replace"])
    def test_the_old_record_stays_and_nothing_else(self, tmp_path, monkeypatch, step):
        def fail(*arguments, **named):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        old = store.write(tmp_path, content(25.0))
        before = old.path.read_bytes()
        monkeypatch.setattr(step, fail)
        message = self.refusal(tmp_path, content(30.0))
        assert message.startswith(f"cannot write {old.path}: No space left on device; free disk space")
        assert old.path.read_bytes() == before
        assert [path.name for path in old.path.parent.iterdir()] == [old.path.name]

    def test_the_system_refuses_in_the_middle_of_the_file(self, tmp_path):
        old = store.write(tmp_path, content(25.0))
        before = old.path.read_bytes()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            message = self.refusal(tmp_path, content(30.0, commit="x" * 100_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert message.startswith(f"cannot write {old.path}: File too large")
        assert old.path.read_bytes() == before
        assert [path.name for path in old.path.parent.iterdir()] == [old.path.name]


class TestSummary:
    def test_means_leave_out_what_has_no_score(self):
        found = summary.summarise(("a", "b", "c"), {"psnr": [20.0, None, 30.0], "ssim": [0.5, 1.0, 0.6]})
        assert found.means["psnr"].mean == 25.0
        assert found.means["ssim"].mean == 0.7
        assert found.values == {"psnr": (20.0, None, 30.0), "ssim": (0.5, 1.0, 0.6)}
        assert found.images == ("a", "b", "c")
        for mean in found.means.values():
            assert mean.low <= mean.mean <= mean.high

    def test_no_score_at_all(self):
        with pytest.raises(MetricError, match=r"^psnr: not one of 2 images can be scored; the blur left them all"):
            summary.summarise(("a", "b"), {"psnr": [None, None]})

    def test_values_are_rounded_alike(self):
        found = summary.summarise(("a",), {"psnr": [1 / 3]})
        assert found.values["psnr"] == (0.333333,)
        assert found.means["psnr"].mean == 0.333333
