"""Run records: whole or not there, checked when read, never replaced by less."""

import errno
import json
import math
import os
import resource

import pytest

from benchmarks import protocols
from benchmarks.errors import RunError
from benchmarks.records import record as records_record
from benchmarks.records import store
from datasets.errors import DataError

CELL = {"model": "atrous", "variant": "tiny", "dataset": "reds", "protocol": "full"}


def content(psnr=25.0, **changes):
    scores = protocols.summarise(("000/00000000", "000/00000001"), {"psnr": [psnr, psnr + 2]})
    return records_record.make("0123456789", CELL, **{"scores": scores, **changes})


def failure():
    return records_record.make("0123456789", CELL, error="the loss became nan")


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


class TestRoundTrip:
    def test_what_is_written_is_read(self, tmp_path):
        written = store.write(tmp_path, content())
        assert written.path == tmp_path / "runs" / "reds--full--atrous--tiny--0123456789.json"
        read = store.read(written.path)
        assert read.content == written.content
        assert read.done
        assert read.content["schema"] == records_record.SCHEMA
        assert read.content["status"] == "done"
        assert [record.path for record in store.read_all(tmp_path)] == [written.path]

    def test_found_only_when_done(self, tmp_path):
        assert store.find(tmp_path, CELL, "0123456789") is None
        store.write(tmp_path, failure())
        assert store.find(tmp_path, CELL, "0123456789") is None
        store.write(tmp_path, content())
        found = store.find(tmp_path, CELL, "0123456789")
        assert found is not None and found.done
        assert store.find(tmp_path, CELL, "9876543210") is None
        assert store.find(tmp_path, CELL | {"protocol": "bologna"}, "0123456789") is None

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
        record = store.write(tmp_path, records_record.make("0123456789", CELL, error="another reason"))
        assert store.read(record.path).content["error"] == "another reason"

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
        with pytest.raises(
            RunError, match=rf"schema {schema!r}, this version reads {records_record.SCHEMA}; delete it"
        ):
            store.read(path)

    @pytest.mark.parametrize("text", ["", "{", "nothing", "[1, 2]", "null", '{"schema": 1', "\ufffd"])
    def test_no_record_at_all(self, tmp_path, text):
        path = tmp_path / "runs" / "broken.json"
        path.parent.mkdir()
        path.write_text(text)
        with pytest.raises(RunError, match=r"^[^\n]+broken\.json: (not a readable record|schema None)[^\n]+run again$"):
            list(store.read_all(tmp_path))

    def test_bytes_that_are_no_text(self, tmp_path):
        path = tmp_path / "broken.json"
        path.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(RunError, match=r"^[^\n]+: not a readable record[^\n]+$"):
            store.read(path)

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_a_value_that_is_not_finite_is_never_written(self, tmp_path, value):
        with pytest.raises(RunError, match=r"not written, a value is NaN or infinite"):
            store.write(tmp_path, content(timing={"median": value}))
        assert not list(tmp_path.rglob("*.*"))


class TestFullDisk:
    def refusal(self, folder, new):
        with pytest.raises(DataError) as raised:
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
            message = self.refusal(tmp_path, content(30.0, error=None, training={"log": "x" * 100_000}))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert message.startswith(f"cannot write {old.path}: File too large")
        assert old.path.read_bytes() == before
        assert [path.name for path in old.path.parent.iterdir()] == [old.path.name]


class TestSummary:
    def test_means_leave_out_what_has_no_score(self):
        summary = protocols.summarise(("a", "b", "c"), {"psnr": [20.0, None, 30.0], "ssim": [0.5, 1.0, 0.6]})
        assert summary["means"]["psnr"]["mean"] == 25.0
        assert summary["means"]["ssim"]["mean"] == 0.7
        assert summary["values"] == {"psnr": [20.0, None, 30.0], "ssim": [0.5, 1.0, 0.6]}
        assert summary["images"] == ["a", "b", "c"]
        for mean in summary["means"].values():
            assert mean["low"] <= mean["mean"] <= mean["high"]

    def test_no_score_at_all(self):
        with pytest.raises(RunError, match=r"^psnr: not one of 2 images can be scored; the blur left them all"):
            protocols.summarise(("a", "b"), {"psnr": [None, None]})

    def test_values_are_rounded_alike(self):
        summary = protocols.summarise(("a",), {"psnr": [1 / 3]})
        assert summary["values"]["psnr"] == [0.333333]
        assert summary["means"]["psnr"]["mean"] == 0.333333
